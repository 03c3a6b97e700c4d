import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { internalFailure } from './refusal.ts';
import type { Compression } from './statement.ts';

/** The file's bytes as they were before compression. Ends the source on every way out. */
export async function* decompress(
  source: Readable,
  compression: Compression,
  url: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    switch (compression) {
      case 'none':
        yield* source;
        return;
      case 'gzip':
        yield* gunzip(source);
        return;
      case 'zstd':
        yield* unzstd(source);
        return;
    }
  } catch (error) {
    if (isDataError(error))
      throw internalFailure(`Error while decompressing ${url}: not a ${compression} file, or cut short`, {
        code: 8001,
      });
    throw error;
  } finally {
    source.destroy();
  }
}

function isDataError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  // zlib's codes are texts, fzstd's are small numbers.
  return typeof code === 'number' || (typeof code === 'string' && /^Z_|^ERR_(ZLIB|BUFFER)/.test(code));
}

async function* unzstd(source: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const { Decompress } = await import('fzstd');
  const ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => ready.push(chunk));
  let isEmpty = true;
  for await (const chunk of source) {
    isEmpty = false;
    decoder.push(chunk);
    yield* ready.splice(0);
  }
  if (!isEmpty) decoder.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}

async function* gunzip(source: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const decoder = createGunzip({ chunkSize: 256 * 1024 });
  source.on('error', (error) => decoder.destroy(error));
  yield* source.pipe(decoder);
}
