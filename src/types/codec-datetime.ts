import { eraSuffix, renderDay, YEARS } from './calendar.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';
import { type Moment, parseClock, parseMoment, renderClock, renderMoment, renderOffset, toUtc } from './moment.ts';
import { momentOf } from './moment-of-date.ts';
import { isPlainDay, isPlainMoment } from './plain-moment.ts';

// Dates and times are unloaded as text: Parquet's own forms stop at other years than Redshift does, and what Redshift
// writes for TIME and TIMETZ is documented nowhere. The text is the wire's, so both read modes agree by construction.
const AS_TEXT = { fromText: (text: string) => text, unloadAs: { cast: 'VARCHAR(64)' }, stagedAs: 'VARCHAR' } as const;

/** 4713 BC to 294276 AD. */
export const dateCodec: Codec = {
  ...AS_TEXT,
  toText: (value) =>
    typeof value === 'string' && isPlainDay(value)
      ? value
      : withMoment(value, 'DATE', (moment) => {
          const { clock = { seconds: 0, fraction: '' }, offsetMinutes = 0 } = moment;
          const day = `${renderDay(moment)}${eraSuffix(moment)}`;
          if (clock.seconds !== 0 || clock.fraction !== '' || offsetMinutes !== 0) {
            return new Unfit('has a time of day, which DATE cannot hold', day);
          }
          return day;
        }),
};

/** Microseconds, no zone. */
export const timestampCodec: Codec = {
  ...AS_TEXT,
  toText: (value) =>
    typeof value === 'string' && isPlainMoment(value, '')
      ? value
      : withMoment(value, 'TIMESTAMP', (moment) =>
          (moment.offsetMinutes ?? 0) === 0
            ? renderMoment(moment)
            : new Unfit('names a time zone, which TIMESTAMP cannot hold', renderMoment(moment)),
        ),
};

/** A point in time, always shown in UTC: `+00`. */
export const timestamptzCodec: Codec = {
  ...AS_TEXT,
  fromText: (text) => {
    if (text.endsWith('+00')) return text;
    const moment = parseMoment(text);
    return moment === undefined ? text : renderMoment(toUtc(moment), '+00');
  },
  toText: (value) =>
    typeof value === 'string' && isPlainMoment(value, '+00')
      ? value
      : withMoment(value, 'TIMESTAMPTZ', (moment) => {
          const utc = toUtc(moment);
          return isWithin(utc) ? renderMoment(utc, '+00') : new Unfit('is out of the range of TIMESTAMPTZ');
        }),
};

/** 00:00:00 to 24:00:00. */
export const timeCodec: Codec = {
  ...AS_TEXT,
  toText: (value) => {
    const parsed = typeof value === 'string' ? parseClock(value.trim()) : undefined;
    if (parsed === undefined) return new Unfit('is not a time of day with at most 6 digits of fraction');
    return parsed.offsetMinutes === undefined
      ? renderClock(parsed.clock)
      : new Unfit('names a time zone, which TIME cannot hold');
  },
};

/** A time of day with its offset; one without is taken as UTC. */
export const timetzCodec: Codec = {
  ...AS_TEXT,
  toText: (value) => {
    const parsed = typeof value === 'string' ? parseClock(value.trim()) : undefined;
    if (parsed === undefined) return new Unfit('is not a time of day with at most 6 digits of fraction');
    return `${renderClock(parsed.clock)}${renderOffset(parsed.offsetMinutes ?? 0)}`;
  },
};

function withMoment(value: InputScalar, name: string, render: (moment: Moment) => string | Unfit): string | Unfit {
  const moment =
    value instanceof Date ? momentOf(value) : typeof value === 'string' ? parseMoment(value.trim()) : undefined;
  if (moment === undefined) return new Unfit(`is not a ${name} in ISO form, or is out of its range`);
  return isWithin(moment) ? render(moment) : new Unfit(`is out of the range of ${name}`);
}

function isWithin({ year }: Moment): boolean {
  return year >= YEARS.min && year <= YEARS.max;
}
