import { ConnectorError } from '../../core/errors.ts';
import { type Run, sleep } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';
import type { WritePlan } from '../write-plan.ts';
import { type Appliable, type Applied, type ApplyLimits, applyOnce } from './apply.ts';
import { loadRejected, readLoadErrors } from './load-errors.ts';
import { type LoadedTable, loadStagingTable } from './load-staging.ts';
import type { WriteRecorder } from './recorder.ts';
import { settleCommit } from './settle.ts';
import type { StagedLoad } from './staged-load.ts';

/** Sessions that one load may use up before it gives up. */
const SESSIONS = 3;
const FIRST_DELAY_MS = 200;
/** Grows with each session that was lost. */
const NEW_SESSION_DELAY_MS = 500;

/**
 * Brings staged rows into the target, exactly once. A conflict starts the transaction again on the same session, where
 * the temporary table still is; a lost session loads the staged files again in a new one; a lost COMMIT is settled by
 * the ledger first. Bounded by the plan's attempts and by three sessions.
 */
export async function commitLoad(
  database: Database,
  plan: WritePlan,
  staged: StagedLoad,
  limits: ApplyLimits,
  recorder: WriteRecorder,
  run: Run,
): Promise<Applied> {
  const attempts = { left: plan.attempts };
  for (let sessions = 1; ; sessions += 1) {
    try {
      await using session = await database.session(run);
      const loaded = await recorder.phase('load', () => load(session, plan, staged, recorder, run));
      return await applyWithRetries(session, plan, loaded, limits, attempts, recorder, run);
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      if (error.code === 'RS_COMMIT_UNKNOWN') {
        recorder.outcome = 'unknown';
        const entry = await recorder.phase('commit', () => settleCommit(database, plan, error, run));
        recorder.outcome = 'nothing written';
        if (entry !== undefined) return settled(entry, recorder);
        run.signal.throwIfAborted();
      } else if (!isConnectionFailure(error)) throw error;
      if (sessions === SESSIONS || attempts.left === 0) throw giveUp(error);
      await sleep(NEW_SESSION_DELAY_MS * sessions, run.signal);
      recorder.warn({ code: 'LOAD_REPEATED', message: 'The session was lost; the staged files are loaded again' });
    }
  }
}

/** Nothing was committed, and a new session may do better: a cluster that restarts is unreachable for a moment. */
function isConnectionFailure({ code }: ConnectorError): boolean {
  return code === 'RS_CONN_LOST' || code === 'RS_CONN_UNREACHABLE';
}

/** The COMMIT had happened after all. */
function settled(entry: Applied['entry'], recorder: WriteRecorder): Applied {
  recorder.warn({
    code: 'COMMIT_SETTLED',
    message: 'The answer to COMMIT was lost; the ledger shows that it happened',
  });
  return { entry, alreadyApplied: false, rowsTouched: entry.counts.updated };
}

/** A COMMIT that is known not to have happened is no unknown COMMIT any more. */
function giveUp(error: ConnectorError): ConnectorError {
  if (error.code !== 'RS_COMMIT_UNKNOWN') return error;
  return new ConnectorError('RS_CONN_LOST', 'The connection was lost at COMMIT every time; nothing was committed', {
    action: 'Look for what cuts connections to Redshift, then run it again.',
    details: error.details,
    cause: error,
  });
}

async function load(
  session: Session,
  plan: WritePlan,
  staged: StagedLoad,
  recorder: WriteRecorder,
  run: Run,
): Promise<Appliable> {
  if (plan.load.kind === 'direct' || staged.rowsStaged === 0) return { staged };
  const { load: how } = plan;
  const loaded = await withReasons(session, plan, staged, recorder, run, () =>
    loadStagingTable(session, plan, how, staged, run),
  );
  await recordRejects(session, staged, loaded, recorder, run);
  recorder.count({
    rejected: staged.rowsRefused + loaded.rejected,
    deduplicated: loaded.deduplicated,
  });
  run.publish({ type: 'progress', phase: 'load', rows: loaded.rows, totalRows: staged.rowsStaged });
  return { staged, loaded };
}

async function recordRejects(
  session: Session,
  { folderName }: StagedLoad,
  { rejected, rejectedRows }: LoadedTable,
  recorder: WriteRecorder,
  run: Run,
): Promise<void> {
  if (rejected === 0) return;
  recorder.rejectRows(...rejectedRows);
  recorder.reject(...(await readLoadErrors(session, folderName, run)));
}

async function applyWithRetries(
  session: Session,
  plan: WritePlan,
  work: Appliable,
  limits: ApplyLimits,
  attempts: { left: number },
  recorder: WriteRecorder,
  run: Run,
): Promise<Applied> {
  for (let delayMs = FIRST_DELAY_MS; ; delayMs *= 2) {
    attempts.left -= 1;
    try {
      return await recorder.phase('apply', () =>
        withReasons(session, plan, work.staged, recorder, run, () => applyOnce(session, plan, work, limits, run)),
      );
    } catch (error) {
      const conflict = error instanceof ConnectorError && error.code === 'RS_CONFLICT';
      if (!conflict || attempts.left === 0 || session.isBroken) throw error;
      recorder.warn({ code: 'CONFLICT_RETRIED', message: 'Another transaction was in the way; it is tried again' });
      await sleep(delayMs * (0.5 + Math.random()), run.signal);
    }
  }
}

/** Adds Redshift's reasons to a load that it refused. */
async function withReasons<T>(
  session: Session,
  plan: WritePlan,
  { folderName }: StagedLoad,
  recorder: WriteRecorder,
  run: Run,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_LOAD_REJECTED') throw error;
    const rejects = await readLoadErrors(session, folderName, run);
    recorder.reject(...rejects);
    throw loadRejected(plan.targetName, plan.rejectLimit, rejects, error);
  }
}
