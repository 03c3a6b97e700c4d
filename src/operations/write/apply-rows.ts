import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import {
  type ChangeFilter,
  type KeyedApplication,
  renderCountMatched,
  renderDelete,
  renderInsertAll,
  renderInsertMissing,
  renderUpdate,
} from '../../sql/apply.ts';
import type { WritePlan } from '../write-plan.ts';
import { type Change, type ChangeGroup, letterOf } from './change.ts';

/** What became of rows of the staging table, counted by their own number. */
export interface Changed {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly replaced: number;
  readonly skipped: number;
  /** Rows of the target that UPDATE and DELETE met: more than rows of the input where its keys are not unique. */
  readonly rowsTouched: number;
}

export const NOTHING_CHANGED: Changed = Object.freeze({
  inserted: 0,
  updated: 0,
  deleted: 0,
  replaced: 0,
  skipped: 0,
  rowsTouched: 0,
});

/** Deletes come first, so that nothing which was just added is deleted; keys of different groups never meet. */
const ORDER: readonly Change[] = ['delete', 'replace', 'update', 'upsert', 'insert'];

/**
 * Applies the staging table, group by group, inside the caller's transaction. Every row is accounted for: RS_COUNT_MISMATCH
 * where a statement changes fewer rows than found theirs.
 */
export async function applyRows(
  session: Session,
  plan: WritePlan,
  groups: readonly ChangeGroup[],
  run: Run,
): Promise<Changed> {
  let sum = NOTHING_CHANGED;
  for (const change of ORDER) {
    for (const group of groups.filter((own) => own.change === change)) {
      const changed = await applyGroup(session, plan, group, run);
      sum = {
        inserted: sum.inserted + changed.inserted,
        updated: sum.updated + changed.updated,
        deleted: sum.deleted + changed.deleted,
        replaced: sum.replaced + changed.replaced,
        skipped: sum.skipped + changed.skipped,
        rowsTouched: sum.rowsTouched + changed.rowsTouched,
      };
    }
  }
  return sum;
}

async function applyGroup(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<Changed> {
  switch (group.change) {
    case 'insert':
      return { ...NOTHING_CHANGED, inserted: await insertAll(session, plan, group, run) };
    case 'update':
      return await update(session, plan, group, run);
    case 'upsert':
      return await upsert(session, plan, group, run);
    case 'delete':
      return await remove(session, plan, group, run);
    case 'replace':
      return await replace(session, plan, group, run);
  }
}

async function insertAll(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<number> {
  const { target, insertColumns: insert } = plan;
  const application = group.pattern === undefined ? { target, staging: stagingOf(plan) } : keyed(plan, group);
  const { rowCount } = await session.run(renderInsertAll({ ...application, insert }), run);
  requireRows(plan, 'INSERT', rowCount, group.rows);
  return rowCount;
}

async function update(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<Changed> {
  const matched = await countMatched(session, plan, group, run);
  let rowsTouched = matched;
  if (matched > 0 && plan.updateColumns.length > 0) {
    const answer = await session.run(renderUpdate({ ...keyed(plan, group), update: plan.updateColumns }), run);
    rowsTouched = answer.rowCount;
    requireAtLeast(plan, 'UPDATE', rowsTouched, matched);
  }
  return { ...NOTHING_CHANGED, updated: matched, skipped: group.rows - matched, rowsTouched };
}

/** UPDATE what is there, INSERT what is not. */
async function upsert(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<Changed> {
  const application = keyed(plan, group);
  const { updateColumns, insertColumns: insert } = plan;
  let rowsTouched = 0;
  if (updateColumns.length > 0) {
    const answer = await session.run(renderUpdate({ ...application, update: updateColumns }), run);
    rowsTouched = answer.rowCount;
  }
  const { rowCount: inserted } = await session.run(renderInsertMissing({ ...application, insert }), run);
  const updated = group.rows - inserted;
  // A row that was neither inserted nor found by UPDATE would be lost. More are touched where the target repeats a key.
  if (updated < 0) requireRows(plan, 'INSERT', inserted, group.rows);
  if (updateColumns.length > 0) requireAtLeast(plan, 'UPDATE', rowsTouched, updated);
  return { ...NOTHING_CHANGED, inserted, updated, rowsTouched };
}

async function remove(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<Changed> {
  const { matched, rowsTouched } = await deleteMatched(session, plan, group, run);
  return { ...NOTHING_CHANGED, deleted: matched, skipped: group.rows - matched, rowsTouched };
}

async function replace(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<Changed> {
  const { matched, rowsTouched } = await deleteMatched(session, plan, group, run);
  const inserted = (await insertAll(session, plan, group, run)) - matched;
  // A data driven write deletes too, and its ledger tells no third kind: a row in the place of another is an update.
  const asUpdate = group.byRow === true;
  return {
    ...NOTHING_CHANGED,
    inserted,
    updated: asUpdate ? matched : 0,
    replaced: asUpdate ? 0 : matched,
    rowsTouched,
  };
}

async function deleteMatched(
  session: Session,
  plan: WritePlan,
  group: ChangeGroup,
  run: Run,
): Promise<{ readonly matched: number; readonly rowsTouched: number }> {
  const matched = await countMatched(session, plan, group, run);
  if (matched === 0) return { matched, rowsTouched: 0 };
  const { rowCount } = await session.run(renderDelete(keyed(plan, group)), run);
  requireAtLeast(plan, 'DELETE', rowCount, matched);
  return { matched, rowsTouched: rowCount };
}

/** By rows of the input: what UPDATE and DELETE count is the rows of a target whose keys need not be unique. */
async function countMatched(session: Session, plan: WritePlan, group: ChangeGroup, run: Run): Promise<number> {
  const { rows } = await session.run(renderCountMatched(keyed(plan, group)), run);
  const matched = Number(rows[0]?.[0]);
  if (matched > group.rows) requireRows(plan, 'SELECT', matched, group.rows);
  return matched;
}

function keyed(plan: WritePlan, { pattern, change, byRow }: ChangeGroup): KeyedApplication {
  if (pattern === undefined) throw new ConnectorError('RS_INTERNAL', 'Rows are to be found without a key');
  const only: ChangeFilter | undefined =
    byRow === true && plan.changeColumn !== undefined
      ? { column: plan.changeColumn, letters: [letterOf(change)] }
      : undefined;
  return { target: plan.target, staging: stagingOf(plan), pattern, ...(only === undefined ? {} : { only }) };
}

function stagingOf({ load }: WritePlan): readonly [string] {
  if (load.kind === 'direct') throw new ConnectorError('RS_INTERNAL', 'A direct load has no staging table');
  return [load.table.name];
}

function requireAtLeast(plan: WritePlan, verb: string, found: number, least: number): void {
  if (found < least) requireRows(plan, verb, found, least);
}

function requireRows({ targetName }: WritePlan, verb: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new ConnectorError(
    'RS_COUNT_MISMATCH',
    `${verb} of ${targetName} changed ${found} rows where ${expected} were due`,
    {
      action: 'Nothing was committed. Run it again; if it repeats, report it with the counts in the details.',
      details: { verb, found, expected },
    },
  );
}
