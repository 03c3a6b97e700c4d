import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import type { BucketRequests } from './bucket-requests.ts';
import { wrongRegion } from './classify.ts';
import type { StagingPlan } from './staging-plan.ts';

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** When S3 took it, ms since the epoch. */
  readonly modifiedMs: number;
  /** Another one for any other content. */
  readonly etag: string;
}

/** An object, and which version of it was found. */
export type FoundObject = Pick<ListedObject, 'key' | 'bytes' | 'etag'>;

export interface UploadedPart {
  readonly PartNumber: number;
  readonly ETag: string;
}

/** One bucket, its owner checked with each call; every failure is a `ConnectorError` that names action and ARN. */
export class Bucket implements Disposable {
  readonly plan: StagingPlan;
  readonly #requests: BucketRequests;

  constructor(requests: BucketRequests) {
    this.plan = requests.plan;
    this.#requests = requests;
  }

  /** Reachable, ours and in the region that the options say. Throws RS_STAGING_DENIED, RS_STAGING_REGION, RS_CONFIG_OBJECT_MISSING. */
  async verify(signal: AbortSignal): Promise<void> {
    const answer = await this.#requests
      .small('s3:ListBucket', undefined, signal, (call) =>
        this.#requests.client.send(new HeadBucketCommand(this.#requests.common), call),
      )
      .catch(async (error: unknown) => {
        throw await this.#inWords(error, signal);
      });
    const { bucket, region } = this.plan;
    if (answer.BucketRegion !== undefined && answer.BucketRegion !== region) {
      throw wrongRegion(bucket, region, answer.BucketRegion, { bucket, region });
    }
  }

