import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';

/** Where records of a text file end. */
export type RecordRule =
  /** At each newline. */
  | 'lines'
  /** At each newline outside double quotes. */
  | 'quoted';

export interface SliceOptions {
  readonly rule: RecordRule;
  readonly gzip: boolean;
  /** Changes the text on its way, after decompression. */
  readonly rewrite?: (bytes: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
  /** A slice ends with the first record that reaches it. */
  readonly sliceBytes: () => number;
  readonly signal: AbortSignal;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

/** One of the files that a text file was cut into. */
export interface TextSlice {
  readonly bytes: number;
  /** Records: a line each, unless values hold newlines. */
  readonly records: number;
}

/**
 * Cuts a text file into files of whole records at `path`, one at a time: each is written when it is asked for, over
 * the one before.
 */
export async function* sliceText(
  source: string,
  path: string,
  { rule, gzip, rewrite = (bytes) => bytes, sliceBytes, signal }: SliceOptions,
): AsyncGenerator<TextSlice, void, undefined> {
  const file = createReadStream(source, { highWaterMark: 1024 * 1024, signal });
  const gunzip = gzip ? file.pipe(createGunzip()) : undefined;
  file.once('error', (error) => gunzip?.destroy(error));
  let slice = await open(path, 'w', 0o600);
  let size = 0;
  let records = 0;
  let inQuotes = false;
  try {
    for await (const chunk of rewrite(gunzip ?? file)) {
      let start = 0;
      for (let index = 0; index < chunk.length; index += 1) {
        const byte = chunk[index];
        if (byte === QUOTE && rule === 'quoted') inQuotes = !inQuotes;
        if (byte !== NEWLINE || inQuotes) continue;
        records += 1;
        if (size + index + 1 - start < sliceBytes()) continue;
        await slice.writeFile(chunk.subarray(start, index + 1));
        await slice.close();
        yield { bytes: size + index + 1 - start, records };
        slice = await open(path, 'w', 0o600);
        size = 0;
        records = 0;
        start = index + 1;
      }
      await slice.writeFile(chunk.subarray(start));
      size += chunk.length - start;
    }
  } finally {
    file.destroy();
    await slice.close();
  }
  if (size > 0) yield { bytes: size, records };
}
