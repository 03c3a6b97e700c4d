import { buffer } from 'node:stream/consumers';
import { sleep } from '../core/run.ts';
import type { Bucket } from './bucket.ts';

/** Times that one object is asked for when its bytes break off. */
const ATTEMPTS = 4;
const FIRST_DELAY_MS = 200;

/**
 * A small object, or its first bytes, in memory. The client tries a request again, but not a body that breaks off midway:
 * that is done here. Fails with `ConnectorError` only, or the signal's reason.
 */
export async function readObject(bucket: Bucket, key: string, signal: AbortSignal, maxBytes?: number): Promise<Buffer> {
  const range = maxBytes === undefined ? undefined : { first: 0, last: maxBytes - 1 };
  for (let attempt = 1; ; attempt += 1) {
    const source = await bucket.open(key, signal, range);
    try {
      return await buffer(source);
    } catch (cause) {
      signal.throwIfAborted();
      const failure = bucket.classify(cause, 's3:GetObject', key);
      if (failure.category !== 'transient' || attempt === ATTEMPTS) throw failure;
      await sleep(FIRST_DELAY_MS * 2 ** (attempt - 1), signal);
    }
  }
}
