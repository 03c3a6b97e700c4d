import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ConnectorError } from '../core/errors.ts';
import { classifyFileError } from '../core/file-error.ts';
import { sleep } from '../core/run.ts';
import type { Bucket, FoundObject } from './bucket.ts';

/** Times that an object is asked for when its bytes break off and no more of them come. */
const ATTEMPTS = 5;
const FIRST_DELAY_MS = 200;

export interface FetchInit {
  readonly bucket: Bucket;
  /** As it was found: bytes of any other version are refused. */
  readonly object: FoundObject;
  readonly signal: AbortSignal;
  /** A body that broke off; the rest is asked for. */
  readonly onSuppressed: (error: unknown) => void;
}

/**
 * Streams an object of a user's into a new local file. Bytes that break off are gone on with where they ended. Throws
 * RS_INPUT_INVALID where the object is another one by now, or gone, and RS_CONFIG_INVALID where the disk is full.
 */
export async function fetchObject(init: FetchInit, path: string): Promise<void> {
  const { bucket, object, signal, onSuppressed } = init;
  await using file = await open(path, 'wx', 0o600);
  let received = 0;
  let failures = 0;
  while (received < object.bytes) {
    const before = received;
    try {
      await using body = await openRest(init, received);
      for await (const chunk of body as AsyncIterable<Buffer>) {
        if (received + chunk.length > object.bytes) throw changed(bucket, object);
        await file.writeFile(chunk);
        received += chunk.length;
        signal.throwIfAborted();
      }
      if (received === before) throw new ConnectorError('RS_CONN_LOST', 'S3 ended its answer without a byte');
    } catch (cause) {
      signal.throwIfAborted();
      const failure = inWords(bucket, object, cause);
      failures = received > before ? 1 : failures + 1;
      if (failure.category !== 'transient' || failures === ATTEMPTS) throw failure;
      onSuppressed(failure);
      await sleep(FIRST_DELAY_MS * 2 ** (failures - 1), signal);
    }
  }
}

async function openRest({ bucket, object, signal }: FetchInit, received: number): Promise<Readable> {
  const range = received === 0 ? undefined : { first: received, last: object.bytes - 1 };
  return bucket.open(object.key, signal, range, object.etag);
}

function inWords(bucket: Bucket, object: FoundObject, cause: unknown): ConnectorError {
  const action = 'Make room in the work directory, or choose another one.';
  const failure = bucket.classify(classifyFileError(cause, 'An object of S3', action), 's3:GetObject', object.key);
  if (failure.details['awsCode'] === 'PreconditionFailed') return changed(bucket, object, failure);
  return failure.code === 'RS_CONFIG_OBJECT_MISSING' ? gone(bucket, object, failure) : failure;
}

function changed({ plan }: Bucket, { key }: FoundObject, cause?: unknown): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', `s3://${plan.bucket}/${key} changed while it was being read`, {
    action: 'Nothing was committed. Write each object once, under a name of its own, and run again.',
    cause,
  });
}

function gone({ plan }: Bucket, { key }: FoundObject, cause: unknown): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', `s3://${plan.bucket}/${key} was there, and is gone`, {
    action: 'Nothing was committed. Keep the objects until the write has ended, and run again.',
    cause,
  });
}
