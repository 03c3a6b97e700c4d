import { ConnectorError } from '../../core/errors.ts';
import { retry } from '../../core/retry.ts';
import type { Run } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import { renderLock } from '../../sql/apply.ts';
import { type LedgerEntry, readLedger, renderReadLedger } from '../../sql/ledger.ts';
import { integer, sql } from '../../sql/sql.ts';
import type { WritePlan } from '../write-plan.ts';

/**
 * Finds out what became of a COMMIT whose answer was lost. The LOCK waits for an orphan that is still committing, so what
 * is read under it is final: the ledger's entry, or `undefined` for a transaction that never happened. An abort of the
 * run does not stop this; time does: then RS_COMMIT_UNKNOWN, with `lost` as its cause.
 */
export async function settleCommit(
  database: Database,
  plan: WritePlan,
  lost: ConnectorError,
  run: Run,
): Promise<LedgerEntry | undefined> {
  const limitMs = plan.settleTimeoutMs;
  const deadlineMs = performance.now() + limitMs;
  const unaborted: Run = { ...run, signal: AbortSignal.timeout(limitMs) };
  try {
    const limits = { attempts: 20, totalMs: limitMs, attemptMs: limitMs, firstDelayMs: 250 };
    return await retry(unaborted, limits, (signal) => readUnderLock(database, plan, deadlineMs, { ...run, signal }));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    run.publish({ type: 'suppressed', reason: 'settling a COMMIT whose answer was lost', message });
    throw new ConnectorError(
      'RS_COMMIT_UNKNOWN',
      `Whether the rows are in ${plan.targetName} could not be found out within ${limitMs / 1000} s`,
      {
        action: `Run it again with the run id "${plan.runId}": the ledger then tells whether it had been committed, and nothing is loaded twice.`,
        details: { ...lost.details, runId: plan.runId, ledger: plan.ledger.join('.') },
        cause: lost,
      },
    );
  }
}

async function readUnderLock(
  database: Database,
  { ledger, runId }: WritePlan,
  deadlineMs: number,
  run: Run,
): Promise<LedgerEntry | undefined> {
  await using session = await database.session(run);
  session.taint('its statement timeout was changed');
  const leftMs = Math.max(1, Math.ceil(deadlineMs - performance.now()));
  await session.run(sql`SET statement_timeout TO ${integer(leftMs)}`, run);
  await session.run(sql`BEGIN`, run);
  try {
    await session.run(renderLock(ledger), run);
    const { rows } = await session.run(renderReadLedger(ledger, runId), run);
    return readLedger(runId, rows);
  } finally {
    await session.rollback(run);
  }
}
