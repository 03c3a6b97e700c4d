import { type Codec, type InputScalar, type StagedKind, Unfit } from './codec-shape.ts';

/** Any number of so few characters is below 2^53. */
const SAFE_DIGITS = 15;

/** -32,768 to 32,767. */
export const smallintCodec = wholeNumber(16n, 'SMALLINT', Number);
/** -2,147,483,648 to 2,147,483,647. */
export const integerCodec = wholeNumber(32n, 'INTEGER', Number);
/** 64 bits, as a bigint. */
export const bigintCodec = wholeNumber(64n, 'BIGINT', (text) =>
  // By way of a number, where it holds all digits, it takes a third of the time.
  text.length <= SAFE_DIGITS ? BigInt(Number(text)) : BigInt(text),
);

function wholeNumber(bits: bigint, kind: StagedKind, fromText: Codec['fromText']): Codec {
  const max = 2n ** (bits - 1n) - 1n;
  const inRange = (value: bigint): string | Unfit =>
    value > max || value < -max - 1n ? new Unfit(`is out of the range of ${kind}`) : String(value);
  /** Up to here a number is exact and in the range. */
  const sure = Math.min(Number(max), Number.MAX_SAFE_INTEGER);
  const toText = (value: InputScalar): string | Unfit => {
    if (typeof value === 'bigint') {
      // By way of a number it takes a fraction of the time; past 2^53 it would lose digits.
      const number = Number(value);
      return number >= -sure && number <= sure ? String(number) : inRange(value);
    }
    if (typeof value === 'number') {
      if (Number.isSafeInteger(value)) return value >= -sure && value <= sure ? String(value) : inRange(BigInt(value));
      return new Unfit(
        Number.isInteger(value) ? 'is past 2^53, where numbers lose digits: give a bigint' : 'is not a whole number',
      );
    }
    const text = typeof value === 'string' ? value.trim() : '';
    return /^[+-]?\d{1,40}$/.test(text) ? inRange(BigInt(text.replace('+', ''))) : new Unfit('is not a whole number');
  };
  return { fromText, toText, stagedAs: kind };
}
