import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { type Run, sleep } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';
import type { Watched } from '../activity/watch.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import { NEW_SESSION_DELAY_MS, SESSIONS } from './again-if-lost.ts';
import { type Appliable, type Applied, type ApplyLimits, applyOnce } from './apply.ts';
import type { RowPlace } from './input-sources.ts';
import { loadRejected, readLoadErrors } from './load-errors.ts';
import { loadStagingTable } from './load-staging.ts';
import { locateReject, type StagedPlace } from './locate-reject.ts';
import type { WriteRecorder } from './recorder.ts';
import { placeReasons } from './reject-reasons.ts';
import { settleCommit } from './settle.ts';
import type { StagedLoad } from './staged-load.ts';
import { truncateTarget } from './truncate.ts';

/** Staged rows on their way into the target. */
export interface LoadJob {
  readonly database: Database;
  readonly plan: WritePlan;
  readonly staged: StagedLoad;
  readonly limits: ApplyLimits;
  /** Where the staged files can be looked into. */
  readonly place: StagedPlace;
  /** The file that a row of the input comes from. */
  readonly placeOf: (row: number) => RowPlace | undefined;
  readonly recorder: WriteRecorder;
  readonly run: Run;
}

/** What sessions of one load share. */
interface Attempts {
  left: number;
  /** TRUNCATE was done: rows that came since are not ours to remove. */
  truncated: boolean;
  /** Rows that were refused before they were staged. */
  readonly refusedBefore: ReadonlySet<number>;
}

const FIRST_DELAY_MS = 200;

/**
 * Brings staged rows into the target, exactly once. A conflict starts the transaction again on the same session, where
 * the temporary table still is; a lost session loads the staged files again in a new one; a lost COMMIT is settled by
 * the ledger first. Bounded by the plan's attempts and by three sessions.
 */
export async function commitLoad(job: LoadJob): Promise<Applied> {
  const { plan, recorder, run } = job;
  const attempts: Attempts = {
    left: plan.attempts,
    truncated: false,
    refusedBefore: recorder.refusedSoFar(),
  };
  for (let sessions = 1; ; sessions += 1) {
    try {
      return await inOneSession(job, attempts);
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      const entry = await settleIfUnknown(job, error);
      if (entry !== undefined) return settled(entry, job);
      if (sessions === SESSIONS || attempts.left === 0) throw giveUp(error);
      run.publish({ type: 'retry', what: 'session', attempt: sessions, errorCode: error.code });
      await sleep(NEW_SESSION_DELAY_MS * sessions, run.signal);
      const why = isFailureOfS3(error) ? 'S3 failed the cluster' : 'The session was lost';
      recorder.warn({ code: 'LOAD_REPEATED', message: `${why}; the staged files are loaded again` });
    }
  }
}

// A function of its own: esbuild compiles `await using` in a loop's body so that one failure is thrown again later.
async function inOneSession(job: LoadJob, attempts: Attempts): Promise<Applied> {
  await using session = await job.database.session(job.run);
  const work = await job.recorder.phase('load', () => load(session, job, attempts));
  await job.recorder.rejects?.publish();
  return await applyWithRetries(session, job, work, attempts);
}

/** The ledger's entry after a lost COMMIT that happened; `undefined` when it is safe to load again; else throws. */
async function settleIfUnknown(
  { database, plan, limits, recorder, run }: LoadJob,
  error: ConnectorError,
): Promise<Applied['entry'] | undefined> {
  // Unreachable: a cluster that restarts is away for a moment. Nothing was committed either way.
  if (error.code === 'RS_CONN_LOST' || error.code === 'RS_CONN_UNREACHABLE' || isFailureOfS3(error)) return undefined;
  if (error.code !== 'RS_COMMIT_UNKNOWN') throw error;
  const before = recorder.outcome;
  recorder.outcome = 'unknown';
  const { ledger } = plan;
  if (ledger === undefined) throw unknownForGood(plan, error);
  const entry = await recorder.phase('commit', () =>
    settleCommit(database, { ...plan, ledger }, error, run, limits.watch),
  );
  recorder.outcome = before;
  if (entry === undefined) run.signal.throwIfAborted();
  return entry;
}

/** S3 was too busy for COPY, or failed it: a moment later it may not. */
const isFailureOfS3 = ({ details }: ConnectorError): boolean => details['reason'] === 'serverS3';

/** Without a ledger nothing tells what became of a COMMIT whose answer was lost. */
function unknownForGood({ targetName }: WritePlan, lost: ConnectorError): ConnectorError {
  return new ConnectorError(
    'RS_COMMIT_UNKNOWN',
    `The connection died while the rows were being committed to ${targetName}, and no ledger tells whether they are there`,
    {
      action: 'Look into the table before you run it again; keep a ledger to have this found out.',
      details: lost.details,
      cause: lost,
    },
  );
}

