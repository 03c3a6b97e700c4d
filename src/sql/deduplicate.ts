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
  // A name that no key has: servers differ on what an alias in GROUP BY means.
  const groups = sql`SELECT COUNT(*) AS roleshift_amount FROM ${identifier(...staging)} GROUP BY ${list(keys)} HAVING COUNT(*) > 1`;
  return sql`SELECT COUNT(*), COALESCE(SUM(roleshift_amount), 0) FROM (${groups}) AS repeated`;
}

/**
 * Before the last row of each key wins: what all rows of the key do one after the other. After a row that deletes, one that
 * inserts puts a new row in the place of the old one: `X`; without one the key is gone: `D`. Where none deletes, one that
 * inserts makes it `I`, whatever updates follow, and else it is `U`.
 */
export function renderNetChange({
  staging,
  keys,
  rowColumn,
  change,
}: Pick<Deduplication, 'staging' | 'keys' | 'rowColumn'> & { readonly change: string }): Sql {
  const row = identifier(rowColumn);
  const table = identifier(...staging);
  const partition = sql`OVER (PARTITION BY ${list(keys)})`;
  const last = (letter: Sql): Sql =>
    sql`MAX(CASE WHEN ${changeOf(change)} = ${letter} THEN ${row} ELSE 0 END) ${partition}`;
  const facts = sql`SELECT ${row} AS this_row, MAX(${row}) ${partition} AS last_row, COUNT(*) ${partition} AS amount, ${last(sql`'D'`)} AS last_delete, ${last(sql`'I'`)} AS last_insert FROM ${table}`;
  const net = sql`CASE WHEN facts.last_delete > 0 AND facts.last_insert > facts.last_delete THEN 'X' WHEN facts.last_delete > 0 THEN 'D' WHEN facts.last_insert > 0 THEN 'I' ELSE 'U' END`;
  return sql`UPDATE ${table} SET ${identifier(change)} = ${net} FROM (${facts}) AS facts WHERE ${table}.${row} = facts.this_row AND facts.this_row = facts.last_row AND facts.amount > 1`;
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
