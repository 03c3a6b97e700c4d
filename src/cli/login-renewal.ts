import { sleep } from '../core/run.ts';
import type { IssuedLogin } from '../operations/login.ts';

const SHORTEST_MS = 200;
const LONGEST_MS = 15_000;
/** After a failure, and twice as long after each next one: AWS was asked more than once for it already. */
const AFTER_FAILURE_MS = 10_000;
const LONGEST_AFTER_FAILURE_MS = 300_000;

export interface LoginRenewal {
  /** The connector's, which renews ahead of the end and gives the same login until then. */
  readonly ask: () => Promise<IssuedLogin>;
  readonly onRenewed: (login: IssuedLogin) => Promise<void>;
  /** The login in hand has ended, there is no other, and this is how often in a row. Throws to give up. */
  readonly onFailed: (error: unknown, times: number) => void;
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
  let failures = 0;
  while (await waited(failures === 0 ? pauseBefore(current) : pauseAfter(failures), signal)) {
    const next = await ask().catch((error: unknown) => {
      failures += 1;
      if (!signal.aborted) onFailed(error, failures);
      return undefined;
    });
    if (next === undefined) continue;
    failures = 0;
    if (!isAnother(next, current)) continue;
    await onRenewed(next);
    current = next;
  }
}

function pauseAfter(failures: number): number {
  return Math.min(AFTER_FAILURE_MS * 2 ** (failures - 1), LONGEST_AFTER_FAILURE_MS);
}

/** Often enough that a renewal, which begins with a third of the lifetime left or earlier, is seen long before the end. */
function pauseBefore({ expiresAt }: IssuedLogin): number {
  const remainingMs = expiresAt === undefined ? LONGEST_MS : expiresAt.getTime() - Date.now();
  // One that seems to have ended when it comes was given by another clock than ours, which is no reason to hurry.
  return remainingMs <= 0 ? LONGEST_MS : Math.min(Math.max(remainingMs / 6, SHORTEST_MS), LONGEST_MS);
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
