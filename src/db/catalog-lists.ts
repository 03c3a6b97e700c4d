import { defined } from '../core/defined.ts';
import { identifier, literal, sql } from '../sql/sql.ts';
import { askCatalog, type CatalogRow, foldName, textOf } from './catalog-query.ts';
import type { ObjectKind, ObjectPath, ObjectSummary, SchemaDescriptor } from './object-descriptor.ts';
import type { Session, StatementRun } from './session.ts';

/** Schemas that the server keeps for itself. */
const SYSTEM_SCHEMA = /^(?:pg_|information_schema$|catalog_history$)/;

/** The schemas that the user may use, by name; the server's own are left out. */
export async function listSchemas(session: Session, run: StatementRun): Promise<readonly SchemaDescriptor[]> {
  const { database } = session.capabilities();
  const rows = await askCatalog(session, run, [
    () => sql`SHOW SCHEMAS FROM DATABASE ${identifier(database)}`,
    () => sql`SELECT * FROM svv_all_schemas WHERE database_name = ${literal(database)}`,
  ]);
  return rows
    .map((row) => ({ name: textOf(row, 'schema_name'), kind: textOf(row, 'schema_type').toLowerCase() || 'local' }))
    .filter(({ name }) => name !== '' && !SYSTEM_SCHEMA.test(name))
    .sort(byName);
}

/** The tables and views of a schema, by name; empty when there is no such schema or nothing in it to see. */
export async function listObjects(
  session: Session,
  schema: string,
  run: StatementRun,
): Promise<readonly ObjectSummary[]> {
  return readObjects(session, foldName(schema, session), undefined, run);
}

/** One table or view, named as the catalog spells it; `undefined` when it is not there or not to be seen. */
export async function findObject(
  session: Session,
  [schema, name]: ObjectPath,
  run: StatementRun,
): Promise<ObjectSummary | undefined> {
  return (await readObjects(session, schema, name, run)).find((object) => object.name === name);
}

async function readObjects(
  session: Session,
  schema: string,
  name: string | undefined,
  run: StatementRun,
): Promise<readonly ObjectSummary[]> {
  const { database } = session.capabilities();
  // In a pattern `_` and `%` stand for more than themselves, and a backslash for less: what comes back is looked through.
  const pattern = name === undefined || name.includes('\\') ? undefined : literal(name);
  const rows = await askCatalog(session, run, [
    () => sql`SHOW TABLES FROM SCHEMA ${identifier(database, schema)}${pattern ? sql` LIKE ${pattern}` : sql``}`,
    () =>
      sql`SELECT * FROM svv_all_tables WHERE database_name = ${literal(database)} AND schema_name = ${literal(schema)}${pattern ? sql` AND table_name = ${pattern}` : sql``}`,
  ]);
  return rows.map(summaryOf).sort(byName);
}

function summaryOf(row: CatalogRow): ObjectSummary {
  return defined({
    schema: textOf(row, 'schema_name'),
    name: textOf(row, 'table_name'),
    kind: kindOf(`${textOf(row, 'table_type')} ${textOf(row, 'table_subtype')}`),
    remarks: row.get('remarks') || undefined,
  });
}

function kindOf(tableType: string): ObjectKind {
  if (/view/i.test(tableType)) return 'view';
  return /external/i.test(tableType) ? 'external' : 'table';
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : Number(a.name > b.name);
}
