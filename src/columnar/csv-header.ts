import { createReadStream } from 'node:fs';
import { ConnectorError } from '../core/errors.ts';
import { decompressed, type InputCompression } from './decompress.ts';

const MAX_HEADER_BYTES = 4 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The first line of a text file, without its end and without a byte order mark. Throws RS_INPUT_INVALID. */
export async function readFirstLine(file: string, compression: InputCompression, signal: AbortSignal): Promise<string> {
  const source = createReadStream(file, { signal });
  const bytes = decompressed(source, compression);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of bytes) {
      const end = chunk.indexOf(NEWLINE);
      chunks.push(end < 0 ? chunk : chunk.subarray(0, end));
      size += chunk.length;
      if (end >= 0 || size > MAX_HEADER_BYTES) break;
    }
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r$/, '');
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof ConnectorError) throw cause;
    throw new ConnectorError('RS_INPUT_INVALID', 'The first line of the file is not CSV text in UTF-8', {
      action: 'Give a CSV file in UTF-8, as it is or compressed by gzip or zstd.',
      cause,
    });
  } finally {
    source.destroy();
  }
}

/** Reads the names in the first line of a CSV file. Throws RS_INPUT_INVALID for a line that is not one whole header. */
export function parseCsvHeader(line: string, delimiter: string): readonly string[] {
  const names: string[] = [];
  let rest = line;
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)"/.exec(rest);
    const name = quoted ? (quoted[1] ?? '').replaceAll('""', '"') : (rest.split(delimiter, 1)[0] ?? '');
    rest = rest.slice(quoted ? quoted[0].length : name.length);
    if (name.startsWith('"') && !quoted) throw invalid('A quote in the first line of the file does not end there');
    if (rest !== '' && !rest.startsWith(delimiter)) throw invalid('The first line of the file is not a CSV header');
    names.push(name);
    if (rest === '') break;
    rest = rest.slice(delimiter.length);
  }
  if (names.some((name) => name.trim() === '')) throw invalid('A column in the first line of the file has no name');
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw invalid(`The file has two columns named ${JSON.stringify(twice)}`);
  return names;
}

function invalid(message: string): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', message, {
    action: 'Give a CSV file whose first line names every column once.',
  });
}
