import type { Agent as HttpAgent } from 'node:http';
import type { Agent } from 'node:https';
import { S3Client } from '@aws-sdk/client-s3';
import { type AwsClock, watchAwsClock } from '../core/aws-clock.ts';
import { defined } from '../core/defined.ts';
import type { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { classifyStagingError } from './classify.ts';
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

/** How much longer than a small call a socket that moves data may stay silent: a minute, unless told otherwise. */
const SILENCE_FACTOR = 6;
const ATTEMPTS = 5;

/** When a small call ends: by the caller, and by the limit of each attempt. */
interface SmallCall {
  readonly abortSignal: AbortSignal;
  /** In ms. */
  readonly requestTimeout: number;
}

/** How one bucket is asked: the client, what each command says of the bucket, limits of time, failures in words. */
export class BucketRequests implements Disposable {
  readonly plan: StagingPlan;
  readonly client: S3Client;
  /** Of every command. */
  readonly common: { readonly Bucket: string; readonly ExpectedBucketOwner?: string };
  /** Of every command that makes an object. */
  readonly encryption: { readonly ServerSideEncryption?: 'aws:kms'; readonly SSEKMSKeyId?: string };
  readonly #provider: StagingProvider;

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
    this.common = defined({ Bucket: plan.bucket, ExpectedBucketOwner: plan.expectedOwner });
    this.encryption =
      plan.kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: plan.kmsKeyId };
    this.client = new S3Client({
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
    if (clock !== undefined) watchAwsClock(this.client, clock);
    if (publish !== undefined) {
      tellRequests(this.client, publish, (cause, action) => this.classify(cause, `s3:${action}`).code);
    }
  }

  /** A failure of an action on this bucket, as a `ConnectorError` that names both. */
  classify(cause: unknown, action: string, key?: string): ConnectorError {
    const { bucket, region, partition, expectedOwner } = this.plan;
    const resource = `arn:${partition}:s3:::${bucket}${key === undefined ? '' : `/${key}`}`;
    return classifyStagingError(cause, defined({ action, resource, bucket, region, expectedOwner }));
  }

  [Symbol.dispose](): void {
    this.client.destroy();
  }

  /** A request without a body to speak of: each attempt is bounded in time, and all of them together. */
  small<T>(
    action: string,
    key: string | undefined,
    signal: AbortSignal,
    send: (call: SmallCall) => Promise<T>,
  ): Promise<T> {
    const { timeoutMs } = this.plan;
    const limit = AbortSignal.timeout(timeoutMs * (ATTEMPTS + 1)); // with the pauses between attempts
    return this.ask(action, key, signal, async () => {
      try {
        return await send({ abortSignal: AbortSignal.any([signal, limit]), requestTimeout: timeoutMs });
      } catch (cause) {
        if (!limit.aborted) throw cause;
        throw Object.assign(new Error('No answer in time', { cause }), { name: 'TimeoutError' });
      }
    });
  }

  /** Any request: once more with other credentials where AWS refused those, and failures classified. */
  async ask<T>(action: string, key: string | undefined, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    try {
      return await onceMoreWithOthers(this.#provider, signal, send);
    } catch (cause) {
      signal.throwIfAborted();
      throw this.classify(cause, action, key);
    }
  }
}
