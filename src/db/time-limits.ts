import { setTimeout as delay } from 'node:timers/promises';
import { ConnectorError, type ErrorDetails } from '../core/errors.ts';
import { abandonOnAbort } from '../core/run.ts';

/** What to say when time runs out. */
export interface LateMessage {
  readonly message: string;
  readonly action: string;
  readonly details: ErrorDetails;
}

/** Waits for `work` no longer than the signal and the limit allow; the work itself goes on. Throws RS_TIMEOUT when late. */
export async function abandonWhenLate<T>(
  work: Promise<T>,
  signal: AbortSignal,
  limitMs: number,
  late: LateMessage,
): Promise<T> {
  const limit = AbortSignal.timeout(limitMs);
  try {
    return await abandonOnAbort(work, AbortSignal.any([signal, limit]));
  } catch (cause) {
    if (cause !== limit.reason) throw cause;
    const details = { ...late.details, limitSeconds: limitMs / 1000 };
    throw new ConnectorError('RS_TIMEOUT', late.message, { action: late.action, details, cause });
  }
}

/** Waits for `work` to end, but no longer than the limit, which is no failure. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const limit = delay(limitMs, undefined, { signal: timer.signal });
  try {
    await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}
