import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderLock } from '../../sql/apply.ts';
import type { TablePath } from '../../sql/copy.ts';
import { type LedgerEntry, readLedger, renderReadLedger } from '../../sql/ledger.ts';
import { integer, sql } from '../../sql/sql.ts';
import { waitForLock } from '../activity/wait-for-lock.ts';
import type { Watch } from '../activity/watch.ts';
import type { WritePlan } from '../write-plan.ts';
import { ledgerRefused } from './ledger-table.ts';

/**
 * Bounds the LOCKs that come next. Redshift has no lock timeout: the statement timeout stands in for it, set before BEGIN,
 * so that LOCK is the first statement of the transaction. The caller sets the session's own limit afterwards.
 */
export async function boundLock(session: Session, { lockTimeoutMs }: WritePlan, run: Run): Promise<void> {
  session.taint('its statement timeout was changed');
  await session.run(sql`SET statement_timeout TO ${integer(lockTimeoutMs)}`, run);
}

/** The first statements of a transaction: LOCK, then look whether the run was committed before. */
export async function lockAndLook(
  session: Session,
  plan: WritePlan,
  run: Run,
  watch?: Watch,
): Promise<LedgerEntry | undefined> {
  const { ledger, target, lockTarget, runId } = plan;
  if (ledger !== undefined) await lock(session, plan, ledger, run, watch);
  if (lockTarget) await lock(session, plan, target, run, watch);
  if (ledger === undefined) return undefined;
  const { rows } = await session.run(renderReadLedger(ledger, runId), run);
  return readLedger(runId, rows);
}

async function lock(
  session: Session,
  plan: WritePlan,
  table: TablePath,
  run: Run,
  watch: Watch | undefined,
): Promise<void> {
  const { lockTimeoutMs, targetName, target } = plan;
  const isTarget = table === target;
  const take = (): Promise<unknown> => session.run(renderLock(table), run);
  const onTimeout = (cause: ConnectorError, who: string): ConnectorError => {
    const seconds = lockTimeoutMs / 1000;
    const message = isTarget
      ? `Table ${targetName} could not be locked within ${seconds} s: others read or write it`
      : `Another load into ${targetName} did not end within ${seconds} s`;
    return new ConnectorError('RS_TIMEOUT', who === '' ? message : `${message}; ${who}`, {
      action: isTarget
        ? 'Wait for the others, leave out lockTarget, or raise lockTimeoutSeconds.'
        : 'Wait for the other load, end it, or raise lockTimeoutSeconds.',
      details: { table: table.join('.'), limitSeconds: seconds, ...(who === '' ? {} : { blockers: who }) },
      cause,
    });
  };
  try {
    await waitForLock(session, run, watch, take, onTimeout);
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_AUTH_PERMISSION') throw error;
    throw isTarget ? mayNotLock(plan, error) : ledgerRefused(table, error);
  }
}

function mayNotLock({ targetName }: WritePlan, cause: ConnectorError): ConnectorError {
  return new ConnectorError('RS_AUTH_PERMISSION', `The database user may not lock table ${targetName}`, {
    action: 'Let its owner grant UPDATE or DELETE on it to the user, or leave out lockTarget.',
    details: { table: targetName },
    cause,
  });
}
