import type { DataType, Field } from '@uwdata/flechette';
import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import { dayOf, eraSuffix, renderDay } from '../types/calendar.ts';
import { renderClock, renderMoment } from '../types/moment.ts';

/** A value as a row of a program has it. */
export type ArrowScalar = string | number | bigint | boolean | Uint8Array | null;

/** How the values of one column are read, and what a new column for them is made as. */
export interface ArrowColumn {
  readonly name: string;
  readonly type?: SupportedType;
  readonly nullable: boolean;
  /** From what the package gives: whole numbers as they are stored, texts as their bytes. */
  readonly read: (value: unknown) => ArrowScalar;
}

/** Numbers of the types: https://github.com/apache/arrow/blob/main/format/Schema.fbs */
const T = {
  dictionary: -1,
  null: 1,
  int: 2,
  float: 3,
  binary: 4,
  utf8: 5,
  bool: 6,
  decimal: 7,
  date: 8,
  time: 9,
  timestamp: 10,
  list: 12,
  struct: 13,
  fixedBinary: 15,
  fixedList: 16,
  map: 17,
  largeBinary: 19,
  largeUtf8: 20,
  largeList: 21,
  binaryView: 23,
  utf8View: 24,
} as const;

const TEXTS: readonly number[] = [T.utf8, T.largeUtf8, T.utf8View];
const BYTES: readonly number[] = [T.binary, T.largeBinary, T.binaryView, T.fixedBinary];
const LISTS: readonly number[] = [T.list, T.largeList, T.fixedList];

/** Decides how a column is read. Throws RS_TYPE_UNSUPPORTED for a type whose values no column of Redshift has. */
export function arrowColumn({ name, type, nullable }: Field): ArrowColumn {
  const read = readerOf(type) ?? nestedReader(type);
  if (read === undefined) {
    throw new ConnectorError(
      'RS_TYPE_UNSUPPORTED',
      `Column ${JSON.stringify(name)} of the Arrow input has a type that cannot be written`,
      {
        action:
          'Leave the column out by naming the others in columns, or write it as numbers, text, dates, lists or structs.',
        details: { column: name, arrowType: type.typeId },
      },
    );
  }
  const target = targetOf(type);
  return {
    name,
    nullable,
    read: (value) => (value === null || value === undefined ? null : named(name, () => read(value))),
    ...(target === undefined ? {} : { type: target }),
  };
}

type Read = (value: unknown) => ArrowScalar;

