import type { TargetColumn } from './columns.ts';
import type { Dialect } from './dialect.ts';
import { isClock, isDate, isNumber, isTimestamp, isTruth, withoutZone } from './plain-forms.ts';
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
      case 'intervalY2m':
      case 'intervalD2s':
      case 'super':
      case 'varbyte':
      case 'geometry':
      case 'geography':
      case 'hllsketch':
        return false;
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

/** DECIMAL(19, s) is a 64-bit integer inside: its last digit is looked at closely. */
function wholeDigits({ precision, scale }: TargetColumn): number {
  return (precision === 19 ? 18 : precision) - scale;
}
