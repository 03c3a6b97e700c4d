import type { TargetColumn } from './columns.ts';
import type { Dialect } from './dialect.ts';
import type { CopyStatement } from './statement.ts';

/** How far a run of rows could be handed on untouched. */
export interface PlainRun {
  /** Byte after the last plain row. */
  readonly end: number;
  /** The row at `end` needs a closer look; otherwise the bytes ended. */
  readonly isOdd: boolean;
  readonly records: number;
  readonly lineBreaks: number;
  readonly hasHighBytes: boolean;
}

const DIGIT = 1;
const SIGN = 2;
const DOT = 4;
const HIGH = 8;
const OTHER = 16;
const NUL = 32;
const BREAK = 64;
const STRUCTURE = 128;
const QUOTE = 256;

const ZERO = 48;
const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;

/**
 * Recognises rows that mean the same to PostgreSQL as to Redshift, so that their bytes go on as they are: every field has
 * the strict form of its column's type, is short enough, and nothing about it is left to an option. It may call a good row
 * odd, never an odd one plain.
 */
export class PlainScanner {
  readonly #columns: readonly TargetColumn[];
  readonly #classes: Uint16Array;
  readonly #quote: number;
  readonly #marker: Buffer;
  readonly #quotedMarkerIsNull: boolean;
  readonly #refusesEmptyText: boolean;
  readonly #refusesBlankEdges: boolean;
  readonly #readsDates: boolean;
  readonly #readsTimestamps: boolean;

  constructor(columns: readonly TargetColumn[], dialect: Dialect, statement: CopyStatement) {
    this.#columns = columns;
    this.#quote = dialect.quote.charCodeAt(0);
    this.#classes = classTable(dialect);
    this.#marker = Buffer.from(dialect.nullAs);
    this.#quotedMarkerIsNull = dialect.quotedMarkerIsNull;
    this.#refusesEmptyText = statement.emptyAsNull || statement.blanksAsNull || statement.ignoreBlankLines;
    this.#refusesBlankEdges = statement.trimBlanks || statement.blanksAsNull;
    this.#readsDates = /^(auto|yyyy-mm-dd)$/i.test(statement.dateFormat ?? 'auto');
    this.#readsTimestamps = /^(auto|yyyy-mm-dd hh(24)?:mi:ss)$/i.test(statement.timeFormat ?? 'auto');
  }

