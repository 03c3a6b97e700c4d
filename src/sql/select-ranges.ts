import { integer, type Sql, sql } from './sql.ts';

/**
 * Conditions that cut a column at these values, upwards: the outer ranges are open, and NULL is a range of its own, so that
 * each row is in exactly one. `isFloat`: NaN may be neither above nor below a value; it is wherever "not above" is.
 */
export function renderRanges(column: Sql, boundaries: readonly Sql[], isFloat: boolean): readonly Sql[] {
  const below = (value: Sql): Sql => (isFloat ? sql`NOT (${column} >= ${value})` : sql`${column} < ${value}`);
  const known = sql`${column} IS NOT NULL`;
  const ranges = Array.from({ length: boundaries.length + 1 }, (_, index) => {
    const from = boundaries[index - 1];
    const to = boundaries[index];
    if (from === undefined) return to === undefined ? known : below(to);
    return to === undefined ? sql`${column} >= ${from}` : sql`${column} >= ${from} AND ${below(to)}`;
  });
  return [...ranges, sql`${column} IS NULL`];
}

/** Conditions that spread rows by the text of these columns; each row is in exactly one, NULLs too. */
export function renderBuckets(columns: readonly Sql[], count: number): readonly Sql[] {
  const [first, ...rest] = columns.map((column) => sql`COALESCE(CAST(${column} AS VARCHAR(65535)), '')`);
  const text = rest.reduce((all, each) => sql`${all} || '/' || ${each}`, first ?? sql`''`);
  // 32 bits: positive, so that no remainder is below zero.
  // https://docs.aws.amazon.com/redshift/latest/dg/r_STRTOL.html
  const hash = sql`STRTOL(LEFT(MD5(${text}), 8), 16)`;
  return Array.from({ length: count }, (_, index) => sql`MOD(${hash}, ${integer(count)}) = ${integer(index)}`);
}
