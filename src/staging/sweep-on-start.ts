import type { Run } from '../core/run.ts';
import { openBucket } from './open-bucket.ts';
import type { StagingAccess } from './staging-area.ts';
import type { StagingPlan } from './staging-plan.ts';
import { sweep } from './sweep.ts';

const OLDER_THAN_MS = 24 * 60 * 60_000;
/** Longest time that a run waits for it. */
const LIMIT_MS = 30_000;

const swept = new WeakSet<StagingAccess>();

/**
 * Deletes what runs left that are gone for a day, the first time that a connection stages something. Never throws but for
 * an abort of the run: what it does not get done goes out as a `suppressed` event.
 */
export async function sweepOnStart(plan: StagingPlan, access: StagingAccess, run: Run): Promise<void> {
  if (plan.sweepOnStart !== true || swept.has(access)) return;
  swept.add(access);
  try {
    using bucket = openBucket(plan, access, run);
    const limited: Run = {
      ...run,
      signal: AbortSignal.any([run.signal, AbortSignal.timeout(LIMIT_MS)]),
      clock: access.clock ?? run.clock,
    };
    for await (const { deleted, url, reason } of sweep(
      bucket,
      { olderThanMs: OLDER_THAN_MS, dryRun: false },
      limited,
    )) {
      if (deleted) run.publish({ type: 'warning', code: 'STAGED_FILES_SWEPT', message: `Deleted ${url}: ${reason}` });
    }
  } catch (error) {
    run.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    run.publish({ type: 'suppressed', reason: 'deleting what runs before have left', message });
  }
}
