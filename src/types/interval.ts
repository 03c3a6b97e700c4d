import { twoDigits } from './calendar.ts';

/** A length of time as its text says it: months, and what is shorter in microseconds. */
export interface Interval {
  readonly months: bigint;
  readonly micros: bigint;
}

const SECOND = 1_000_000n;
const MINUTE = 60n * SECOND;
const HOUR = 60n * MINUTE;
const DAY = 24n * HOUR;

/** Units by the first letters that tell them apart. */
const UNITS: readonly (readonly [RegExp, { readonly months: bigint } | { readonly micros: bigint }])[] = [
  [/^y(?:ears?|rs?)?$/i, { months: 12n }],
  [/^mon(?:s|ths?)?$/i, { months: 1n }],
  [/^w(?:eeks?)?$/i, { micros: 7n * DAY }],
  [/^d(?:ays?)?$/i, { micros: DAY }],
  [/^h(?:ours?|rs?)?$/i, { micros: HOUR }],
  [/^m(?:in(?:s|utes?)?)?$/i, { micros: MINUTE }],
  [/^s(?:ec(?:s|onds?)?)?$/i, { micros: SECOND }],
];

const CLOCK = String.raw`([+-]?)(\d+):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0*)?)?`;
const YEARS_MONTHS = /^([+-]?)(\d+)-(\d{1,2})$/;
/** `1 02:03:04` of the SQL standard, where one sign is for all of it. */
const DAYS_CLOCK = /^([+-]?)(\d+) +(\d+):(\d{2})(?::(\d{2})(?:\.(\d{1,6})0*)?)?$/;
const CLOCK_ONLY = new RegExp(`^${CLOCK}$`);
const PART = new RegExp(String.raw`^(?:([+-]?)(\d+)(?:\.(\d{1,6})0*)? *([a-z]+)|${CLOCK}),?(?: +|$)`, 'i');

/**
 * Reads the text of an interval in any of the server's styles (`postgres`, `postgres_verbose`, `sql_standard`);
 * `undefined` for anything else, and for a fraction finer than microseconds.
 */
export function parseInterval(text: string): Interval | undefined {
  const plain = text.trim();
  const [, yearSign, years, months] = YEARS_MONTHS.exec(plain) ?? [];
  if (years !== undefined) return { months: signed(yearSign, BigInt(years) * 12n + BigInt(months ?? 0)), micros: 0n };
  const [, daySign, days, ...clock] = DAYS_CLOCK.exec(plain) ?? [];
  if (days !== undefined) return { months: 0n, micros: signed(daySign, BigInt(days) * DAY + clockMicros(clock)) };
  const [, sign, ...only] = CLOCK_ONLY.exec(plain) ?? [];
  if (only.length > 0) return { months: 0n, micros: signed(sign, clockMicros(only)) };
  return sumOfParts(plain.replace(/^@ */, ''));
}

function sumOfParts(text: string): Interval | undefined {
  const isAgo = /\bago$/i.test(text);
  let rest = isAgo ? text.slice(0, -3) : text;
  let [months, micros] = [0n, 0n];
  if (rest.trim() === '') return undefined;
  while (rest.trim() !== '') {
    const match = PART.exec(rest);
    if (match === null) return undefined;
    const [whole, sign, amount, fraction = '', unitName = '', clockSign, ...clock] = match;
    rest = rest.slice(whole.length);
    if (amount === undefined) {
      micros += signed(clockSign, clockMicros(clock));
      continue;
    }
    const unit = UNITS.find(([name]) => name.test(unitName))?.[1];
    if (unit === undefined) return undefined;
    const millionths = BigInt(amount) * SECOND + BigInt(fraction.padEnd(6, '0'));
    if ('months' in unit) {
      if (/[1-9]/.test(fraction)) return undefined;
      months += signed(sign, BigInt(amount) * unit.months);
    } else micros += signed(sign, (millionths * unit.micros) / SECOND);
  }
  return isAgo ? { months: -months, micros: -micros } : { months, micros };
}

/** `1 year 2 mons`, `-3 mons`; `0 mons` for none. */
export function renderMonths(months: bigint): string {
  const [years, rest] = [months / 12n, months % 12n];
  const parts = [...(years === 0n ? [] : [counted(years, 'year')]), ...(rest === 0n ? [] : [counted(rest, 'mon')])];
  return parts.length === 0 ? '0 mons' : parts.join(' ');
}

/** `1 day 02:03:04.5`, `-1 days -02:03:04`; `00:00:00` for none. */
export function renderMicros(micros: bigint): string {
  const days = micros / DAY;
  const rest = micros % DAY;
  if (rest === 0n && days !== 0n) return counted(days, 'day');
  const size = rest < 0n ? -rest : rest;
  const fraction = String(size % SECOND)
    .padStart(6, '0')
    .replace(/0+$/, '');
  const clock = [size / HOUR, (size / MINUTE) % 60n, (size / SECOND) % 60n].map((part) => twoDigits(Number(part)));
  const time = `${rest < 0n ? '-' : ''}${clock.join(':')}${fraction === '' ? '' : `.${fraction}`}`;
  return days === 0n ? time : `${counted(days, 'day')} ${time}`;
}

/** Digits of the fraction of a second that an interval needs. */
export function fractionDigits(micros: bigint): number {
  const fraction = String((micros < 0n ? -micros : micros) % SECOND).padStart(6, '0');
  return fraction.replace(/0+$/, '').length;
}

function counted(count: bigint, unit: string): string {
  return `${count} ${unit}${count === 1n ? '' : 's'}`;
}

function clockMicros([hours = '0', minutes = '0', seconds = '0', fraction = '']: readonly (
  | string
  | undefined
)[]): bigint {
  const whole = BigInt(hours ?? 0) * HOUR + BigInt(minutes ?? 0) * MINUTE + BigInt(seconds ?? 0) * SECOND;
  return whole + BigInt((fraction ?? '').padEnd(6, '0'));
}

function signed(sign: string | undefined, size: bigint): bigint {
  return sign === '-' ? -size : size;
}
