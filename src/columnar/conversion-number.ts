import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import { duckText } from '../sql/duckdb.ts';
import { integer, type Sql, sql } from '../sql/sql.ts';
import { type Check, type Conversion, cast, plainText, spelled, tryCast } from './conversion.ts';
import type { SourceKind } from './source-kind.ts';

/** Kinds whose values a column of numbers can take. */
export type NumberKind = Extract<SourceKind, 'integer' | 'decimal' | 'floating' | 'text'>;
type NumberType = Extract<
  SupportedType,
  { readonly kind: 'smallint' | 'integer' | 'bigint' | 'decimal' | 'real' | 'double' }
>;

/** Whether a column of numbers can take values of the kind at all. */
export function isNumberKind(kind: SourceKind): kind is NumberKind {
  return kind === 'integer' || kind === 'decimal' || kind === 'floating' || kind === 'text';
}

/** Converts to one of the types of numbers. */
export function number(kind: NumberKind, sourceType: string, target: NumberType, value: Sql): Conversion {
  switch (target.kind) {
    case 'smallint':
      return wholeNumber(kind, sourceType, value, 'SMALLINT', 16n);
    case 'integer':
      return wholeNumber(kind, sourceType, value, 'INTEGER', 32n);
    case 'bigint':
      return wholeNumber(kind, sourceType, value, 'BIGINT', 64n);
    case 'decimal':
      return decimal(kind, sourceType, value, target.precision ?? LIMITS.decimalDigits, target.scale ?? 0);
    case 'real':
      return floating(kind, value, 'FLOAT', 'REAL');
    case 'double':
      return floating(kind, value, 'DOUBLE', 'DOUBLE PRECISION');
  }
}

function wholeNumber(kind: NumberKind, sourceType: string, value: Sql, name: string, bits: bigint): Conversion {
  const max = 2n ** (bits - 1n) - 1n;
  const outside = (number: Sql): Check => ({
    isBad: sql`${number} IS NULL OR ${number} NOT BETWEEN ${integer(-max - 1n)} AND ${integer(max)}`,
    problem: `is out of the range of ${name}`,
  });
  const notWhole = (isBad: Sql): Check => ({ isBad, problem: 'is not a whole number' });
  switch (kind) {
    case 'integer': {
      const isNarrow = (SIGNED_BITS[sourceType] ?? 129n) <= bits;
      return { text: cast(value, 'VARCHAR'), checks: isNarrow ? [] : [outside(value)] };
    }
    case 'decimal':
    case 'floating': {
      const whole = tryCast(value, 'HUGEINT');
      return {
        text: cast(whole, 'VARCHAR'),
        checks: [notWhole(sql`NOT (${value} = trunc(${value}))`), outside(whole)],
      };
    }
    case 'text': {
      const { plain, isNull } = plainText(value);
      const number = tryCast(plain, 'HUGEINT');
      return {
        text: plain,
        isNull,
        checks: [notWhole(sql`NOT regexp_full_match(${plain}, '[+-]?[0-9]+')`), outside(number)],
      };
    }
  }
}

/** Bits that hold all values of a type of the engine, with their sign. */
const SIGNED_BITS: Readonly<Record<string, bigint>> = {
  TINYINT: 8n,
  UTINYINT: 9n,
  SMALLINT: 16n,
  USMALLINT: 17n,
  INTEGER: 32n,
  UINTEGER: 33n,
  BIGINT: 64n,
};

