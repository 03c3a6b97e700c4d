import { ConnectorError } from '../core/errors.ts';
import type { TablePath } from './copy.ts';
import { type KeyPattern, renderJoin, renderMatch, renderPatternFilter } from './keys.ts';
import { identifier, join, type Sql, sql } from './sql.ts';

/** Rows of a staging table on their way into a target. */
export interface Application {
  readonly target: TablePath;
  readonly staging: TablePath;
}

/** Rows found by key: those of one pattern of NULLs. */
export interface KeyedApplication extends Application {
  readonly pattern: KeyPattern;
}

/** An upsert of the rows of one pattern. */
export interface Upsert extends KeyedApplication {
  /** Columns that an existing row takes over. Keys are never among them. */
  readonly update: readonly string[];
  /** Columns that a new row gets, keys among them. */
  readonly insert: readonly string[];
}

const SOURCE = 'roleshift_source';

/** UPDATE of the rows that exist, found by key. */
export function renderUpdate({ target, staging, pattern, update }: KeyedApplication & Pick<Upsert, 'update'>): Sql {
  const { table, source } = namesOf(target);
  return sql`UPDATE ${identifier(...target)} SET ${assignments(update, source)} FROM ${identifier(
    ...staging,
  )} AS ${source} WHERE ${where(pattern, identifier(table), source)}`;
}

/** INSERT of the rows whose key is not there yet. */
export function renderInsertMissing({
  target,
  staging,
  pattern,
  insert,
}: KeyedApplication & Pick<Upsert, 'insert'>): Sql {
  const { table, source } = namesOf(target);
  const missing = sql`NOT EXISTS (SELECT 1 FROM ${identifier(...target)} WHERE ${renderMatch(
    pattern,
    identifier(table),
    source,
  )})`;
  const values = join(insert.map((column) => sql`${source}.${identifier(column)}`));
  return sql`INSERT INTO ${identifier(...target)} (${list(insert)}) SELECT ${values} FROM ${identifier(
    ...staging,
  )} AS ${source} WHERE ${join([...renderPatternFilter(pattern, source), missing], sql` AND `)}`;
}

/** INSERT of every row. */
export function renderInsertAll({ target, staging, insert }: Application & Pick<Upsert, 'insert'>): Sql {
  const columns = list(insert);
  return sql`INSERT INTO ${identifier(...target)} (${columns}) SELECT ${columns} FROM ${identifier(...staging)}`;
}

/** LOCK of a table until the transaction ends; it waits for whoever holds it. */
export function renderLock(table: TablePath): Sql {
  return sql`LOCK ${identifier(...table)}`;
}

/** Which of the rows with the same key stays. */
export interface Deduplication {
  readonly staging: TablePath;
  readonly keys: readonly string[];
  readonly rowColumn: string;
  /** By the order they were sent in. */
  readonly keep: 'first' | 'last';
}

/** DELETE of the rows of a staging table that lose against another one with the same key, by Redshift's own equality. */
export function renderDeduplicate({ staging, keys, rowColumn, keep }: Deduplication): Sql {
  if (keys.length === 0) throw new ConnectorError('RS_INTERNAL', 'Deduplication needs key columns');
  const row = identifier(rowColumn);
  const table = identifier(...staging);
  const rank = sql`ROW_NUMBER() OVER (PARTITION BY ${list(keys)} ORDER BY ${keep === 'first' ? row : sql`${row} DESC`})`;
  return sql`DELETE FROM ${table} WHERE ${row} IN (SELECT ${row} FROM (SELECT ${row}, ${rank} AS roleshift_rank FROM ${table}) AS ranked WHERE roleshift_rank > 1)`;
}

function where(pattern: KeyPattern, target: Sql, source: Sql): Sql {
  return join([...renderPatternFilter(pattern, source), renderJoin(pattern, target, source)], sql` AND `);
}

function assignments(columns: readonly string[], source: Sql): Sql {
  if (columns.length === 0) throw new ConnectorError('RS_INTERNAL', 'An update needs at least one column');
  return join(columns.map((column) => sql`${identifier(column)} = ${source}.${identifier(column)}`));
}

function list(columns: readonly string[]): Sql {
  return join(columns.map((column) => identifier(column)));
}

/** An UPDATE has no alias on its target: its columns go by the table's own name, and the source by one that differs. */
function namesOf(path: TablePath): { readonly table: string; readonly source: Sql } {
  const table = path.at(-1) ?? '';
  return { table, source: identifier(table.toLowerCase() === SOURCE ? `${SOURCE}_2` : SOURCE) };
}
