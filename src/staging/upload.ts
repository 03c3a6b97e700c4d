import { abandonOnAbort } from '../core/run.ts';
import type { Bucket, UploadedPart } from './bucket.ts';

/** What the parts of one upload have in common. */
export interface UploadInit {
  readonly bucket: Bucket;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Signal for cleaning up after a failure, when `signal` may be aborted already. */
  readonly openCleanupSignal: () => AbortSignal;
  /** Called with the size of each piece that has arrived in S3. */
  readonly onBytes?: (bytes: number) => void;
  /** A failure to clean up, which must not hide the first one. */
  readonly onSuppressed?: (error: unknown) => void;
}

const PART_BYTES = 8 * 1024 * 1024;
const PARTS_IN_FLIGHT = 2;

/**
 * Streams `source` into one object and returns its size. Holds three parts of 8 MiB at most; the source is pulled no
 * faster than S3 takes. When it fails nothing is left in S3 and nothing runs on: the parts are waited for, the upload
 * is aborted there. (lib-storage's `Upload` returns on abort while parts are still being sent.)
 */
export async function upload(init: UploadInit, source: AsyncIterable<Uint8Array>): Promise<number> {
  const { bucket, key, signal, onBytes } = init;
  const buffers = openBufferPool();
  const parts = cutIntoParts(source, buffers.take);
  try {
    const first = await abandonOnAbort(parts.next(), signal);
    const head = first.done ? Buffer.alloc(0) : first.value;
    if (head.length === PART_BYTES) return await uploadParts(init, head, parts, buffers.give);
    await bucket.put(key, head, signal);
    onBytes?.(head.length);
    return head.length;
  } finally {
    // Not awaited: a source that is waiting for its own rows ends when its owner stops it, not sooner.
    parts.return().catch((error: unknown) => init.onSuppressed?.(error));
  }
}

async function uploadParts(
  init: UploadInit,
  head: Buffer,
  rest: AsyncGenerator<Buffer, void, undefined>,
  give: (buffer: Buffer) => void,
): Promise<number> {
  const { bucket, key, onBytes } = init;
  const siblings = new AbortController();
  const signal = AbortSignal.any([init.signal, siblings.signal]);
  const uploadId = await bucket.createUpload(key, init.signal);
  const inFlight = new Set<Promise<void>>();
  const done: UploadedPart[] = [];
  let bytes = 0;

  const send = async (body: Buffer, number: number): Promise<void> => {
    done.push(await bucket.putPart(key, uploadId, number, body, signal));
    onBytes?.(body.length);
    give(body);
  };
  const start = (body: Buffer, number: number): void => {
    bytes += body.length;
    const part = send(body, number).finally(() => inFlight.delete(part));
    part.catch((error: unknown) => siblings.abort(error)); // the others stop; the loop below meets the failure
    inFlight.add(part);
  };

  try {
    let number = 1;
    start(head, number);
    for (;;) {
      const next = await abandonOnAbort(rest.next(), signal);
      if (next.done === true) break;
      if (inFlight.size >= PARTS_IN_FLIGHT) await Promise.race(inFlight);
      signal.throwIfAborted();
      number += 1;
      start(next.value, number);
    }
    await Promise.all(inFlight);
    signal.throwIfAborted();
    done.sort((left, right) => left.PartNumber - right.PartNumber);
    await bucket.completeUpload(key, uploadId, done, init.signal);
    return bytes;
  } catch (error) {
    siblings.abort(error);
    await Promise.allSettled(inFlight);
    await bucket
      .abortUpload(key, uploadId, init.openCleanupSignal())
      .catch((later: unknown) => init.onSuppressed?.(later));
    init.signal.throwIfAborted();
    throw siblings.signal.reason ?? error;
  }
}

/** The same bytes in pieces of exactly PART_BYTES; only the last may be smaller. */
async function* cutIntoParts(
  source: AsyncIterable<Uint8Array>,
  take: () => Buffer,
): AsyncGenerator<Buffer, void, undefined> {
  let part = take();
  let filled = 0;
  for await (const chunk of source) {
    let offset = 0;
    while (offset < chunk.length) {
      const length = Math.min(PART_BYTES - filled, chunk.length - offset);
      part.set(chunk.subarray(offset, offset + length), filled);
      filled += length;
      offset += length;
      if (filled === PART_BYTES) {
        yield part;
        part = take();
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}

/** Buffers that were sent are filled again: a load of any size allocates the same few. */
function openBufferPool() {
  const idle: Buffer[] = [];
  return {
    take: (): Buffer => idle.pop() ?? Buffer.allocUnsafeSlow(PART_BYTES),
    give: (buffer: Buffer): void => {
      if (buffer.length === PART_BYTES) idle.push(buffer);
    },
  };
}
