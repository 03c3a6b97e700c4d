import type { ChecksumKind } from '../types/checksum-kind.ts';
import { integer, join, Sql, sql } from './sql.ts';

/** A column whose checksum is asked for. */
export interface ChecksumColumn {
  readonly kind: ChecksumKind;
  /** The column; of `hash` and `sum` the text or whole number that it is taken from. */
  readonly value: Sql;
}

/** What differs between the servers that add up. */
export interface ChecksumDialect {
  /** A whole number that sums of 64-bit numbers fit. */
  readonly wide: string;
  /** The first digits of the MD5 of a text as a number. */
  readonly hash: (text: Sql) => Sql;
}

/** Redshift's own way. */
const REDSHIFT_CHECKSUMS: ChecksumDialect = {
  wide: 'DECIMAL(38,0)',
  hash: (text) => sql`STRTOL(LEFT(MD5(${text}), 15), 16)`,
};

/** FLOAT_LIMIT and FRACTION_PARTS of `types/checksum-kind.ts`. */
export interface FloatSizes {
  readonly limit: number;
  readonly parts: number;
}

/** SELECT of the number of rows and of four numbers a column, as text: values, sum, fractions, beyond. */
export function renderChecksums(
  columns: readonly ChecksumColumn[],
  from: Sql,
  sizes: FloatSizes,
  dialect: ChecksumDialect = REDSHIFT_CHECKSUMS,
): Sql {
  const selected = columns.map((column) => numbersOf(column, sizes, dialect));
  return sql`SELECT ${join([sql`CAST(COUNT(*) AS VARCHAR(64))`, ...selected])} FROM ${from}`;
}

function numbersOf(
  { kind, value }: ChecksumColumn,
  { limit, parts }: FloatSizes,
  { wide, hash }: ChecksumDialect,
): Sql {
  const added = (number: Sql): Sql =>
    sql`CAST(COALESCE(SUM(CAST(${number} AS ${Sql.trusted(wide)})), 0) AS VARCHAR(64))`;
  const values = sql`CAST(COUNT(${value}) AS VARCHAR(64))`;
  switch (kind) {
    case 'presence':
      return sql`${values}, '0', '0', '0'`;
    case 'sum':
      return sql`${values}, ${added(value)}, '0', '0'`;
    case 'hash':
      return sql`${values}, ${added(hash(value))}, '0', '0'`;
    case 'float': {
      const isNear = sql`ABS(${value}) < ${integer(BigInt(limit))}`;
      const whole = sql`CASE WHEN ${isNear} THEN CAST(TRUNC(${value}) AS BIGINT) END`;
      const fraction = sql`CASE WHEN ${isNear} THEN CAST(TRUNC((${value} - TRUNC(${value})) * CAST(${integer(BigInt(parts))} AS DOUBLE PRECISION)) AS BIGINT) END`;
      const beyond = sql`CASE WHEN ${isNear} OR ${value} IS NULL THEN 0 ELSE 1 END`;
      return sql`${values}, ${added(whole)}, ${added(fraction)}, ${added(beyond)}`;
    }
  }
}
