import { gzipSync } from 'node:zlib';
import type { ExportForm } from '../../columnar/export-file.ts';

/** The line of names, compressed as the file is: by itself, so that pieces of rows can follow it. */
export function csvHeader(names: readonly string[], { delimiter, nullMarker, compression }: ExportForm): Buffer {
  const quoted = names.map((name) => {
    const isPlain = name !== '' && name !== nullMarker && !/["\r\n]|^\s|\s$/.test(name) && !name.includes(delimiter);
    return isPlain ? name : `"${name.replaceAll('"', '""')}"`;
  });
  const line = Buffer.from(`${quoted.join(delimiter)}\n`);
  if (compression === 'gzip') return gzipSync(line);
  return compression === 'zstd' ? storedFrame(line) : line;
}

const MAX_BLOCK_BYTES = 64 * 1024;

/** A frame of Zstandard that stores its bytes as they are: https://www.rfc-editor.org/rfc/rfc8878#section-3.1 */
function storedFrame(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  // One segment, its size told in four bytes.
  const chunks: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0]), size];
  for (let start = 0; start < bytes.length; start += MAX_BLOCK_BYTES) {
    const block = bytes.subarray(start, start + MAX_BLOCK_BYTES);
    const isLast = start + MAX_BLOCK_BYTES >= bytes.length;
    const head = Buffer.alloc(3);
    head.writeUIntLE((block.length << 3) | (isLast ? 1 : 0), 0, 3);
    chunks.push(head, block);
  }
  return Buffer.concat(chunks);
}
