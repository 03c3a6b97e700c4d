import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import type { AwsClock } from '../core/aws-clock.ts';
import type { Run } from '../core/run.ts';
import type { Bucket } from './bucket.ts';
import type { HttpSettings } from './bucket-requests.ts';
import type { StagingCredentials } from './credentials.ts';
import { download } from './download.ts';
import { LEASE_MS, LEASE_NAME, renderLease } from './lease.ts';
import { renderManifest } from './manifest.ts';
import { openBucket } from './open-bucket.ts';
import { readObject } from './read-object.ts';
import type { StagedFile } from './staged-file.ts';
import type { StagingPlan } from './staging-plan.ts';
import { upload } from './upload.ts';

/** Where staging gets its credentials; asked before each request, so it caches and renews them. */
export interface StagingAccess {
  staging(run: Run, request?: { readonly rejected?: StagingCredentials }): Promise<StagingCredentials>;
  /** AWS's time. Default: the run's clock. */
  readonly clock?: AwsClock;
  /** How the S3 client connects: through the proxy, if there is one. Default: directly. */
  awsHandler?(): HttpSettings;
}

/** A manifest that lies in S3, with the digest of its text. */
export interface StagedManifest extends StagedFile {
  readonly sha256: string;
}

/** Longest time that deleting may take on the way out. */
const CLEANUP_MS = 60_000;
const DELETE_AT_ONCE = 1000;

/**
 * One random folder in the staging bucket, for one run. Everything in it vanishes on dispose, whether the run ended
 * well, failed or was aborted, unless `keep` was called; nothing outside it is ever touched. Dispose never throws.
 */
export class StagingArea implements AsyncDisposable {
  readonly bucketName: string;
  /** Key of the folder, `/` at its end. */
  readonly folder: string;
  /** The unguessable last part of the folder's name: finds this run's files in the load-error views. */
  readonly folderName: string;
  readonly region: string;
  readonly #bucket: Bucket;
  readonly #run: Run;
  readonly #keys = new Set<string>();
  readonly #active = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  /** The run's, or the end of this area. */
  readonly #signal: AbortSignal;
  #renewal: NodeJS.Timeout | undefined;
  #kept = false;
  #closed: Promise<boolean> | undefined;

