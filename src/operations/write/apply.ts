import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderDeleteAll } from '../../sql/apply.ts';
import { renderCopy } from '../../sql/copy.ts';
import { type LedgerEntry, NO_ROWS, renderInsertLedger, renderPruneLedger } from '../../sql/ledger.ts';
import { integer, sql } from '../../sql/sql.ts';
import type { Watch } from '../activity/watch.ts';
import type { WritePlan } from '../write-plan.ts';
import type { WriteCounts } from '../write-report.ts';
import { applyRows, NOTHING_CHANGED } from './apply-rows.ts';
import { requireCopyRole } from './copy-role.ts';
import { insertSpool } from './insert-spool.ts';
import { ledgerRefused, readFiles } from './ledger-table.ts';
import type { LoadedTable } from './load-staging.ts';
import { boundLock, lockAndLook } from './lock.ts';
import type { StagedLoad } from './staged-load.ts';
import { runInside } from './user-sql.ts';

/** What one transaction did. */
export interface Applied {
  readonly entry: LedgerEntry;
  /** The ledger had this run already: nothing was done now. */
  readonly alreadyApplied: boolean;
  /** The ledger had files of the input: nothing was done now. Where it had all of them, their rows were skipped. */
  readonly filesKnown?: 'some' | 'all';
  /** Rows that UPDATE and DELETE found in the target by key: more than rows of the input where its keys are not unique. */
  readonly rowsTouched: number;
  /** Rows that were there before and that the same transaction deleted. */
  readonly cleared?: number;
}

/** What there is to apply; no files where the input had no rows. */
export interface Appliable {
  readonly staged: StagedLoad;
  /** Absent for rows that COPY puts into the target itself. */
  readonly loaded?: LoadedTable;
}

/** The session's own limits, put back after the bounded LOCK. */
export interface ApplyLimits {
  readonly statementTimeoutMs: number;
  /** Looks at what the session waits for and how far it is. */
  readonly watch?: Watch;
}

/**
 * The only code that commits rows to a target. One transaction: LOCK the ledger, look whether this run is in it, apply
 * the rows, write the ledger's row, COMMIT. The LOCK comes first and takes no snapshot, so of two attempts the second
 * reads what the first committed. Throws RS_CONFLICT, RS_CONN_LOST and RS_COMMIT_UNKNOWN for the caller to settle.
 */
export async function applyOnce(
  session: Session,
  plan: WritePlan,
  work: Appliable,
  limits: ApplyLimits,
  run: Run,
): Promise<Applied> {
  await boundLock(session, plan, run);
  return await session.transaction(run, async () => {
    const before = await lockAndLook(session, plan, run, limits.watch);
    if (before !== undefined) return { entry: before, alreadyApplied: true, rowsTouched: 0 };
    const filesKnown = await findKnown(session, plan, run);
    if (filesKnown !== undefined) return skipFiles(plan, work, filesKnown);

    await session.run(sql`SET statement_timeout TO ${integer(limits.statementTimeoutMs)}`, run);
    // Redshift counts rows in hand only in system views: asking them costs a session and a queue slot, so none is counted.
    const totalRows = work.loaded?.rows ?? work.staged.rowsStaged;
    run.publish({ type: 'progress', phase: 'apply', totalRows });
    await runInside(session, plan.userSql.first, run);
    const cleared = await clear(session, plan, run);
    const { counts, rowsTouched } = await applyStaged(session, plan, work, run);
    await runInside(session, plan.userSql.last, run);
    const { runId, operation } = plan;
    const { manifestSha256 } = work.staged;
    const entry: LedgerEntry = { runId, operation, counts, ...defined({ manifestSha256 }) };
    await keepEntry(session, plan, work.staged, entry, run);
    // No timer may end the COMMIT: its outcome would be unknown.
    await session.run(sql`SET statement_timeout TO 0`, run);
    run.publish({ type: 'progress', phase: 'commit', rows: counts.loaded, totalRows });
    return { entry, alreadyApplied: false, rowsTouched, ...defined({ cleared }) };
  });
}

/** Another run may have loaded files since the first look. */
async function findKnown(
  session: Session,
  { ledger, fileKeys }: WritePlan,
  run: Run,
): Promise<'some' | 'all' | undefined> {
  if (ledger === undefined || fileKeys === undefined) return undefined;
  const { size } = await readFiles(session, ledger, fileKeys, run);
  if (size === 0) return undefined;
  return size === fileKeys.length ? 'all' : 'some';
}

function skipFiles(
  { runId, operation, rowsLeftOut }: WritePlan,
  { staged }: Appliable,
  filesKnown: 'some' | 'all',
): Applied {
  const read = staged.rowsRead + rowsLeftOut;
  const counts = { ...NO_ROWS, read, staged: staged.rowsStaged, skipped: read };
  return { entry: { runId, operation, counts }, alreadyApplied: false, filesKnown, rowsTouched: 0 };
}

