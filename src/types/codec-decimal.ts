import { LIMITS } from '../core/redshift-limits.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,4}))?$/i;
const INT64_MAX = 2n ** 63n - 1n;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** DECIMAL(precision, scale), as exact text. Without a precision any 38 digits are taken. */
export function decimalCodec({ precision, scale }: { readonly precision?: number; readonly scale?: number }): Codec {
  return {
    fromText: (text) => text,
    toText: (value) => decimalText(value, precision ?? LIMITS.decimalDigits, scale ?? 0, precision === undefined),
    stagedAs: 'VARCHAR',
    // The sign, the point, and all digits.
    ...(precision === undefined ? { unloadAs: { cast: 'VARCHAR(128)' } } : {}),
  };
}

function decimalText(value: InputScalar, precision: number, scale: number, anyScale: boolean): string | Unfit {
  if (typeof value === 'boolean' || typeof value === 'object') return new Unfit('is not a number');
  if (typeof value === 'string' && !anyScale && precision !== 19 && isPlain(value, precision - scale, scale))
    return value;
  const match = NUMBER.exec(String(value).trim());
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || whole + fraction === '') return new Unfit('is not a number');
  const { head, tail } = shift(whole, fraction, Number(exponent));
  if (head.length > precision - (anyScale ? 0 : scale)) {
    return new Unfit(`has more than ${precision - scale} digits before the point`);
  }
  if (!anyScale && tail.length > scale) {
    const cut = decimalText(`${sign}${head}.${tail.slice(0, scale)}0`, precision, scale, false);
    return new Unfit(`has more than ${scale} digits after the point`, cut instanceof Unfit ? undefined : cut);
  }
  // Up to 19 digits are stored as a 64-bit number, which ends before 9,999,999,999,999,999,999 does.
  if (precision === 19 && BigInt(head + tail.padEnd(scale, '0') || '0') > INT64_MAX) {
    return new Unfit('is past the largest DECIMAL of 19 digits');
  }
  const digits = `${head === '' ? '0' : head}${tail === '' ? '' : `.${tail}`}`;
  return sign === '-' && /[1-9]/.test(digits) ? `-${digits}` : digits;
}

/** Whether a text comes out as it is: digits, no idle zero, no more before and after the point than there may be. */
function isPlain(text: string, maxHead: number, maxTail: number): boolean {
  const start = text.charCodeAt(0) === MINUS ? 1 : 0;
  const dot = text.indexOf('.', start);
  const end = dot === -1 ? text.length : dot;
  const leading = text.charCodeAt(start);
  const head = leading === ZERO && end === start + 1 ? 0 : end - start;
  if (end === start || (head > 0 && leading === ZERO) || head > maxHead || (head === 0 && dot === -1)) return false;
  if (dot !== -1) {
    const tail = text.length - dot - 1;
    if (tail === 0 || tail > maxTail || text.charCodeAt(text.length - 1) === ZERO) return false;
  }
  for (let position = start; position < text.length; position += 1) {
    const code = text.charCodeAt(position);
    if (position !== dot && (code < ZERO || code > NINE)) return false;
  }
  return true;
}

/** Digits before and after the point once the exponent is applied, with no idle zeros. */
function shift(whole: string, fraction: string, exponent: number): { readonly head: string; readonly tail: string } {
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const head = point <= 0 ? '' : digits.slice(0, point).padEnd(point, '0');
  const tail = point <= 0 ? '0'.repeat(-point) + digits : digits.slice(point);
  return { head: head.replace(/^0+/, ''), tail: tail.replace(/0+$/, '') };
}
