import type { SupportedType } from '../core/redshift-type.ts';

/**
 * What of a column is compared besides its number of NULLs. `sum`: of whole numbers, or of what is true. `float`: of the
 * whole parts and of the fractions, exactly; NaN, infinities and numbers past 9e18 are counted. `hash`: of 60 bits of the
 * MD5 of each value's text. `presence`: nothing more, since the server's text of such a value is not known beforehand.
 */
export type ChecksumKind = 'sum' | 'float' | 'hash' | 'presence';

/** Numbers of this size and more are counted, not added: their whole part need not fit 64 bits. */
export const FLOAT_LIMIT = 9e18;
/** Fractions count in these parts of one. A power of two, so that nothing is rounded. */
export const FRACTION_PARTS = 2 ** 62;
/** Hexadecimal digits of an MD5 that count. */
export const HASH_DIGITS = 15;
/** Longest VARBYTE whose hexadecimal text is a VARCHAR. */
const BYTES_AS_TEXT = 32_767;

/** How a column of this type is compared. */
export function checksumKind(type: SupportedType): ChecksumKind {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'boolean':
      return 'sum';
    case 'real':
    case 'double':
      return 'float';
    case 'decimal':
      return type.precision === undefined ? 'presence' : 'hash';
    case 'varbyte':
      return type.bytes <= BYTES_AS_TEXT ? 'hash' : 'presence';
    case 'char':
    case 'varchar':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return 'hash';
    case 'super':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return 'presence';
  }
}

/** The text of a value that is hashed, from the text that is sent or read: one for all spellings. */
export function canonicalText(type: SupportedType): (text: string) => string {
  if (type.kind === 'decimal') return (text) => fullScale(text, type.scale ?? 0);
  if (type.kind === 'char') return (text) => text.replace(/ +$/, '');
  return type.kind === 'timestamptz' ? (text) => text.replace('+00', '') : (text) => text;
}

function fullScale(text: string, scale: number): string {
  const [whole = '', fraction = ''] = text.split('.');
  const sign = whole === '-' || whole === '' ? `${whole}0` : whole;
  return scale === 0 ? sign : `${sign}.${fraction.padEnd(scale, '0').slice(0, scale)}`;
}