/** That files were loaded, and how many rows each has. */
function fileEntries(
  { fileKeys = [] }: WritePlan,
  { rowsOfFiles }: StagedLoad,
  { manifestSha256 }: LedgerEntry,
): readonly LedgerEntry[] {
  return fileKeys.map((runId, position) => {
    const read = rowsOfFiles?.[position];
    if (read === undefined) throw new ConnectorError('RS_INTERNAL', 'The rows of a file were not counted');
    const counts = { ...NO_ROWS, read, skipped: read };
    return { runId, operation: 'file', counts, ...defined({ manifestSha256 }) };
  });
}

/** Rows that were there before, where they are to go in this transaction. */
async function clear(session: Session, { before, target }: WritePlan, run: Run): Promise<number | undefined> {
  if (before !== 'deleteAll' && before !== 'overwrite') return undefined;
  const { rowCount } = await session.run(renderDeleteAll(target), run);
  return rowCount;
}

/** Entries that one statement adds. */
const ENTRIES_AT_ONCE = 200;

async function keepEntry(
  session: Session,
  plan: WritePlan,
  staged: StagedLoad,
  entry: LedgerEntry,
  run: Run,
): Promise<void> {
  const { ledger, ledgerRetentionDays: days } = plan;
  if (ledger === undefined) return;
  try {
    const entries = [entry, ...fileEntries(plan, staged, entry)];
    for (let start = 0; start < entries.length; start += ENTRIES_AT_ONCE) {
      await session.run(renderInsertLedger(ledger, ...entries.slice(start, start + ENTRIES_AT_ONCE)), run);
    }
    // Under the ledger's lock, so that no other load is in the way of it.
    if (days > 0) await session.run(renderPruneLedger(ledger, days, entries.length), run);
  } catch (error) {
    const isRefused = error instanceof ConnectorError && error.code === 'RS_AUTH_PERMISSION';
    throw isRefused ? ledgerRefused(ledger, error) : error;
  }
}

/** All the staged rows into the target, each accounted for. */
async function applyStaged(
  session: Session,
  plan: WritePlan,
  { staged, loaded }: Appliable,
  run: Run,
): Promise<{ readonly counts: WriteCounts; readonly rowsTouched: number }> {
  const changed =
    staged.rowsStaged === 0
      ? NOTHING_CHANGED
      : loaded === undefined
        ? { ...NOTHING_CHANGED, inserted: await loadIntoTarget(session, plan, staged, run) }
        : await applyGroups(session, plan, loaded.groups, run);
  const { rowsTouched, ...rows } = changed;
  const counts = requireSum({
    ...rows,
    read: staged.rowsRead + plan.rowsLeftOut,
    skipped: rows.skipped + plan.rowsLeftOut,
    staged: staged.rowsStaged,
    loaded: rows.inserted + rows.updated + rows.deleted + rows.replaced,
    rejected: staged.rowsRefused + (loaded?.rejected ?? 0),
    deduplicated: loaded?.deduplicated ?? 0,
  });
  if (plan.requiresMatches && rows.skipped > 0) throw unmatched(plan, rows.skipped);
  return { counts, rowsTouched };
}

/** With the id of the last statement: the others of the step are found by the tag that they have in common. */
async function applyGroups(
  session: Session,
  plan: WritePlan,
  groups: LoadedTable['groups'],
  run: Run,
): ReturnType<typeof applyRows> {
  const changed = await applyRows(session, plan, groups, run);
  if (groups.length > 0) await session.run(sql`SELECT pg_last_query_id()`, run, { queryIdAt: 0 });
  return changed;
}

async function loadIntoTarget(session: Session, plan: WritePlan, staged: StagedLoad, run: Run): Promise<number> {
  const { insertRows, rowsRefused } = staged;
  if (insertRows !== undefined) {
    return (await insertSpool(session, plan, plan.target, { rows: insertRows, rowsRefused }, run)).rows;
  }
  await session.run(
    renderCopy({
      target: plan.target,
      columns: staged.parquetColumns ?? plan.columns.map(({ name }) => name),
      manifestUrl: staged.manifestUrl,
      role: requireCopyRole(plan.copyRole),
      format: staged.parquetColumns === undefined ? plan.format : { kind: 'parquet' },
      explicitIds: plan.explicitIds,
      ...(plan.copyRegion === undefined ? {} : { region: plan.copyRegion }),
    }),
    run,
  );
  const { rows } = await session.run(sql`SELECT pg_last_copy_count(), pg_last_copy_id()`, run, { queryIdAt: 1 });
  return Number(rows[0]?.[0]);
}

function unmatched({ targetName }: WritePlan, skipped: number): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', `${skipped} rows of the input find no row in ${targetName}`, {
    action: 'Nothing was committed. Correct their keys, or set unmatched to ignore.',
    details: { skipped },
  });
}

/** Nothing lost, nothing doubled: checked before every COMMIT. */
function requireSum(counts: WriteCounts): WriteCounts {
  const { read, loaded, rejected, deduplicated, skipped } = counts;
  if (read === loaded + rejected + deduplicated + skipped) return counts;
  throw new ConnectorError(
    'RS_COUNT_MISMATCH',
    `${read} rows were sent, but ${loaded} loaded, ${rejected} rejected, ${deduplicated} deduplicated and ${skipped} skipped`,
    {
      action: 'Nothing was committed. Run it again; if it repeats, report it with the counts in the details.',
      details: { ...counts },
    },
  );
}
