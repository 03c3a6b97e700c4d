import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { renderTruncate } from '../../sql/apply.ts';
import { integer, sql } from '../../sql/sql.ts';
import type { WritePlan } from '../write-plan.ts';
import type { ApplyLimits } from './apply.ts';
import { boundLock, lockAndLook } from './lock.ts';

/**
 * Empties the target by TRUNCATE, which commits by itself: under the ledger's lock, and not when the run was committed
 * before. `onSent` is called the moment it can no longer be undone. To be called once a write, when its rows are in the
 * cluster: another run's rows that come between this and the transaction stay.
 */
export async function truncateTarget(
  session: Session,
  plan: WritePlan,
  limits: ApplyLimits,
  onSent: () => void,
  run: Run,
): Promise<void> {
  await boundLock(session, plan, run);
  await session.run(sql`BEGIN`, run);
  try {
    if ((await lockAndLook(session, plan, run, limits.watch)) !== undefined) return;
    await session.run(sql`SET statement_timeout TO ${integer(limits.statementTimeoutMs)}`, run);
    onSent();
    await session.run(renderTruncate(plan.target), run);
  } finally {
    await session.rollback(run); // ends the block where TRUNCATE did not
  }
}
