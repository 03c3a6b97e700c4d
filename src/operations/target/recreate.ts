import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { ObjectDescriptor, ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import {
  renderComments,
  renderCreateTable,
  renderCreateView,
  renderOwner,
  renderRenameTable,
  renderTableComment,
} from '../../sql/ddl.ts';
import { identifier, integer, join, literal, type Sql, sql } from '../../sql/sql.ts';
import { typeSql } from '../../sql/staging-table.ts';
import { readBelongings, renderGrantsAgain, type TableBelongings } from './belongings.ts';
import { refusal, type Shape, type Storage } from './plan-recreate.ts';
import { countRows, relation } from './read-facts.ts';
import type { TargetRunner } from './target-runner.ts';

/** Names that stand beside the table for the length of one transaction. */
const FRESH = 'roleshift_new_table';
const OLD = 'roleshift_old_table';
/** SQLSTATEs: something depends on it; it is no plain view. */
const HINDERED: readonly string[] = ['2BP01', '42809'];

/** How the table keeps its rows. */
export async function readStorage(session: Session, target: ObjectDescriptor, run: Run): Promise<Storage> {
  const { rows } = await session.run(sql`SHOW TABLE ${identifier(target.schema, target.name)}`, run);
  const shown = rows[0]?.[0] ?? '';
  const style = /\bDISTSTYLE\s+(AUTO|EVEN|ALL|KEY)\b/i.exec(shown)?.[1]?.toLowerCase();
  const { distributionKey, sortKey } = target;
  const sortStyle = /\bINTERLEAVED\s+SORTKEY\b/i.test(shown) ? 'interleaved' : 'compound';
  return {
    distribution:
      distributionKey !== undefined
        ? { style: 'key', column: distributionKey }
        : { style: style === 'even' || style === 'all' ? style : 'auto' },
    sorting: sortKey.length === 0 ? { style: 'auto' } : { style: sortStyle, columns: sortKey },
  };
}

/**
 * Refuses what a new table would not have: row-level security, masking, datashares, materialised views, unique and foreign
 * keys. What a server does not know it cannot have; what may not be read is refused too.
 */
export async function requireReplayable(session: Session, target: ObjectDescriptor, run: Run): Promise<void> {
  const { schema, name } = target;
  const own = (schemaColumn: Sql, nameColumn: Sql): Sql =>
    sql`${schemaColumn} = ${literal(schema)} AND ${nameColumn} = ${literal(name)}`;
  const path: ObjectPath = [schema, name];
  const asked: readonly (readonly [what: string, query: Sql])[] = [
    ['row-level security', sql`svv_rls_attached_policy WHERE ${own(sql`relschema`, sql`relname`)}`],
    ['masking', sql`svv_attached_masking_policy WHERE ${own(sql`schema_name`, sql`table_name`)}`],
    [
      'a datashare',
      sql`svv_datashare_objects WHERE object_name = ${literal(`${schema}.${name}`)} AND share_type = 'OUTBOUND'`,
    ],
    [
      'a unique or foreign key',
      sql`pg_constraint WHERE contype IN ('u', 'f') AND (conrelid = ${relation(path)} OR confrelid = ${relation(path)})`,
    ],
  ];
  for (const [what, query] of asked) {
    let found: number;
    try {
      found = await countRows(session, query, run);
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof ConnectorError) || session.isBroken) throw error;
      if (error.code === 'RS_CONFIG_OBJECT_MISSING') continue;
      throw refusal(target, `whether ${what} hangs on it cannot be read`);
    }
    if (found > 0) throw refusal(target, `${what} hangs on it and would be lost`);
  }
  await requireNoKeys(session, target, run);
}

