import { sleep } from '../core/run.ts';
import type { IssuedLogin } from '../operations/login.ts';

const SHORTEST_MS = 200;
const LONGEST_MS = 15_000;
/** After a failure; AWS was asked more than once for it already. */
const AFTER_FAILURE_MS = 10_000;

export interface LoginRenewal {
  /** The connector's, which renews ahead of the end and gives the same login until then. */
  readonly ask: () => Promise<IssuedLogin>;
  readonly onRenewed: (login: IssuedLogin) => Promise<void>;
  /** The login in hand has ended and there is no other. Throws to give up; else it is tried again. */
  readonly onFailed: (error: unknown) => void;
}

/**
 * Asks for the login again and again until `signal` aborts, so that a program always finds one that is good for a new
 * session. Rejects with what `onRenewed` or `onFailed` throws.
 */
export async function renewUntil(
  signal: AbortSignal,
  first: IssuedLogin,
  { ask, onRenewed, onFailed }: LoginRenewal,
): Promise<void> {
  let current = first;
  let pauseMs = pauseBefore(first);
  while (await waited(pauseMs, signal)) {
    const next = await ask().catch((error: unknown) => {
      if (!signal.aborted) onFailed(error);
      return undefined;
    });
    if (next !== undefined && isAnother(next, current)) {
      await onRenewed(next);
      current = next;
    }
    pauseMs = next === undefined ? AFTER_FAILURE_MS : pauseBefore(current);
  }
}

/** Often enough that a renewal, which begins with a third of the lifetime left or earlier, is seen long before the end. */
function pauseBefore({ expiresAt }: IssuedLogin): number {
  if (expiresAt === undefined) return LONGEST_MS;
  return Math.min(Math.max((expiresAt.getTime() - Date.now()) / 6, SHORTEST_MS), LONGEST_MS);
}

function isAnother(one: IssuedLogin, other: IssuedLogin): boolean {
  return one.user !== other.user || one.password.reveal() !== other.password.reveal();
}

/** False when `signal` aborted. */
async function waited(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, signal);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