function decimal(kind: NumberKind, sourceType: string, value: Sql, precision: number, scale: number): Conversion {
  const whole = precision - scale;
  const [, ownPrecision = 0, ownScale = 0] = (/^DECIMAL\((\d+),\s*(\d+)\)$/.exec(sourceType) ?? []).map(Number);
  const fits = kind === 'decimal' && ownScale <= scale && ownPrecision - ownScale <= whole;
  const isSmall = kind === 'integer' && whole >= (INTEGER_DIGITS[sourceType] ?? 99);
  if ((fits || isSmall) && precision !== 19) return { text: cast(value, 'VARCHAR'), checks: [] };
  const { plain: given, isNull } =
    kind === 'text' ? plainText(value) : { plain: cast(value, 'VARCHAR'), isNull: sql`${value} IS NULL` };
  // A number with an exponent is written out, when that loses nothing.
  const exact = sql`TRY_CAST(${given} AS DECIMAL(38,${integer(scale)}))`;
  const hasExponent = sql`regexp_matches(${given}, '[eE]')`;
  // The engine rounds what has more digits than fit, and a comparison of doubles tells only as far as 15 of them.
  const digits = sql`strlen(regexp_replace(regexp_replace(${given}, '[eE].*', ''), '[^0-9]|^[^1-9]*', '', 'g'))`;
  const plain = sql`CASE WHEN ${hasExponent} THEN CAST(${exact} AS VARCHAR) ELSE ${given} END`;
  const number = duckText(String.raw`[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?`);
  const small = duckText(String.raw`[+-]?0*\d{0,${whole}}(\.\d*)?`);
  const fitting = duckText(String.raw`[+-]?0*\d{0,${whole}}(\.\d{0,${scale}}0*)?`);
  const checks: Check[] = [
    { isBad: sql`NOT regexp_full_match(${given}, ${number})`, problem: 'is not a number' },
    {
      isBad: sql`${hasExponent} AND ${digits} > 15`,
      problem: 'has an exponent and more than 15 digits: write it without the exponent',
      isSilent: true,
    },
    {
      isBad: sql`${hasExponent} AND (${exact} IS NULL OR CAST(${exact} AS DOUBLE) <> CAST(${given} AS DOUBLE))`,
      problem: `does not fit ${whole} digits before the point and ${scale} after`,
      isSilent: true,
    },
    // COPY refuses digits that are too many before the point, and cuts those after it.
    {
      isBad: sql`NOT regexp_full_match(${plain}, ${small})`,
      problem: `does not fit ${whole} digits before the point and ${scale} after`,
    },
    {
      isBad: sql`NOT regexp_full_match(${plain}, ${fitting})`,
      problem: `does not fit ${whole} digits before the point and ${scale} after`,
      isSilent: true,
    },
  ];
  if (precision === 19) {
    const limit = duckText(renderInt64Max(scale));
    checks.push({
      isBad: sql`abs(${exact}) > CAST(${limit} AS DECIMAL(38,${integer(scale)}))`,
      problem: 'is past the largest DECIMAL of 19 digits',
    });
  }
  return { text: plain, isNull, checks };
}

/** The largest 64-bit number with the point so many digits from its end. */
function renderInt64Max(scale: number): string {
  const digits = String(2n ** 63n - 1n).padStart(scale + 1, '0');
  return scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

const INTEGER_DIGITS: Readonly<Record<string, number>> = {
  TINYINT: 3,
  UTINYINT: 3,
  SMALLINT: 5,
  USMALLINT: 5,
  INTEGER: 10,
  UINTEGER: 10,
  BIGINT: 19,
  UBIGINT: 20,
};

function floating(kind: NumberKind, value: Sql, engineType: 'FLOAT' | 'DOUBLE', name: string): Conversion {
  const number = tryCast(value, engineType);
  const tooLarge: Check = {
    isBad: sql`${number} IS NULL OR (isinf(${number}) AND NOT isinf(CAST(${value} AS DOUBLE)))`,
    problem: `is too large for ${name}`,
  };
  switch (kind) {
    case 'integer':
    case 'decimal':
      return { text: cast(value, 'VARCHAR'), checks: [] };
    case 'floating':
      return { text: spelled(number), checks: [tooLarge] };
    case 'text': {
      const { plain, isNull } = plainText(value);
      const parsed = tryCast(plain, engineType);
      const wide = tryCast(plain, 'DOUBLE');
      return {
        text: spelled(parsed),
        isNull,
        checks: [
          { isBad: sql`${wide} IS NULL`, problem: 'is not a number' },
          {
            isBad: sql`${parsed} IS NULL OR (isinf(${parsed}) AND NOT regexp_matches(lower(${plain}), 'inf'))`,
            problem: `is too large for ${name}`,
          },
        ],
      };
    }
  }
}
