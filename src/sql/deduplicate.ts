import { ConnectorError } from '../core/errors.ts';
import { changeOf } from './apply.ts';
import type { TablePath } from './copy.ts';
import { identifier, join, type Sql, sql } from './sql.ts';

/** Which of the rows with the same key stays: by the order they were sent in, or the greatest value of a column. */
export type Keep = 'first' | 'last' | { readonly by: string };

/** Rows of a staging table that share their key. */
export interface Deduplication {
  readonly staging: TablePath;
  readonly keys: readonly string[];
  readonly rowColumn: string;
  readonly keep: Keep;
}

/** DELETE of the rows of a staging table that lose against another one with the same key, by Redshift's own equality. */
export function renderDeduplicate({ staging, keys, rowColumn, keep }: Deduplication): Sql {
  const row = identifier(rowColumn);
  const table = identifier(...staging);
  const rank = sql`ROW_NUMBER() OVER (PARTITION BY ${list(keys)} ORDER BY ${order(keep, row)})`;
  return sql`DELETE FROM ${table} WHERE ${row} IN (SELECT ${row} FROM (SELECT ${row}, ${rank} AS roleshift_rank FROM ${table}) AS ranked WHERE roleshift_rank > 1)`;
}

/** Asks how many keys are repeated, and in how many rows. */
export function renderCountRepeated({ staging, keys }: Pick<Deduplication, 'staging' | 'keys'>): Sql {
  const groups = sql`SELECT COUNT(*) AS amount FROM ${identifier(...staging)} GROUP BY ${list(keys)} HAVING COUNT(*) > 1`;
  return sql`SELECT COUNT(*), COALESCE(SUM(amount), 0) FROM (${groups}) AS repeated`;
}

/**
 * Before the last row of each key wins: what all rows of the key do together. A key whose first row inserts is not in
 * the target, whatever its last row says; one whose first row updates or deletes, and whose last inserts, is replaced:
 * `X`. A last row that deletes needs no help.
 */
export function renderNetChange({
  staging,
  keys,
  rowColumn,
  change,
}: Pick<Deduplication, 'staging' | 'keys' | 'rowColumn'> & { readonly change: string }): Sql {
  const row = identifier(rowColumn);
  const table = identifier(...staging);
  const own = identifier(change);
  const partition = sql`PARTITION BY ${list(keys)}`;
  const first = sql`FIRST_VALUE(${changeOf(change)}) OVER (${partition} ORDER BY ${row} ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)`;
  const last = sql`MAX(${row}) OVER (${partition})`;
  const amount = sql`COUNT(*) OVER (${partition})`;
  const ranked = sql`SELECT ${row} AS this_row, ${first} AS first_change, ${last} AS last_row, ${amount} AS amount FROM ${table}`;
  const net = sql`CASE WHEN ranked.first_change = 'I' THEN 'I' WHEN ranked.first_change = 'U' AND ${changeOf(change, table)} = 'U' THEN 'U' ELSE 'X' END`;
  return sql`UPDATE ${table} SET ${own} = ${net} FROM (${ranked}) AS ranked WHERE ${table}.${row} = ranked.this_row AND ranked.this_row = ranked.last_row AND ranked.amount > 1 AND ${changeOf(change, table)} <> 'D'`;
}

function order(keep: Keep, row: Sql): Sql {
  if (keep === 'first') return row;
  if (keep === 'last') return sql`${row} DESC`;
  return sql`${identifier(keep.by)} DESC NULLS LAST, ${row} DESC`;
}

function list(keys: readonly string[]): Sql {
  if (keys.length === 0) throw new ConnectorError('RS_INTERNAL', 'Deduplication needs key columns');
  return join(keys.map((key) => identifier(key)));
}
