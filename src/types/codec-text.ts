import { LONE_SURROGATE } from '../core/redshift-limits.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';
import { renderMoment } from './moment.ts';
import { momentOf } from './moment-of-date.ts';

/** VARCHAR(bytes): the length counts bytes of UTF-8. */
export function varcharCodec(bytes: number): Codec {
  return {
    fromText: (text) => text,
    toText: (value) => {
      const text = textOf(value);
      if (text instanceof Unfit) return text;
      const length = text.length * 3 <= bytes ? 0 : Buffer.byteLength(text);
      return length > bytes ? new Unfit(`takes ${length} bytes and the column holds ${bytes}`) : text;
    },
    stagedAs: 'VARCHAR',
  };
}

/** CHAR(bytes): one byte a character, padded with blanks to its length by both read modes. */
export function charCodec(bytes: number): Codec {
  return {
    // UNLOAD is said to cut the blanks in some formats, the wire keeps them.
    fromText: (text) => text.padEnd(bytes, ' '),
    toText: (value) => {
      const text = textOf(value);
      if (text instanceof Unfit) return text;
      if (/[^\0-\x7f]/.test(text)) return new Unfit('holds a character that takes several bytes, which CHAR refuses');
      // Blanks at the end mean nothing in a CHAR.
      const kept = text.length > bytes ? text.replace(/ +$/, '').padEnd(bytes, ' ') : text;
      return kept.length > bytes ? new Unfit(`takes ${kept.length} bytes and the column holds ${bytes}`) : kept;
    },
    stagedAs: 'VARCHAR',
  };
}

function textOf(value: InputScalar): string | Unfit {
  if (value instanceof Uint8Array) return new Unfit('is bytes: give their text, or write them to a VARBYTE');
  if (value instanceof Date) {
    const moment = momentOf(value);
    return moment === undefined ? new Unfit('is not a valid date') : renderMoment(moment);
  }
  const text = String(value);
  if (text.includes('\0')) return new Unfit('holds a NUL character');
  return LONE_SURROGATE.test(text) ? new Unfit('holds half of a surrogate pair, which has no UTF-8 form') : text;
}
