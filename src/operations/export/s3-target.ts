import { randomBytes } from 'node:crypto';
import { ConnectorError } from '../../core/errors.ts';
import { abandonOnAbort, type Run } from '../../core/run.ts';
import type { Bucket } from '../../staging/bucket.ts';
import { openBucket } from '../../staging/open-bucket.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import { upload } from '../../staging/upload.ts';
import type { Connection } from '../connection.ts';
import { type ExportTarget, keptFileGone, numbered } from './export-target.ts';

const CLEANUP_MS = 60_000;
const DELETE_AT_ONCE = 1000;

export interface S3TargetInit {
  readonly bucket: string;
  /** A key; or a folder, ending with a slash or empty, for which the names are ours. */
  readonly key: string;
  readonly isSplit: boolean;
  readonly replace: boolean;
  /** Of the names that are ours: `.csv.gz`. */
  readonly extension: string;
  /** Of a run that may go on: its names are the same in each attempt. */
  readonly resumeKey?: string | undefined;
}

/**
 * Objects in S3, with the rights of the staging role and under the options of the staging bucket (region, encryption); its
 * owner is checked where it is the same bucket. An object appears when it is complete; after a failure those of this run
 * go. In a folder the names are new ones, and what was there goes, if it may, only when all are complete.
 * Throws RS_CONFIG_INVALID, RS_STAGING_DENIED, RS_STAGING_REGION, RS_CONFIG_OBJECT_MISSING.
 */
export async function openS3Target(
  connection: Connection,
  { bucket: name, key, isSplit, replace, extension, resumeKey }: S3TargetInit,
  run: Run,
): Promise<ExportTarget> {
  const staging = planStaging(connection.options, connection.access.plan.aws);
  const { expectedOwner, ...others } = staging;
  const isStaging = name === staging.bucket;
  const plan = { ...others, bucket: name, ...(isStaging && expectedOwner !== undefined ? { expectedOwner } : {}) };
  const bucket = openBucket(plan, connection.access, run);
  const isFolder = key === '' || key.endsWith('/');
  try {
    const isNumbered = isFolder || isSplit;
    const id = resumeKey?.slice(0, 8) ?? randomBytes(4).toString('hex');
    const { first, exported } = await find(bucket, key, { isNumbered, ownId: id }, run);
    if (first !== undefined && !replace) throw isThere(name, first);
    const target = isFolder ? `${key}part-${id}${extension}` : isSplit ? withId(key, id) : key;
    return openTarget(bucket, { target, isNumbered, before: exported, isReplaced: first !== undefined }, run);
  } catch (error) {
    bucket[Symbol.dispose]();
    throw error;
  }
}

interface TargetInit {
  readonly target: string;
  readonly isNumbered: boolean;
  /** What goes once all is complete. */
  readonly before: readonly string[];
  readonly isReplaced: boolean;
}

function openTarget(bucket: Bucket, { target, isNumbered, before, isReplaced }: TargetInit, run: Run): ExportTarget {
  const made: string[] = [];
  let isCommitted = false;
  let isKept = false;
  const address = (key: string): string => `s3://${bucket.plan.bucket}/${key}`;
  const suppressed = (error: unknown): void =>
    run.publish({
      type: 'suppressed',
      reason: 'An incomplete upload may be left',
      message: error instanceof Error ? error.message : String(error),
    });
  return {
    open: (number) => {
      const key = isNumbered ? numbered(target, number) : target;
      return {
        file: address(key),
        consume: async (bytes) => {
          const openCleanupSignal = (): AbortSignal => AbortSignal.timeout(CLEANUP_MS);
          await upload({ bucket, key, signal: run.signal, openCleanupSignal, onSuppressed: suppressed }, bytes);
          made.push(key);
        },
      };
    },
    adopt: async (sizes) => {
      for (const [index, bytes] of sizes.entries()) {
        const key = numbered(target, index + 1);
        if ((await bucket.size(key, run.signal)) !== bytes) throw keptFileGone(address(key));
        made.push(key);
      }
    },
    keep: () => {
      isKept = true;
    },
    commit: async () => {
      isCommitted = true;
      await remove(bucket, before, run.signal);
    },
    note: async (suffix, text) => {
      const key = `${target.slice(0, target.lastIndexOf('/') + 1)}${suffix}`;
      await bucket.put(key, Buffer.from(text), run.signal);
      return address(key);
    },
    [Symbol.asyncDispose]: async () => {
      try {
        // A complete object that took another one's place stays: without it nothing would be left.
        const stays = isCommitted || (isKept && isNumbered) || (isReplaced && !isNumbered);
        if (!stays) await remove(bucket, made, AbortSignal.timeout(CLEANUP_MS));
      } catch (error) {
        suppressed(error);
      } finally {
        bucket[Symbol.dispose]();
      }
    },
  };
}

interface Found {
  /** One key that is there, if any. */
  readonly first: string | undefined;
  /** Those that an export made: what else lies there is not ours to replace. */
  readonly exported: readonly string[];
}

async function find(
  bucket: Bucket,
  key: string,
  { isNumbered, ownId }: { readonly isNumbered: boolean; readonly ownId: string },
  { signal }: Run,
): Promise<Found> {
  if (!isNumbered) {
    const first = (await bucket.size(key, signal)) === undefined ? undefined : key;
    return { first, exported: [] };
  }
  const isFolder = key === '' || key.endsWith('/');
  const [stem = '', extension = ''] = isFolder ? [`${key}part`, ''] : numbered(key, 0).split('-00000');
  const exported: string[] = [];
  let first: string | undefined;
  for await (const { key: one } of bucket.list(isFolder ? key : `${stem}-`, signal)) {
    if (one === key) continue; // the marker of a folder
    const isOurs =
      one.startsWith(stem) && one.endsWith(extension) && /^-[0-9a-f]{8}-\d{5,}(?:\.|$)/.test(one.slice(stem.length));
    if (isOurs && one.startsWith(`${stem}-${ownId}-`)) continue; // of an earlier attempt of this run
    first ??= one;
    if (isOurs || (isFolder && one === `${key}_manifest.json`)) exported.push(one);
  }
  return { first, exported };
}

async function remove(bucket: Bucket, keys: readonly string[], signal: AbortSignal): Promise<void> {
  for (let start = 0; start < keys.length; start += DELETE_AT_ONCE) {
    await abandonOnAbort(bucket.delete(keys.slice(start, start + DELETE_AT_ONCE), signal), signal);
  }
}

function withId(key: string, id: string): string {
  return numbered(key, 0).replace('-00000', `-${id}`);
}

function isThere(bucket: string, key: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `There is something at s3://${bucket}/${key} already`, {
    action: 'Choose another place, or set replace.',
  });
}
