import type { DuckDBDataChunk } from '@duckdb/node-api';
import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { Batch } from '../types/batch.ts';
import { codecFor } from '../types/codec.ts';
import type { SupportedField } from '../types/field.ts';
import { type BatchOptions, batchesOf, stagedColumn } from './chunk-batches.ts';
import type { Engine } from './engine.ts';

const CHUNK_ROWS = 2048;
const CHUNK_BYTES = 1024 * 1024;

/** The name of a field's column in a staged file: hostile names and capitals never reach it. */
export function stagedColumnName(position: number): string {
  return `c${position + 1}`;
}

/** What UNLOAD has written, with the number of each row. Texts are texts, whether or not the file says so. */
export function unloadedRows(path: string): Sql {
  return sql`read_parquet(${duckText(path)}, file_row_number = true, binary_as_string = true)`;
}

/** The rows of one staged Parquet file, in batches of bounded size. The file must lie in the engine's folder. */
export function readParquet(
  engine: Engine,
  path: string,
  fields: readonly SupportedField[],
  options: BatchOptions,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const columns = fields.map(({ type }, position) => stagedColumn(codecFor(type).stagedAs, stagedColumnName(position)));
  return batchesOf(chunksOf(engine, path, fields, columns, run), fields, options);
}

/**
 * A chunk of the engine has 2,048 rows however wide, and a few are alive at once outside of its own memory limit. Where
 * rows are wide the file is read by ranges of rows, which keeps chunks small at the price of decoding row groups again.
 */
async function* chunksOf(
  engine: Engine,
  path: string,
  fields: readonly SupportedField[],
  columns: readonly Sql[],
  run: Run,
): AsyncGenerator<DuckDBDataChunk, void, undefined> {
  const select = sql`SELECT ${join(columns)} FROM ${unloadedRows(path)}`;
  const { rows, rowBytes } = await measureRows(engine, path, fields, run);
  if (rowBytes * CHUNK_ROWS <= CHUNK_BYTES) {
    yield* engine.stream([select], run);
    return;
  }
  yield* engine.stream(ranges(select, rows, Math.max(1, Math.floor(CHUNK_BYTES / rowBytes))), run);
}

function* ranges(select: Sql, rows: number, step: number): Generator<Sql, void, undefined> {
  for (let start = 0; start < rows; start += step) {
    yield sql`${select} WHERE file_row_number >= ${integer(start)} AND file_row_number < ${integer(start + step)}`;
  }
}

/** How wide rows of a staged file are, in bytes; 0 where the declared lengths do not allow them to be wide. */
export async function measureRows(
  engine: Engine,
  path: string,
  fields: readonly SupportedField[],
  run: Run,
): Promise<{ readonly rows: number; readonly rowBytes: number }> {
  const texts = fields.flatMap(({ type }, position) => {
    const bytes = textBytes(type);
    return bytes === 0 ? [] : [{ bytes, position }];
  });
  const declaredBytes = texts.reduce((sum, { bytes }) => sum + bytes, 0);
  if (declaredBytes * CHUNK_ROWS <= CHUNK_BYTES) return { rows: 0, rowBytes: 0 };
  const file = duckText(path);
  const stored = sql`SELECT sum(total_uncompressed_size), (SELECT num_rows FROM parquet_file_metadata(${file})) FROM parquet_metadata(${file})`;
  const [[bytes, rows] = []] = await engine.query(stored, run);
  const storedBytes = Number(bytes) / Math.max(1, Number(rows));
  if (storedBytes * CHUNK_ROWS > CHUNK_BYTES) return { rows: Number(rows), rowBytes: storedBytes };
  // A dictionary can make wide rows small in the file: then reading all of it is cheap too.
  const lengths = join(
    texts.map(({ position }) => sql`coalesce(strlen(${duckName(stagedColumnName(position))}), 0)`),
    sql` + `,
  );
  const [[rowBytes] = []] = await engine.query(
    sql`SELECT coalesce(avg(${lengths}), 0) FROM ${unloadedRows(path)}`,
    run,
  );
  return { rows: Number(rows), rowBytes: Number(rowBytes) };
}

/** Characters that a value may have in the file, of the types that may be wide. */
function textBytes(type: SupportedType): number {
  if (type.kind === 'varchar') return type.bytes;
  if (type.kind === 'varbyte') return 2 * type.bytes;
  return type.kind === 'super' ? LIMITS.superBytes : 0;
}
