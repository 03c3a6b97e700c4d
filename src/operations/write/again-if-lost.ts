import { ConnectorError } from '../../core/errors.ts';
import { type Run, sleep } from '../../core/run.ts';

/** Sessions that one piece of work may use up before it gives up. */
export const SESSIONS = 3;
/** Grows with each session that was lost. */
export const NEW_SESSION_DELAY_MS = 500;

/**
 * Does work that leaves nothing half done once more when its session is lost: an idle one may have died unnoticed. The
 * first time at once; from then on the cluster may be away for a moment, as in a restart, and is given time.
 */
export async function againIfLost<T>(run: Run, work: () => Promise<T>): Promise<T> {
  for (let sessions = 1; ; sessions += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConnectorError) || sessions > SESSIONS) throw error;
      const isLost = error.code === 'RS_CONN_LOST' || (sessions > 1 && error.code === 'RS_CONN_UNREACHABLE');
      if (!isLost) throw error;
      run.publish({ type: 'retry', what: 'session', attempt: sessions, errorCode: error.code });
      await sleep(NEW_SESSION_DELAY_MS * (sessions - 1), run.signal);
    }
  }
}
