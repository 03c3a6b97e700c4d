import { createHash } from 'node:crypto';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { SupportedType } from '../../core/redshift-type.ts';
import { renderType } from '../../core/redshift-type.ts';
import type { Run } from '../../core/run.ts';
import type { ColumnDescriptor, ObjectDescriptor, ObjectPath } from '../../db/object-descriptor.ts';
import type { Session } from '../../db/session.ts';
import { renderAddColumn, renderColumnComment, renderDropColumn, renderRenameColumn } from '../../sql/ddl.ts';
import { identifier, integer, type Sql, sql } from '../../sql/sql.ts';
import { typeSql } from '../../sql/staging-table.ts';
import { countRows } from './read-facts.ts';
import type { TargetRunner } from './target-runner.ts';

/** The names that a column's change goes by, and the marks that tell our columns from others of that name. */
interface ChangeNames {
  readonly fresh: string;
  readonly old: string;
  readonly mark: string;
}

/** Names follow from the column's own, so that a later run finds what an earlier one left. */
function changeNames(column: string, type: SupportedType): ChangeNames {
  const digest = createHash('sha256').update(column).digest('hex').slice(0, 12);
  return {
    fresh: `roleshift_new_${digest}`,
    old: `roleshift_old_${digest}`,
    mark: `roleshift changes ${JSON.stringify(column)} to ${renderType(type)}`.replaceAll('\\', '/'),
  };
}

/** A change of type that an earlier run began, as the comments on its columns tell. */
export function leftOvers(target: ObjectDescriptor): readonly ColumnDescriptor[] {
  return target.columns.filter(
    ({ name, remarks = '' }) => /^roleshift_(?:new|old)_/.test(name) && remarks.startsWith('roleshift changes '),
  );
}

/**
 * Gives a column another type: a new column, a copy with a cast, the names swapped, the old column dropped. The comments on
 * the columns are the journal: after a crash the next run goes on where this one stopped. The copy runs without a lock; the
 * swap is one transaction under the table's lock, which copies what changed meanwhile. Never CASCADE.
 */
export async function changeType(
  session: Session,
  target: ObjectDescriptor,
  column: ColumnDescriptor,
  type: SupportedType,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  const path: ObjectPath = [target.schema, target.name];
  const names = changeNames(column.name, type);
  const fresh = target.columns.find(({ name }) => name === names.fresh);
  if (fresh !== undefined && fresh.remarks !== names.mark) {
    requireOurs(fresh); // an earlier change to another type: its copy is of no use
    await runner.step(renderDropColumn(path, names.fresh));
  }
  if (fresh === undefined || fresh.remarks !== names.mark) {
    // The journal's entry comes with the column, or not at all.
    await session.transaction(run, async () => {
      await runner.step(renderAddColumn(path, { name: names.fresh, type, nullable: true }));
      await runner.step(renderColumnComment(path, names.fresh, names.mark));
    });
  }
  await runner.step(renderCopyColumn(path, column.name, names.fresh, type));
  await swap(session, path, column, type, names, runner, run);
  await runner.step(renderDropColumn(path, names.old));
}

/** Drops the column that a change left when it died behind the swap. */
export async function finishChange(path: ObjectPath, column: ColumnDescriptor, runner: TargetRunner): Promise<void> {
  requireOurs(column);
  await runner.step(renderDropColumn(path, column.name));
}

async function swap(
  session: Session,
  path: ObjectPath,
  column: ColumnDescriptor,
  type: SupportedType,
  { fresh, old, mark }: ChangeNames,
  runner: TargetRunner,
  run: Run,
): Promise<void> {
  await runner.boundLock(session);
  await session.transaction(run, async () => {
    await runner.lock(path);
    await session.run(sql`SET statement_timeout TO ${integer(runner.statementTimeoutMs)}`, run);
    await runner.step(renderCopyColumn(path, column.name, fresh, type));
    const lost = await countRows(session, sql`${identifier(...path)} WHERE ${differs(column.name, fresh, type)}`, run);
    if (lost > 0) throw notCopied(column, type, lost);
    await runner.step(renderRenameColumn(path, column.name, old));
    await runner.step(renderRenameColumn(path, fresh, column.name));
    await runner.step(renderColumnComment(path, old, mark));
    await runner.step(renderColumnComment(path, column.name, column.remarks ?? ''));
  });
}

/** Only rows that differ are touched: a second copy costs little. */
function renderCopyColumn(path: ObjectPath, from: string, to: string, type: SupportedType): Sql {
  return sql`UPDATE ${identifier(...path)} SET ${identifier(to)} = CAST(${identifier(from)} AS ${typeSql(type)}) WHERE ${differs(from, to, type)}`;
}

function differs(from: string, to: string, type: SupportedType): Sql {
  const [own, other] = [identifier(from), identifier(to)];
  return sql`(${own} IS NULL AND ${other} IS NOT NULL OR ${own} IS NOT NULL AND ${other} IS NULL OR ${other} <> CAST(${own} AS ${typeSql(type)}))`;
}

function requireOurs({ name, remarks = '' }: ColumnDescriptor): void {
  if (remarks.startsWith('roleshift changes ')) return;
  throw new ConnectorError(
    'RS_FEATURE_UNSUPPORTED',
    `The table has a column "${name}" that a change of type needs the name of`,
    {
      action: 'Rename that column.',
      details: { column: name },
    },
  );
}

function notCopied(column: ColumnDescriptor, type: SupportedType, rows: number): ConnectorError {
  return new ConnectorError(
    'RS_COUNT_MISMATCH',
    `${rows} values of column "${column.name}" are others as ${renderType(type)}`,
    {
      action: 'Nothing was swapped. Look into the values, and drop the new column if it is not wanted.',
      details: defined({ column: column.name, rows }),
    },
  );
}
