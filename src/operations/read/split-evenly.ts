import type { SupportedType } from '../../core/redshift-type.ts';
import { dayNumber, dayOf, eraSuffix, renderDay } from '../../types/calendar.ts';
import { parseClock, parseMoment, renderClock, renderMoment, toUtc } from '../../types/moment.ts';

/** Values of a type as whole numbers that sort alike, and back. */
interface Scale {
  readonly toNumber: (text: string) => bigint | undefined;
  readonly toText: (number: bigint) => string;
}

const DAY_SECONDS = 86_400n;

/**
 * Values that cut what lies between two others into parts of one size, upwards, each once; `undefined` for a type that
 * has no sizes. Fewer where there are not so many. Pure.
 */
export function splitEvenly(
  type: SupportedType,
  [lowest, highest]: readonly [string, string],
  parts: number,
): readonly string[] | undefined {
  if (type.kind === 'real' || type.kind === 'double') return splitNumbers(Number(lowest), Number(highest), parts);
  const scale = scaleOf(type, [lowest, highest]);
  if (scale === undefined) return undefined;
  const from = scale.toNumber(lowest);
  const to = scale.toNumber(highest);
  if (from === undefined || to === undefined || to <= from) return [];
  const size = to - from + 1n;
  const cuts = Array.from({ length: parts - 1 }, (_, index) => from + (size * BigInt(index + 1)) / BigInt(parts));
  return [...new Set(cuts)].filter((cut) => cut > from).map(scale.toText);
}

function splitNumbers(from: number, to: number, parts: number): readonly string[] {
  if (!Number.isFinite(from) || !Number.isFinite(to) || to <= from) return [];
  const cuts = Array.from({ length: parts - 1 }, (_, index) => from + ((to - from) / parts) * (index + 1));
  return [...new Set(cuts)].filter((cut) => Number.isFinite(cut) && cut > from).map(String);
}

function scaleOf({ kind }: SupportedType, ends: readonly string[]): Scale | undefined {
  if (kind === 'smallint' || kind === 'integer' || kind === 'bigint') return decimalScale(0);
  if (kind === 'decimal') return decimalScale(Math.max(...ends.map((text) => text.split('.')[1]?.length ?? 0)));
  if (kind === 'date') return DATE_SCALE;
  if (kind === 'timestamp') return momentScale('');
  if (kind === 'timestamptz') return momentScale('+00');
  return kind === 'time' ? CLOCK_SCALE : undefined;
}

function decimalScale(digits: number): Scale {
  return {
    toNumber: (text) => {
      const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
      return whole === '' ? undefined : BigInt(`${sign}${whole}${fraction.padEnd(digits, '0')}`);
    },
    toText: (number) => {
      if (digits === 0) return String(number);
      const size = String(number < 0n ? -number : number).padStart(digits + 1, '0');
      return `${number < 0n ? '-' : ''}${size.slice(0, -digits)}.${size.slice(-digits)}`;
    },
  };
}

const DATE_SCALE: Scale = {
  toNumber: (text) => {
    const moment = parseMoment(text);
    return moment && BigInt(dayNumber(moment));
  },
  toText: (number) => {
    const day = dayOf(Number(number));
    return `${renderDay(day)}${eraSuffix(day)}`;
  },
};

/** To the second: ranges need be no finer. */
function momentScale(zone: string): Scale {
  return {
    toNumber: (text) => {
      const moment = parseMoment(text);
      if (moment === undefined) return undefined;
      const utc = toUtc(moment);
      return BigInt(dayNumber(utc)) * DAY_SECONDS + BigInt(utc.clock?.seconds ?? 0);
    },
    toText: (number) => {
      const seconds = ((number % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS;
      const day = dayOf(Number((number - seconds) / DAY_SECONDS));
      return renderMoment({ ...day, clock: { seconds: Number(seconds), fraction: '' } }, zone);
    },
  };
}

const CLOCK_SCALE: Scale = {
  toNumber: (text) => {
    const seconds = parseClock(text)?.clock.seconds;
    return seconds === undefined ? undefined : BigInt(seconds);
  },
  toText: (number) => renderClock({ seconds: Number(number), fraction: '' }),
};