  /** Scans whole rows from `start`. */
  scan(bytes: Buffer, start: number): PlainRun {
    const classes = this.#classes;
    const columnCount = this.#columns.length;
    const length = bytes.length;
    let rowStart = start;
    let at = start;
    let column = 0;
    let records = 0;
    let lineBreaks = 0;
    let rowBreaks = 0;
    let high = 0;
    let rowMask = 0;
    const stop = (isOdd: boolean): PlainRun => ({
      end: rowStart,
      isOdd,
      records,
      lineBreaks,
      hasHighBytes: (high & HIGH) !== 0,
    });

    for (;;) {
      if (at >= length) return stop(false);
      let mask = 0;
      let fieldStart = at;
      let fieldEnd: number;
      const isQuoted = bytes[at] === this.#quote;
      let doubled = 0;
      if (isQuoted) {
        at += 1;
        fieldStart = at;
        for (;;) {
          if (at >= length) return stop(false);
          const kind = classes[bytes[at] ?? 0] ?? 0;
          if ((kind & QUOTE) !== 0) {
            if (at + 1 >= length) return stop(false);
            if (bytes[at + 1] !== this.#quote) break;
            at += 2;
            doubled += 1;
            mask |= OTHER;
            continue;
          }
          if ((kind & BREAK) !== 0) {
            if (bytes[at] === NEWLINE) rowBreaks += 1;
            mask |= OTHER;
          }
          mask |= kind;
          at += 1;
        }
        fieldEnd = at;
        at += 1;
      } else {
        let kind = 0;
        for (;;) {
          if (at >= length) return stop(false);
          kind = classes[bytes[at] ?? 0] ?? 0;
          if ((kind & (STRUCTURE | BREAK | QUOTE)) !== 0) break;
          mask |= kind;
          at += 1;
        }
        fieldEnd = at;
      }
      const target = this.#columns[column];
      if (target === undefined || !this.#isPlain(bytes, fieldStart, fieldEnd, mask, doubled, isQuoted, target))
        return stop(true);
      column += 1;
      rowMask |= mask;
      if (at >= length) return stop(false);
      const ending = bytes[at] ?? 0;
      const endingClass = classes[ending] ?? 0;
      at += 1;
      if (ending === NEWLINE) {
        if (column !== columnCount) return stop(true);
        rowStart = at;
        column = 0;
        records += 1;
        lineBreaks += rowBreaks + 1;
        rowBreaks = 0;
        high |= rowMask;
        rowMask = 0;
      } else if ((endingClass & STRUCTURE) === 0) {
        return stop(true);
      }
    }
  }

  #isPlain(
    bytes: Buffer,
    start: number,
    end: number,
    mask: number,
    doubled: number,
    isQuoted: boolean,
    column: TargetColumn,
  ): boolean {
    const length = end - start;
    if ((mask & NUL) !== 0) return false;
    if (length === this.#marker.length && this.#isMarker(bytes, start)) {
      return !column.isNotNull && (!isQuoted || this.#quotedMarkerIsNull);
    }
    switch (column.kind) {
      case 'varchar':
      case 'char':
        if (length - doubled > column.maxBytes || (column.kind === 'char' && (mask & HIGH) !== 0)) return false;
        if (length === 0) return !this.#refusesEmptyText;
        return !this.#refusesBlankEdges || (bytes[start] !== SPACE && (bytes[end - 1] ?? 0) > SPACE);
      case 'smallint':
        return (mask & ~(DIGIT | SIGN)) === 0 && isNumber(bytes, start, end, 4, 0);
      case 'integer':
        return (mask & ~(DIGIT | SIGN)) === 0 && isNumber(bytes, start, end, 9, 0);
      case 'bigint':
        return (mask & ~(DIGIT | SIGN)) === 0 && isNumber(bytes, start, end, 18, 0);
      case 'decimal':
        return (mask & ~(DIGIT | SIGN | DOT)) === 0 && isNumber(bytes, start, end, wholeDigits(column), column.scale);
      case 'real':
        return (mask & ~(DIGIT | SIGN | DOT)) === 0 && isNumber(bytes, start, end, 30, 40);
      case 'double':
        return (mask & ~(DIGIT | SIGN | DOT)) === 0 && isNumber(bytes, start, end, 200, 200);
      case 'boolean':
        return isTruth(bytes, start, length);
      case 'date':
        return this.#readsDates && length === 10 && isDate(bytes, start);
      case 'timestamp':
        return this.#readsTimestamps && length <= 26 && isTimestamp(bytes, start, end);
      case 'timestamptz':
        return this.#readsTimestamps && isTimestamp(bytes, start, withoutZone(bytes, start, end));
      case 'time':
        return length <= 15 && isClock(bytes, start, end);
      case 'timetz':
        return isClock(bytes, start, withoutZone(bytes, start, end));
    }
  }

  #isMarker(bytes: Buffer, start: number): boolean {
    const marker = this.#marker;
    for (let index = 0; index < marker.length; index += 1) if (bytes[start + index] !== marker[index]) return false;
    return true;
  }
}

function classTable({ delimiter, quote }: Dialect): Uint16Array {
  const classes = new Uint16Array(256).fill(OTHER);
  for (let digit = ZERO; digit < ZERO + 10; digit += 1) classes[digit] = DIGIT;
  for (let byte = 128; byte < 256; byte += 1) classes[byte] = HIGH;
  classes[0] = NUL;
  classes['+'.charCodeAt(0)] = SIGN;
  classes['-'.charCodeAt(0)] = SIGN;
  classes['.'.charCodeAt(0)] = DOT;
  classes[NEWLINE] = BREAK;
  classes[RETURN] = BREAK;
  classes[delimiter.charCodeAt(0)] = STRUCTURE | OTHER;
  classes[quote.charCodeAt(0)] = QUOTE;
  return classes;
}

/** A sign, digits, a point, digits; no more of each than given, zeros before included. */
function isNumber(bytes: Buffer, start: number, end: number, maxWhole: number, maxFraction: number): boolean {
  let at = start;
  const first = bytes[at] ?? 0;
  if (first === 45 || first === 43) at += 1;
  let whole = 0;
  while (at < end && isDigit(bytes[at] ?? 0)) {
    at += 1;
    whole += 1;
  }
  if (whole === 0 || (whole > maxWhole && !(whole === 1 && bytes[at - 1] === ZERO))) return false;
  if (at === end) return true;
  if (bytes[at] !== 46) return false;
  const fraction = end - at - 1;
  for (at += 1; at < end; at += 1) if (!isDigit(bytes[at] ?? 0)) return false;
  return fraction <= maxFraction;
}

/** DECIMAL(19, s) is a 64-bit integer inside: its last digit is looked at closely. */
function wholeDigits({ precision, scale }: TargetColumn): number {
  return (precision === 19 ? 18 : precision) - scale;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte < ZERO + 10;
}

/** `t`, `f`, `0`, `1`, `true`, `false`: the others are looked at closely. */
function isTruth(bytes: Buffer, start: number, length: number): boolean {
  if (length === 1) {
    const byte = bytes[start] ?? 0;
    return byte === 116 || byte === 102 || byte === ZERO || byte === ZERO + 1;
  }
  return (
    (length === 4 && bytes.toString('latin1', start, start + 4) === 'true') ||
    (length === 5 && bytes.toString('latin1', start, start + 5) === 'false')
  );
}

/** Two digits as a number, or 100. */
function pair(bytes: Buffer, at: number): number {
  const tens = bytes[at] ?? 0;
  const ones = bytes[at + 1] ?? 0;
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + ones - ZERO : 100;
}

/** `YYYY-MM-DD` of a day that exists. */
function isDate(bytes: Buffer, at: number): boolean {
  const century = pair(bytes, at);
  const years = pair(bytes, at + 2);
  const month = pair(bytes, at + 5);
  const day = pair(bytes, at + 8);
  if (century > 99 || years > 99 || bytes[at + 4] !== 45 || bytes[at + 7] !== 45) return false;
  const year = century * 100 + years;
  if (year === 0 || month < 1 || month > 12 || day < 1) return false;
  if (day <= 28) return true;
  if (month !== 2) return day <= (month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31);
  return day === 29 && ((year % 4 === 0 && year % 100 !== 0) || year % 400 === 0);
}

function isTimestamp(bytes: Buffer, start: number, end: number): boolean {
  if (end - start === 10) return isDate(bytes, start);
  return (
    end - start >= 19 &&
    isDate(bytes, start) &&
    bytes[start + 10] === SPACE &&
    pair(bytes, start + 11) < 24 &&
    isClock(bytes, start + 11, end)
  );
}

/** `HH:MM:SS`, with up to six digits of the second. */
function isClock(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < 8 || length > 15 || length === 9) return false;
  if (bytes[start + 2] !== 58 || bytes[start + 5] !== 58) return false;
  if (pair(bytes, start) > 23 || pair(bytes, start + 3) > 59 || pair(bytes, start + 6) > 59) return false;
  if (length === 8) return true;
  if (bytes[start + 8] !== 46) return false;
  for (let at = start + 9; at < end; at += 1) if (!isDigit(bytes[at] ?? 0)) return false;
  return true;
}

/** Where `+00`, `-05`, `+05:30` begins, or `end`. */
function withoutZone(bytes: Buffer, start: number, end: number): number {
  for (const width of [3, 6]) {
    const at = end - width;
    const sign = bytes[at] ?? 0;
    if (at <= start + 7 || (sign !== 43 && sign !== 45)) continue;
    if (pair(bytes, at + 1) < 15 && (width === 3 || (bytes[at + 3] === 58 && pair(bytes, at + 4) < 60))) return at;
  }
  return end;
}
