import { LIMITS } from '../../core/redshift-limits.ts';
import { type RedshiftType, renderType, type SupportedType } from '../../core/redshift-type.ts';

/** Decimal digits that hold every value of an integer type. */
const INTEGER_DIGITS = { smallint: 5, integer: 10, bigint: 19 } as const;
/** Decimal digits all of whose values an integer type holds. */
const DIGITS_HELD = { smallint: 4, integer: 9, bigint: 18 } as const;
const INTEGERS = ['smallint', 'integer', 'bigint'] as const;

type IntegerKind = (typeof INTEGERS)[number];
type Type<K extends SupportedType['kind']> = Extract<SupportedType, { kind: K }>;

/** Whether a column of type `column` holds every value of type `value`, none of them changed. */
export function holds(column: RedshiftType, value: SupportedType): boolean {
  if (column.kind === 'unsupported') return false;
  const wider = widened(column, value);
  return wider !== undefined && sameType(wider, column);
}

/**
 * The narrowest type that holds the values of both, where one is a wider form of the other: integers and decimals among
 * themselves, REAL to DOUBLE, longer texts, DATE to TIMESTAMP. `undefined` where they are of another kind: no column of
 * numbers becomes one of texts because of what one file holds.
 */
export function widened(column: SupportedType, value: SupportedType): SupportedType | undefined {
  if (sameType(column, value)) return column;
  if (isNumber(column) && isNumber(value)) return widerNumber(column, value);
  if (isText(column) && isText(value)) return widerText(column, value);
  if (column.kind === 'varbyte' && value.kind === 'varbyte') {
    return { kind: 'varbyte', bytes: Math.max(column.bytes, value.bytes) };
  }
  const kinds = [column.kind, value.kind];
  if (both(kinds, 'real', 'double')) return { kind: 'double' };
  if (both(kinds, 'date', 'timestamp')) return { kind: 'timestamp' };
  if (column.kind === 'double' && (value.kind === 'smallint' || value.kind === 'integer')) return column;
  if (column.kind === 'real' && value.kind === 'smallint') return column;
  if (column.kind === 'intervalDayToSecond' && value.kind === 'intervalDayToSecond') {
    return { kind: 'intervalDayToSecond', precision: Math.max(column.precision, value.precision) };
  }
  return undefined;
}

/** Whether two types are one and the same in DDL. */
function sameType(left: RedshiftType, right: RedshiftType): boolean {
  return renderType(left) === renderType(right);
}

function both(kinds: readonly string[], one: string, other: string): boolean {
  return kinds.includes(one) && kinds.includes(other);
}

interface IntegerType {
  readonly kind: IntegerKind;
}

type NumberType = IntegerType | Type<'decimal'>;

function isNumber(type: SupportedType): type is NumberType {
  return type.kind === 'decimal' || isInteger(type);
}

function isInteger(type: SupportedType): type is IntegerType {
  return INTEGERS.some((kind) => kind === type.kind);
}

function isText(type: SupportedType): type is Type<'char' | 'varchar'> {
  return type.kind === 'char' || type.kind === 'varchar';
}

function widerNumber(column: NumberType, value: NumberType): SupportedType | undefined {
  if (column.kind !== 'decimal' && value.kind !== 'decimal') {
    return INTEGERS.indexOf(column.kind) >= INTEGERS.indexOf(value.kind) ? column : value;
  }
  if (column.kind !== 'decimal' && value.kind === 'decimal' && scaleOf(value) === 0) {
    const digits = precisionOf(value);
    const kind = INTEGERS.slice(INTEGERS.indexOf(column.kind)).find((each) => DIGITS_HELD[each] >= digits);
    if (kind !== undefined) return { kind };
  }
  const scale = Math.max(scaleOf(column), scaleOf(value));
  const whole = Math.max(wholeDigits(column), wholeDigits(value));
  return whole + scale > LIMITS.decimalDigits ? undefined : { kind: 'decimal', precision: whole + scale, scale };
}

function scaleOf(type: NumberType): number {
  return type.kind === 'decimal' ? (type.scale ?? 0) : 0;
}

function precisionOf(type: NumberType): number {
  return type.kind === 'decimal' ? (type.precision ?? LIMITS.decimalDigits) : INTEGER_DIGITS[type.kind];
}

function wholeDigits(type: NumberType): number {
  return precisionOf(type) - scaleOf(type);
}

/** CHAR holds single-byte characters only, so that a text which is not CHAR itself needs VARCHAR. */
function widerText(column: Type<'char' | 'varchar'>, value: Type<'char' | 'varchar'>): SupportedType {
  const bytes = Math.max(column.bytes, value.bytes);
  if (column.kind === 'char' && value.kind === 'char') return { kind: 'char', bytes };
  return { kind: 'varchar', bytes: Math.min(bytes, LIMITS.varcharBytes) };
}