/** The COMMIT had happened after all: ours, or that of another attempt of the same run, whose files were others. */
function settled(entry: Applied['entry'], { staged, recorder }: LoadJob): Applied {
  const isOurs = entry.manifestSha256 === staged.manifestSha256;
  recorder.warn({
    code: 'COMMIT_SETTLED',
    message: `The answer to COMMIT was lost; the ledger shows that ${isOurs ? 'it' : 'another attempt of this run'} happened`,
  });
  return { entry, alreadyApplied: !isOurs, rowsTouched: 0 };
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

/** With the COPY in it, or the statements that change rows, told as they go on. */
function watched<T>(
  session: Session,
  { limits, staged, run }: LoadJob,
  phase: string,
  work: () => Promise<T>,
  of: Watched = 'load',
): Promise<T> {
  return limits.watch === undefined || staged.insertRows !== undefined
    ? work()
    : limits.watch.progress(of, phase, session, run, work);
}

/** Fills the temporary table, where the plan has one. */
async function load(session: Session, job: LoadJob, { refusedBefore }: Attempts): Promise<Appliable> {
  const { plan, staged, recorder, run } = job;
  if (plan.load.kind === 'direct' || staged.rowsStaged === 0) return { staged };
  const { load: how } = plan;
  const totals = { totalRows: staged.rowsStaged, totalBytes: staged.bytes, totalFiles: staged.files.length };
  run.publish({ type: 'progress', phase: 'load', ...totals });
  const loaded = await withReasons(session, job, () =>
    watched(session, job, 'load', () => loadStagingTable(session, plan, how, staged, run)),
  );
  recorder.verified = loaded.verified;
  if (loaded.rejected > 0) {
    recorder.rejectRows(...loaded.rejectedRows);
    recorder.reject(...loaded.rejects);
    const expected = loaded.rejected - loaded.rejects.length;
    const errors = expected === 0 ? [] : await readLoadErrors(session, staged.folderName, expected, run);
    const told = new Set([...refusedBefore, ...loaded.rejects.map(({ row }) => row)]);
    const missing = loaded.rejectedRows.filter((row) => !told.has(row));
    recorder.reject(...placeReasons(missing, errors).map((reject) => ofSource(reject, job)));
    await recorder.rejects?.loaded(plan, staged, loaded, errors, run);
  }
  recorder.count({ rejected: staged.rowsRefused + loaded.rejected, deduplicated: loaded.deduplicated });
  const { bytes, files } = staged;
  run.publish({ type: 'progress', phase: 'load', rows: loaded.rows, bytes, files: files.length, ...totals });
  return { staged, loaded };
}

async function applyWithRetries(session: Session, job: LoadJob, work: Appliable, attempts: Attempts): Promise<Applied> {
  const { plan, limits, recorder, run } = job;
  for (let delayMs = FIRST_DELAY_MS; ; delayMs *= 2) {
    attempts.left -= 1;
    try {
      return await recorder.phase('apply', () =>
        withReasons(session, job, async () => {
          await truncateOnce(session, job, attempts);
          const apply = (): Promise<Applied> => applyOnce(session, plan, work, limits, run);
          return await watched(session, job, 'apply', apply, plan.load.kind === 'direct' ? 'load' : 'change');
        }),
      );
    } catch (error) {
      const conflict = error instanceof ConnectorError && error.code === 'RS_CONFLICT';
      if (!conflict || attempts.left === 0 || session.isBroken) throw error;
      const attempt = plan.attempts - attempts.left;
      run.publish({ type: 'retry', what: 'transaction', attempt, errorCode: error.code });
      recorder.warn({ code: 'CONFLICT_RETRIED', message: 'Another transaction was in the way; it is tried again' });
      await sleep(delayMs * (0.5 + Math.random()), run.signal);
    }
  }
}

/** A session that dies in TRUNCATE leaves it open whether the table is empty: the next one does it again. */
async function truncateOnce(
  session: Session,
  { plan, limits, recorder, run }: LoadJob,
  state: Attempts,
): Promise<void> {
  if (plan.before !== 'truncate' || state.truncated) return;
  const before = recorder.outcome;
  const onSent = (): void => {
    recorder.outcome = 'table emptied';
  };
  try {
    await truncateTarget(session, plan, limits, onSent, run);
    state.truncated = true;
  } catch (error) {
    const isAnswer = error instanceof ConnectorError && error.code !== 'RS_CONN_LOST';
    if (isAnswer) recorder.outcome = before;
    throw error;
  }
}

/** With the file that the row comes from, where that is known. */
function ofSource(reject: LoadReject, { placeOf }: LoadJob): LoadReject {
  const place = reject.row === undefined ? undefined : placeOf(reject.row);
  return place === undefined ? reject : { ...reject, source: place.source };
}

/** Adds Redshift's reasons to a load that it refused. */
async function withReasons<T>(session: Session, job: LoadJob, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_LOAD_REJECTED') throw error;
    if (error.details['reason'] !== undefined) throw error; // it was not COPY that refused them
    const { plan, staged, recorder, place, run } = job;
    const [first, ...others] = await readLoadErrors(session, staged.folderName, 1, run);
    const row = first === undefined ? undefined : await locateReject(place, plan, staged, first, run);
    const rejects = first === undefined ? [] : [ofSource({ ...first, ...defined({ row }) }, job), ...others];
    recorder.reject(...rejects);
    throw loadRejected(plan.targetName, plan.rejectLimit, rejects, error);
  }
}
