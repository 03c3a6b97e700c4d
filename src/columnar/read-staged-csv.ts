import { readFile, rm, writeFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import type { DuckDBDataChunk } from '@duckdb/node-api';
import type { Run } from '../core/run.ts';
import { duckText } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { Batch } from '../types/batch.ts';
import type { SupportedField } from '../types/field.ts';
import { type BatchOptions, batchesOf, stagedColumn } from './chunk-batches.ts';
import type { Engine } from './engine.ts';
import { stagedColumnName } from './read-parquet.ts';
import { sliceText } from './text-slices.ts';

export interface StagedCsvOptions extends BatchOptions {
  /** What UNLOAD wrote for NULL. */
  readonly nullMarker: string;
}

/** Bounds what the engine holds at once: its chunks have 2,048 rows however wide. */
const SLICE_BYTES = 4 * 1024 * 1024;
/** A row of the widest VARBYTE, as hexadecimal text, and as much again. */
const MAX_RECORD_BYTES = 64 * 1024 * 1024;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

/** The rows of one staged CSV file, in batches of bounded size. The file must lie in the engine's folder. */
export function readStagedCsv(
  engine: Engine,
  path: string,
  fields: readonly SupportedField[],
  options: StagedCsvOptions,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  return batchesOf(chunksOf(engine, path, fields, options.nullMarker, run), fields, { ...options, allText: true });
}

async function* chunksOf(
  engine: Engine,
  source: string,
  fields: readonly SupportedField[],
  nullMarker: string,
  run: Run,
): AsyncGenerator<DuckDBDataChunk, void, undefined> {
  const path = joinPath(engine.folder, 'slice.staged.csv');
  try {
    const slices = sliceText(source, path, {
      rule: 'quoted',
      compression: 'none',
      sliceBytes: () => SLICE_BYTES,
      maxRecordBytes: MAX_RECORD_BYTES,
      signal: run.signal,
    });
    for await (const { bytes } of slices) {
      await keepByteOrderMark(path);
      yield* engine.stream([selectAll(path, fields, nullMarker, bytes)], run);
    }
  } finally {
    await rm(path, { force: true });
  }
}

function selectAll(path: string, fields: readonly SupportedField[], nullMarker: string, bytes: number): Sql {
  const names = fields.map((_, position) => stagedColumnName(position));
  const types = join(names.map((name) => sql`${duckText(name)}: 'VARCHAR'`));
  const columns = join(fields.map((_, position) => stagedColumn('VARCHAR', stagedColumnName(position))));
  const lineBytes = integer(Math.max(bytes + 4, SLICE_BYTES));
  return sql`SELECT ${columns} FROM read_csv(${duckText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ',', quote = '"', escape = '"', new_line = '\\n', nullstr = ${duckText(nullMarker)}, allow_quoted_nulls = false, strict_mode = true, max_line_size = ${lineBytes}, buffer_size = ${integer(Math.max(bytes + 4, SLICE_BYTES) * 2)})`;
}

/** The engine takes a byte order mark off the front of a file, where it may be the first value's own. */
async function keepByteOrderMark(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) {
    await writeFile(path, Buffer.concat([BYTE_ORDER_MARK, bytes]));
  }
}
