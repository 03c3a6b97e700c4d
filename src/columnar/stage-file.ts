import { rename, rm, stat } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { CsvDialect } from '../types/csv.ts';
import { classifyEngineError } from './classify-error.ts';
import type { Engine } from './engine.ts';
import { measureOf, nextFile, smallMeasure } from './file-sizes.ts';
import type { InputFile } from './input-file.ts';
import {
  type FailedCheck,
  fromOne,
  type LoadColumn,
  loadExpression,
  readCheckFailure,
  readSilentCheck,
  silentCheck,
} from './load-expression.ts';
import { quoteLongNumbers } from './long-numbers.ts';
import { quoteJson } from './quote-json.ts';
import { sliceText } from './text-slices.ts';

/** A staged file on the local disk. Whoever takes it deletes it. */
export interface LocalFile {
  readonly path: string;
  /** Rows in it; it may have none where rows were refused. */
  readonly rows: number;
  readonly bytes: number;
  /** Rows among them in the input that are not in the file; none where values are checked. */
  readonly refused: readonly RefusedRow[];
}

/** A row that COPY would have changed without a word. */
export interface RefusedRow extends FailedCheck {
  /** Its number in the input, from 1. */
  readonly row: number;
  /** In the order of the columns, as text. */
  readonly values: readonly (string | null)[];
}

export interface StageFileSpec {
  readonly input: InputFile;
  /** In the order that the staged files shall have. */
  readonly columns: readonly LoadColumn[];
  readonly dialect: CsvDialect;
  /** Whether the row's number in the input, from 1, is written as the last column. */
  readonly rowNumbers: boolean;
  /** Default: 32 MiB, compressed. */
  readonly targetFileBytes?: number;
  /** Files that the cluster loads at once: their number becomes a multiple of it where they are not too small. Default: 1. */
  readonly slices?: number;
  /** What files of the same input came before: rows are numbered on, and files named on. Default: none. */
  readonly before?: StagedBefore;
  /**
   * Default: values are checked, and one that its column cannot hold fails the run. False leaves that to COPY, and leaves
   * out the rows with a value that COPY would change.
   */
  readonly checked?: boolean;
  /** How many of those are told of one file at most, for a caller that fails where there are as many. Default: 0. */
  readonly mostRefused?: number;
}

/** What of an input is staged already. */
export interface StagedBefore {
  readonly rows: number;
  readonly files: number;
}

const NOTHING_BEFORE: StagedBefore = { rows: 0, files: 0 };
const DEFAULT_FILE_BYTES = 32 * 1024 * 1024;
const FIRST_ROWS = 200_000;
const FIRST_TEXT_BYTES = 16 * 1024 * 1024;
/** What a slice of text may take on the disk, however well it compresses. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;
const GROWTH = 8;
/** Of the engine's readers. A row of Redshift has 4 MB at most. */
const MAX_CSV_LINE_BYTES = 4 * 1024 * 1024;
const MAX_JSON_LINE_BYTES = 8 * 1024 * 1024;

/**
 * Turns an input file into numbered csv.zst files, one at a time: the next one is made when it is asked for, so the disk
 * holds as many as the caller keeps. Throws RS_VALUE_UNREPRESENTABLE naming row and column, RS_INPUT_INVALID.
 */
export async function* stageFile(
  engine: Engine,
  spec: StageFileSpec,
  run: Run,
): AsyncGenerator<LocalFile, void, undefined> {
  let number = spec.before?.files ?? 0;
  for await (const slice of slicesOf(engine, spec, run)) {
    number += 1;
    const path = joinPath(engine.folder, `part-${String(number).padStart(5, '0')}.csv.zst`);
    const { rows, refused } = await writeSlice(engine, spec, slice, path, run);
    const { size } = await stat(path);
    slice.report(rows + refused.length, size);
    if (rows + refused.length === 0) await rm(path);
    else yield { path, rows, bytes: size, refused };
  }
}

/** Some rows of the input: what to select from, what each column and each row's number (from 1) is called there. */
interface Slice {
  readonly from: Sql;
  readonly rowNumber: Sql;
  readonly columnOf: (column: LoadColumn) => Sql;
  /** Records of the file before it, header included, for messages about one; only where the input is text. */
  readonly recordsBefore?: number;
  /** Tells what became of it, so that the next one has the right size. */
  readonly report: (rows: number, bytes: number) => void;
}

async function* slicesOf(engine: Engine, spec: StageFileSpec, run: Run): AsyncGenerator<Slice, void, undefined> {
  if (spec.input.format === 'parquet') yield* parquetSlices(spec);
  else yield* textSlices(engine, spec, run);
}

