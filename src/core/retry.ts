import pRetry from 'p-retry';
import { ConnectorError } from './errors.ts';
import type { Run } from './run.ts';

/** What trying again needs of a run: when to stop, and who hears of it. */
export type RetryRun = Pick<Run, 'signal'> & Partial<Pick<Run, 'publish'>>;

export interface RetryLimits {
  /** Attempts in all, the first one included. */
  readonly attempts: number;
  /** No new attempt starts after this. */
  readonly totalMs: number;
  /** Time limit of one attempt. */
  readonly attemptMs: number;
  /** Wait before the second attempt; doubles from there, with jitter. */
  readonly firstDelayMs: number;
}

export const AWS_CALL_LIMITS: RetryLimits = { attempts: 5, totalMs: 30_000, attemptMs: 10_000, firstDelayMs: 200 };

/**
 * Runs `attempt` until it succeeds or fails for good. Only a `ConnectorError` of category `transient` is tried again:
 * classify before throwing. Bounded by attempts and by time; an abort ends it at once with the signal's reason.
 */
export async function retry<T>(
  { signal, publish }: RetryRun,
  limits: RetryLimits,
  attempt: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  return pRetry(
    async () => {
      const timeout = AbortSignal.timeout(limits.attemptMs);
      try {
        return await attempt(AbortSignal.any([signal, timeout]));
      } catch (error) {
        signal.throwIfAborted();
        if (timeout.aborted) {
          throw new ConnectorError('RS_TIMEOUT', `No answer within ${limits.attemptMs / 1000} s`, { cause: error });
        }
        throw error;
      }
    },
    {
      retries: limits.attempts - 1,
      minTimeout: limits.firstDelayMs,
      factor: 2,
      randomize: true,
      maxRetryTime: limits.totalMs,
      signal,
      shouldRetry: ({ error }) => error instanceof ConnectorError && error.category === 'transient',
      onFailedAttempt: ({ error, attemptNumber, retriesLeft }) => {
        const isTriedAgain = error instanceof ConnectorError && error.category === 'transient' && retriesLeft > 0;
        if (isTriedAgain) publish?.({ type: 'retry', what: 'call', attempt: attemptNumber, errorCode: error.code });
      },
    },
  );
}
