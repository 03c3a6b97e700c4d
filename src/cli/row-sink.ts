import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { classifyFileError } from '../core/file-error.ts';

/** Who reads our output has left (`| head`): no failure of ours, and no more to do. */
export class ReaderLeft extends Error {
  override readonly name = 'ReaderLeft';
}

/**
 * Writes text to standard output no faster than its reader takes it. The source is always left in order: it has cleaned up
 * when this returns. Throws `ReaderLeft`, RS_CONFIG_INVALID, the signal's reason.
 */
export async function writeToStandardOutput(
  texts: AsyncIterable<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  await writeAll(texts, process.stdout, 'Standard output', signal);
}

async function writeAll(
  texts: AsyncIterable<string | Uint8Array>,
  stream: Writable,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  let failure: unknown;
  const onError = (error: unknown): void => {
    failure ??= error;
    stop.abort(error);
  };
  stream.on('error', onError);
  const either = AbortSignal.any([signal, stop.signal]);
  try {
    for await (const text of texts) {
      if (failure !== undefined) break;
      if (!stream.write(text)) await once(stream, 'drain', { signal: either }).catch(() => undefined);
      signal.throwIfAborted();
      if (failure !== undefined) break;
    }
    // What was written last may still be on its way, or be refused.
    if (failure === undefined) await flushed(stream);
  } finally {
    stream.off('error', onError);
  }
  if (failure !== undefined) throw unwritable(failure, what);
}

function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve());
  });
}

function unwritable(error: unknown, what: string): unknown {
  if (error instanceof Error && 'code' in error && error.code === 'EPIPE') return new ReaderLeft('The reader has left');
  return classifyFileError(error, what, 'Choose a file that you may write, on a disk with room.');
}