  private constructor(bucket: Bucket, run: Run, folderName: string | undefined) {
    const { plan } = bucket;
    this.folderName =
      folderName ?? `run-${new Date(run.clock.now()).toISOString().slice(0, 10)}-${randomBytes(12).toString('hex')}`;
    this.folder = `${plan.prefix}${this.folderName}/`;
    this.bucketName = plan.bucket;
    this.region = plan.region;
    this.#bucket = bucket;
    this.#run = run;
    this.#signal = AbortSignal.any([run.signal, this.#closing.signal]);
    setMaxListeners(0, this.#signal);
  }

  /**
   * Verifies the bucket and puts the lease. `folderName`: that of a run before, whose files are still needed. Throws
   * RS_STAGING_DENIED, RS_STAGING_REGION, RS_CONFIG_OBJECT_MISSING.
   */
  static async open(plan: StagingPlan, access: StagingAccess, run: Run, folderName?: string): Promise<StagingArea> {
    const bucket = openBucket(plan, access, run);
    const area = new StagingArea(bucket, { ...run, clock: access.clock ?? run.clock }, folderName);
    try {
      await area.verify();
      await area.#renewLease();
      area.#renewal = setInterval(() => void area.#renewLease().catch(area.#suppress), LEASE_MS / 3).unref();
      return area;
    } catch (error) {
      await area[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `s3://` address of a name in the folder. */
  url(name = ''): string {
    return `s3://${this.bucketName}/${this.#key(name)}`;
  }

  /** Asks again whether the bucket is there, ours and in its region: due before each COPY and UNLOAD. */
  async verify(): Promise<void> {
    await this.#bucket.verify(this.#signal);
  }

  /** Streams bytes into a new object, no faster than S3 takes them. */
  async put(name: string, source: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void): Promise<StagedFile> {
    const key = this.#key(name);
    this.#keys.add(key);
    const bytes = await this.#track(
      upload(
        {
          bucket: this.#bucket,
          key,
          signal: this.#signal,
          openCleanupSignal: () => AbortSignal.timeout(CLEANUP_MS),
          onSuppressed: this.#suppress,
          ...(onBytes === undefined ? {} : { onBytes }),
        },
        source,
      ),
    );
    return { name, url: this.url(name), bytes };
  }

  /** Uploads a local file. */
  async putFile(name: string, path: string, onBytes?: (bytes: number) => void): Promise<StagedFile> {
    await using source = createReadStream(path, { highWaterMark: 1024 * 1024 });
    return await this.put(name, source, onBytes);
  }

  async putManifest(name: string, files: readonly StagedFile[]): Promise<StagedManifest> {
    const { text, sha256 } = renderManifest(files);
    const key = this.#key(name);
    const body = Buffer.from(text);
    this.#keys.add(key);
    await this.#track(this.#bucket.put(key, body, this.#signal));
    return { name, url: this.url(name), bytes: body.length, sha256 };
  }

  /** Bytes of an object, or of a range of it (both ends inclusive). Read it to its end or destroy it; do not let it rest. */
  async open(name: string, range?: { readonly first: number; readonly last: number }): Promise<Readable> {
    return await this.#bucket.open(this.#key(name), this.#signal, range);
  }

  /** A small object, whole; bytes that break off are asked for again. */
  async read(name: string): Promise<Buffer> {
    return await readObject(this.#bucket, this.#key(name), this.#signal);
  }

  /** Streams an object of so many bytes into a local file, over what is there; bytes that break off are asked for again. */
  async getFile(name: string, path: string, maxBytes: number, signal: AbortSignal): Promise<void> {
    await download(
      {
        bucket: this.#bucket,
        key: this.#key(name),
        signal: AbortSignal.any([this.#signal, signal]),
        maxBytes,
        onSuppressed: this.#suppress,
      },
      path,
    );
  }

  /** Size in bytes, or `undefined` where there is no such object. */
  async size(name: string): Promise<number | undefined> {
    return await this.#bucket.size(this.#key(name), this.#signal);
  }

  /** ARN of the KMS key that a file is encrypted with, as S3 tells; `undefined` where none is. */
  async keyOf(name: string): Promise<string | undefined> {
    return await this.#bucket.keyOf(this.#key(name), this.#signal);
  }

  /** What lies in the folder below `name`, the lease left out. */
  async *list(name = ''): AsyncGenerator<StagedFile, void, undefined> {
    for await (const { key, bytes } of this.#bucket.list(this.#key(name), this.#signal)) {
      const found = key.slice(this.folder.length);
      if (found !== LEASE_NAME) yield { name: found, url: this.url(found), bytes };
    }
  }

  /** Leaves the files in S3 when the area closes: a COMMIT whose outcome is unknown may need them. */
  keep(): void {
    this.#kept = true;
  }

  /** Deletes the folder unless it is kept; idempotent. False when objects may be left: a warning then says where. */
  close(): Promise<boolean> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<boolean> {
    clearInterval(this.#renewal);
    this.#closing.abort(new Error('The staging area was closed'));
    await Promise.allSettled(this.#active);
    using _bucket = this.#bucket;
    if (this.#kept) return true;
    try {
      await this.#deleteAll(AbortSignal.timeout(CLEANUP_MS));
      return true;
    } catch (error) {
      this.#suppress(error);
      this.#run.publish({
        type: 'warning',
        code: 'STAGED_FILES_LEFT',
        message: `Staged files may be left below ${this.url()}`,
      });
      return false;
    }
  }

  /** Lists the folder, so that files which Redshift wrote go too; without the right to list, what we put goes. */
  async #deleteAll(signal: AbortSignal): Promise<void> {
    if (this.#keys.size === 0) return;
    const keys = new Set(this.#keys);
    let unlisted: unknown;
    try {
      for await (const { key } of this.#bucket.list(this.folder, signal)) keys.add(key);
    } catch (error) {
      unlisted = error;
    }
    // The lease last: should this break off, it still tells whose the rest is.
    const lease = this.#key(LEASE_NAME);
    const all = [...keys].filter((key) => key.startsWith(this.folder) && key !== lease);
    all.push(lease);
    for (let start = 0; start < all.length; start += DELETE_AT_ONCE) {
      await this.#bucket.delete(all.slice(start, start + DELETE_AT_ONCE), signal);
    }
    if (unlisted !== undefined) throw unlisted;
  }

  async #renewLease(): Promise<void> {
    const key = this.#key(LEASE_NAME);
    this.#keys.add(key);
    const body = Buffer.from(renderLease(this.#run.runId, this.#run.clock.now()));
    await this.#track(this.#bucket.put(key, body, this.#signal));
  }

  #key(name: string): string {
    return `${this.folder}${name}`;
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#active.add(work);
    const forget = (): unknown => this.#active.delete(work);
    work.then(forget, forget);
    return work;
  }

  readonly #suppress = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    this.#run.publish({ type: 'suppressed', reason: 'working in the staging area', message });
  };
}
