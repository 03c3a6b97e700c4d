import { rm } from 'node:fs/promises';
import type { WorldClock } from '../clock.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import type { BucketAccess, BucketRecord } from './access.ts';
import type { ObjectEncryption } from './encryption.ts';
import { type WrittenBody, writeBody } from './files.ts';
import { pageOf } from './listing.ts';
import { createUploadRegistry, type Upload, type UploadPart } from './multipart.ts';
import { createObjectIndex, type ObjectIndex, type StoredObject } from './object-index.ts';
import {
  type BodyCheck,
  type BucketStore,
  type GetOptions,
  type ObjectInfo,
  S3Refusal,
  type StoreCaller,
} from './store.ts';

/** The store with all that the S3 endpoint asks beside: multipart uploads and the list of buckets. */
export interface FileStore extends BucketStore {
  buckets(caller: StoreCaller): readonly BucketRecord[];
  location(caller: StoreCaller, bucket: string): string;
  /** Throws `NoSuchBucketPolicy` where there is none. */
  policy(caller: StoreCaller, bucket: string): string;
  /** Absent: the policy is deleted. */
  setPolicy(caller: StoreCaller, bucket: string, policy?: PolicyDocument): void;
  openUpload(caller: StoreCaller, bucket: string, key: string, headers: Readonly<Record<string, string>>): Upload;
  putPart(
    caller: StoreCaller,
    at: { readonly bucket: string; readonly key: string; readonly uploadId: string; readonly number: number },
    body: AsyncIterable<Uint8Array>,
    check?: BodyCheck,
  ): Promise<UploadPart>;
  completeUpload(
    caller: StoreCaller,
    at: { readonly bucket: string; readonly key: string; readonly uploadId: string },
    parts: readonly { readonly number: number; readonly etag: string }[],
  ): Promise<ObjectInfo>;
  abortUpload(caller: StoreCaller, bucket: string, key: string, uploadId: string): Promise<void>;
  parts(caller: StoreCaller, bucket: string, key: string, uploadId: string): readonly UploadPart[];
  uploads(caller: StoreCaller, bucket: string, prefix: string): readonly Upload[];
}

function byteRange(size: number, range: NonNullable<GetOptions['range']>): { start: number; end: number } {
  const start = range.suffix === undefined ? (range.start ?? 0) : Math.max(size - range.suffix, 0);
  const end = Math.min(range.suffix === undefined ? (range.end ?? size - 1) : size - 1, size - 1);
  if (start > end || start >= size) {
    throw new S3Refusal('InvalidRange', 416, 'The requested range is not satisfiable', {
      ActualObjectSize: String(size),
    });
  }
  return { start, end };
}

const names = (list: string, etag: string): boolean =>
  list.split(',').some((tag) => tag.trim() === '*' || tag.trim().replaceAll('"', '') === etag.replaceAll('"', ''));

function checkPreconditions(object: ObjectInfo, { ifMatch, ifNoneMatch }: GetOptions): void {
  if (ifMatch !== undefined && !names(ifMatch, object.etag)) {
    throw new S3Refusal('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold', {
      Condition: 'If-Match',
    });
  }
  if (ifNoneMatch !== undefined && names(ifNoneMatch, object.etag)) {
    throw new S3Refusal('NotModified', 304, 'Not Modified');
  }
}

function checkKey(key: string): void {
  if (key === '') throw new S3Refusal('InvalidArgument', 400, 'An object needs a key');
  if (Buffer.byteLength(key) > 1024) throw new S3Refusal('KeyTooLongError', 400, 'Your key is too long');
}

