import type { Run } from '../../core/run.ts';
import { numberOf, textOf } from '../../db/catalog-query.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { namedRows } from '../../db/rows.ts';
import type { Session } from '../../db/session.ts';
import { literal, type Sql, sql } from '../../sql/sql.ts';
import type { TableFacts } from './plan-changes.ts';

/** What decides how the columns of a table can be changed. Throws what the catalog answers: nothing is guessed. */
export async function readFacts(session: Session, path: ObjectPath, run: Run): Promise<TableFacts> {
  const [schema, table] = path;
  const ask = async (statement: Sql) => namedRows(await session.run(statement, run));
  const encodings = await ask(
    sql`SELECT column_name, encoding FROM svv_redshift_columns WHERE schema_name = ${literal(schema)} AND table_name = ${literal(table)}`,
  );
  const keys = await ask(
    sql`SELECT a.attname AS column_name FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) WHERE c.contype IN ('p', 'u', 'f') AND c.conrelid = ${relation(path)}`,
  );
  const columns = await ask(
    sql`SELECT DISTINCT column_name FROM svv_column_privileges WHERE namespace_name = ${literal(schema)} AND relation_name = ${literal(table)}`,
  );
  const views = await dependentViews(session, path, run);
  return {
    encodings: new Map(encodings.map((row) => [textOf(row, 'column_name'), textOf(row, 'encoding')])),
    keyColumns: keys.map((row) => textOf(row, 'column_name')),
    views: views.map((view) => view.join('.')),
    grantedColumns: columns.map((row) => textOf(row, 'column_name')),
  };
}

/** Views that are bound to a table, those first that no other stands on; late-binding views are not bound. */
export async function dependentViews(session: Session, path: ObjectPath, run: Run): Promise<readonly ObjectPath[]> {
  const depth = new Map<string, number>();
  const paths = new Map<string, ObjectPath>();
  let layer: readonly ObjectPath[] = [path];
  for (let level = 1; layer.length > 0; level += 1) {
    const next: ObjectPath[] = [];
    for (const base of layer) {
      for (const view of await viewsOn(session, base, run)) {
        const key = JSON.stringify(view);
        depth.set(key, level);
        if (!paths.has(key)) next.push(view);
        paths.set(key, view);
      }
    }
    layer = next;
  }
  return [...paths].sort(([a], [b]) => (depth.get(b) ?? 0) - (depth.get(a) ?? 0)).map(([, view]) => view);
}

async function viewsOn(session: Session, path: ObjectPath, run: Run): Promise<readonly ObjectPath[]> {
  const rows = namedRows(
    await session.run(
      sql`SELECT DISTINCT n.nspname AS schema_name, v.relname AS view_name FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class JOIN pg_namespace n ON n.oid = v.relnamespace WHERE d.refobjid = ${relation(path)} AND v.oid <> d.refobjid`,
      run,
    ),
  );
  return rows.map((row) => [textOf(row, 'schema_name'), textOf(row, 'view_name')] as const);
}

/** The object id of a table or view. */
export function relation([schema, table]: ObjectPath): Sql {
  return sql`(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ${literal(schema)} AND c.relname = ${literal(table)})`;
}

/** Rows in a table. */
export async function countRows(session: Session, table: Sql, run: Run): Promise<number> {
  const [row] = namedRows(await session.run(sql`SELECT COUNT(*) AS row_count FROM ${table}`, run));
  return row === undefined ? 0 : (numberOf(row, 'row_count') ?? 0);
}
