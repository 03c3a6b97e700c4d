import { ConnectorError } from '../../core/errors.ts';
import type { Blocker } from '../../core/events.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { describeBlocker } from './blocker.ts';
import type { Watch } from './watch.ts';

/**
 * Work of a session that waits for a lock: while it waits it is told who holds it. `onTimeout` makes the failure of a wait
 * that took too long, `who` in words; empty where nobody was seen.
 */
export async function waitForLock<T>(
  session: Session,
  run: Run,
  watch: Watch | undefined,
  work: () => Promise<T>,
  onTimeout: (cause: ConnectorError, who: string) => ConnectorError,
  phase?: string,
): Promise<T> {
  let blockers: readonly Blocker[] = [];
  const onBlockers = (found: readonly Blocker[]): void => {
    blockers = found;
  };
  try {
    return await (watch === undefined ? work() : watch.lock(session, run, onBlockers, work, phase));
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'RS_TIMEOUT') throw error;
    throw onTimeout(error, blockers.map(describeBlocker).join('; '));
  }
}
