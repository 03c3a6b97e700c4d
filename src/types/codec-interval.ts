import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';
import { fractionDigits, type Interval, parseInterval, renderMicros, renderMonths } from './interval.ts';

/** Largest number of months: a 32-bit integer. */
const MAX_MONTHS = 2n ** 31n - 1n;
/** Largest number of microseconds: a 64-bit integer. */
const MAX_MICROS = 2n ** 63n - 1n;

// The server writes an interval in the session's IntervalStyle: one text is made of all three.
// https://docs.aws.amazon.com/redshift/latest/dg/r_interval_data_types.html
const AS_TEXT = { unloadAs: { cast: 'VARCHAR(64)' }, stagedAs: 'VARCHAR' } as const;

/** Not every version of the catalog says how many digits a column has. */
const CUT_NOTE = 'a column that is declared with fewer than 6 digits of a second cuts the others';

/** Years and months, as `1 year 2 mons`. */
export const intervalYearToMonthCodec: Codec = {
  ...AS_TEXT,
  fromText: (text) => {
    const interval = parseInterval(text);
    return interval === undefined ? text : renderMonths(interval.months);
  },
  toText: (value) =>
    withInterval(value, 'INTERVAL YEAR TO MONTH', ({ months, micros }) => {
      if (micros !== 0n) return new Unfit('has days or a time, which INTERVAL YEAR TO MONTH cannot hold');
      return isWithin(months, MAX_MONTHS)
        ? renderMonths(months)
        : new Unfit('is out of the range of INTERVAL YEAR TO MONTH');
    }),
};

/** Days to microseconds, as `1 day 02:03:04.5`. What is finer than `precision` digits of a second is refused: COPY would cut it. */
export function intervalDayToSecondCodec({ precision }: { readonly precision: number }): Codec {
  return {
    ...AS_TEXT,
    ...(precision === 6 ? { loadNote: CUT_NOTE } : {}),
    fromText: (text) => {
      const interval = parseInterval(text);
      return interval === undefined ? text : renderMicros(interval.micros);
    },
    toText: (value) =>
      withInterval(value, 'INTERVAL DAY TO SECOND', ({ months, micros }) => {
        if (months !== 0n) return new Unfit('has years or months, which INTERVAL DAY TO SECOND cannot hold');
        if (fractionDigits(micros) > precision) {
          return new Unfit(`has more than ${precision} digits in the fraction of a second`, renderMicros(micros));
        }
        return isWithin(micros, MAX_MICROS)
          ? renderMicros(micros)
          : new Unfit('is out of the range of INTERVAL DAY TO SECOND');
      }),
  };
}

function withInterval(
  value: InputScalar,
  name: string,
  render: (interval: Interval) => string | Unfit,
): string | Unfit {
  const interval = typeof value === 'string' ? parseInterval(value) : undefined;
  return interval === undefined ? new Unfit(`is not an ${name} with at most 6 digits of fraction`) : render(interval);
}

function isWithin(amount: bigint, max: bigint): boolean {
  return amount <= max && amount >= -max - 1n;
}
