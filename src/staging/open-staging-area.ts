import type { Run } from '../core/run.ts';
import { type StagingAccess, StagingArea } from './staging-area.ts';
import { planStaging, type StagingAws, type StagingOptions } from './staging-plan.ts';
import { sweepOnStart } from './sweep-on-start.ts';

/**
 * Opens the run's own folder in the staging bucket, or the one that an earlier attempt of it has left. Whoever opens it
 * disposes it.
 * Throws RS_CONFIG_INVALID, RS_STAGING_DENIED, RS_STAGING_REGION, RS_CONFIG_OBJECT_MISSING.
 */
export async function openStagingArea(
  access: StagingAccess & { readonly plan: { readonly aws: StagingAws } },
  options: StagingOptions,
  run: Run,
  folderName?: string,
): Promise<StagingArea> {
  const plan = planStaging(options, access.plan.aws);
  await sweepOnStart(plan, access, run);
  return StagingArea.open(plan, access, run, folderName);
}
