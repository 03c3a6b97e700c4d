import { isUtf8 } from 'node:buffer';
import type { TargetColumn } from './columns.ts';
import { convertHex, convertInterval, convertShape, convertSketch, convertSuper } from './convert-extra.ts';
import { type Converted, convertBoolean, convertDecimal, convertFloat, convertInteger } from './convert-number.ts';
import { convertDate, convertTime, convertTimestamp } from './convert-time.ts';
import type { FieldFault } from './load-errors.ts';
import type { FieldBytes } from './record.ts';
import { notImitated } from './refusal.ts';
import type { CopyStatement } from './statement.ts';

const SPACE = 32;

/** A field as the database shall have it, or why Redshift would refuse it. */
export function convertField(
  field: FieldBytes,
  column: TargetColumn,
  statement: CopyStatement,
): FieldBytes | FieldFault {
  const value = field === null ? null : nonNullField(field, column, statement);
  if (value === null && column.isNotNull) return { code: 1213, reason: 'Missing data for not-null field' };
  return value;
}

function nonNullField(field: Buffer, column: TargetColumn, statement: CopyStatement): FieldBytes | FieldFault {
  const isText = column.kind === 'char' || column.kind === 'varchar';
  if (field.length === 0) return isText && !statement.emptyAsNull ? field : null;
  if (statement.blanksAsNull && isBlank(field)) return null;
  if (isText) return convertText(field, column, statement);
  const converted = convertTyped(field.toString('utf8'), column, statement);
  if (typeof converted === 'string') return Buffer.from(converted);
  const isDate = ['date', 'timestamp', 'timestamptz'].includes(column.kind);
  return statement.acceptAnyDate && isDate ? null : converted;
}

function convertTyped(text: string, column: TargetColumn, statement: CopyStatement): Converted {
  const formats = { dateFormat: statement.dateFormat, timeFormat: statement.timeFormat };
  switch (column.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return convertInteger(text, column.kind);
    case 'decimal':
      return convertDecimal(text, column, statement.roundDecimals);
    case 'real':
    case 'double':
      return convertFloat(text, column.kind);
    case 'boolean':
      return convertBoolean(text);
    case 'date':
      return convertDate(text, formats);
    case 'timestamp':
      return convertTimestamp(text, formats, false);
    case 'timestamptz':
      return convertTimestamp(text, formats, true);
    case 'time':
      return convertTime(text, false);
    case 'timetz':
      return convertTime(text, true);
    case 'super':
      return convertSuper(text);
    case 'varbyte':
      return convertHex(text, column.maxBytes);
    case 'geometry':
    case 'geography':
      return convertShape(text);
    case 'hllsketch':
      return convertSketch(text);
    case 'intervalY2m':
    case 'intervalD2s':
      return convertInterval(text);
    case 'char':
    case 'varchar':
      return text;
  }
}

function convertText(field: Buffer, column: TargetColumn, statement: CopyStatement): Buffer | FieldFault {
  let text = statement.trimBlanks && column.kind === 'varchar' ? withoutTrailingBlanks(field) : field;
  if (text.includes(0)) throw notImitated('a NUL byte (0x00) in a CHAR or VARCHAR: its database cannot hold one');
  if (!isUtf8(text)) {
    if (statement.acceptInvalidChars === undefined || column.kind === 'char') return invalidText(text);
    text = replaceInvalid(text, statement.acceptInvalidChars);
  }
  if (column.kind === 'char' && text.some((byte) => byte > 127)) {
    return { code: 1215, reason: 'Multibyte character not supported for CHAR (Hint: try using VARCHAR)' };
  }
  if (text.length <= column.maxBytes) return text;
  if (!statement.truncateColumns) return { code: 1204, reason: 'String length exceeds DDL length' };
  return truncate(text, column.maxBytes);
}

function invalidText(text: Buffer): FieldFault {
  const at = [...text.keys()].find(
    (index) => text[index] !== undefined && !isUtf8(text.subarray(0, index + 1)) && (text[index] ?? 0) > 127,
  );
  const hex = text.subarray(at ?? 0, (at ?? 0) + 1).toString('hex');
  return {
    code: 1220,
    reason: `String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: ${hex} (error 4)`.slice(
      0,
      100,
    ),
  };
}

/** Each invalid byte becomes the replacement. */
function replaceInvalid(text: Buffer, replacement: string): Buffer {
  const out: Buffer[] = [];
  for (let at = 0; at < text.length; ) {
    const lead = text[at] ?? 0;
    const width = lead < 128 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    const character = text.subarray(at, at + width);
    if (character.length === width && isUtf8(character)) {
      out.push(character);
      at += width;
    } else {
      out.push(Buffer.from(replacement));
      at += 1;
    }
  }
  return Buffer.concat(out);
}

/** Cuts to `bytes`, never inside a character. */
function truncate(text: Buffer, bytes: number): Buffer {
  let end = bytes;
  while (end > 0 && ((text[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return text.subarray(0, end);
}

function withoutTrailingBlanks(text: Buffer): Buffer {
  let end = text.length;
  while (end > 0 && isBlankByte(text[end - 1])) end -= 1;
  return text.subarray(0, end);
}

function isBlank(text: Buffer): boolean {
  return text.every((byte) => isBlankByte(byte));
}

function isBlankByte(byte: number | undefined): boolean {
  return byte === SPACE || (byte !== undefined && byte >= 9 && byte <= 13);
}
