import { ConnectorError } from '../core/errors.ts';

/** Digits that a JSON parser keeps for certain: it makes a double of a number. */
const DIGITS_KEPT = 15;
/** Powers of ten that a double has exactly: a number with more places behind the point comes out of a parser with an exponent. */
const EXACT_POWERS = 22;
/** A number longer than this fits no column and is left to the parser. */
const MAX_NUMBER_BYTES = 64 * 1024;

const [QUOTE, BACKSLASH, NEWLINE, MINUS] = [0x22, 0x5c, 0x0a, 0x2d];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];
const NUMBER_BYTES = new Set(Buffer.from('0123456789+-.eE'));
const IS_NUMBER_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => (NUMBER_BYTES.has(byte) ? 1 : 0));
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,5}))?$/;

interface Place {
  inString: boolean;
  isEscaped: boolean;
  /** Objects and arrays that are open; 1 for the values that go to columns. */
  depth: number;
  line: number;
}

/**
 * The same JSON Lines, with quotes around each number of a column that has more digits than a parser keeps, and around a
 * zero below zero: as a string it comes through digit by digit. Throws RS_INPUT_INVALID for such a number inside a nested value, which quotes would change.
 */
export async function* quoteLongNumbers(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const place: Place = { inString: false, isEscaped: false, depth: 0, line: 1 };
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const pieces: Buffer[] = [];
    const end = scan(bytes, place, pieces);
    const isTooLong = bytes.length - end > MAX_NUMBER_BYTES;
    held = isTooLong ? Buffer.alloc(0) : bytes.subarray(end);
    if (isTooLong) pieces.push(bytes.subarray(end));
    yield pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
  }
  if (held.length > 0) yield held;
}

/** Adds to `pieces` and answers how far it came: to the end, or to a number that the chunk may cut. */
function scan(bytes: Buffer, place: Place, pieces: Buffer[]): number {
  let from = 0;
  let index = 0;
  while (index < bytes.length) {
    const byte = bytes[index] ?? 0;
    if (place.inString) passString(byte, place);
    else if (byte === MINUS || (byte >= 0x30 && byte <= 0x39)) {
      const end = endOfNumber(bytes, index);
      if (end === bytes.length) break;
      if ((end - index > DIGITS_KEPT || byte === MINUS) && mustBeQuoted(bytes.toString('latin1', index, end), place)) {
        pieces.push(bytes.subarray(from, index), Buffer.from(`"${bytes.toString('latin1', index, end)}"`));
        from = end;
      }
      index = end;
      continue;
    } else passOther(byte, place);
    index += 1;
  }
  pieces.push(bytes.subarray(from, index));
  return index;
}

function passString(byte: number, place: Place): void {
  if (place.isEscaped) place.isEscaped = false;
  else if (byte === BACKSLASH) place.isEscaped = true;
  else if (byte === QUOTE) place.inString = false;
}

function passOther(byte: number, place: Place): void {
  if (byte === QUOTE) place.inString = true;
  else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) place.depth += 1;
  else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) place.depth -= 1;
  else if (byte === NEWLINE) {
    place.depth = 0;
    place.line += 1;
  }
}

function endOfNumber(bytes: Buffer, start: number): number {
  let end = start + 1;
  while (end < bytes.length && IS_NUMBER_BYTE[bytes[end] ?? 0] === 1) end += 1;
  return end;
}

function mustBeQuoted(text: string, { depth, line }: Place): boolean {
  const [, sign = '', whole = '', fraction = ''] = NUMBER.exec(text) ?? [];
  // A parser makes an integer of it, which has no sign.
  if (depth <= 1 && sign === '-' && !/[1-9]/.test(whole + fraction)) return true;
  // What is no number at all is for the parser to refuse.
  const isLong = (whole + fraction).replace(/^0+/, '').length > DIGITS_KEPT;
  if (depth <= 1) return isLong || fraction.length > EXACT_POWERS;
  if (!isLong) return false;
  if (isKept(text)) return false;
  throw new ConnectorError(
    'RS_INPUT_INVALID',
    `Line ${line} holds a number, inside an object or array, of more digits than a JSON parser keeps`,
    { action: 'Write the number as a string.', details: { line } },
  );
}

/** Whether a parser gives the number back as it was: a 64-bit integer, or the shortest text of a double. */
function isKept(text: string): boolean {
  if (/^-?\d+$/.test(text)) {
    const number = BigInt(text);
    if (BigInt.asIntN(64, number) === number || BigInt.asUintN(64, number) === number) return true;
  }
  return canonical(text) === canonical(String(Number(text)));
}

/** One text for all spellings of a number: its digits without idle zeros, and an exponent. */
function canonical(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const kept = digits.replace(/0+$/, '');
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
