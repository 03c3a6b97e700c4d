import type { SupportedType } from '../core/redshift-type.ts';
import type { Value } from './batch.ts';
import { codecFor } from './codec.ts';
import type { WireText } from './wire-text.ts';

/** Makes the value of one type out of the text between two places of what the server sent. NULL never reaches it. */
export type WireDecoder = (text: WireText, start: number, end: number) => Value;

const [MINUS, ZERO, TRUE] = [0x2d, 0x30, 0x74];
/** Any number of so few digits is below 2^53. */
const SAFE_DIGITS = 15;
/** Whole numbers that most columns have many of: a bigint that is there already costs nothing. */
const SMALL = Array.from({ length: 2048 }, (_, number) => BigInt(number));

/** Text as it is, of a column whose type does not matter. */
export const textDecoder: WireDecoder = (text, start, end) => text.utf8(start, end);

/** The values that `codecFor(type).fromText` gives, most of them without a string in between. */
export function wireDecoder(type: SupportedType): WireDecoder {
  const { fromText } = codecFor(type);
  switch (type.kind) {
    case 'smallint':
    case 'integer':
      return (text, start, end) => {
        const number = shortNumber(text.bytes, start, end);
        return Number.isNaN(number) ? fromText(text.passing(start, end)) : number;
      };
    case 'bigint':
      return (text, start, end) => {
        const number = shortNumber(text.bytes, start, end);
        if (Number.isNaN(number)) return fromText(text.passing(start, end));
        return (number >= 0 && number < SMALL.length ? SMALL[number] : undefined) ?? BigInt(number);
      };
    case 'boolean':
      return ({ bytes }, start, end) => start < end && bytes[start] === TRUE;
    case 'real':
    case 'double':
      return (text, start, end) => fromText(text.passing(start, end));
    case 'decimal':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
      return (text, start, end) => text.ascii(start, end);
    case 'varchar':
    case 'super':
      return textDecoder;
    case 'timestamptz':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
    case 'varbyte':
    case 'geometry':
    case 'geography':
      return (text, start, end) => fromText(text.ascii(start, end));
    case 'char':
    case 'hllsketch':
      return (text, start, end) => fromText(text.utf8(start, end));
  }
}

/** A whole number of few digits, or NaN for any other text. */
function shortNumber(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  let at = isNegative ? start + 1 : start;
  if (at >= end || end - at > SAFE_DIGITS) return Number.NaN;
  let number = 0;
  for (; at < end; at += 1) {
    const digit = (bytes[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return Number.NaN;
    number = number * 10 + digit;
  }
  return isNegative ? -number : number;
}
