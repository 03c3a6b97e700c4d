import { type FileHandle, open } from 'node:fs/promises';
import { ConnectorError } from '../core/errors.ts';
import {
  CHUNK,
  FILE,
  type Fields,
  fieldsOf,
  listAt,
  MAGIC,
  META,
  numberAt,
  type ParquetFooter,
  ROW_GROUP,
} from './parquet-footer.ts';
import { chunkRange } from './parquet-parts.ts';
import { readThrift, writeThrift } from './thrift-compact.ts';

const SNAPPY = 1n;
/** More than that is no copy of what the footer says of a column. */
const MAX_COPY_BYTES = 1024 * 1024;
/** What makes a copy the one of its column. */
const TOLD_TWICE = [META.values, META.packedBytes, META.dataPage];

/**
 * Whether the columns lie one behind the other, as Snappy packs them, in the file itself and in the clear, so that each is
 * what its metadata says, and no more. Some writers leave the dictionary's head out of the size: then there is a gap.
 * Others repeat what the footer says of a column behind it: such a gap is read, and is none.
 */
export async function isPlain(path: string, { footer, end }: ParquetFooter, columns: number): Promise<boolean> {
  const groups = listAt(footer, FILE.rowGroups).map(fieldsOf);
  const chunks = groups.flatMap((group) => listAt(group, ROW_GROUP.columns).map(fieldsOf));
  if (groups.some((group) => listAt(group, ROW_GROUP.columns).length !== columns)) return false;
  if (groups.some((group) => numberAt(group, ROW_GROUP.rows) === 0n) || !chunks.every(isInTheClear)) return false;
  const ranges = chunks.map(chunkRange);
  if (ranges[0] !== undefined && ranges[0].first !== MAGIC.length) return false;
  await using file = await open(path);
  for (const [index, chunk] of chunks.entries()) {
    const from = ranges[index]?.end ?? end;
    const to = ranges[index + 1]?.first ?? endOfColumns(chunks, from, end);
    if (to !== from && !(await isCopy(file, from, to, chunk))) return false;
  }
  return true;
}

function isInTheClear(chunk: Fields): boolean {
  const meta = chunk.get(CHUNK.meta);
  if (meta === undefined || chunk.has(CHUNK.path) || chunk.has(CHUNK.crypto)) return false;
  return numberAt(fieldsOf(meta), META.codec) === SNAPPY;
}

/** Behind the last column are indexes and filters, if there are any, then the footer. */
function endOfColumns(chunks: readonly Fields[], from: number, end: number): number {
  const others = chunks.flatMap((chunk) => [
    numberAt(chunk, CHUNK.columnIndex, 0n),
    numberAt(chunk, CHUNK.offsetIndex, 0n),
    numberAt(fieldsOf(chunk.get(CHUNK.meta)), META.bloomFilter, 0n),
  ]);
  return others.map(Number).reduce((least, offset) => (offset >= from ? Math.min(least, offset) : least), end);
}

async function isCopy(file: FileHandle, first: number, end: number, chunk: Fields): Promise<boolean> {
  if (end < first || end - first > MAX_COPY_BYTES) return false;
  const bytes = Buffer.alloc(end - first);
  await file.read(bytes, 0, bytes.length, first);
  try {
    const copy = readThrift(bytes);
    const told = fieldsOf(fieldsOf(copy).get(CHUNK.meta));
    const meta = fieldsOf(chunk.get(CHUNK.meta));
    return writeThrift(copy).equals(bytes) && TOLD_TWICE.every((id) => numberAt(told, id) === numberAt(meta, id));
  } catch (error) {
    if (error instanceof ConnectorError) return false; // something else lies there
    throw error;
  }
}
