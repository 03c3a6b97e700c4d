import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import type { Connection } from './connection.ts';
import { diagnose } from './diagnose/diagnose.ts';

/**
 * A failure of access with the doctor's diagnosis on it, and any other failure as it is. `step`: of the check that it ended. Never throws: where the run is
 * aborted meanwhile, or nothing can be found out, the failure itself is what its caller hears of.
 */
export async function explainAccess(connection: Connection, error: unknown, run: Run, step?: string): Promise<unknown> {
  if (!(error instanceof ConnectorError) || error.category !== 'auth' || error.diagnosis !== undefined) return error;
  if (run.signal.aborted) return error;
  try {
    const init = defined({ readIam: connection.mayReadIam });
    const diagnosis = await diagnose(connection, { error, ...defined({ step }) }, run, init);
    return diagnosis === undefined ? error : error.withDiagnosis(diagnosis);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    run.publish({ type: 'suppressed', reason: 'The refusal stays without a diagnosis', message });
    return error;
  }
}
