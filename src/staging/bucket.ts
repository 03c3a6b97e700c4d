import type { Agent as HttpAgent } from 'node:http';
import type { Agent } from 'node:https';
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
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { type AwsClock, watchAwsClock } from '../core/aws-clock.ts';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { classifyStagingError, wrongRegion } from './classify.ts';
import { onceMoreWithOthers, revealFor, type StagingProvider } from './credentials.ts';
import type { StagingPlan } from './staging-plan.ts';
import { tellRequests } from './tell-requests.ts';

/** How connections are made, as the SDK's request handler takes it. */
export interface HttpSettings {
  /** In ms. */
  readonly connectionTimeout: number;
  readonly httpAgent?: HttpAgent;
  readonly httpsAgent?: Agent;
}

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

/** How much longer than a small call a socket that moves data may stay silent: a minute, unless told otherwise. */
const SILENCE_FACTOR = 6;
const ATTEMPTS = 5;

/** When a small call ends: by the caller, and by the limit of each attempt. */
interface SmallCall {
  readonly abortSignal: AbortSignal;
  /** In ms. */
  readonly requestTimeout: number;
}

/** One bucket, its owner checked with each call; every failure is a `ConnectorError` that names action and ARN. */
export class Bucket implements Disposable {
  readonly plan: StagingPlan;
  readonly #client: S3Client;
  readonly #provider: StagingProvider;
  readonly #common: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };
  readonly #encryption: { readonly ServerSideEncryption?: 'aws:kms'; readonly SSEKMSKeyId?: string };

