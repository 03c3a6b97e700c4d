import { LIMITS, LONE_SURROGATE } from '../core/redshift-limits.ts';
import { type Codec, type InputScalar, Unfit } from './codec-shape.ts';

/** Digits that a DOUBLE keeps for certain. */
const DOUBLE_DIGITS = 15;
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
    const problem = numberProblem(json);
    if (problem !== undefined) return new Unfit(problem, json);
    const isShort = json.length * 3 <= LIMITS.superBytes;
    return isShort || Buffer.byteLength(json) <= LIMITS.superBytes
      ? json
      : new Unfit('takes more than 16 MB as JSON text');
  },
  stagedAs: 'VARCHAR',
  insertAs: { call: 'JSON_PARSE' },
  // The NULL marker of UNLOAD is not for SUPER: both kinds of null would come out as one.
  unloadCsvAs: { call: 'JSON_SERIALIZE', keepNull: true },
  loadNote: 'Redshift spells the JSON of a SUPER anew: blanks between values go',
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

/** What Redshift would not keep of a number: digits past those of a DECIMAL, or of a DOUBLE where it has an exponent. */
function numberProblem(json: string): string | undefined {
  if (json.length <= DOUBLE_DIGITS || !/[\d.]{16}/.test(json)) return undefined;
  for (const [token] of json.matchAll(TOKEN)) {
    if (token.startsWith('"') || token.length <= DOUBLE_DIGITS) continue;
    const [mantissa = '', exponent] = token.split(/e/i);
    const digits = mantissa.replace(/[-.]/g, '').replace(/^0+/, '').length;
    if (digits > LIMITS.decimalDigits) return `holds a number of more than ${LIMITS.decimalDigits} digits`;
    if (exponent !== undefined && digits > DOUBLE_DIGITS) {
      return `holds a number with an exponent and more than ${DOUBLE_DIGITS} digits`;
    }
  }
  return undefined;
}
