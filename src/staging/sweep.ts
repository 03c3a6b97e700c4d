import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import type { Bucket, ListedObject } from './bucket.ts';
import { LEASE_NAME, type Lease, MAX_LEASE_BYTES, readLease } from './lease.ts';
import { readObject } from './read-object.ts';
import { judgeFolder, type Verdict } from './sweep-decide.ts';

/** How to sweep. */
export interface SweepInit {
  /** Longest time that a folder of a run that is gone stays. */
  readonly olderThanMs: number;
  /** Only tell what would be deleted. */
  readonly dryRun: boolean;
}

/** One folder that was looked at. */
export interface SweptFolder extends Verdict {
  /** `s3://` address. */
  readonly url: string;
  readonly objects: number;
  readonly bytes: number;
  /** When the youngest object in it was written; ISO 8601. */
  readonly writtenAt: string;
  /** Whether it is gone now; false in a dry run. */
  readonly deleted: boolean;
}

/** A folder with its objects; never more of them than `MOST_OBJECTS` at once. */
interface Folder {
  readonly name: string;
  readonly objects: readonly ListedObject[];
}

const DELETE_AT_ONCE = 1000;
/** Keys that are held in memory of one folder: what is beyond them goes with the next sweep. */
const MOST_OBJECTS = 100_000;

/**
 * Looks at every folder below the staging prefix, and deletes those that runs left which are gone for certain. A folder is
 * looked at once more, its lease read again, right before it is deleted, and its lease goes last, so that a sweep that
 * breaks off is finished by the next one. Throws RS_STAGING_DENIED, RS_STAGING_REGION, RS_CONFIG_OBJECT_MISSING.
 */
export async function* sweep(bucket: Bucket, init: SweepInit, run: Run): AsyncGenerator<SweptFolder, void, undefined> {
  await bucket.verify(run.signal);
  for await (const folder of foldersOf(bucket, run.signal)) {
    const verdict = await judge(bucket, folder, init, run);
    const deleted = verdict.verdict === 'sweep' && !init.dryRun && (await sweepFolder(bucket, folder.name, init, run));
    const { objects } = folder;
    yield {
      url: `s3://${bucket.plan.bucket}/${bucket.plan.prefix}${folder.name}/`,
      ...verdict,
      objects: objects.length,
      bytes: objects.reduce((sum, { bytes }) => sum + bytes, 0),
      writtenAt: new Date(youngestOf(folder)).toISOString(),
      deleted,
    };
  }
}

/** S3 lists keys in order, so the objects of a folder come together. What lies right below the prefix is in no folder. */
async function* foldersOf(bucket: Bucket, signal: AbortSignal): AsyncGenerator<Folder, void, undefined> {
  const { prefix } = bucket.plan;
  let name: string | undefined;
  let objects: ListedObject[] = [];
  for await (const object of bucket.list(prefix, signal)) {
    const [first = '', ...rest] = object.key.slice(prefix.length).split('/');
    if (rest.length === 0) continue;
    if (first !== name) {
      if (name !== undefined) yield { name, objects };
      [name, objects] = [first, []];
    }
    if (objects.length < MOST_OBJECTS) objects.push(object);
  }
  if (name !== undefined) yield { name, objects };
}

async function judge(bucket: Bucket, folder: Folder, { olderThanMs }: SweepInit, run: Run): Promise<Verdict> {
  const lease = await leaseOf(bucket, folder, run.signal);
  return judgeFolder({ name: folder.name, youngestMs: youngestOf(folder), lease }, olderThanMs, run.clock.now());
}

async function leaseOf(
  bucket: Bucket,
  { name, objects }: Folder,
  signal: AbortSignal,
): Promise<Lease | 'foreign' | undefined> {
  const key = `${bucket.plan.prefix}${name}/${LEASE_NAME}`;
  const found = objects.find((object) => object.key === key);
  if (found === undefined) return undefined;
  if (found.bytes === 0 || found.bytes > MAX_LEASE_BYTES) return 'foreign';
  try {
    const content = await readObject(bucket, key, signal, MAX_LEASE_BYTES);
    return readLease(content.toString('utf8')) ?? 'foreign';
  } catch (error) {
    // Its run ended since it was listed.
    if (error instanceof ConnectorError && error.code === 'RS_CONFIG_OBJECT_MISSING') return undefined;
    throw error;
  }
}

function youngestOf({ objects }: Folder): number {
  return objects.reduce((youngest, { modifiedMs }) => Math.max(youngest, modifiedMs), 0);
}

/** Looks again, then deletes what was seen then; false where somebody came back to it. */
async function sweepFolder(bucket: Bucket, name: string, init: SweepInit, run: Run): Promise<boolean> {
  const objects: ListedObject[] = [];
  const folder = `${bucket.plan.prefix}${name}/`;
  for await (const object of bucket.list(folder, run.signal)) if (objects.length < MOST_OBJECTS) objects.push(object);
  if ((await judge(bucket, { name, objects }, init, run)).verdict === 'keep') return false;
  const lease = `${folder}${LEASE_NAME}`;
  const keys = objects.map(({ key }) => key).filter((key) => key !== lease && key.startsWith(folder));
  for (let start = 0; start < keys.length; start += DELETE_AT_ONCE) {
    await bucket.delete(keys.slice(start, start + DELETE_AT_ONCE), run.signal);
  }
  if (objects.length < MOST_OBJECTS) await bucket.delete([lease], run.signal);
  return true;
}
