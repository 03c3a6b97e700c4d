import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { changeOf } from '../../sql/apply.ts';
import { renderCopy } from '../../sql/copy.ts';
import { readKeyGroups, renderKeyGroups } from '../../sql/keys.ts';
import { identifier, integer, sql } from '../../sql/sql.ts';
import { renderCreateStagingTable, renderDropTable } from '../../sql/staging-table.ts';
import type { Verification } from '../verify/compare.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import { type ChangeGroup, changeOfLetter, changeOfOperation } from './change.ts';
import { requireCopyRole } from './copy-role.ts';
import { deduplicate } from './deduplicate.ts';
import { insertSpool } from './insert-spool.ts';
import type { LoadPlan } from './plan-load.ts';
import { sortOut } from './sort-out.ts';
import type { StagedLoad } from './staged-load.ts';
import { verifyLoad } from './verify-load.ts';

/** The temporary table, loaded and cleaned: what a transaction can apply as often as it must. */
export interface LoadedTable {
  /** Rows in it now. */
  readonly rows: number;
  readonly rejected: number;
  /** Their numbers in the input, from 1; of rows that were loaded and then sorted out, the first hundred thousand. */
  readonly rejectedRows: readonly number[];
  /** Reasons that Redshift's views do not have: of rows that were loaded and then sorted out. */
  readonly rejects: readonly LoadReject[];
  readonly deduplicated: number;
  /** What was compared, where the plan verifies. */
  readonly verified?: Verification;
  /** What becomes of which rows. */
  readonly groups: readonly ChangeGroup[];
}

type StagedLoadPlan = Extract<LoadPlan, { kind: 'staged' }>;

/**
 * COPY into a temporary table of this session, in autocommit, and everything that needs no lock on the target. Safe to
 * repeat in another session. Throws RS_LOAD_REJECTED, RS_COUNT_MISMATCH, RS_INPUT_INVALID for duplicate keys.
 */
export async function loadStagingTable(
  session: Session,
  plan: WritePlan,
  { table, duplicates }: StagedLoadPlan,
  staged: StagedLoad,
  run: Run,
): Promise<LoadedTable> {
  session.taint('it holds a temporary table');
  await session.run(renderDropTable([table.name]), run);
  await session.run(renderCreateStagingTable(table), run);
  const refused = await fill(session, plan, table, staged, run);
  const loaded = await countRows(session, table.name, run);
  const rejected = staged.rowsStaged - loaded;
  if (rejected < 0 || rejected + staged.rowsRefused > plan.rejectLimit) throw lost(staged.rowsStaged, loaded, plan);
  const verified = await verify(session, plan, table.name, staged, rejected, run);
  if (staged.insertRows !== undefined && rejected !== refused.length) throw lost(staged.rowsStaged, loaded, plan);
  const gaps =
    rejected === 0 ? [] : await findGaps(session, table, staged.rowsRead, rejected + staged.rowsRefused, run);
  const sorted = await sortOut(session, plan, table, rejected + staged.rowsRefused, run);
  const deduplicated = await deduplicate(session, plan, table, duplicates, run);
  const rows = loaded - sorted.removed - deduplicated;
  return {
    rows,
    rejected: rejected + sorted.removed,
    rejectedRows: [...gaps, ...sorted.rowNumbers],
    rejects: [...refused, ...sorted.rejects],
    deduplicated,
    groups: rows === 0 ? [] : await findGroups(session, plan, table.name, rows, run),
    ...defined({ verified }),
  };
}

/** COPY, or INSERTs, which answer what they did not send: each by itself, since nobody else sees the table. */
async function fill(
  session: Session,
  plan: WritePlan,
  table: StagedLoadPlan['table'],
  staged: StagedLoad,
  run: Run,
): Promise<readonly LoadReject[]> {
  const { insertRows, rowsRefused } = staged;
  if (insertRows !== undefined) {
    return (await insertSpool(session, plan, [table.name], { rows: insertRows, rowsRefused }, run)).rejects;
  }
  await session.run(
    renderCopy({
      target: [table.name],
      columns: [...plan.columns.map(({ name }) => name), table.rowColumn],
      manifestUrl: staged.manifestUrl,
      role: requireCopyRole(plan.copyRole),
      format: plan.format,
      maxRejects: Math.max(0, plan.rejectLimit - staged.rowsRefused),
      temporary: true,
      ...(plan.copyRegion === undefined ? {} : { region: plan.copyRegion }),
    }),
    run,
  );
  // Of all statements of the step this one is looked for most: its id is worth a way to the leader node and back.
  await session.run(sql`SELECT pg_last_copy_id()`, run, { queryIdAt: 0 });
  return [];
}

function lost(staged: number, loaded: number, { rejectLimit }: WritePlan): ConnectorError {
  return new ConnectorError('RS_COUNT_MISMATCH', `Redshift loaded ${loaded} of ${staged} staged rows`, {
    action: 'Run it again; if it repeats, report it with the counts in the details.',
    details: { staged, loaded, rejectLimit },
  });
}

/** Rows that Redshift refused are in the checksum of what was sent: then there is nothing to compare. */
async function verify(
  session: Session,
  plan: WritePlan,
  table: string,
  { checksum }: StagedLoad,
  rejected: number,
  run: Run,
): Promise<Verification | undefined> {
  if (checksum === undefined) return undefined;
  if (rejected === 0) return verifyLoad(session, plan, table, checksum, run);
  run.publish({
    type: 'warning',
    code: 'NOT_VERIFIED',
    message: `Redshift refused ${rejected} rows, so checksums of the others could not be compared; their number was`,
  });
  return undefined;
}

async function countRows(session: Session, table: string, run: Run): Promise<number> {
  const { rows } = await session.run(sql`SELECT COUNT(*) FROM ${identifier(table)}`, run);
  return Number(rows[0]?.[0]);
}

/** Numbers of the rows that are not there: the error views cannot tell, since values may hold newlines. */
async function findGaps(
  session: Session,
  table: StagedLoadPlan['table'],
  rowsRead: number,
  most: number,
  run: Run,
): Promise<readonly number[]> {
  const row = identifier(table.rowColumn);
  const numbers = sql`SELECT ${row} AS this_row FROM ${identifier(table.name)} UNION ALL SELECT 0 UNION ALL SELECT ${integer(rowsRead + 1)}`;
  const pairs = sql`SELECT this_row, LEAD(this_row) OVER (ORDER BY this_row) AS next_row FROM (${numbers}) AS numbered`;
  const { rows } = await session.run(
    sql`SELECT this_row, next_row FROM (${pairs}) AS paired WHERE next_row > this_row + 1 ORDER BY this_row LIMIT ${integer(most)}`,
    run,
  );
  const missing: number[] = [];
  for (const [before, after] of rows) {
    for (let number = Number(before) + 1; number < Number(after) && missing.length < most; number += 1) {
      missing.push(number);
    }
  }
  return missing;
}

/** What the statements that apply the rows go by: one group where all rows are inserted. */
async function findGroups(
  session: Session,
  { operation, keys, changeColumn }: WritePlan,
  table: string,
  rows: number,
  run: Run,
): Promise<readonly ChangeGroup[]> {
  const change = changeOfOperation(operation);
  if (change === 'insert') return [{ change, rows }];
  const letter = changeColumn === undefined ? undefined : changeOf(changeColumn);
  const found = await session.run(renderKeyGroups(identifier(table), keys, letter), run);
  return readKeyGroups(keys, found.rows).map((group) => ({
    pattern: group.pattern,
    rows: group.rows,
    ...(change === undefined ? { change: changeOfLetter(group.letter), byRow: true } : { change }),
  }));
}
