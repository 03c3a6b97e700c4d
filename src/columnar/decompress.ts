import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ConnectorError } from '../core/errors.ts';

export type InputCompression = 'none' | 'gzip' | 'zstd';

/** How a text file is compressed: told by its first bytes, which no text in UTF-8 begins with. */
export async function compressionOf(path: string): Promise<InputCompression> {
  await using file = await open(path);
  const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
  return compressionOfBytes(buffer.subarray(0, bytesRead));
}

/** The same of the first bytes themselves. Throws RS_INPUT_INVALID for zstd that needs too much memory. */
function compressionOfBytes(head: Uint8Array): InputCompression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] !== 0x28 || head[1] !== 0xb5 || head[2] !== 0x2f || head[3] !== 0xfd) return 'none';
  requireWindow(head);
  return 'zstd';
}

/** As many as tell the compression and what it takes to undo it. */
export const HEAD_BYTES = 16;

/** What `zstd` itself takes without being told to: https://datatracker.ietf.org/doc/html/rfc8878#section-3.1.1.1.2 */
const MAX_WINDOW_BYTES = 128 * 1024 * 1024;

function requireWindow(head: Uint8Array): void {
  const isSingleSegment = ((head[4] ?? 0) & 0x20) !== 0;
  const descriptor = head[5] ?? 0;
  const base = 2 ** (10 + (descriptor >> 3));
  if (isSingleSegment || base + (base / 8) * (descriptor & 7) <= MAX_WINDOW_BYTES) return;
  throw new ConnectorError('RS_INPUT_INVALID', 'The file is compressed by zstd with a window of more than 128 MiB', {
    action: 'Compress it again without --long.',
  });
}

/** The bytes of a file before compression. Ends the source on every way out. Throws RS_INPUT_INVALID. */
export async function* decompressed(
  source: Readable,
  compression: InputCompression,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    switch (compression) {
      case 'none':
        yield* source as AsyncIterable<Buffer>;
        return;
      case 'gzip':
        yield* gunzipped(source);
        return;
      case 'zstd':
        yield* unzstd(source);
        return;
    }
  } catch (error) {
    throw isOfData(error) ? damaged(compression, error) : error;
  } finally {
    source.destroy();
  }
}

async function* gunzipped(source: Readable): AsyncGenerator<Buffer, void, undefined> {
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  source.once('error', (error) => gunzip.destroy(error));
  yield* source.pipe(gunzip) as AsyncIterable<Buffer>;
}

/** zlib has zstd from Node 22 on only. */
async function* unzstd(source: Readable): AsyncGenerator<Buffer, void, undefined> {
  const { Decompress } = await import('fzstd');
  const ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => ready.push(chunk));
  for await (const chunk of source) {
    decoder.push(chunk as Buffer);
    for (const one of ready.splice(0)) yield Buffer.from(one.buffer, one.byteOffset, one.length);
  }
  decoder.push(new Uint8Array(0), true);
  for (const one of ready.splice(0)) yield Buffer.from(one.buffer, one.byteOffset, one.length);
}

/** zlib's codes are texts, those of fzstd small numbers. */
function isOfData(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'number' || (typeof code === 'string' && code.startsWith('Z_'));
}

function damaged(compression: InputCompression, cause: unknown): ConnectorError {
  return new ConnectorError(
    'RS_INPUT_INVALID',
    `The file is cut short, or damaged: it is no whole ${compression} file`,
    {
      action: 'Write or copy the file again.',
      details: { compression },
      cause,
    },
  );
}