  /** `clock`: signs requests by it, and reads AWS's time from the answers into it. `publish` hears of each request. */
  constructor(
    plan: StagingPlan,
    provider: StagingProvider,
    clock?: AwsClock,
    http?: HttpSettings,
    publish?: Run['publish'],
  ) {
    this.plan = plan;
    this.#provider = provider;
    this.#common = defined({ Bucket: plan.bucket, ExpectedBucketOwner: plan.expectedOwner });
    this.#encryption =
      plan.kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: plan.kmsKeyId };
    this.#client = new S3Client({
      region: plan.region,
      credentials: async () => revealFor(await provider()),
      maxAttempts: ATTEMPTS,
      // With an address of our own there is no bucket name in front of it.
      ...(plan.endpoint === undefined ? {} : { endpoint: plan.endpoint, forcePathStyle: true }),
      followRegionRedirects: false,
      // Waiting for "100 Continue" costs a connection per part.
      expectContinueHeader: false,
      requestHandler: {
        connectionTimeout: plan.timeoutMs,
        ...http,
        socketTimeout: SILENCE_FACTOR * plan.timeoutMs,
        throwOnRequestTimeout: true,
      },
    });
    if (clock !== undefined) watchAwsClock(this.#client, clock);
    if (publish !== undefined) {
      tellRequests(this.#client, publish, (cause, action) => this.classify(cause, `s3:${action}`).code);
    }
  }

  /** Reachable, ours and in the region that the options say. Throws RS_STAGING_DENIED, RS_STAGING_REGION, RS_CONFIG_OBJECT_MISSING. */
  async verify(signal: AbortSignal): Promise<void> {
    const answer = await this.#small('s3:ListBucket', undefined, signal, (call) =>
      this.#client.send(new HeadBucketCommand(this.#common), call),
    ).catch(async (error: unknown) => {
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
      const command = new GetBucketPolicyCommand(this.#common);
      return (await this.#client.send(command, { abortSignal: signal })).Policy;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error && error.name === 'NoSuchBucketPolicy' ? '' : undefined;
    }
  }

  async put(key: string, body: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.#ask('s3:PutObject', key, signal, () =>
      this.#client.send(
        new PutObjectCommand({
          ...this.#common,
          ...this.#encryption,
          Key: key,
          Body: body,
          ContentLength: body.length,
        }),
        { abortSignal: signal },
      ),
    );
  }

  async createUpload(key: string, signal: AbortSignal): Promise<string> {
    const { UploadId } = await this.#small('s3:PutObject', key, signal, (call) =>
      this.#client.send(
        new CreateMultipartUploadCommand({
          ...this.#common,
          ...this.#encryption,
          Key: key,
          ChecksumAlgorithm: 'CRC32',
        }),
        call,
      ),
    );
    return required(UploadId, 'UploadId');
  }

  async putPart(key: string, uploadId: string, number: number, body: Uint8Array, signal: AbortSignal) {
    const answer = await this.#ask('s3:PutObject', key, signal, () =>
      this.#client.send(
        new UploadPartCommand({
          ...this.#common,
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
    await this.#ask('s3:PutObject', key, signal, () =>
      this.#client.send(
        new CompleteMultipartUploadCommand({
          ...this.#common,
          Key: key,
          UploadId: uploadId,
          MultipartUpload: { Parts: [...parts] },
        }),
        { abortSignal: signal },
      ),
    );
  }

  async abortUpload(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    await this.#small('s3:AbortMultipartUpload', key, signal, (call) =>
      this.#client.send(new AbortMultipartUploadCommand({ ...this.#common, Key: key, UploadId: uploadId }), call),
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
    const answer = await this.#ask('s3:GetObject', key, signal, () =>
      this.#client.send(
        new GetObjectCommand({
          ...this.#common,
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
    const answer = await this.#small('s3:GetObject', key, signal, (call) =>
      this.#client.send(new HeadObjectCommand({ ...this.#common, Key: key }), call),
    );
    return { key, bytes: answer.ContentLength ?? 0, etag: required(answer.ETag, 'ETag') };
  }

  /** Size of one object, or `undefined` where there is none. */
  async size(key: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      const answer = await this.#small('s3:GetObject', key, signal, (call) =>
        this.#client.send(new HeadObjectCommand({ ...this.#common, Key: key }), call),
      );
      return answer.ContentLength;
    } catch (error) {
      if (error instanceof ConnectorError && error.code === 'RS_CONFIG_OBJECT_MISSING') return undefined;
      throw error;
    }
  }

  /** ARN of the KMS key that one object is encrypted with, as S3 tells; `undefined` where none is. */
  async keyOf(key: string, signal: AbortSignal): Promise<string | undefined> {
    const answer = await this.#small('s3:GetObject', key, signal, (call) =>
      this.#client.send(new HeadObjectCommand({ ...this.#common, Key: key }), call),
    );
    return answer.SSEKMSKeyId;
  }

  /** All objects whose key starts with `prefix`, page by page. */
  async *list(prefix: string, signal: AbortSignal): AsyncGenerator<ListedObject, void, undefined> {
    let token: string | undefined;
    do {
      const page = await this.#small('s3:ListBucket', undefined, signal, (call) =>
        this.#client.send(
          new ListObjectsV2Command({ ...this.#common, Prefix: prefix, ...defined({ ContinuationToken: token }) }),
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
    const answer = await this.#small('s3:DeleteObject', keys[0], signal, (call) =>
      this.#client.send(
        new DeleteObjectsCommand({
          ...this.#common,
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
    const { bucket, region, partition, expectedOwner } = this.plan;
    const resource = `arn:${partition}:s3:::${bucket}${key === undefined ? '' : `/${key}`}`;
    return classifyStagingError(cause, defined({ action, resource, bucket, region, expectedOwner }));
  }

  [Symbol.dispose](): void {
    this.#client.destroy();
  }

  /** A request without a body to speak of: each attempt is bounded in time, and all of them together. */
  #small<T>(
    action: string,
    key: string | undefined,
    signal: AbortSignal,
    send: (call: SmallCall) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.plan;
    const limit = AbortSignal.timeout(timeoutMs * (ATTEMPTS + 1)); // with the pauses between attempts
    return this.#ask(action, key, signal, async () => {
      try {
        return await send({ abortSignal: AbortSignal.any([signal, limit]), requestTimeout: timeoutMs });
      } catch (cause) {
        if (!limit.aborted) throw cause;
        throw Object.assign(new Error('No answer in time', { cause }), { name: 'TimeoutError' });
      }
    });
  }

  async #ask<T>(action: string, key: string | undefined, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await onceMoreWithOthers(this.#provider, signal, send);
    } catch (cause) {
      signal.throwIfAborted();
      throw this.classify(cause, action, key);
    }
  }
}

function required(value: string | undefined, name: string): string {
  if (value === undefined) throw new ConnectorError('RS_AWS_FAILED', `S3 answered without ${name}`);
  return value;
}
