import { type FileHandle, open } from 'node:fs/promises';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ConnectorError } from '../core/errors.ts';
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
  /** Most bytes that are taken: an object that lies about its size must not fill the disk. */
  readonly maxBytes: number;
  /** A body that broke off and is asked for again. */
  readonly onSuppressed: (error: unknown) => void;
}

/**
 * Streams an object into a local file, over what is there. The client tries a request again, but not a body that breaks
 * off midway: that is done here. Throws RS_CONFIG_INVALID where the file cannot be written, RS_COUNT_MISMATCH for an
 * object of more than `maxBytes`.
 */
export async function download(init: DownloadInit, path: string): Promise<void> {
  const { bucket, key, signal, maxBytes, onSuppressed } = init;
  for (let attempt = 1; ; attempt += 1) {
    // The file is there before any byte: a body that fails at once must not end before its file has begun.
    const file = await openTarget(init, path);
    const body = await openBody(init, file);
    try {
      await pipeline(body, limitedTo(maxBytes), file.createWriteStream(), { signal });
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

async function openTarget({ bucket, key }: DownloadInit, path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w', 0o600);
  } catch (cause) {
    throw asFailure(bucket, key, cause);
  }
}

async function openBody({ bucket, key, signal }: DownloadInit, file: FileHandle): Promise<Readable> {
  try {
    return await bucket.open(key, signal);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function limitedTo(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= maxBytes) done(null, chunk);
      else done(tooLarge(maxBytes));
    },
  });
}

function tooLarge(maxBytes: number): ConnectorError {
  return new ConnectorError('RS_COUNT_MISMATCH', 'A staged file is larger than its manifest says', {
    action: 'Read again; if it happens twice, somebody else writes into the staging folder.',
    details: { expectedBytes: maxBytes },
  });
}

function asFailure(bucket: Bucket, key: string, cause: unknown): ConnectorError {
  const action = 'Make room in the work directory, or choose another one.';
  return bucket.classify(classifyFileError(cause, 'A staged file', action), 's3:GetObject', key);
}
