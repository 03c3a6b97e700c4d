import { setTimeout as delay } from 'node:timers/promises';
import type { Run } from '../core/run.ts';

/** How long the way to the server may take: a login and a connection of its own. */
const DELIVERY_LIMIT_MS = 5_000;
/** How long the server has to obey a cancel that it has taken. */
const OBEY_LIMIT_MS = 2_000;
/** How long an end that was not brought by us may still be on its way. */
const GRACE_MS = 100;

export interface StopOptions {
  /** The last resort: destroys the connection. */
  readonly cut: () => void;
  readonly publish?: Run['publish'];
}

/**
 * Ends a statement that nobody waits for any more: asks the server to cancel it, and cuts the connection when that brings
 * no end in time. Resolves when no cancel is on its way any more that could hit the session's next statement.
 */
export async function stopStatement(
  work: Promise<unknown>,
  cancel: () => Promise<void>,
  { cut, publish }: StopOptions,
): Promise<void> {
  const timers = new AbortController();
  const limit = (ms: number): Promise<'late'> => delay(ms, 'late' as const, { signal: timers.signal });
  const ended = work.then(
    () => 'ended' as const,
    () => 'ended' as const,
  );
  const delivered = cancel().then(
    () => 'delivered' as const,
    (error: unknown) => {
      publish?.({
        type: 'suppressed',
        reason: 'The statement was given up already, and its connection is closed instead',
        message: `The server could not be asked to cancel it: ${error instanceof Error ? error.message : 'unknown error'}`,
      });
      return 'failed' as const;
    },
  );
  try {
    const delivery = await Promise.race([delivered, limit(DELIVERY_LIMIT_MS)]);
    if (delivery === 'late') return cut();
    const outcome = await Promise.race([ended, limit(delivery === 'delivered' ? OBEY_LIMIT_MS : GRACE_MS)]);
    if (outcome === 'late') cut();
  } finally {
    timers.abort();
  }
}