  /** S3 refuses a HEAD request without a word, so that region and rights are only the likeliest reasons: a list's refusal has words. */
  async #inWords(refusal: unknown, signal: AbortSignal): Promise<unknown> {
    const isTold = !(refusal instanceof ConnectorError) || refusal.details['bucketRegion'] !== undefined;
    if (isTold || !/^RS_STAGING_(REGION|DENIED)$/.test(refusal.code)) return refusal;
    try {
      await this.list(this.plan.prefix, signal).next();
      return refusal;
    } catch (error) {
      return error;
    }
  }

  /**
   * The bucket's policy as JSON, an empty text where it has none; undefined where it may not be read, which is no failure.
   * Throws the signal's reason only.
   */
  async policy(signal: AbortSignal): Promise<string | undefined> {
    try {
      const command = new GetBucketPolicyCommand(this.#requests.common);
      return (await this.#requests.client.send(command, { abortSignal: signal })).Policy;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error && error.name === 'NoSuchBucketPolicy' ? '' : undefined;
    }
  }

  async put(key: string, body: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#requests.ask('s3:PutObject', key, signal, () =>
      this.#requests.client.send(
        new PutObjectCommand({
          ...this.#requests.common,
          ...this.#requests.encryption,
          Key: key,
          Body: body,
          ContentLength: body.length,
        }),
        { abortSignal: signal },
      ),
    );
  }

  async createUpload(key: string, signal: AbortSignal): Promise<string> {
    const { UploadId } = await this.#requests.small('s3:PutObject', key, signal, (call) =>
      this.#requests.client.send(
        new CreateMultipartUploadCommand({
          ...this.#requests.common,
          ...this.#requests.encryption,
          Key: key,
          ChecksumAlgorithm: 'CRC32',
        }),
        call,
      ),
    );
    return required(UploadId, 'UploadId');
  }

  async putPart(key: string, uploadId: string, number: number, body: Uint8Array, signal: AbortSignal) {
    const answer = await this.#requests.ask('s3:PutObject', key, signal, () =>
      this.#requests.client.send(
        new UploadPartCommand({
          ...this.#requests.common,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          Body: body,
          ContentLength: body.length,
          ChecksumAlgorithm: 'CRC32',
        }),
        { abortSignal: signal },
      ),
    );
    return defined({
      PartNumber: number,
      ETag: required(answer.ETag, 'ETag'),
      ChecksumCRC32: answer.ChecksumCRC32,
    }) satisfies UploadedPart;
  }

  async completeUpload(
    key: string,
    uploadId: string,
    parts: readonly UploadedPart[],
    signal: AbortSignal,
  ): Promise<void> {
    await this.#requests.ask('s3:PutObject', key, signal, () =>
      this.#requests.client.send(
        new CompleteMultipartUploadCommand({
          ...this.#requests.common,
          Key: key,
          UploadId: uploadId,
          MultipartUpload: { Parts: [...parts] },
        }),
        { abortSignal: signal },
      ),
    );
  }

  async abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    await this.#requests.small('s3:AbortMultipartUpload', key, signal, (call) =>
      this.#requests.client.send(
        new AbortMultipartUploadCommand({ ...this.#requests.common, Key: key, UploadId: uploadId }),
        call,
      ),
    );
  }

  /**
   * Bytes of one object, or of a part of it (`first` and `last` inclusive). `etag`: of this version only. The caller reads or
   * destroys the stream.
   */
  async open(
    key: string,
    signal: AbortSignal,
    range?: { readonly first: number; readonly last: number },
    etag?: string,
  ): Promise<Readable> {
    const answer = await this.#requests.ask('s3:GetObject', key, signal, () =>
      this.#requests.client.send(
        new GetObjectCommand({
          ...this.#requests.common,
          Key: key,
          ...(range === undefined ? {} : { Range: `bytes=${range.first}-${range.last}` }),
          ...defined({ IfMatch: etag }),
        }),
        { abortSignal: signal },
      ),
    );
    if (answer.Body instanceof Readable) return answer.Body;
    throw new ConnectorError('RS_INTERNAL', 'The S3 client gave no readable stream');
  }

  /** One object as it is now. Throws RS_CONFIG_OBJECT_MISSING. */
  async find(key: string, signal: AbortSignal): Promise<FoundObject> {
    const answer = await this.#requests.small('s3:GetObject', key, signal, (call) =>
      this.#requests.client.send(new HeadObjectCommand({ ...this.#requests.common, Key: key }), call),
    );
    return { key, bytes: answer.ContentLength ?? 0, etag: required(answer.ETag, 'ETag') };
  }

  /** Size of one object, or `undefined` where there is none. */
  async size(key: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      const answer = await this.#requests.small('s3:GetObject', key, signal, (call) =>
        this.#requests.client.send(new HeadObjectCommand({ ...this.#requests.common, Key: key }), call),
      );
      return answer.ContentLength;
    } catch (error) {
      if (error instanceof ConnectorError && error.code === 'RS_CONFIG_OBJECT_MISSING') return undefined;
      throw error;
    }
  }

  /** ARN of the KMS key that one object is encrypted with, as S3 tells; `undefined` where none is. */
  async keyOf(key: string, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#requests.small('s3:GetObject', key, signal, (call) =>
      this.#requests.client.send(new HeadObjectCommand({ ...this.#requests.common, Key: key }), call),
    );
    return answer.SSEKMSKeyId;
  }

  /** All objects whose key starts with `prefix`, page by page. */
  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
    let token: string | undefined;
    do {
      const page = await this.#requests.small('s3:ListBucket', undefined, signal, (call) =>
        this.#requests.client.send(
          new ListObjectsV2Command({
            ...this.#requests.common,
            Prefix: prefix,
            ...defined({ ContinuationToken: token }),
          }),
          call,
        ),
      );
      for (const { Key, Size, LastModified, ETag = '' } of page.Contents ?? []) {
        // Without a time an object counts as new: then nothing is taken for left behind.
        yield {
          key: required(Key, 'Key'),
          bytes: Size ?? 0,
          modifiedMs: LastModified?.getTime() ?? Infinity,
          etag: ETag,
        };
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /** Deletes up to 1000 keys at once; keys that are gone already count as deleted. */
  async delete(keys: readonly string[], signal: AbortSignal): Promise<void> {
    const answer = await this.#requests.small('s3:DeleteObject', keys[0], signal, (call) =>
      this.#requests.client.send(
        new DeleteObjectsCommand({
          ...this.#requests.common,
          Delete: { Objects: keys.map((Key) => ({ Key })), Quiet: true },
        }),
        call,
      ),
    );
    const [failed] = answer.Errors ?? [];
    if (failed !== undefined) {
      const cause = Object.assign(new Error(failed.Message ?? ''), { name: failed.Code ?? '' });
      throw this.classify(cause, 's3:DeleteObject', failed.Key);
    }
  }

  /** A failure of an action on this bucket, as a `ConnectorError` that names both. */
  classify(cause: unknown, action: string, key?: string): ConnectorError {
    return this.#requests.classify(cause, action, key);
  }

  [Symbol.dispose](): void {
    this.#requests[Symbol.dispose]();
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new ConnectorError('RS_AWS_FAILED', `S3 answered without ${name}`);
  return value;
}
