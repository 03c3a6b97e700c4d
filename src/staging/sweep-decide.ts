import { LEASE_MS, type Lease } from './lease.ts';

/** One folder below the staging prefix, as it was found. */
export interface FoundFolder {
  /** Last part of its key, without the slash. */
  readonly name: string;
  /** When the youngest object in it was written, by S3; ms since the epoch. */
  readonly youngestMs: number;
  /** `undefined`: there is none. `'foreign'`: an object of that name which no run of ours wrote. */
  readonly lease: Lease | 'foreign' | undefined;
}

/** What becomes of a folder, and why. */
export interface Verdict {
  readonly verdict: 'sweep' | 'keep';
  readonly reason: string;
  readonly runId?: string;
}

/** What a run calls its folder: a day, and 96 random bits. */
const RUN_FOLDER = /^run-\d{4}-\d{2}-\d{2}-[0-9a-f]{24}$/;

/**
 * Whether a folder was left by a run that is gone. It is swept only where everything says so: its name is one that runs
 * give, the lease in it is ours and lapsed, and nothing in it was written for `olderThanMs`. All else is kept.
 */
export function judgeFolder({ name, youngestMs, lease }: FoundFolder, olderThanMs: number, nowMs: number): Verdict {
  const keep = (reason: string): Verdict => ({ verdict: 'keep', reason });
  if (!RUN_FOLDER.test(name)) return keep('its name is not one that a run gives');
  if (lease === undefined) return keep('it has no lease, so nothing proves that a run made it');
  if (lease === 'foreign') return keep('its lease is not one that a run writes');
  const { runId } = lease;
  const inUse = lease.expiresAt >= nowMs || youngestMs + LEASE_MS >= nowMs;
  if (inUse) return { ...keep('its lease holds: a run is using it'), runId };
  const idleMs = nowMs - Math.max(youngestMs, lease.renewedAt);
  if (idleMs < olderThanMs) return { ...keep(`its run has been gone for ${hours(idleMs)} only`), runId };
  return { verdict: 'sweep', reason: `its run has been gone for ${hours(idleMs)}`, runId };
}

function hours(ms: number): string {
  const count = Math.floor(ms / 3_600_000);
  return count === 1 ? '1 hour' : `${count} hours`;
}
