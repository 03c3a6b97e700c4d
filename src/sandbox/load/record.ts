import type { FieldFault } from './load-errors.ts';
import type { CopyStatement } from './statement.ts';

/** A field's bytes after its quotes and escapes are resolved; null where it is the marker of NULL. */
export type FieldBytes = Buffer | null;

/** One row of a file, taken apart. */
export interface FileRecord {
  readonly fields: readonly FieldBytes[];
  /** The row cannot be taken apart: `fields` are those before the faulty one. */
  readonly fault?: FieldFault;
  /** Byte after the row and its end. */
  readonly next: number;
  readonly lineBreaks: number;
}

const NEWLINE = 10;
const RETURN = 13;
const SPACE = 32;
const TAB = 9;
const BACKSLASH = 92;

/** Reads the row that begins at `start`; undefined while its end is not there and more may come. */
export type ReadRecord = (bytes: Buffer, start: number, isLast: boolean) => FileRecord | undefined;

/** The reader of one file's rows. */
export function recordReader(statement: CopyStatement, quotedMarkerIsNull = true): ReadRecord {
  const marker = Buffer.from(statement.nullAs, 'utf8');
  return statement.format === 'delimited'
    ? delimitedReader(statement, marker)
    : csvReader(statement, marker, quotedMarkerIsNull);
}

/** Length of a line end at `at`, or 0. Negative: a carriage return that may be half of one. */
function lineEnd(bytes: Buffer, at: number, isLast: boolean): number {
  if (bytes[at] === NEWLINE) return 1;
  if (bytes[at] !== RETURN) return 0;
  if (at + 1 >= bytes.length) return isLast ? 1 : -1;
  return bytes[at + 1] === NEWLINE ? 2 : 1;
}

function csvReader(statement: CopyStatement, marker: Buffer, quotedMarkerIsNull: boolean): ReadRecord {
  const delimiter = statement.delimiter.charCodeAt(0);
  const quote = statement.quote.charCodeAt(0);

  return (bytes, start, isLast) => {
    const fields: FieldBytes[] = [];
    let at = start;
    let lineBreaks = 0;
    for (;;) {
      let from = at;
      while (bytes[from] === SPACE || bytes[from] === TAB) from += 1;
      let field: Buffer;
      let isQuoted = false;
      if (bytes[from] === quote) {
        const quoted = readQuoted(bytes, from + 1, quote);
        if (quoted === undefined) {
          if (!isLast) return undefined;
          return faulty(bytes, start, fields, 'Invalid quote formatting for CSV. Unterminated quote', bytes.length);
        }
        isQuoted = true;
        field = quoted.content;
        lineBreaks += quoted.lineBreaks;
        at = quoted.next;
        while (bytes[at] === SPACE || bytes[at] === TAB) at += 1;
      } else {
        from = at;
        while (
          at < bytes.length &&
          bytes[at] !== delimiter &&
          bytes[at] !== NEWLINE &&
          bytes[at] !== RETURN &&
          bytes[at] !== quote
        )
          at += 1;
        field = bytes.subarray(from, at);
      }
      if (at >= bytes.length && !isLast) return undefined;
      const isNull = field.equals(marker) && (!isQuoted || quotedMarkerIsNull);
      fields.push(isNull ? null : field);
      if (at >= bytes.length) return { fields, next: at, lineBreaks: lineBreaks + 1 };
      if (bytes[at] === delimiter) {
        at += 1;
        continue;
      }
      const width = lineEnd(bytes, at, isLast);
      if (width < 0) return undefined;
      if (width > 0) return { fields, next: at + width, lineBreaks: lineBreaks + 1 };
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0 && !isLast) return undefined;
      return faulty(
        bytes,
        start,
        fields.slice(0, -1),
        'Invalid quote formatting for CSV. Unexpected character beside a quote',
        end < 0 ? bytes.length : end + 1,
      );
    }
  };
}