async function requireNoKeys(session: Session, target: ObjectDescriptor, run: Run): Promise<void> {
  const { database } = session.capabilities();
  const table = identifier(database, target.schema, target.name);
  const shown = (await session.run(sql`SHOW TABLE ${identifier(target.schema, target.name)}`, run)).rows[0]?.[0] ?? '';
  if (/^\s*(?:CONSTRAINT \S+ )?UNIQUE\s*\(/im.test(shown)) throw refusal(target, 'a unique key would be lost');
  for (const which of [sql`FOREIGN KEYS`, sql`FOREIGN KEYS EXPORTED`]) {
    const { rows } = await session.run(sql`SHOW CONSTRAINTS ${which} FROM TABLE ${table}`, run);
    if (rows.length > 0) throw refusal(target, 'a foreign key hangs on it and would be lost');
  }
}

/** DROP, which Redshift refuses while something stands on the table that was not made again: a materialised view. */
async function drop(target: ObjectDescriptor, statement: Sql, runner: TargetRunner): Promise<void> {
  try {
    await runner.step(statement);
  } catch (error) {
    if (!(error instanceof ConnectorError) || !HINDERED.includes(String(error.details['sqlState']))) throw error;
    throw refusal(target, 'something stands on it that cannot be made again, such as a materialised view');
  }
}

/**
 * Puts a table of another shape in the place of one, in one transaction under its lock: a crash leaves the old one. Owner,
 * grants, comments and views are made again and compared before COMMIT. Nothing is dropped by CASCADE.
 */
export async function recreate(
  session: Session,
  target: ObjectDescriptor,
  shape: Shape,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  const path: ObjectPath = [target.schema, target.name];
  const [fresh, old]: readonly [ObjectPath, ObjectPath] = [
    [target.schema, FRESH],
    [target.schema, OLD],
  ];
  await runner.boundLock(session);
  await session.transaction(run, async () => {
    await runner.lock(path);
    await session.run(sql`SET statement_timeout TO ${integer(runner.statementTimeoutMs)}`, run);
    const before = await readBelongings(session, path, run);
    await runner.step(renderCreateTable({ ...shape.table, path: fresh }));
    if (shape.copied.length > 0) await copyRows(session, path, fresh, shape, runner, run);
    for (const view of before.views) await drop(target, sql`DROP VIEW ${identifier(...view.path)} RESTRICT`, runner);
    await runner.step(renderRenameTable(path, OLD));
    await runner.step(renderRenameTable(fresh, target.name));
    await drop(target, sql`DROP TABLE ${identifier(...old)} RESTRICT`, runner);
    for (const comment of renderComments(shape.table)) await runner.step(comment);
    await giveBack(path, shape, before, runner);
    requireSame(target, expected(before, shape), await readBelongings(session, path, run));
  });
}

async function copyRows(
  session: Session,
  path: ObjectPath,
  fresh: ObjectPath,
  { table, copied }: Shape,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  const columns = table.columns.filter(({ name }) => copied.includes(name));
  const values = join(columns.map(({ name, type }) => sql`CAST(${identifier(name)} AS ${typeSql(type)})`));
  const names = join(columns.map(({ name }) => identifier(name)));
  await runner.step(sql`INSERT INTO ${identifier(...fresh)} (${names}) SELECT ${values} FROM ${identifier(...path)}`);
  const [rows, had] = [
    await countRows(session, identifier(...fresh), run),
    await countRows(session, identifier(...path), run),
  ];
  if (rows === had) return;
  throw new ConnectorError('RS_COUNT_MISMATCH', `${rows} of ${had} rows were taken over into the new table`, {
    action: 'Nothing was changed. Run it again.',
  });
}

async function giveBack(path: ObjectPath, shape: Shape, before: TableBelongings, runner: TargetRunner): Promise<void> {
  const { columns } = shape.table;
  const grants = before.grants.filter(
    ({ column }) => column === undefined || columns.some(({ name }) => name === column),
  );
  for (const grant of renderGrantsAgain(path, grants)) await runner.step(grant);
  for (const view of [...before.views].reverse()) {
    await runner.step(renderCreateView(view.path, view.query));
    if (view.comment !== undefined)
      await runner.step(sql`COMMENT ON VIEW ${identifier(...view.path)} IS ${literal(view.comment)}`);
    for (const grant of renderGrantsAgain(view.path, view.grants)) await runner.step(grant);
    await runner.step(renderOwner(view.path, view.owner));
  }
  if (shape.table.comment === undefined && before.comment !== undefined) {
    await runner.step(renderTableComment(path, before.comment));
  }
  await runner.step(renderOwner(path, before.owner)); // last: what comes before is the owner's to do
}

/** What was there, but for what belonged to columns that went. */
function expected(before: TableBelongings, { table }: Shape): TableBelongings {
  const isThere = (column: string | undefined): boolean =>
    column === undefined || table.columns.some(({ name }) => name === column);
  return {
    ...before,
    grants: before.grants.filter(({ column }) => isThere(column)),
    ...(table.comment === undefined ? {} : { comment: table.comment }),
  };
}

function requireSame(target: ObjectDescriptor, wanted: TableBelongings, found: TableBelongings): void {
  const lost = (['owner', 'grants', 'comment', 'views'] as const).filter(
    (key) => JSON.stringify(wanted[key]) !== JSON.stringify(found[key]),
  );
  if (lost.length > 0) throw refusal(target, `its ${lost.join(', ')} would not be as before`);
}
