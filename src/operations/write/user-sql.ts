import { ConnectorError } from '../../core/errors.ts';
import { type Run, sleep } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';
import { renderLock } from '../../sql/apply.ts';
import type { TablePath } from '../../sql/copy.ts';
import { type RunState, readState, renderReadState, renderWriteState, stateKey } from '../../sql/run-state.ts';
import { integer, sql } from '../../sql/sql.ts';
import type { UserText } from '../../sql/user-text.ts';
import type { WriteRecorder } from './recorder.ts';
import type { UserUnit } from './user-sql-plan.ts';

/** SQL of the person's own that is to run once for a run id, whatever dies when. */
export interface UserSqlJob {
  readonly database: Database;
  /** Keeps what was begun and done; without it every attempt runs all of it. */
  readonly ledger?: TablePath;
  readonly work: 'preSql' | 'postSql';
  readonly units: readonly UserUnit[];
  readonly lockTimeoutMs: number;
  readonly statementTimeoutMs: number;
  readonly recorder: WriteRecorder;
}

const CONFLICT_ATTEMPTS = 5;
const CONFLICT_DELAY_MS = 200;

/**
 * Runs each unit in a session of its own, outside of any transaction of ours. A unit that was begun is never begun again,
 * unless Redshift refused it: a run that is tried again goes on behind it. Throws RS_SQL_USER_FAILED.
 */
export async function runUserSql(job: UserSqlJob): Promise<void> {
  if (job.units.length === 0) return;
  const { run } = job.recorder;
  await using session = await job.database.session(run);
  session.taint(`${job.work} ran in it`);
  run.publish({ type: 'progress', phase: job.work });
  for (const [index, unit] of job.units.entries()) await runUnit(session, job, unit, index + 1);
}

/** The person's statements inside a transaction of ours. */
export async function runInside(session: Session, statements: readonly UserText[], run: Run): Promise<void> {
  for (const statement of statements) await send(session, statement, run);
}

async function runUnit(session: Session, job: UserSqlJob, unit: UserUnit, number: number): Promise<void> {
  const { recorder, work } = job;
  const { run } = recorder;
  if (!(await claim(session, job, number))) return;
  try {
    for (const statement of unit) await send(session, statement, run);
  } catch (error) {
    await session.rollback(run);
    // Refused as a whole: nothing of it took effect, so that it may be tried again once it is mended.
    const isAnswer = error instanceof ConnectorError && !session.isBroken && error.code !== 'RS_COMMIT_UNKNOWN';
    if (isAnswer) await keep(session, job, { begun: number - 1, done: number - 1 });
    throw error;
  }
  await session.rollback(run);
  await keep(session, job, { begun: number, done: number });
  run.publish({ type: 'progress', phase: work });
}

/** Whether the unit is ours to run: it is written down as begun then. Two attempts meet at the ledger's lock. */
async function claim(session: Session, job: UserSqlJob, number: number): Promise<boolean> {
  const { ledger, work, recorder, lockTimeoutMs, statementTimeoutMs } = job;
  const { run } = recorder;
  if (ledger === undefined) return true;
  const key = stateKey(run.runId, work);
  await session.run(sql`SET statement_timeout TO ${integer(lockTimeoutMs)}`, run);
  const state = await keptTransaction(session, run, async (): Promise<RunState> => {
    await session.run(renderLock(ledger), run);
    const found = readState(key, (await session.run(renderReadState(ledger, key), run)).rows);
    if (found.begun < number) await write(session, ledger, key, { begun: number, done: number - 1 }, run);
    return found;
  });
  await session.run(sql`SET statement_timeout TO ${integer(statementTimeoutMs)}`, run);
  if (state.begun === number && state.done < number) {
    recorder.warn({
      code: 'USER_SQL_UNKNOWN',
      message: `An earlier attempt of this run began statement ${number} of ${work}, and its end is not known: it is not sent again`,
    });
  }
  return state.begun < number;
}

async function keep(session: Session, { ledger, work, recorder }: UserSqlJob, state: RunState): Promise<void> {
  if (ledger === undefined) return;
  const { run } = recorder;
  await keptTransaction(session, run, () => write(session, ledger, stateKey(run.runId, work), state, run));
}

/** What is to be done once is written down whatever else loads: a conflict starts the transaction again. */
async function keptTransaction<T>(session: Session, run: Run, body: () => Promise<T>): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await session.transaction(run, body);
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== 'RS_CONFLICT' || number === CONFLICT_ATTEMPTS)
        throw error;
      run.publish({ type: 'retry', what: 'transaction', attempt: number, errorCode: error.code });
      await sleep(CONFLICT_DELAY_MS * number * (0.5 + Math.random()), run.signal);
    }
  }
}

async function write(session: Session, ledger: TablePath, key: string, state: RunState, run: Run): Promise<void> {
  for (const statement of renderWriteState(ledger, key, state)) await session.run(statement, run);
}

async function send(session: Session, { sql: statement, text, label, replaced }: UserText, run: Run): Promise<void> {
  const userSql = { text, label, startsAt: 0, ...(replaced === undefined ? {} : { replaced }) };
  await session.run(statement, run, { userSql });
}