/** Ranges of row numbers: the engine skips the row groups outside. */
function* parquetSlices({
  input,
  targetFileBytes = DEFAULT_FILE_BYTES,
  before = NOTHING_BEFORE,
  slices = 1,
}: StageFileSpec): Generator<Slice, void, undefined> {
  const total = input.rowCount ?? 0;
  let size = Math.min(FIRST_ROWS, total);
  let { files } = before;
  for (let start = 0; start < total; ) {
    const end = start + size;
    const range = sql`file_row_number >= ${integer(start)} AND file_row_number < ${integer(end)}`;
    let perFile = size;
    let perSmallFile = size;
    yield {
      from: sql`read_parquet(${duckText(input.path)}, file_row_number = true) WHERE ${range}`,
      rowNumber: fromOne(sql`file_row_number`, before.rows),
      columnOf: ({ source }) => duckName(source),
      report: (rows, bytes) => {
        perFile = Math.min(measureOf(targetFileBytes, { amount: rows, bytes }), rows * GROWTH);
        perSmallFile = smallMeasure({ amount: rows, bytes });
        files += 1;
      },
    };
    start = end;
    // The rest in files of one size, so that no slice of the cluster gets a crumb.
    size = nextFile({ left: total - start, perFile, perSmallFile, files, slices });
  }
}

async function* textSlices(
  engine: Engine,
  { input, targetFileBytes = DEFAULT_FILE_BYTES, columns, before = NOTHING_BEFORE, slices = 1 }: StageFileSpec,
  run: Run,
): AsyncGenerator<Slice, void, undefined> {
  const path = joinPath(engine.folder, `slice.${input.format}`);
  let sliceBytes = Math.min(FIRST_TEXT_BYTES, targetFileBytes * 4);
  let rowsBefore = before.rows;
  let { files } = before;
  let consumed = 0;
  let recordsBefore = 0;
  const isCsv = input.format === 'csv';
  const flat = new Set(columns.filter(({ field }) => field.type.kind !== 'super').map(({ source }) => source));
  // What is not loaded is passed over as one text, whatever numbers it holds.
  const documents = new Set(input.columns.map(({ name }) => name).filter((name) => !flat.has(name)));
  const rewrite = (bytes: AsyncIterable<Buffer>): AsyncIterable<Buffer> =>
    quoteLongNumbers(documents.size === 0 ? bytes : quoteJson(bytes, documents));
  try {
    for await (const { bytes: textBytes, records } of sliceText(input.path, path, {
      ...(isCsv ? { rule: 'quoted' } : { rule: 'lines', rewrite }),
      compression: input.compression,
      sliceBytes: () => sliceBytes,
      maxRecordBytes: isCsv ? MAX_CSV_LINE_BYTES : MAX_JSON_LINE_BYTES,
      signal: run.signal,
    })) {
      const rows = isCsv ? csvRows(input, path, recordsBefore === 0) : jsonRows(input, path, columns);
      const offset = rowsBefore;
      yield {
        from: sql`(SELECT *, row_number() OVER () AS ${duckName(ROW)} FROM ${rows})`,
        rowNumber: sql`(${duckName(ROW)} + ${integer(offset)})`,
        columnOf: ({ source }) => duckName(`c${columnIndex(input, source)}`),
        recordsBefore,
        report: (count, bytes) => {
          rowsBefore += count;
          files += 1;
          consumed += textBytes;
          const made = { amount: textBytes, bytes };
          const perFile = Math.min(measureOf(targetFileBytes, made), textBytes * GROWTH, MAX_TEXT_BYTES);
          // How much text a compressed file holds is not known before its end.
          const left = input.compression === 'none' ? Math.max(1, input.bytes - consumed) : undefined;
          sliceBytes =
            left === undefined ? perFile : nextFile({ left, perFile, perSmallFile: smallMeasure(made), files, slices });
        },
      };
      recordsBefore += records;
    }
  } finally {
    await rm(path, { force: true });
  }
}

const ROW = 'roleshift_row';
const FIRST = 'roleshift_first';

function columnIndex(input: InputFile, source: string): number {
  return input.columns.findIndex(({ name }) => name === source);
}

