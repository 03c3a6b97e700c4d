import { isDay } from './calendar.ts';

const ZERO = 0x30;
const DAY_CHARACTERS = 10;
const MOMENT_CHARACTERS = 19;
const FRACTION_DIGITS = 6;

// Texts that are in the form of Redshift already are most of those that a program hands in; to read each one into numbers and
// to write it anew took more time than all else of a load.

/** Whether a text is a day of the years 1 to 9999 in the very form that a load writes: `YYYY-MM-DD`. */
export function isPlainDay(text: string): boolean {
  return text.length === DAY_CHARACTERS && startsWithDay(text);
}

/** The same for `YYYY-MM-DD HH:MM:SS[.ffffff]` with this zone after it, and no idle zero in the fraction. */
export function isPlainMoment(text: string, zone: '' | '+00'): boolean {
  const end = text.length - zone.length;
  if (end < MOMENT_CHARACTERS || !text.endsWith(zone) || !startsWithDay(text)) return false;
  const isClock =
    text.charCodeAt(10) === 0x20 &&
    text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a &&
    isBelow(twoDigitsAt(text, 11), 24) &&
    isBelow(twoDigitsAt(text, 14), 60) &&
    isBelow(twoDigitsAt(text, 17), 60);
  return isClock && (end === MOMENT_CHARACTERS || isFraction(text, end));
}

function startsWithDay(text: string): boolean {
  if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(7) !== 0x2d) return false;
  const century = twoDigitsAt(text, 0);
  const rest = twoDigitsAt(text, 2);
  const month = twoDigitsAt(text, 5);
  const day = twoDigitsAt(text, 8);
  if (century < 0 || rest < 0 || (century === 0 && rest === 0)) return false;
  if (day >= 1 && day <= 28) return month >= 1 && month <= 12;
  return isDay({ year: century * 100 + rest, month, day });
}

function isFraction(text: string, end: number): boolean {
  const digits = end - MOMENT_CHARACTERS - 1;
  if (text.charCodeAt(MOMENT_CHARACTERS) !== 0x2e || digits < 1 || digits > FRACTION_DIGITS) return false;
  for (let position = MOMENT_CHARACTERS + 1; position < end; position += 1) {
    if (digitAt(text, position) < 0) return false;
  }
  return text.charCodeAt(end - 1) !== ZERO;
}

const isBelow = (number: number, limit: number): boolean => number >= 0 && number < limit;

/** -1 for what is no digit. */
function digitAt(text: string, position: number): number {
  const digit = text.charCodeAt(position) - ZERO;
  return digit >= 0 && digit <= 9 ? digit : -1;
}

/** Below zero for what are no two digits. */
function twoDigitsAt(text: string, position: number): number {
  const [tens, units] = [digitAt(text, position), digitAt(text, position + 1)];
  return tens < 0 || units < 0 ? -1 : tens * 10 + units;
}
