import { ConnectorError } from '../core/errors.ts';
import type { TablePath } from './copy.ts';
import { type KeyPattern, renderJoin, renderMatch, renderPatternFilter } from './keys.ts';
import { identifier, join, literal, type Sql, sql } from './sql.ts';

/** Rows of a staging table on their way into a target. */
export interface Application {
  readonly target: TablePath;
  readonly staging: TablePath;
}

/** Rows of a staging table that a column of it picks: those of one change of a data driven write. */
export interface ChangeFilter {
  readonly column: string;
  /** One of them, in capitals. */
  readonly letters: readonly string[];
}

/** Rows found by key: those of one pattern of NULLs, and of one change where rows say what becomes of them. */
export interface KeyedApplication extends Application {
  readonly pattern: KeyPattern;
  readonly only?: ChangeFilter;
}

/** An upsert of the rows of one pattern. */
export interface Upsert extends KeyedApplication {
  /** Columns that an existing row takes over. Keys are never among them. */
  readonly update: readonly string[];
  /** Columns that a new row gets, keys among them. */
  readonly insert: readonly string[];
}

const SOURCE = 'roleshift_source';

/** The change that a row asks for, as one capital letter. */
export function changeOf(column: string, source?: Sql): Sql {
  const name = source === undefined ? identifier(column) : sql`${source}.${identifier(column)}`;
  return sql`UPPER(TRIM(${name}))`;
}

/** UPDATE of the rows that exist, found by key. */
export function renderUpdate({
  target,
  staging,
  pattern,
  only,
  update,
}: KeyedApplication & Pick<Upsert, 'update'>): Sql {
  const { table, source } = namesOf(target);
  return sql`UPDATE ${identifier(...target)} SET ${assignments(update, source)} FROM ${identifier(
    ...staging,
  )} AS ${source} WHERE ${where(pattern, only, identifier(table), source)}`;
}

/** DELETE of the rows that exist, found by key. */
export function renderDelete({ target, staging, pattern, only }: KeyedApplication): Sql {
  // Its own random name serves as the source's: whether USING takes an alias is not documented.
  const source = identifier(staging.at(-1) ?? '');
  const table = identifier(target.at(-1) ?? '');
  return sql`DELETE FROM ${identifier(...target)} USING ${identifier(...staging)} WHERE ${where(pattern, only, table, source)}`;
}

/** DELETE of every row of a table, inside the transaction. */
export function renderDeleteAll(target: TablePath): Sql {
  return sql`DELETE FROM ${identifier(...target)}`;
}

/** TRUNCATE, which commits the transaction that it stands in. */
export function renderTruncate(target: TablePath): Sql {
  return sql`TRUNCATE TABLE ${identifier(...target)}`;
}

/** Asks how many rows of the staging table find a row in the target: once each, however many they find. */
export function renderCountMatched({ target, staging, pattern, only }: KeyedApplication): Sql {
  const { table, source } = namesOf(target);
  const found = sql`EXISTS (SELECT 1 FROM ${identifier(...target)} WHERE ${renderMatch(pattern, identifier(table), source)})`;
  return sql`SELECT COUNT(*) FROM ${identifier(...staging)} AS ${source} WHERE ${join(
    [...renderPatternFilter(pattern, source), ...renderChange(only, source), found],
    sql` AND `,
  )}`;
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

/** INSERT of every row, or of those of one pattern and change. */
export function renderInsertAll({
  target,
  staging,
  insert,
  pattern,
  only,
}: Application & Pick<Upsert, 'insert'> & Partial<Pick<KeyedApplication, 'pattern' | 'only'>>): Sql {
  const columns = list(insert);
  const source = identifier(staging.at(-1) ?? '');
  const filter = [
    ...(pattern === undefined ? [] : renderPatternFilter(pattern, source)),
    ...renderChange(only, source),
  ];
  const condition = filter.length === 0 ? sql`` : sql` WHERE ${join(filter, sql` AND `)}`;
  return sql`INSERT INTO ${identifier(...target)} (${columns}) SELECT ${columns} FROM ${identifier(...staging)}${condition}`;
}

/** LOCK of a table until the transaction ends; it waits for whoever holds it, and takes no snapshot. */
export function renderLock(table: TablePath): Sql {
  return sql`LOCK ${identifier(...table)}`;
}

function where(pattern: KeyPattern, only: ChangeFilter | undefined, target: Sql, source: Sql): Sql {
  return join(
    [...renderPatternFilter(pattern, source), ...renderChange(only, source), renderJoin(pattern, target, source)],
    sql` AND `,
  );
}

function renderChange(only: ChangeFilter | undefined, source: Sql): readonly Sql[] {
  if (only === undefined) return [];
  return [sql`${changeOf(only.column, source)} IN (${join(only.letters.map(literal))})`];
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
