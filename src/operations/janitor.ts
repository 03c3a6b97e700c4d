import { invalidField } from '../core/invalid-field.ts';
import type { Run } from '../core/run.ts';
import { MANIFEST } from '../manifest/manifest.gen.ts';
import { openBucket } from '../staging/open-bucket.ts';
import { planStaging } from '../staging/staging-plan.ts';
import { type SweptFolder, sweep } from '../staging/sweep.ts';
import type { Connection } from './connection.ts';

/** What a janitor may delete. */
export interface JanitorSpec {
  /** Only tell what would be deleted. Default false. */
  readonly dryRun?: boolean | undefined;
  /** How long a run must be gone: hours or days, as `24h` (default) or `7d`. */
  readonly olderThan?: string | undefined;
}

/** What a janitor found and did. */
export interface JanitorReport {
  /** `s3://` address of the folder that was looked through. */
  readonly prefix: string;
  readonly dryRun: boolean;
  readonly olderThan: string;
  /** Folders that were deleted, or would have been. */
  readonly swept: number;
  /** Objects and bytes in them. */
  readonly objects: number;
  readonly bytes: number;
  /** Folders that stay. */
  readonly kept: number;
  /** Every folder with its reason: the first thousand. */
  readonly folders: readonly SweptFolder[];
}

const MOST_FOLDERS = 1000;
const HOUR_MS = 3_600_000;

/**
 * Deletes what crashed runs left in the staging bucket, whatever connection they used: only folders that carry a lease of
 * ours, lapsed, and that nobody wrote to since. Throws RS_CONFIG_INVALID, RS_STAGING_DENIED, RS_STAGING_REGION,
 * RS_CONFIG_OBJECT_MISSING.
 */
export async function janitor(
  { access, options }: Pick<Connection, 'access' | 'options'>,
  spec: JanitorSpec,
  run: Run,
): Promise<JanitorReport> {
  const olderThan = spec.olderThan ?? String(MANIFEST.operations['janitor']?.attributes['olderThan']?.default);
  const init = { olderThanMs: durationOf(olderThan), dryRun: spec.dryRun === true };
  const plan = planStaging(options, access.plan.aws);
  using bucket = openBucket(plan, access, run);
  const folders: SweptFolder[] = [];
  const total = { swept: 0, objects: 0, bytes: 0, kept: 0 };
  for await (const folder of sweep(bucket, init, { ...run, clock: access.clock ?? run.clock })) {
    if (folders.length < MOST_FOLDERS) folders.push(folder);
    if (!folder.deleted && !(init.dryRun && folder.verdict === 'sweep')) {
      total.kept += 1;
      continue;
    }
    total.swept += 1;
    total.objects += folder.objects;
    total.bytes += folder.bytes;
    run.publish({ type: 'progress', phase: 'sweep', files: total.objects, bytes: total.bytes });
  }
  return Object.freeze({ prefix: `s3://${plan.bucket}/${plan.prefix}`, ...init, olderThan, ...total, folders });
}

/** In ms. Less than the hour that a lease lasts would promise what the lease forbids. */
function durationOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,3})([hd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * (unit === 'd' ? 24 : 1) * HOUR_MS;
  throw invalidField('olderThan', 'olderThan is no number of hours or days', 'Give it as 24h or 7d.');
}