/** Every column as text: an empty field is NULL, a quoted empty one is the empty string. */
function csvRows({ columns, delimiter }: InputFile, path: string, isFirst: boolean): Sql {
  const types = join(columns.map((_, index) => sql`${duckText(`c${index}`)}: 'VARCHAR'`));
  const header = isFirst ? sql`true` : sql`false`;
  return sql`read_csv(${duckText(path)}, auto_detect = false, header = ${header}, columns = {${types}}, delim = ${duckText(
    delimiter,
  )}, quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, strict_mode = true, max_line_size = ${integer(MAX_CSV_LINE_BYTES)}, buffer_size = 16777216)`;
}

/** The columns that are loaded, by name, every one as text: strings without their quotes, nested values as JSON. */
function jsonRows({ columns: all }: InputFile, path: string, columns: readonly LoadColumn[]): Sql {
  const types = join(columns.map(({ source }) => sql`${duckText(source)}: 'VARCHAR'`));
  const names = join(
    columns.map(
      ({ source }) => sql`${duckName(source)} AS ${duckName(`c${all.findIndex(({ name }) => name === source)}`)}`,
    ),
  );
  return sql`(SELECT ${names} FROM read_json(${duckText(path)}, format = 'newline_delimited', columns = {${types}}, maximum_object_size = ${integer(MAX_JSON_LINE_BYTES)}))`;
}

type SliceOfFile = Pick<LocalFile, 'rows' | 'refused'>;

/** The rows are looked through for those to leave out only once there is one. */
async function writeSlice(
  engine: Engine,
  spec: StageFileSpec,
  slice: Slice,
  path: string,
  run: Run,
): Promise<SliceOfFile> {
  try {
    return { rows: await copySlice(engine, spec, slice, path, run), refused: [] };
  } catch (error) {
    const isSilent = error instanceof ConnectorError && error.code === 'RS_VALUE_UNREPRESENTABLE';
    if (spec.checked !== false || !isSilent) throw error;
  }
  const check = silentCheck(spec.columns, slice.columnOf);
  const from = sql`(SELECT *, ${check} AS ${duckName(REFUSED)} FROM ${slice.from})`;
  const refused = await readRefused(engine, spec, { ...slice, from }, run);
  const rest = { ...slice, from: sql`${from} WHERE ${duckName(REFUSED)} IS NULL` };
  return { rows: await copySlice(engine, spec, rest, path, run, true), refused };
}

const REFUSED = 'roleshift_refused';

async function readRefused(
  engine: Engine,
  { columns, mostRefused = 0 }: StageFileSpec,
  { from, rowNumber, columnOf }: Slice,
  run: Run,
): Promise<readonly RefusedRow[]> {
  const values = columns.map((column, position) => {
    const text = loadExpression(column, columnOf(column), { rowNumber, position, checked: false, asTheyAre: true });
    return sql`CAST(${text} AS VARCHAR)`;
  });
  const found = await engine.query(
    sql`SELECT CAST(${rowNumber} AS VARCHAR), ${duckName(REFUSED)}, ${join(values)} FROM ${from} WHERE ${duckName(REFUSED)} IS NOT NULL ORDER BY ${rowNumber} LIMIT ${integer(mostRefused)}`,
    run,
  );
  return found.map(([row, check, ...texts]) => ({
    row: Number(row),
    ...readSilentCheck(check ?? '', columns),
    values: texts,
  }));
}

async function copySlice(
  engine: Engine,
  { columns, dialect, rowNumbers, checked = true }: StageFileSpec,
  { from, rowNumber, columnOf, recordsBefore = 0 }: Slice,
  path: string,
  run: Run,
  asTheyAre = false,
): Promise<number> {
  const values = columns.map((column, position) =>
    loadExpression(column, columnOf(column), { rowNumber, position, checked, asTheyAre }),
  );
  const [first = sql`NULL`, ...others] = values;
  const named = [sql`${first} AS ${duckName(FIRST)}`, ...others];
  const selected = join(rowNumbers ? [...named, rowNumber] : named);
  const partial = `${path}.partial`;
  const statement = sql`COPY (SELECT ${selected} FROM ${from}) TO ${duckText(
    partial,
  )} (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR ${duckText(dialect.nullMarker)}, COMPRESSION zstd${keepMark(columns)})`;
  try {
    const classify = (message: string): ConnectorError =>
      readCheckFailure(message, columns) ?? classifyEngineError(new Error(message), recordsBefore);
    const rows = await engine.copy(statement, run, classify);
    await rename(partial, path);
    return rows;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** A byte order mark at the front of a file is no part of a value to most readers, inside quotes it is. */
function keepMark([first]: readonly LoadColumn[]): Sql {
  const isText = first?.field.type.kind === 'varchar';
  return isText ? sql`, FORCE_QUOTE (${duckName(FIRST)})` : sql``;
}
