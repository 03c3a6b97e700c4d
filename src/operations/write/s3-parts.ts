import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdmittedFile, adoptFile, formOf, type InputFile, lookAtFile } from '../../columnar/input-file.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { abandonOnAbort, type Run } from '../../core/run.ts';
import type { Bucket, FoundObject } from '../../staging/bucket.ts';
import { fetchObject } from '../../staging/fetch-object.ts';
import { openBucket } from '../../staging/open-bucket.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import type { Connection } from '../connection.ts';
import type { EngineForm, InputPart } from './input-part.ts';
import {
  isFileOf,
  isManifest,
  type ManifestEntry,
  readManifest,
  type S3Place,
  s3Address,
  s3Place,
} from './s3-place.ts';

/** More files in one write than anybody means. */
const MOST_FILES = 100_000;
const MAX_MANIFEST_BYTES = 64 * 1024 * 1024;

export interface S3InputInit {
  readonly connection: Connection;
  /** Where objects go on their way to the engine. */
  readonly folder: string;
  readonly form: EngineForm;
  /** Most bytes of one object. */
  readonly spoolBytes: number;
  /** Account that must own the buckets, where that is demanded. */
  readonly bucketOwner: string | undefined;
  readonly run: Run;
}

/** An object that is to be read, and what a manifest says of it. */
interface Wanted extends S3Place {
  readonly bytes?: number;
  readonly rows?: number;
  readonly object?: FoundObject;
}

/**
 * Objects in S3 as files of an input, read with the rights of the staging role. Dispose ends what is still on its way. Every
 * object is read in the version that was found at first.
 */
export class S3Input implements AsyncDisposable {
  readonly #init: S3InputInit;
  readonly #buckets = new Map<string, Bucket>();
  readonly #stop = new AbortController();
  readonly #fetching = new Set<Promise<unknown>>();
  readonly #signal: AbortSignal;

  /** Throws RS_CONFIG_INVALID for an owner that is no account. */
  constructor(init: S3InputInit) {
    if (init.bucketOwner !== undefined && !/^\d{12}$/.test(init.bucketOwner)) {
      throw invalidField('sourceBucketOwner', 'The owner of the source buckets is no account', 'Give 12 digits.');
    }
    this.#init = init;
    this.#signal = AbortSignal.any([init.run.signal, this.#stop.signal]);
  }

