import { LIMITS, LONE_SURROGATE } from '../core/redshift-limits.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';

/** A number in JSON outside of strings; strings are matched to be passed over. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * SUPER, as JSON text: a JavaScript object would lose digits of its numbers. SQL's NULL is null, and the null of JSON is
 * the text `null`. Numbers, bigints and booleans are written as what they are in JSON; a string is JSON text.
 */
export const superCodec: Codec = {
  fromText: (text) => text,
  toText: (value) => {
    const json = jsonOf(value);
    if (json instanceof Unfit) return json;
    if (LONE_SURROGATE.test(json)) return new Unfit('holds half of a surrogate pair, which has no UTF-8 form');
    if (hasLongNumber(json)) return new Unfit(`holds a number of more than ${LIMITS.decimalDigits} digits`);
    const isShort = json.length * 3 <= LIMITS.superBytes;
    return isShort || Buffer.byteLength(json) <= LIMITS.superBytes
      ? json
      : new Unfit('takes more than 16 MB as JSON text');
  },
  stagedAs: 'VARCHAR',
  // The NULL marker of UNLOAD is not for SUPER: both kinds of null would come out as one.
  unloadCsvAs: { call: 'JSON_SERIALIZE', keepNull: true },
  loadNote: 'Redshift spells the JSON of a SUPER anew: blanks go, and a number with an exponent may lose digits',
};

function jsonOf(value: InputScalar): string | Unfit {
  if (typeof value === 'string') return isJson(value) ? value : new Unfit('is not JSON text');
  if (typeof value === 'object') return new Unfit('is a date or bytes, which JSON does not have: give JSON text');
  return typeof value !== 'number' || Number.isFinite(value)
    ? String(value)
    : new Unfit('is a number that JSON does not have');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a number has more digits than a DECIMAL holds. */
function hasLongNumber(json: string): boolean {
  if (json.length <= LIMITS.decimalDigits || !/\d{13}/.test(json)) return false;
  for (const [token] of json.matchAll(TOKEN)) {
    if (token.startsWith('"') || token.length <= LIMITS.decimalDigits) continue;
    const digits = token
      .replace(/[eE].*$/, '')
      .replace(/[-.]/g, '')
      .replace(/^0+/, '');
    if (digits.length > LIMITS.decimalDigits) return true;
  }
  return false;
}
