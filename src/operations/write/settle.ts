import { ConnectorError } from '../../core/errors.ts';
import type { Blocker } from '../../core/events.ts';
import { retry } from '../../core/retry.ts';
import { afterAbort, type Run } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';
import { renderLock } from '../../sql/apply.ts';
import { type LedgerEntry, readLedger, renderReadLedger } from '../../sql/ledger.ts';
import { integer, sql } from '../../sql/sql.ts';
import { describeBlocker } from '../activity/blocker.ts';
import type { Watch } from '../activity/watch.ts';
import type { WritePlan } from '../write-plan.ts';

/** What settling needs of a plan that keeps a ledger. */
export type SettledPlan = Pick<WritePlan, 'runId' | 'targetName' | 'settleTimeoutMs' | 'settleAbortedMs'> &
  Required<Pick<WritePlan, 'ledger'>>;

/**
 * Finds out what became of a COMMIT whose answer was lost. The LOCK waits for an orphan that is still committing, so what
 * is read under it is final: the ledger's entry, or `undefined` for a transaction that never happened. An abort of the
 * run does not end this at once: knowing what happened is worth a few seconds more. Past them, or past the plan's limit,
 * RS_COMMIT_UNKNOWN, with `lost` as its cause: the staged files are kept and the run id tells the outcome later.
 */
export async function settleCommit(
  database: Database,
  plan: SettledPlan,
  lost: ConnectorError,
  run: Run,
  watch?: Watch,
): Promise<LedgerEntry | undefined> {
  // Whatever ends the wait: the server's timeout, or our own, which may come first.
  let seen: readonly Blocker[] = [];
  const onBlockers = (found: readonly Blocker[]): void => {
    seen = found;
  };
  const limitMs = plan.settleTimeoutMs;
  const startedMs = performance.now();
  const deadlineMs = startedMs + limitMs;
  const grace = new AbortController();
  using _grace = afterAbort(run.signal, Math.min(limitMs, plan.settleAbortedMs), () => grace.abort(run.signal.reason));
  const unaborted: Run = { ...run, signal: AbortSignal.any([AbortSignal.timeout(limitMs), grace.signal]) };
  try {
    const limits = { attempts: 20, totalMs: limitMs, attemptMs: limitMs, firstDelayMs: 250 };
    return await retry(unaborted, limits, (signal) =>
      readUnderLock(database, plan, deadlineMs, { ...run, signal }, (session, lock) =>
        watch === undefined ? lock() : watch.lock(session, { ...run, signal }, onBlockers, lock, 'commit'),
      ),
    );
  } catch (error) {
    const blockers = seen.map(describeBlocker).join('; ');
    const waitedSeconds = Math.max(1, Math.round((performance.now() - startedMs) / 1000));
    const message = error instanceof Error ? error.message : String(error);
    run.publish({ type: 'suppressed', reason: 'settling a COMMIT whose answer was lost', message });
    throw new ConnectorError(
      'RS_COMMIT_UNKNOWN',
      `Whether the rows are in ${plan.targetName} could not be found out within ${waitedSeconds} s${blockers === '' ? '' : `; ${blockers}`}`,
      {
        action: `Run it again with the run id "${plan.runId}": the ledger then tells whether it had been committed, and nothing is loaded twice.`,
        details: {
          ...lost.details,
          runId: plan.runId,
          ledger: plan.ledger.join('.'),
          ...(blockers === '' ? {} : { blockers }),
        },
        cause: lost,
      },
    );
  }
}

async function readUnderLock(
  database: Database,
  { ledger, runId }: SettledPlan,
  deadlineMs: number,
  run: Run,
  wait: (session: Session, lock: () => Promise<unknown>) => Promise<unknown>,
): Promise<LedgerEntry | undefined> {
  await using session = await database.session(run);
  session.taint('its statement timeout was changed');
  const leftMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
  await session.run(sql`SET statement_timeout TO ${integer(leftMs)}`, run);
  await session.run(sql`BEGIN`, run);
  try {
    await wait(session, () => session.run(renderLock(ledger), run));
    const { rows } = await session.run(renderReadLedger(ledger, runId), run);
    return readLedger(runId, rows);
  } finally {
    await session.rollback(run);
  }
}