function readerOf(type: DataType): Read | undefined {
  const { typeId } = type;
  if (TEXTS.includes(typeId)) return textOf;
  if (BYTES.includes(typeId)) return (value) => (value instanceof Uint8Array ? value : odd());
  const readers: Readonly<Record<number, () => Read | undefined>> = {
    [T.null]: () => () => null,
    [T.bool]: () => (value) => value === true || value === 1,
    [T.int]: () => (value) => (typeof value === 'bigint' || typeof value === 'number' ? value : odd()),
    [T.float]: () => (value) => (typeof value === 'number' ? value : odd()),
    [T.decimal]: () => (value) => decimalText(whole(value), numberOf(type, 'scale')),
    [T.date]: () => (numberOf(type, 'unit') === 0 ? dayText : midnightText),
    [T.time]: () => (value) => clockText(whole(value), numberOf(type, 'unit')),
    [T.timestamp]: () => timestampReader(type),
    [T.dictionary]: () => ('dictionary' in type ? readerOf(type.dictionary) : undefined),
  };
  return readers[typeId]?.();
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(value: unknown): string {
  if (!(value instanceof Uint8Array)) return odd();
  try {
    return UTF8.decode(value);
  } catch {
    throw new ConnectorError('RS_INPUT_INVALID', 'holds a text that is not UTF-8');
  }
}

function whole(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : odd();
}

function decimalText(value: bigint, scale: number): string {
  if (scale <= 0) return String(value * 10n ** BigInt(-scale));
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  return `${value < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const DAY_MS = 86_400_000;

function dayText(value: unknown): string {
  const day = dayOf(Number(value) / DAY_MS);
  return `${renderDay(day)}${eraSuffix(day)}`;
}

/** A date in milliseconds has no time of day, or it is none. */
function midnightText(value: unknown): string {
  if (Number(value) % DAY_MS !== 0) throw new ConnectorError('RS_INPUT_INVALID', 'holds a date with a time of day');
  return dayText(value);
}

/** Digits of the fraction by unit: seconds, milli-, micro-, nanoseconds. */
const DIGITS = [0, 3, 6, 9];

function secondsOf(value: bigint, unit: number): { readonly seconds: bigint; readonly fraction: string } {
  const digits = DIGITS[unit] ?? 0;
  const size = 10n ** BigInt(digits);
  const rest = ((value % size) + size) % size;
  const fraction = digits === 0 ? '' : String(rest).padStart(digits, '0').replace(/0+$/, '');
  return { seconds: (value - rest) / size, fraction };
}

function clockText(value: bigint, unit: number): string {
  const { seconds, fraction } = secondsOf(value, unit);
  if (seconds < 0n || seconds > 86_400n)
    throw new ConnectorError('RS_INPUT_INVALID', 'holds a time outside of the day');
  return renderClock({ seconds: Number(seconds), fraction });
}

function timestampReader(type: DataType): Read {
  const unit = numberOf(type, 'unit');
  const zone = zoneOf(type) === undefined ? '' : '+00';
  return (value) => {
    const { seconds, fraction } = secondsOf(whole(value), unit);
    const days = Math.floor(Number(seconds) / 86_400);
    const clock = { seconds: Number(seconds) - days * 86_400, fraction };
    return renderMoment({ ...dayOf(days), clock }, zone);
  };
}

/** A time with a zone is a point in time, stored in UTC; the zone itself is only how to show it. */
function zoneOf(type: DataType): string | undefined {
  return 'timezone' in type && typeof type.timezone === 'string' && type.timezone !== '' ? type.timezone : undefined;
}

/** Lists, structs and maps as JSON text, numbers with all their digits. */
function nestedReader(type: DataType): Read | undefined {
  const json = jsonOf(type);
  return json && !isScalar(type) ? (value) => json(value) : undefined;
}

function isScalar(type: DataType): boolean {
  return readerOf(type) !== undefined;
}

function jsonOf(type: DataType): ((value: unknown) => string) | undefined {
  const read = readerOf(type);
  if (read !== undefined) {
    if (BYTES.includes(type.typeId)) return undefined;
    return (value) => (value === null || value === undefined ? 'null' : jsonScalar(type, read(value)));
  }
  const children = 'children' in type && Array.isArray(type.children) ? (type.children as readonly Field[]) : [];
  const inner = children.map((child) => jsonOf(child.type));
  const [first] = inner;
  if (first === undefined || inner.includes(undefined)) return undefined;
  if (LISTS.includes(type.typeId))
    return orNull(
      (value) =>
        `[${items(value)
          .map((one) => first(one))
          .join(',')}]`,
    );
  if (type.typeId !== T.struct) return undefined;
  return orNull((value) => {
    const fields = children.map(({ name }, index) => {
      const one = (value as Readonly<Record<string, unknown>>)[name];
      return `${JSON.stringify(name)}:${inner[index]?.(one) ?? 'null'}`;
    });
    return `{${fields.join(',')}}`;
  });
}

function orNull(write: (value: unknown) => string): (value: unknown) => string {
  return (value) => (value === null || value === undefined ? 'null' : write(value));
}

function jsonScalar({ typeId }: DataType, value: ArrowScalar): string {
  if (typeof value === 'bigint' || typeId === T.decimal) return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new ConnectorError(
      'RS_INPUT_INVALID',
      'holds NaN or an infinity inside of a list or struct, which JSON has not',
    );
  }
  return JSON.stringify(value);
}

/** Lists of numbers are typed arrays. */
function items(value: unknown): readonly unknown[] {
  return Array.isArray(value)
    ? value
    : ArrayBuffer.isView(value)
      ? Array.from(value as unknown as Iterable<unknown>)
      : odd();
}

function targetOf(type: DataType): SupportedType | undefined {
  const { typeId } = type;
  if (TEXTS.includes(typeId)) return { kind: 'varchar', bytes: LIMITS.varcharBytes };
  if (BYTES.includes(typeId)) return { kind: 'varbyte', bytes: LIMITS.varbyteBytes.default };
  const targets: Readonly<Record<number, () => SupportedType | undefined>> = {
    [T.null]: () => undefined,
    [T.bool]: () => ({ kind: 'boolean' }),
    [T.int]: () => integerTarget(type),
    [T.float]: () => ({ kind: numberOf(type, 'precision') === 2 ? 'double' : 'real' }),
    [T.decimal]: () => decimalTarget(type),
    [T.date]: () => ({ kind: 'date' }),
    [T.time]: () => ({ kind: 'time' }),
    [T.timestamp]: () => ({ kind: zoneOf(type) === undefined ? 'timestamp' : 'timestamptz' }),
    [T.dictionary]: () => ('dictionary' in type ? targetOf(type.dictionary) : undefined),
  };
  const known = targets[typeId];
  return known === undefined ? { kind: 'super' } : known();
}

function integerTarget(type: DataType): SupportedType {
  const bits = numberOf(type, 'bitWidth') + ('signed' in type && type.signed === false ? 1 : 0);
  if (bits > 64) return { kind: 'decimal', precision: 20, scale: 0 };
  return { kind: bits <= 16 ? 'smallint' : bits <= 32 ? 'integer' : 'bigint' };
}

function decimalTarget(type: DataType): SupportedType | undefined {
  const [precision, scale] = [numberOf(type, 'precision'), numberOf(type, 'scale')];
  const fits = precision <= LIMITS.decimalDigits && scale >= 0 && scale <= precision;
  return fits ? { kind: 'decimal', precision, scale } : undefined;
}

/** The checked border: types differ in what they have. */
function numberOf(type: DataType, key: string): number {
  const value = (type as unknown as Readonly<Record<string, unknown>>)[key];
  return typeof value === 'number' ? value : 0;
}

function odd(): never {
  throw new ConnectorError('RS_INPUT_INVALID', 'holds a value that is not of its type');
}

function named<R>(name: string, read: () => R): R {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    throw new ConnectorError(error.code, `Column ${JSON.stringify(name)} ${error.message}`, {
      action: 'Mend the value where it is written.',
      details: { column: name },
    });
  }
}
