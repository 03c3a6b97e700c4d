import type { Run } from '../core/run.ts';
import { duckText } from '../sql/duckdb.ts';
import { integer, join, sql } from '../sql/sql.ts';
import type { Engine } from './engine.ts';

/** A row of a staged file. */
export interface StagedRow {
  /** Its number in the input, from 1. */
  readonly number: number;
  /** Its values as they were staged, in the order of the columns. */
  readonly values: readonly (string | null)[];
}

export interface RejectedRowsSpec {
  readonly nullMarker: string;
  readonly compression: 'gzip' | 'zstd' | 'none';
  /** How many columns come before the row's number. */
  readonly columns: number;
  /** Rows to look for. */
  readonly numbers: readonly number[];
}

/** Of the engine's reader: a row of Redshift has 4 MB at most, and quotes in it are doubled. */
const MAX_LINE_BYTES = 9 * 1024 * 1024;

/** Finds rows of one staged file by their numbers, in their order. The file must lie in the engine's folder. */
export async function readRejectedRows(
  engine: Engine,
  path: string,
  { nullMarker, compression, columns, numbers }: RejectedRowsSpec,
  run: Run,
): Promise<readonly StagedRow[]> {
  const names = Array.from({ length: columns }, (_, position) => `c${position}`);
  const types = join([...names.map((name) => sql`${duckText(name)}: 'VARCHAR'`), sql`'n': 'BIGINT'`]);
  const source = sql`read_csv(${duckText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ',', quote = '"', escape = '"', nullstr = ${duckText(nullMarker)}, allow_quoted_nulls = false, compression = ${duckText(compression)}, max_line_size = ${integer(MAX_LINE_BYTES)}, buffer_size = ${integer(MAX_LINE_BYTES * 2)}, parallel = false)`;
  const wanted = sql`SELECT UNNEST([${join(numbers.map(integer))}])`;
  const rows = await engine.query(sql`SELECT * FROM ${source} WHERE n IN (${wanted}) ORDER BY n`, run);
  return rows.map((row) => ({ number: Number(row.at(-1)), values: row.slice(0, -1) }));
}
