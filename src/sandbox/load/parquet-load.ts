import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ColumnKind, quoteIdentifier, type TargetColumn } from './columns.ts';
import type { CopySource } from './copy-sources.ts';
import { DuckDb, duckLiteral } from './duckdb.ts';
import { internalFailure } from './refusal.ts';
import type { S3Access } from './s3-access.ts';
import type { CopyStatement } from './statement.ts';
import type { LoadFile } from './text-load.ts';

/** Of no Parquet type. */
const NOTHING = /^(?!)/;

/** DuckDB's names of the Parquet types that each column type takes: no conversion from text, no widening of floats. */
const ACCEPTED: Readonly<Record<ColumnKind, RegExp>> = {
  smallint: /^(TINYINT|SMALLINT|INTEGER)$/,
  integer: /^(TINYINT|SMALLINT|INTEGER)$/,
  bigint: /^(TINYINT|SMALLINT|INTEGER|BIGINT)$/,
  decimal: /^DECIMAL\(\d+,\d+\)$/,
  real: /^FLOAT$/,
  double: /^DOUBLE$/,
  boolean: /^BOOLEAN$/,
  char: /^VARCHAR$/,
  varchar: /^VARCHAR$/,
  date: /^DATE$/,
  time: /^TIME$/,
  timetz: /^TIME WITH TIME ZONE$/,
  timestamp: /^TIMESTAMP(_NS|_MS|_S| WITH TIME ZONE)?$/,
  timestamptz: /^TIMESTAMP(_NS|_MS|_S| WITH TIME ZONE)?$/,
  super: /^(JSON|VARCHAR|BOOLEAN|TINYINT|SMALLINT|INTEGER|BIGINT|FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/,
  varbyte: /^BLOB$/,
  intervalY2m: NOTHING,
  intervalD2s: NOTHING,
  geometry: NOTHING,
  geography: NOTHING,
  hllsketch: NOTHING,
};

/** Rows of one hand-over: bounds the folder's size, and lets DuckDB work ahead while the database loads. */
const STEP_ROWS = 500_000;

/**
 * Parquet files as text files in the dialect of rendered rows, some rows at a time in a folder of the cluster. By
 * position: the number of columns and their types are checked, as COPY does.
 */
export async function* parquetAsText(
  sources: readonly CopySource[],
  columns: readonly TargetColumn[],
  access: S3Access,
  parentFolder: string,
  statement: CopyStatement,
): AsyncGenerator<LoadFile, void, undefined> {
  await using duck = await DuckDb.open(parentFolder);
  for (const { url, location } of sources) {
    const file = join(duck.folder, 'in.parquet');
    await pipeline(await access.get(location), createWriteStream(file));
    const schema = await checkSchema(duck, file, columns, url, statement);
    const [[total = '0'] = []] = await duck.rows(`SELECT count(*) FROM read_parquet(${duckLiteral(file)})`);
    const selection = textSelection(columns, schema);
    const convert = (from: number): Promise<string> | undefined =>
      from < Number(total) ? convertRows(duck, file, selection, from) : undefined;
    let next = convert(0);
    try {
      for (let from = STEP_ROWS; next !== undefined; from += STEP_ROWS) {
        const text = await next;
        next = convert(from);
        // Its failure is met above, or not at all if the load ends before.
        next?.catch(() => undefined);
        yield { url, bytes: createReadStream(text, { highWaterMark: 512 * 1024 }) };
        await rm(text);
      }
    } finally {
      // DuckDB is not to be closed while it works.
      await Promise.allSettled([next]);
    }
    await rm(file);
  }
}

interface TextSelection {
  readonly list: string;
  readonly quoting: string;
  readonly reading: string;
}

function textSelection(columns: readonly TargetColumn[], schema: readonly FileColumn[]): TextSelection {
  const list = columns.map((column, index) => `${asText(schema[index], column)} AS c${index}`).join(', ');
  const forced = columns.flatMap(({ kind }, index) => (kind === 'char' || kind === 'varchar' ? [`c${index}`] : []));
  const quoting = forced.length === 0 ? '' : `, FORCE_QUOTE (${forced.join(', ')})`;
  return { list, quoting, reading: readingOf(columns) };
}

/** Writes rows of a Parquet file as text; answers the text file. */
async function convertRows(
  duck: DuckDb,
  file: string,
  { list, quoting, reading }: TextSelection,
  from: number,
): Promise<string> {
  const text = join(duck.folder, `${from}.csv`);
  const source = `read_parquet(${duckLiteral(file)}${reading}, file_row_number = true)`;
  await duck.run(
    `COPY (SELECT ${list} FROM ${source} WHERE file_row_number BETWEEN ${from} AND ${from + STEP_ROWS - 1}) TO ${duckLiteral(text)} (FORMAT csv, HEADER false, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '\\N'${quoting})`,
  );
  return text;
}

/** Bytes without a type are text, unless a column takes bytes. */
function readingOf(columns: readonly TargetColumn[]): string {
  return columns.some(({ kind }) => kind === 'varbyte') ? '' : ', binary_as_string = true';
}

interface FileColumn {
  readonly name: string;
  /** As DuckDB calls it. */
  readonly type: string;
}

/** The file's columns; throws what Redshift says to a wrong number or type. */
async function checkSchema(
  duck: DuckDb,
  file: string,
  columns: readonly TargetColumn[],
  url: string,
  { fillRecord, serializeToJson }: CopyStatement,
): Promise<readonly FileColumn[]> {
  const schema = await readSchema(duck, file, url, readingOf(columns));
  if (schema.length > columns.length || (schema.length < columns.length && !fillRecord)) {
    throw internalFailure(
      `Unmatched number of columns between table and file. Table columns: ${columns.length}, Data columns: ${schema.length}, File name: ${url}`,
      { code: 15007 },
    );
  }
  for (const [index, { name, type }] of schema.entries()) {
    const column = columns[index];
    if (column === undefined || (accepts(column, type, serializeToJson) && decimalFits(type, column))) continue;
    throw internalFailure('Spectrum Scan Error', {
      code: 15007,
      context: `File '${url}' has an incompatible Parquet schema for column '${name}'. Column type: ${column.kind.toUpperCase()}, Parquet schema: ${type}`,
    });
  }
  return schema;
}

/** Nested values become SUPER only when SERIALIZETOJSON says so; text that was written as bytes stays text. */
function accepts({ kind }: TargetColumn, type: string, serializeToJson: boolean): boolean {
  if (ACCEPTED[kind].test(type)) return true;
  if (kind === 'super') return serializeToJson && /^(?:STRUCT|MAP)\(|\[\d*\]$/.test(type);
  return (kind === 'char' || kind === 'varchar') && type === 'BLOB';
}

async function readSchema(duck: DuckDb, file: string, url: string, reading: string): Promise<readonly FileColumn[]> {
  try {
    const rows = await duck.rows(`DESCRIBE SELECT * FROM read_parquet(${duckLiteral(file)}${reading})`);
    return rows.map(([name = '', type = '']) => ({ name, type }));
  } catch {
    // DuckDB's own words name a local file; what counts is which object it was.
    throw internalFailure('Spectrum Scan Error', { code: 15001, context: `File '${url}' is not a valid Parquet file` });
  }
}

function decimalFits(type: string, { kind, precision, scale }: TargetColumn): boolean {
  if (kind !== 'decimal') return true;
  const [filePrecision, fileScale] = type.match(/\d+/g) ?? [];
  return Number(filePrecision) <= precision && Number(fileScale) === scale;
}

function asText(given: FileColumn | undefined, { kind }: TargetColumn): string {
  if (given === undefined) return 'NULL';
  const column = quoteIdentifier(given.name);
  switch (kind) {
    case 'date':
    case 'timestamp':
      return era(`${column}${kind === 'date' ? '' : '::TIMESTAMP'}::VARCHAR`, '');
    case 'timestamptz':
      return era(`${column}::TIMESTAMP::VARCHAR`, '+00');
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'decimal':
    case 'real':
    case 'double':
    case 'boolean':
    case 'time':
    case 'timetz':
    case 'intervalY2m':
    case 'intervalD2s':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
      return column;
    case 'char':
    case 'varchar':
      return given.type === 'BLOB' ? `decode(${column})` : column;
    case 'varbyte':
      return `lower(hex(${column}))`;
    case 'super':
      // A text without the mark of JSON is one string.
      return given.type === 'JSON' ? `${column}::VARCHAR` : `to_json(${column})::VARCHAR`;
  }
}

/** DuckDB writes ` (BC)` after the day, COPY reads ` BC` at the end. */
function era(text: string, zone: string): string {
  return `CASE WHEN ${text} LIKE '%(BC)%' THEN replace(${text}, ' (BC)', '') || '${zone} BC' ELSE ${text} || '${zone}' END`;
}