  /**
   * The files at an address: an object, those below a folder by their names, or those that a manifest lists. Throws
   * RS_CONFIG_OBJECT_MISSING, RS_CONFIG_FORBIDDEN, RS_CONFIG_INVALID, RS_INPUT_INVALID, RS_STAGING_DENIED, RS_STAGING_REGION.
   */
  async list(address: string): Promise<readonly InputPart[]> {
    const place = s3Place(address);
    const parts: InputPart[] = [];
    for (const wanted of await this.#wantedAt(place)) parts.push(await this.#part(wanted));
    return parts;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error('The input was closed'));
    await Promise.allSettled(this.#fetching);
    for (const bucket of this.#buckets.values()) bucket[Symbol.dispose]();
  }

  async #wantedAt(place: S3Place): Promise<readonly Wanted[]> {
    if (place.key === '' || place.key.endsWith('/')) return this.#below(place);
    if (isManifest(place.key)) return this.#listedIn(place);
    return [place];
  }

  async #below(place: S3Place): Promise<readonly Wanted[]> {
    const { bucket: name, key: folder } = place;
    const found = await this.#ask(place, async (bucket) => {
      const wanted: Wanted[] = [];
      for await (const object of bucket.list(folder, this.#signal)) {
        if (!isFileOf(folder, object.key)) continue;
        if (wanted.length === MOST_FILES) throw tooMany(place);
        wanted.push({ bucket: name, key: object.key, object });
      }
      return wanted;
    });
    if (found.length === 0) throw nothingThere(place);
    return found.toSorted((one, other) => Buffer.compare(Buffer.from(one.key), Buffer.from(other.key)));
  }

  async #listedIn(place: S3Place): Promise<readonly ManifestEntry[]> {
    const name = s3Address(place);
    const text = await this.#ask(place, async (bucket) => {
      const { bytes } = await bucket.find(place.key, this.#signal);
      if (bytes > MAX_MANIFEST_BYTES) throw invalid(`The manifest ${name} is too large`, 'Name the files themselves.');
      await using source = await bucket.open(place.key, this.#signal);
      const chunks: Buffer[] = [];
      for await (const chunk of source) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    });
    const entries = readManifest(text, name);
    if (entries.length === 0) throw nothingThere(place);
    if (entries.length > MOST_FILES) throw tooMany(place);
    return entries;
  }

  async #part({ object: listed, bytes, rows, ...place }: Wanted): Promise<InputPart> {
    const name = s3Address(place);
    const object = listed ?? (await this.#ask(place, (bucket) => bucket.find(place.key, this.#signal)));
    const { form, spoolBytes } = this.#init;
    if (bytes !== undefined && bytes !== object.bytes) {
      throw invalid(
        `${name} has ${object.bytes} bytes, and the manifest says ${bytes}`,
        'Look who has changed it since the manifest was written.',
      );
    }
    if (object.bytes === 0) throw invalid(`${name} is empty`, 'Take it away, or name the files themselves.');
    if (object.bytes > spoolBytes) {
      throw invalidField(
        'spoolMib',
        `${name} has ${object.bytes} bytes, more than may lie in the work directory`,
        'Raise spoolMib, or write smaller objects.',
      );
    }
    formOf(place.key, form); // says at once what its name does not tell
    return this.#partOf(name, place, object, rows);
  }

  #partOf(name: string, place: S3Place, object: FoundObject, rows: number | undefined): InputPart {
    const { folder, form, run } = this.#init;
    const source = { uri: name, version: object.etag };
    let position = 0;
    let fetching: Promise<string> | undefined;
    let opened: InputFile | undefined;
    const fetchedPath = (): string => join(folder, `fetched-${position}`);
    const fetch = (): Promise<string> => {
      fetching ??= this.#follow(this.#fetch(place, object, fetchedPath()));
      return fetching;
    };
    return {
      name,
      source,
      bytesToFetch: object.bytes,
      ...defined({ rows }),
      admit: async (_engine, given) => {
        position = given;
      },
      fetch: () => void fetch(),
      bytes: ({ signal }) => bytesOf(() => abandonOnAbort(fetch(), signal), signal),
      open: async (engine, openRun) => {
        if (opened !== undefined) return opened;
        const path = await abandonOnAbort(fetch(), openRun.signal);
        const file: AdmittedFile = await adoptFile(engine, path, place.key, form, position);
        opened = await lookAtFile(engine, file, run);
        return opened;
      },
      release: async () => {
        await rm(opened?.path ?? fetchedPath(), { force: true });
        opened = undefined;
        fetching = undefined;
      },
    };
  }

  async #fetch({ bucket: name }: S3Place, object: FoundObject, path: string): Promise<string> {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new ConnectorError('RS_INTERNAL', 'A bucket was not opened');
    await rm(path, { force: true });
    const onSuppressed = (error: unknown): void =>
      this.#init.run.publish({
        type: 'suppressed',
        reason: 'Reading an object broke off, and is gone on with',
        message: error instanceof Error ? error.message : String(error),
      });
    await fetchObject({ bucket, object, signal: this.#signal, onSuppressed }, path);
    return path;
  }

  /** A failure is told by whoever opens the part. */
  #follow<T>(work: Promise<T>): Promise<T> {
    this.#fetching.add(work);
    const forget = (): unknown => this.#fetching.delete(work);
    work.then(forget, forget);
    return work;
  }

  /** Asks a bucket, in the region that S3 says it is in. */
  async #ask<T>(place: S3Place, question: (bucket: Bucket) => Promise<T>): Promise<T> {
    this.#init.connection.checkSource?.(place);
    const known = this.#buckets.get(place.bucket);
    const bucket = known ?? this.#open(place.bucket);
    try {
      return await question(bucket);
    } catch (error) {
      const region = error instanceof ConnectorError ? error.details['bucketRegion'] : undefined;
      if (known !== undefined || typeof region !== 'string') throw missing(place, error);
      bucket[Symbol.dispose]();
      try {
        return await question(this.#open(place.bucket, region));
      } catch (second) {
        throw missing(place, second);
      }
    }
  }

  #open(name: string, otherRegion?: string): Bucket {
    const { connection, run, bucketOwner } = this.#init;
    if (!connection.options.useStaging) {
      throw invalidField(
        'useStaging',
        'Objects in S3 are read with the rights of the staging role, and staging is off',
        'Set useStaging to true, or bring the files here first.',
      );
    }
    const {
      expectedOwner: stagingOwner,
      region,
      ...plan
    } = planStaging(connection.options, connection.access.plan.aws);
    const expectedOwner = bucketOwner ?? (name === plan.bucket ? stagingOwner : undefined);
    const opened = { ...plan, bucket: name, region: otherRegion ?? region, ...defined({ expectedOwner }) };
    const bucket = openBucket(opened, connection.access, run);
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

async function* bytesOf(path: () => Promise<string>, signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
  yield* createReadStream(await path(), { highWaterMark: 1024 * 1024, signal }) as AsyncIterable<Buffer>;
}

function missing(place: S3Place, error: unknown): unknown {
  if (!(error instanceof ConnectorError) || error.code !== 'RS_CONFIG_OBJECT_MISSING') return error;
  return new ConnectorError(error.code, `${s3Address(place)} does not exist`, {
    action: 'Check the bucket and the key; a folder ends with a slash.',
    details: error.details,
    cause: error,
  });
}

function nothingThere(place: S3Place): ConnectorError {
  return new ConnectorError('RS_CONFIG_OBJECT_MISSING', `There are no files at ${s3Address(place)}`, {
    action: 'Check the folder. Objects whose names begin with _ or a dot, and lists of files, do not count.',
  });
}

function tooMany(place: S3Place): ConnectorError {
  return invalid(`There are more than ${MOST_FILES} files at ${s3Address(place)}`, 'Load them folder by folder.');
}

function invalid(message: string, action: string): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', message, { action });
}