export function createFileStore(
  folder: string,
  access: BucketAccess,
  encryption: ObjectEncryption,
  clock: WorldClock,
  onError: (error: unknown) => void,
): FileStore {
  const indexes = new Map<string, ObjectIndex>();
  const uploads = createUploadRegistry();
  const now = (): Date => new Date(clock.now());

  const indexOf = ({ name }: BucketRecord): ObjectIndex => {
    const existing = indexes.get(name);
    if (existing) return existing;
    const index = createObjectIndex(onError);
    indexes.set(name, index);
    return index;
  };

  const find = (
    caller: StoreCaller,
    bucket: string,
    key: string,
    options: GetOptions,
  ): { record: BucketRecord; index: ObjectIndex; object: StoredObject } => {
    const record = access.bucket(caller, bucket);
    access.demand(caller, record, 's3:GetObject', key);
    const index = indexOf(record);
    const object = index.get(key);
    if (!object) {
      // Without the right to list, S3 does not even say that a key is not there.
      access.demand(caller, record, 's3:ListBucket');
      throw new S3Refusal('NoSuchKey', 404, 'The specified key does not exist.', { Key: key });
    }
    checkPreconditions(object, options);
    return { record, index, object };
  };

  const checked = async (written: WrittenBody, check: BodyCheck | undefined): Promise<WrittenBody> => {
    try {
      check?.verify(written);
      return written;
    } catch (error) {
      await rm(written.segment.path, { force: true });
      throw error;
    }
  };

  const refuseIfPresent = (index: ObjectIndex, key: string): void => {
    if (!index.get(key)) return;
    throw new S3Refusal('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold', {
      Condition: 'If-None-Match',
    });
  };

  const writable = (caller: StoreCaller, bucket: string, key: string, action: string): BucketRecord => {
    const record = access.bucket(caller, bucket);
    access.demand(caller, record, action, key);
    checkKey(key);
    return record;
  };

  return {
    buckets: (caller) => access.own(caller),
    location: (caller, bucket) => {
      const { region: _anyRegion, ...anywhere } = caller;
      const record = access.bucket(anywhere, bucket);
      access.demand(caller, record, 's3:GetBucketLocation');
      return record.region;
    },
    policy: (caller, bucket) => {
      const record = access.bucket(caller, bucket);
      access.demand(caller, record, 's3:GetBucketPolicy');
      const policy = access.policy(record);
      if (policy !== undefined) return policy;
      throw new S3Refusal('NoSuchBucketPolicy', 404, 'The bucket policy does not exist', { BucketName: bucket });
    },
    setPolicy: (caller, bucket, policy) => {
      const record = access.bucket(caller, bucket);
      access.demand(caller, record, policy === undefined ? 's3:DeleteBucketPolicy' : 's3:PutBucketPolicy');
      access.setPolicy(record, policy);
    },
    headBucket: async (caller, bucket) => {
      const record = access.bucket(caller, bucket);
      const { region, owner } = record;
      if (access.allows(caller, record, 's3:ListBucket')) return { region, owner };
      throw new S3Refusal('AccessDenied', 403, 'Access Denied', { Region: region }); // even then S3 says where it is
    },
    head: async (caller, bucket, key, options = {}) => find(caller, bucket, key, options).object,
    get: async (caller, bucket, key, options = {}) => {
      const { record, index, object } = find(caller, bucket, key, options);
      encryption.open(caller, record, key, object.headers);
      const range = options.range && byteRange(object.size, options.range);
      const { start, end } = range ?? { start: 0, end: object.size - 1 };
      return { ...object, ...(range && { range }), body: index.read(object, start, end) };
    },
    put: async (caller, bucket, key, body, { headers: sent = {}, onlyIfAbsent = false, check } = {}) => {
      const record = writable(caller, bucket, key, 's3:PutObject');
      const sealed = encryption.seal(caller, record, key, sent);
      const index = indexOf(record);
      if (onlyIfAbsent) refuseIfPresent(index, key);
      const written = await checked(await writeBody(folder, body, check?.digests), check);
      if (onlyIfAbsent && index.get(key)) {
        await rm(written.segment.path, { force: true });
        refuseIfPresent(index, key);
      }
      const { segment, size, md5 } = written;
      const headers = { ...sent, ...sealed }; // what a trailer told is there by now
      const object = { key, size, etag: `"${md5}"`, lastModified: now(), headers, segments: [segment] };
      await index.set(object);
      return object;
    },
    list: async (caller, bucket, options = {}) => {
      const record = access.bucket(caller, bucket);
      access.demand(caller, record, 's3:ListBucket', undefined, {
        's3:prefix': options.prefix,
        's3:delimiter': options.delimiter,
        's3:max-keys': options.maxKeys,
      });
      const index = indexOf(record);
      const page = pageOf(index.keys(), options);
      if (!page) throw new S3Refusal('InvalidArgument', 400, 'The continuation token provided is incorrect');
      const { keys, commonPrefixes, isTruncated, next } = page;
      const objects = keys.map((key) => index.get(key)).filter((object) => object !== undefined);
      return { objects, commonPrefixes, isTruncated, ...(next !== undefined && { next }) };
    },
    delete: async (caller, bucket, key) => {
      const record = writable(caller, bucket, key, 's3:DeleteObject');
      await indexOf(record).remove(key);
    },
    openUpload: (caller, bucket, key, headers) => {
      const record = writable(caller, bucket, key, 's3:PutObject');
      return uploads.open(bucket, key, encryption.seal(caller, record, key, headers), now());
    },
    putPart: async (caller, { bucket, key, uploadId, number }, body, check) => {
      const record = writable(caller, bucket, key, 's3:PutObject');
      const upload = uploads.find(bucket, key, uploadId);
      encryption.open(caller, record, key, upload.headers); // S3 reads parts again when it puts them together
      const written = await checked(await writeBody(folder, body, check?.digests), check);
      return uploads.addPart(upload, number, written, now());
    },
    completeUpload: async (caller, { bucket, key, uploadId }, parts) => {
      const record = writable(caller, bucket, key, 's3:PutObject');
      const upload = uploads.find(bucket, key, uploadId);
      const { segments, etag } = await uploads.complete(upload, parts);
      const size = segments.reduce((sum, segment) => sum + segment.size, 0);
      const object = { key, size, etag, lastModified: now(), headers: upload.headers, segments };
      await indexOf(record).set(object);
      return object;
    },
    abortUpload: async (caller, bucket, key, uploadId) => {
      writable(caller, bucket, key, 's3:AbortMultipartUpload');
      await uploads.abort(uploads.find(bucket, key, uploadId));
    },
    parts: (caller, bucket, key, uploadId) => {
      writable(caller, bucket, key, 's3:ListMultipartUploadParts');
      return [...uploads.find(bucket, key, uploadId).parts.values()].sort((a, b) => a.number - b.number);
    },
    uploads: (caller, bucket, prefix) => {
      const record = access.bucket(caller, bucket);
      access.demand(caller, record, 's3:ListBucketMultipartUploads');
      return uploads.list(bucket, prefix);
    },
  };
}
