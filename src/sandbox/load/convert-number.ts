import type { TargetColumn } from './columns.ts';
import type { FieldFault } from './load-errors.ts';

/** A field as text that the database reads, or why it was refused. */
export type Converted = string | FieldFault;

const RANGES = {
  smallint: [-(2n ** 15n), 2n ** 15n - 1n],
  integer: [-(2n ** 31n), 2n ** 31n - 1n],
  bigint: [-(2n ** 63n), 2n ** 63n - 1n],
} as const;

const TRUTHS: Readonly<Record<string, 't' | 'f'>> = {
  t: 't',
  true: 't',
  y: 't',
  yes: 't',
  '1': 't',
  f: 'f',
  false: 'f',
  n: 'f',
  no: 'f',
  '0': 'f',
};

export function convertInteger(text: string, kind: keyof typeof RANGES): Converted {
  const trimmed = text.trim();
  if (!/^[+-]?\d+$/.test(trimmed)) return invalidDigit(trimmed, /[^0-9+-]/, kind);
  const value = BigInt(trimmed.replace(/^\+/, ''));
  const [min, max] = RANGES[kind];
  return value < min || value > max ? { code: 1204, reason: overflowText(kind) } : String(value);
}

function overflowText(kind: string): string {
  return `Overflow (${kind === 'smallint' ? 'SMALLINT' : kind === 'integer' ? 'INTEGER' : 'BIGINT'} out of range)`;
}

function invalidDigit(text: string, pattern: RegExp, type: string): FieldFault {
  const at = Math.max(0, text.search(pattern));
  const shown = type[0]?.toUpperCase() + type.slice(1);
  return { code: 1207, reason: `Invalid digit, Value '${text.charAt(at)}', Pos ${at}, Type: ${shown}` };
}

/** Digits past the scale are cut, or rounded half away from zero with ROUNDEC. */
export function convertDecimal(text: string, column: TargetColumn, roundDecimals: boolean): Converted {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim());
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match ?? [];
  if (match === null || whole + fraction === '') return { ...invalidDigit(text.trim(), /[^0-9+.-]/, 'decimal') };
  const { precision, scale } = column;
  const digits = whole + fraction;
  const shift = Number(exponent) - fraction.length + scale;
  let unscaled = scaled(digits, shift);
  if (roundDecimals && shift < 0 && (digits.at(shift) ?? '0') >= '5') unscaled += 1n;
  // DECIMAL(19, s) is a 64-bit integer inside.
  const limit = precision === 19 ? 2n ** 63n : 10n ** BigInt(precision);
  if (unscaled >= limit) return { code: 1209, reason: `Numeric data overflow (result precision)` };
  const padded = String(unscaled).padStart(scale + 1, '0');
  const isNegative = sign === '-' && unscaled !== 0n;
  const body = scale === 0 ? padded : `${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
  return isNegative ? `-${body}` : body;
}

function scaled(digits: string, shift: number): bigint {
  if (shift >= 0) return BigInt(digits + '0'.repeat(Math.min(shift, 400)));
  const kept = digits.slice(0, Math.max(0, digits.length + shift));
  return kept === '' ? 0n : BigInt(kept);
}

export function convertFloat(text: string, kind: 'real' | 'double'): Converted {
  const trimmed = text.trim();
  const special = /^([+-]?)(nan|inf|infinity)$/i.exec(trimmed);
  if (special !== null) return special[2]?.toLowerCase() === 'nan' ? 'NaN' : `${special[1]}Infinity`;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(trimmed)) {
    return { ...invalidDigit(trimmed, /[^0-9+.eE-]/, kind), code: 1208 };
  }
  const value = Math.abs(kind === 'real' ? Math.fround(Number(trimmed)) : Number(trimmed));
  const isZero = !/[1-9]/.test(trimmed.replace(/[eE].*$/, ''));
  if (value === Number.POSITIVE_INFINITY || (value === 0 && !isZero)) {
    return { code: 1204, reason: `Overflow (${kind === 'real' ? 'REAL' : 'DOUBLE PRECISION'} out of range)` };
  }
  return trimmed;
}

export function convertBoolean(text: string): Converted {
  return TRUTHS[text.trim().toLowerCase()] ?? { code: 1210, reason: 'Unknown boolean format' };
}
