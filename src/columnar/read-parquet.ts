import type { DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import { ConnectorError } from '../core/errors.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText, duckType } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import { type Batch, openBatch, type Value } from '../types/batch.ts';
import { codecFor } from '../types/codec.ts';
import type { Codec } from '../types/codec-shape.ts';
import type { SupportedField } from '../types/field.ts';
import type { Engine } from './engine.ts';

export interface ReadParquetOptions {
  /** Most rows of a batch. */
  readonly batchRows: number;
  /** About how many characters of text a batch may hold; wide rows then come in smaller batches. */
  readonly batchChars?: number;
}

const DEFAULT_BATCH_CHARS = 2_000_000;
const CHUNK_ROWS = 2048;
const CHUNK_BYTES = 1024 * 1024;

/** The name of a field's column in a staged file: hostile names and capitals never reach it. */
export function stagedColumnName(position: number): string {
  return `c${position + 1}`;
}

/** The rows of one staged file, in batches of bounded size. The file must lie in the engine's folder. */
export async function* readParquet(
  engine: Engine,
  path: string,
  fields: readonly SupportedField[],
  { batchRows, batchChars = DEFAULT_BATCH_CHARS }: ReadParquetOptions,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const codecs = fields.map(({ type }) => codecFor(type));
  const columns = fields.map(({ type }, position) => columnSql(type, codecFor(type), stagedColumnName(position)));
  let pending = fields.map((): Value[] => []);
  let rows = 0;
  let chars = 0;
  const flush = (): Batch => {
    const batch = openBatch(fields, pending, rows);
    pending = fields.map((): Value[] => []);
    rows = 0;
    chars = 0;
    return batch;
  };
  for await (const chunk of chunksOf(engine, path, fields, columns, run)) {
    const values = codecs.map((codec, position) => columnOf(chunk, position, codec));
    for (let start = 0; start < chunk.rowCount; ) {
      const end = Math.min(chunk.rowCount, start + batchRows - rows);
      for (const [position, column] of values.entries()) {
        const target = pending[position];
        for (let index = start; index < end; index += 1) target?.push(column[index] ?? null);
      }
      rows += end - start;
      start = end;
      if (rows >= batchRows) yield flush();
    }
    chars += charsOf(values);
    if (chars >= batchChars && rows > 0) yield flush();
  }
  if (rows > 0) yield flush();
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
  const select = sql`SELECT ${join(columns)} FROM read_parquet(${duckText(path)}, file_row_number = true)`;
  const { rows, rowBytes } = await measure(engine, path, fields, run);
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

/** How wide rows are: looked at only where the declared lengths allow them to be wide. */
async function measure(
  engine: Engine,
  path: string,
  fields: readonly SupportedField[],
  run: Run,
): Promise<{ readonly rows: number; readonly rowBytes: number }> {
  const texts = fields.flatMap(({ type }, position) => (type.kind === 'varchar' ? [{ ...type, position }] : []));
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
    sql`SELECT coalesce(avg(${lengths}), 0) FROM read_parquet(${file})`,
    run,
  );
  return { rows: Number(rows), rowBytes: Number(rowBytes) };
}

function columnSql({ kind }: SupportedType, { stagedAs }: Codec, name: string): Sql {
  const column = sql`CAST(${duckName(name)} AS ${duckType(stagedAs)})`;
  if (kind !== 'varchar') return column;
  // The binding's decoder takes a byte order mark off the front of each text: one more, and the right one stays.
  return sql`CASE WHEN starts_with(${column}, chr(65279)) THEN chr(65279) || ${column} ELSE ${column} END`;
}

function columnOf(chunk: DuckDBDataChunk, position: number, { stagedAs, fromText }: Codec): Value[] {
  const values = chunk.getColumnValues(position);
  if (stagedAs !== 'VARCHAR') return values.map(plain);
  return values.map((value) => (typeof value === 'string' ? fromText(value) : plain(value)));
}

function charsOf(columns: readonly (readonly Value[])[]): number {
  let chars = 0;
  for (const column of columns) for (const value of column) if (typeof value === 'string') chars += value.length;
  return chars;
}

/** The checked border: casts in the query leave nothing else. */
function plain(value: DuckDBValue): Value {
  if (typeof value === 'object' && value !== null) {
    throw new ConnectorError('RS_INTERNAL', 'The columnar engine gave a value that is not plain');
  }
  return value;
}