function faulty(bytes: Buffer, start: number, fields: readonly FieldBytes[], reason: string, next: number): FileRecord {
  let lineBreaks = 0;
  for (let at = start; at < next; at += 1) if (bytes[at] === NEWLINE) lineBreaks += 1;
  return { fields, fault: { code: 1214, reason }, next, lineBreaks: Math.max(1, lineBreaks) };
}

function readQuoted(
  bytes: Buffer,
  start: number,
  quote: number,
): { readonly content: Buffer; readonly next: number; readonly lineBreaks: number } | undefined {
  const pieces: Buffer[] = [];
  let from = start;
  for (;;) {
    const end = bytes.indexOf(quote, from);
    if (end < 0) return undefined;
    if (bytes[end + 1] !== quote) {
      pieces.push(bytes.subarray(from, end));
      const content = pieces.length === 1 ? (pieces[0] ?? Buffer.alloc(0)) : Buffer.concat(pieces);
      let lineBreaks = 0;
      for (const byte of content) if (byte === NEWLINE) lineBreaks += 1;
      return { content, next: end + 1, lineBreaks };
    }
    pieces.push(bytes.subarray(from, end + 1));
    from = end + 2;
  }
}

/** Text without quotes; with ESCAPE a backslash keeps what follows, with REMOVEQUOTES a field's quotes go. */
function delimitedReader(statement: CopyStatement, marker: Buffer): ReadRecord {
  const delimiter = statement.delimiter.charCodeAt(0);
  const hasEscape = statement.escape;

  return (bytes, start, isLast) => {
    const fields: FieldBytes[] = [];
    let at = start;
    let lineBreaks = 0;
    for (;;) {
      const from = at;
      const first = bytes[at] ?? 0;
      const surrounding = statement.removeQuotes && (first === 34 || first === 39) ? first : 0;
      let hasEscapes = false;
      if (surrounding !== 0) at += 1;
      let isOpen = surrounding !== 0;
      for (; at < bytes.length; at += 1) {
        const byte = bytes[at] ?? 0;
        if (hasEscape && byte === BACKSLASH) {
          hasEscapes = true;
          if (bytes[at + 1] === NEWLINE) lineBreaks += 1;
          at += 1;
        } else if (isOpen) {
          if (byte === surrounding) isOpen = false;
        } else if (byte === delimiter || byte === NEWLINE || byte === RETURN) break;
      }
      if (at >= bytes.length) {
        if (!isLast) return undefined;
        at = bytes.length;
      }
      const raw = bytes.subarray(from, at);
      const isNull = raw.equals(marker);
      if (isOpen) return faulty(bytes, start, fields, 'Unbalanced quotes in the field', Math.max(at, bytes.length));
      const inner = surrounding === 0 ? raw : raw.subarray(1, -1);
      fields.push(isNull ? null : hasEscapes ? withoutEscapes(inner) : inner);
      if (at >= bytes.length) return { fields, next: at, lineBreaks: lineBreaks + 1 };
      if (bytes[at] === delimiter) {
        at += 1;
        continue;
      }
      const width = lineEnd(bytes, at, isLast);
      if (width < 0) return undefined;
      return { fields, next: at + width, lineBreaks: lineBreaks + 1 };
    }
  };
}

const AFTER_BACKSLASH: Readonly<Record<number, number>> = { 110: NEWLINE, 114: RETURN, 116: TAB };

function withoutEscapes(field: Buffer): Buffer {
  const out = Buffer.alloc(field.length);
  let length = 0;
  for (let at = 0; at < field.length; at += 1) {
    let byte = field[at] ?? 0;
    if (byte === BACKSLASH && at + 1 < field.length) {
      at += 1;
      const next = field[at] ?? 0;
      byte = AFTER_BACKSLASH[next] ?? next;
    }
    out[length] = byte;
    length += 1;
  }
  return out.subarray(0, length);
}
