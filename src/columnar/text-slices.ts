import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { ConnectorError } from '../core/errors.ts';
import { classifyFileError } from '../core/file-error.ts';
import { decompressed, type InputCompression } from './decompress.ts';

/** Where records of a text file end. */
export type RecordRule =
  /** At each newline. */
  | 'lines'
  /** At each newline outside double quotes. */
  | 'quoted';

export interface SliceOptions {
  readonly rule: RecordRule;
  readonly compression: InputCompression;
  /** Changes the text on its way, after decompression. */
  readonly rewrite?: (bytes: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
  /** A slice ends with the first record that reaches it. */
  readonly sliceBytes: () => number;
  /** The engine passes over a longer record without a word: it is refused here. */
  readonly maxRecordBytes: number;
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
 * the one before. Throws RS_INPUT_INVALID for a record longer than `maxRecordBytes`, RS_CONFIG_INVALID where `path` cannot be written.
 */
export async function* sliceText(
  source: string,
  path: string,
  { rule, compression, rewrite = (bytes) => bytes, sliceBytes, maxRecordBytes, signal }: SliceOptions,
): AsyncGenerator<TextSlice, void, undefined> {
  const file = createReadStream(source, { highWaterMark: 1024 * 1024, signal });
  let slice = await written(open(path, 'w', 0o600));
  let size = 0;
  let records = 0;
  let recordsInAll = 0;
  let recordBytes = 0; // of the record that is under way, in the chunks before
  let inQuotes = false;
  const bound = (bytes: number): void => {
    if (bytes > maxRecordBytes) throw tooLong(recordsInAll + 1, maxRecordBytes, rule);
  };
  try {
    for await (const chunk of rewrite(decompressed(file, compression))) {
      let start = 0;
      let recordStart = 0;
      for (let index = 0; index < chunk.length; index += 1) {
        const byte = chunk[index];
        if (byte === QUOTE && rule === 'quoted') inQuotes = !inQuotes;
        if (byte !== NEWLINE || inQuotes) continue;
        bound(recordBytes + index - recordStart);
        records += 1;
        recordsInAll += 1;
        recordBytes = 0;
        recordStart = index + 1;
        if (size + index + 1 - start < sliceBytes()) continue;
        await written(slice.writeFile(chunk.subarray(start, index + 1)));
        await slice.close();
        yield { bytes: size + index + 1 - start, records };
        slice = await written(open(path, 'w', 0o600));
        size = 0;
        records = 0;
        start = index + 1;
      }
      recordBytes += chunk.length - recordStart;
      bound(recordBytes);
      await written(slice.writeFile(chunk.subarray(start)));
      size += chunk.length - start;
    }
  } finally {
    file.destroy();
    await slice.close();
  }
  if (size > 0) yield { bytes: size, records };
}

async function written<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw classifyFileError(error, 'A part of the input', 'Make room in the work directory, or choose another one.');
  }
}

function tooLong(record: number, maxRecordBytes: number, rule: RecordRule): ConnectorError {
  const mebibytes = maxRecordBytes / 2 ** 20;
  return new ConnectorError('RS_INPUT_INVALID', `Line ${record} is longer than ${mebibytes} MiB`, {
    action: rule === 'quoted' ? 'Look for a quote that does not end, or shorten the line.' : 'Shorten the line.',
    details: { line: record, maxBytes: maxRecordBytes },
  });
}
