import type { Run } from '../core/run.ts';
import { duckName, duckText, keptMark } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { Engine } from './engine.ts';

export interface StagedText {
  readonly nullMarker: string;
  readonly compression: 'gzip' | 'zstd' | 'none';
  /** Columns of text, in front of the row's number where there is one. */
  readonly columns: number;
  readonly isNumbered: boolean;
}

/** Of the engine's reader: a row of Redshift has 4 MB at most, and quotes in it are doubled. */
const MAX_LINE_BYTES = 9 * 1024 * 1024;
/** Name of the column with the row's number. */
export const ROW_NUMBER = 'n';

/** The rows of one staged file as text, in their order. The file must lie in the engine's folder. */
export async function* readSpooledRows(
  engine: Engine,
  path: string,
  text: StagedText,
  run: Run,
): AsyncGenerator<readonly (string | null)[], void, undefined> {
  for await (const chunk of engine.stream([selectStaged(path, text)], run)) {
    for (const row of chunk.getRows()) yield row as readonly (string | null)[];
  }
}

/** SELECT of every column of a staged file as text. */
export function selectStaged(path: string, { nullMarker, compression, columns, isNumbered }: StagedText): Sql {
  const texts = Array.from({ length: columns }, (_, at) => `c${at}`);
  const names = isNumbered ? [...texts, ROW_NUMBER] : texts;
  const types = join(names.map((name) => sql`${duckText(name)}: 'VARCHAR'`));
  const source = sql`read_csv(${duckText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ',', quote = '"', escape = '"', new_line = '\\n', strict_mode = true, nullstr = ${duckText(nullMarker)}, allow_quoted_nulls = false, compression = ${duckText(compression)}, max_line_size = ${integer(MAX_LINE_BYTES)}, buffer_size = ${integer(MAX_LINE_BYTES * 2)}, parallel = false)`;
  return sql`SELECT ${join(names.map((name) => sql`${keptMark(duckName(name))} AS ${duckName(name)}`))} FROM ${source}`;
}
