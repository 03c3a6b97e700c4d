import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { identifier, literal, type Sql, sql } from '../sql/sql.ts';
import { typeFromName } from '../types/parse-type.ts';
import { findObject } from './catalog-lists.ts';
import { askCatalog, type CatalogRow, flagOf, foldName, numberOf, textOf } from './catalog-query.ts';
import { missingObject } from './missing-object.ts';
import type { ColumnDescriptor, ObjectDescriptor, ObjectPath } from './object-descriptor.ts';
import type { Session, StatementRun } from './session.ts';

export { listObjects, listSchemas } from './catalog-lists.ts';

/**
 * A table or view with its columns and keys, named as the catalog spells it. Not for use inside a transaction. Throws
 * RS_CONFIG_OBJECT_MISSING with the names that are near.
 */
export async function describeObject(
  session: Session,
  [givenSchema, givenName]: ObjectPath,
  run: StatementRun,
): Promise<ObjectDescriptor> {
  const path: ObjectPath = [foldName(givenSchema, session), foldName(givenName, session)];
  const columnRows = await readColumns(session, path, run);
  const [firstRow] = columnRows;
  const summary = await findObject(session, path, run);
  if (!firstRow || !summary) throw await missingObject(session, [givenSchema, givenName], run);

  const keyRows = firstRow.has('dist_key') ? columnRows : await readStorageKeys(session, path, run);
  return Object.freeze({
    ...summary,
    columns: columnRows.map(columnOf).sort((a, b) => a.position - b.position),
    primaryKey: summary.kind === 'table' ? await readPrimaryKey(session, path, run) : [],
    sortKey: sortKeyOf(keyRows),
    ...defined({ distributionKey: distributionKeyOf(keyRows) }),
  });
}

async function readColumns(session: Session, path: ObjectPath, run: StatementRun): Promise<readonly CatalogRow[]> {
  const { database } = session.capabilities();
  try {
    return await askCatalog(session, run, [
      () => sql`SHOW COLUMNS FROM TABLE ${identifier(database, ...path)}`,
      () => sql`SELECT * FROM svv_all_columns WHERE ${inCatalog(database, path)} ORDER BY ordinal_position`,
    ]);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_CONFIG_OBJECT_MISSING') throw error;
    throw await missingObject(session, path, run, error);
  }
}

/** Distribution and sort keys where SHOW COLUMNS does not tell them yet. */
async function readStorageKeys(session: Session, path: ObjectPath, run: StatementRun): Promise<readonly CatalogRow[]> {
  const { database } = session.capabilities();
  return askOrNothing(session, run, 'The distribution and sort keys stay unknown', [
    () =>
      sql`SELECT column_name, distkey AS dist_key, sortkey AS sort_key FROM svv_redshift_columns WHERE ${inCatalog(database, path)}`,
  ]);
}

async function readPrimaryKey(session: Session, path: ObjectPath, run: StatementRun): Promise<readonly string[]> {
  const { database } = session.capabilities();
  const [schema, name] = path;
  const rows = await askOrNothing(session, run, 'The primary key stays unknown', [
    () => sql`SHOW CONSTRAINTS PRIMARY KEYS FROM TABLE ${identifier(database, ...path)}`,
    () =>
      sql`SELECT k.column_name, k.ordinal_position AS key_seq FROM information_schema.table_constraints c JOIN information_schema.key_column_usage k ON k.constraint_name = c.constraint_name AND k.table_schema = c.table_schema AND k.table_name = c.table_name WHERE c.constraint_type = 'PRIMARY KEY' AND c.table_schema = ${literal(schema)} AND c.table_name = ${literal(name)}`,
  ]);
  return [...rows]
    .sort((a, b) => (numberOf(a, 'key_seq') ?? 0) - (numberOf(b, 'key_seq') ?? 0))
    .map((row) => textOf(row, 'column_name'));
}

/** For facts that a description can do without. */
async function askOrNothing(
  session: Session,
  run: StatementRun,
  reason: string,
  ways: readonly (() => Sql)[],
): Promise<readonly CatalogRow[]> {
  try {
    return await askCatalog(session, run, ways);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code === 'RS_CONN_LOST') throw error;
    run.publish?.({ type: 'suppressed', reason, message: error.message });
    return [];
  }
}

function inCatalog(database: string, [schema, name]: ObjectPath): Sql {
  return sql`database_name = ${literal(database)} AND schema_name = ${literal(schema)} AND table_name = ${literal(name)}`;
}

/** A row of SHOW COLUMNS or SVV_ALL_COLUMNS as a column. Pure. */
export function columnOf(row: CatalogRow, index: number): ColumnDescriptor {
  const expression = textOf(row, 'column_default');
  // Redshift keeps IDENTITY columns as a default of this form.
  const identity = /^\(?"?(default_)?identity"?\(/i.exec(expression);
  const isIdentity = identity !== null;
  return Object.freeze({
    name: textOf(row, 'column_name'),
    type: typeFromName(textOf(row, 'data_type'), {
      length: numberOf(row, 'character_maximum_length') ?? null,
      precision: numberOf(row, 'numeric_precision') ?? null,
      scale: numberOf(row, 'numeric_scale') ?? null,
    }),
    nullable: !/^(?:no|f|false)$/i.test(textOf(row, 'is_nullable')),
    position: numberOf(row, 'ordinal_position') ?? index + 1,
    isIdentity,
    ...(identity?.[1] === undefined ? {} : { isIdentityByDefault: true }),
    isCaseInsensitive: /insensitive/i.test(textOf(row, 'collation')),
    ...defined({
      defaultExpression: expression === '' || isIdentity ? undefined : expression,
      remarks: row.get('remarks') || undefined,
    }),
  });
}

function distributionKeyOf(rows: readonly CatalogRow[]): string | undefined {
  const row = rows.find((each) => flagOf(each, 'dist_key'));
  return row && textOf(row, 'column_name');
}

/** Columns of the sort key in order; interleaved ones carry alternating signs. */
function sortKeyOf(rows: readonly CatalogRow[]): readonly string[] {
  return rows
    .map((row) => ({ name: textOf(row, 'column_name'), order: Math.abs(numberOf(row, 'sort_key') ?? 0) }))
    .filter(({ order }) => order > 0)
    .sort((a, b) => a.order - b.order)
    .map(({ name }) => name);
}
