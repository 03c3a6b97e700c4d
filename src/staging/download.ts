import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { ConnectorError } from '../core/errors.ts';
import { classifyFileError } from '../core/file-error.ts';
import { sleep } from '../core/run.ts';
import type { Bucket } from './bucket.ts';

/** Times that one object is asked for when its bytes break off. */
const ATTEMPTS = 4;
const FIRST_DELAY_MS = 200;

/** What the parts of one download have in common. */
export interface DownloadInit {
  readonly bucket: Bucket;
  readonly key: string;
  readonly signal: AbortSignal;
  /** A body that broke off and is asked for again. */
  readonly onSuppressed: (error: unknown) => void;
}

/**
 * Streams an object into a local file, over what is there. The client tries a request again, but not a body that breaks
 * off midway: that is done here. Throws RS_CONFIG_INVALID where the file cannot be written.
 */
export async function download({ bucket, key, signal, onSuppressed }: DownloadInit, path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const body = await bucket.open(key, signal);
    try {
      await pipeline(body, createWriteStream(path, { mode: 0o600 }), { signal });
      return;
    } catch (cause) {
      signal.throwIfAborted();
      const failure = asFailure(bucket, key, cause);
      if (failure.category !== 'transient' || attempt === ATTEMPTS) throw failure;
      onSuppressed(failure);
      await sleep(FIRST_DELAY_MS * 2 ** (attempt - 1), signal);
    }
  }
}

function asFailure(bucket: Bucket, key: string, cause: unknown): ConnectorError {
  const action = 'Make room in the work directory, or choose another one.';
  return bucket.classify(classifyFileError(cause, 'A staged file', action), 's3:GetObject', key);
}
