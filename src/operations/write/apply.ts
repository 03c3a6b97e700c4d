import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderInsertAll, renderInsertMissing, renderLock, renderUpdate } from '../../sql/apply.ts';
import { renderCopy } from '../../sql/copy.ts';
import { type LedgerEntry, readLedger, renderInsertLedger, renderReadLedger } from '../../sql/ledger.ts';
import { integer, sql } from '../../sql/sql.ts';
import type { WritePlan } from '../write-plan.ts';
import type { WriteCounts } from '../write-report.ts';
import type { LoadedTable } from './load-staging.ts';
import type { StagedLoad } from './staged-load.ts';

/** What one transaction did. */
export interface Applied {
  readonly entry: LedgerEntry;
  /** The ledger had this run already: nothing was done now. */
  readonly alreadyApplied: boolean;
  /** Rows that UPDATE changed in the target: more than `updated` where its keys are not unique. */
  readonly rowsTouched: number;
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
}

/**
 * The only code that commits to a target. One transaction: LOCK the ledger, look whether this run is in it, apply the
 * rows, write the ledger's row, COMMIT. The LOCK comes first and takes no snapshot, so of two attempts the second reads
 * what the first committed. Throws RS_CONFLICT, RS_CONN_LOST and RS_COMMIT_UNKNOWN for the caller to settle.
 */
export async function applyOnce(
  session: Session,
  plan: WritePlan,
  work: Appliable,
  limits: ApplyLimits,
  run: Run,
): Promise<Applied> {
  session.taint('its statement timeout was changed');
  // Redshift has no lock timeout: the statement timeout stands in for it, for this one statement.
  await session.run(sql`SET statement_timeout TO ${integer(plan.lockTimeoutMs)}`, run);
  return await session.transaction(run, async () => {
    await lockLedger(session, plan, run);
    const { rows } = await session.run(renderReadLedger(plan.ledger, plan.runId), run);
    const before = readLedger(plan.runId, rows);
    if (before !== undefined) return { entry: before, alreadyApplied: true, rowsTouched: 0 };

    await session.run(sql`SET statement_timeout TO ${integer(limits.statementTimeoutMs)}`, run);
    // Redshift counts rows in hand only in system views: asking them costs a session and a queue slot, so none is counted.
    const totalRows = work.loaded?.rows ?? work.staged.rowsStaged;
    run.publish({ type: 'progress', phase: 'apply', totalRows });
    const { counts, rowsTouched } = await applyRows(session, plan, work, run);
    const { runId, operation } = plan;
    const { manifestSha256 } = work.staged;
    const entry: LedgerEntry = { runId, operation, counts, ...defined({ manifestSha256 }) };
    await session.run(renderInsertLedger(plan.ledger, entry), run);
    // No timer may end the COMMIT: its outcome would be unknown.
    await session.run(sql`SET statement_timeout TO 0`, run);
    run.publish({ type: 'progress', phase: 'commit', rows: counts.loaded, totalRows });
    return { entry, alreadyApplied: false, rowsTouched };
  });
}

async function lockLedger(session: Session, { ledger, lockTimeoutMs, targetName }: WritePlan, run: Run): Promise<void> {
  try {
    await session.run(renderLock(ledger), run);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_TIMEOUT') throw error;
    const seconds = lockTimeoutMs / 1000;
    throw new ConnectorError('RS_TIMEOUT', `Another load into ${targetName} did not end within ${seconds} s`, {
      action: 'Wait for the other load, end it, or raise lockTimeoutSeconds.',
      details: { ledger: ledger.join('.'), limitSeconds: seconds },
      cause: error,
    });
  }
}

async function applyRows(
  session: Session,
  plan: WritePlan,
  { staged, loaded }: Appliable,
  run: Run,
): Promise<{ readonly counts: WriteCounts; readonly rowsTouched: number }> {
  const base = {
    read: staged.rowsRead,
    staged: staged.rowsStaged,
    rejected: staged.rowsRefused + (loaded?.rejected ?? 0),
    deduplicated: loaded?.deduplicated ?? 0,
  };
  if (staged.rowsStaged === 0) {
    return { counts: requireSum({ ...base, loaded: 0, inserted: 0, updated: 0 }), rowsTouched: 0 };
  }
  const { inserted, updated, rowsTouched } =
    loaded === undefined
      ? await copyIntoTarget(session, plan, staged, run)
      : plan.operation === 'insert'
        ? await insertAll(session, plan, loaded, run)
        : await upsert(session, plan, loaded, run);
  return { counts: requireSum({ ...base, loaded: inserted + updated, inserted, updated }), rowsTouched };
}

interface Changed {
  readonly inserted: number;
  readonly updated: number;
  readonly rowsTouched: number;
}

async function copyIntoTarget(session: Session, plan: WritePlan, staged: StagedLoad, run: Run): Promise<Changed> {
  await session.run(
    renderCopy({
      target: plan.target,
      columns: plan.columns.map(({ name }) => name),
      manifestUrl: staged.manifestUrl,
      role: plan.copyRole,
      format: plan.format,
      ...(plan.copyRegion === undefined ? {} : { region: plan.copyRegion }),
    }),
    run,
  );
  const { rows } = await session.run(sql`SELECT pg_last_copy_count()`, run);
  return { inserted: Number(rows[0]?.[0]), updated: 0, rowsTouched: 0 };
}

async function insertAll(session: Session, plan: WritePlan, loaded: LoadedTable, run: Run): Promise<Changed> {
  const insert = plan.columns.map(({ name }) => name);
  const { rowCount } = await session.run(
    renderInsertAll({ target: plan.target, staging: stagingOf(plan), insert }),
    run,
  );
  requireRows(plan, 'INSERT', rowCount, loaded.rows);
  return { inserted: rowCount, updated: 0, rowsTouched: 0 };
}

/** UPDATE what is there, INSERT what is not: once a pattern of NULLs among the keys. */
async function upsert(session: Session, plan: WritePlan, loaded: LoadedTable, run: Run): Promise<Changed> {
  const { target, updateColumns: update } = plan;
  const staging = stagingOf(plan);
  const insert = plan.columns.map(({ name }) => name);
  let rowsTouched = 0;
  let inserted = 0;
  for (const pattern of loaded.patterns) {
    if (update.length > 0) {
      const answer = await session.run(renderUpdate({ target, staging, pattern, update }), run);
      rowsTouched += answer.rowCount;
    }
    const answer = await session.run(renderInsertMissing({ target, staging, pattern, insert }), run);
    inserted += answer.rowCount;
  }
  const updated = loaded.rows - inserted;
  // A row that was neither inserted nor found by UPDATE would be lost. More are touched where the target repeats a key.
  if (updated < 0 || (update.length > 0 && rowsTouched < updated)) requireRows(plan, 'UPDATE', rowsTouched, updated);
  return { inserted, updated, rowsTouched };
}

function stagingOf({ load }: WritePlan): readonly [string] {
  if (load.kind === 'direct') throw new ConnectorError('RS_INTERNAL', 'A direct load has no staging table');
  return [load.table.name];
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

/** Nothing lost, nothing doubled: checked before every COMMIT. */
function requireSum(counts: WriteCounts): WriteCounts {
  const { read, loaded, rejected, deduplicated } = counts;
  if (read === loaded + rejected + deduplicated) return counts;
  throw new ConnectorError(
    'RS_COUNT_MISMATCH',
    `${read} rows were sent, but ${loaded} loaded, ${rejected} rejected and ${deduplicated} deduplicated`,
    {
      action: 'Nothing was committed. Run it again; if it repeats, report it with the counts in the details.',
      details: { ...counts },
    },
  );
}
