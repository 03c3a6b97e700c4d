import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { type ChecksumDialect, renderChecksums } from '../sql/checksums.ts';
import { duckName, duckText, duckType } from '../sql/duckdb.ts';
import { join, type Sql, sql } from '../sql/sql.ts';
import type { Checksum } from '../types/checksum.ts';
import { checksumKind, FLOAT_LIMIT, FRACTION_PARTS } from '../types/checksum-kind.ts';
import { readChecksums } from '../types/read-checksums.ts';
import { textOf } from './conversion.ts';
import type { Engine } from './engine.ts';
import { type SourceKind, sourceKind } from './source-kind.ts';
import type { StageFileSpec } from './stage-file.ts';

const ENGINE_CHECKSUMS: ChecksumDialect = {
  wide: 'HUGEINT',
  hash: (text) => sql`CAST('0x' || left(md5(${text}), 15) AS BIGINT)`,
};

/** Columns of a checksum's statement; more than a server's list of results may hold are asked for in several. */
const COLUMNS_AT_ONCE = 300;

/** A column of files: its name there, and the type that it has in Redshift. */
export interface FileColumn {
  readonly name: string;
  readonly type: SupportedType;
}

/** The checksum of rows in files, of values or of their text as COPY reads it. `from` is what follows FROM. */
export function checksumOfFiles(
  engine: Engine,
  from: Sql,
  columns: readonly FileColumn[],
  run: Pick<Run, 'signal'>,
): Promise<Checksum> {
  const values = columns.map(({ name, type }) => ({ type, value: duckName(name) }));
  return checksumOf(engine, from, values, run);
}

async function checksumOf(
  engine: Engine,
  from: Sql,
  columns: readonly { readonly type: SupportedType; readonly value: Sql }[],
  run: Pick<Run, 'signal'>,
): Promise<Checksum> {
  const answers: (readonly (string | null)[])[] = [];
  for (let start = 0; start === 0 || start < columns.length; start += COLUMNS_AT_ONCE) {
    const some = columns.slice(start, start + COLUMNS_AT_ONCE).map(({ type, value }) => ({
      kind: checksumKind(type),
      value: comparedValue(type, value),
    }));
    const sizes = { limit: FLOAT_LIMIT, parts: FRACTION_PARTS };
    const [row = []] = await engine.query(renderChecksums(some, from, sizes, ENGINE_CHECKSUMS), run);
    answers.push(row);
  }
  return readChecksums(answers);
}

/** The checksum of a csv.zst file that `stageFile` made. */
export function checksumOfStaged(
  engine: Engine,
  path: string,
  { columns, dialect, rowNumbers }: StageFileSpec,
  run: Pick<Run, 'signal'>,
): Promise<Checksum> {
  const named = columns.map(({ field }, position) => ({ name: `c${position}`, type: field.type }));
  const types = join([
    ...named.map(({ name }) => sql`${duckText(name)}: 'VARCHAR'`),
    ...(rowNumbers ? [sql`'row_number': 'BIGINT'`] : []),
  ]);
  const from = sql`read_csv(${duckText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ',', quote = '"', escape = '"', new_line = ${duckText('\\n')}, nullstr = ${duckText(dialect.nullMarker)}, allow_quoted_nulls = false, compression = 'zstd', max_line_size = 16777216, buffer_size = 33554432)`;
  return checksumOfFiles(engine, from, named, run);
}

/** Kinds of a Parquet column whose values need no conversion for a type. */
const NATURAL: Readonly<Partial<Record<SupportedType['kind'], readonly SourceKind[]>>> = {
  smallint: ['integer'],
  integer: ['integer'],
  bigint: ['integer'],
  decimal: ['integer', 'decimal'],
  real: ['floating'],
  double: ['floating'],
  boolean: ['boolean'],
  char: ['text'],
  varchar: ['text'],
  date: ['date'],
  time: ['time'],
  timestamp: ['timestamp'],
  timestamptz: ['timestamptz'],
  varbyte: ['binary'],
};

/**
 * The checksum of staged rows, with each column that needed no conversion taken from the Parquet file itself: what the
 * conversion made of it is then compared too.
 */
export async function withParquetSource(
  engine: Engine,
  staged: Checksum,
  { input, columns }: Pick<StageFileSpec, 'input' | 'columns'>,
  run: Pick<Run, 'signal'>,
): Promise<Checksum> {
  const natural = columns.flatMap(({ source, sourceType, field: { type } }, position) => {
    const kind = sourceKind(sourceType);
    if (NATURAL[type.kind]?.includes(kind) !== true) return [];
    const column = duckName(source);
    return [{ type, position, value: kind === 'binary' ? sql`hex(${column})` : exactText(kind, type, column) }];
  });
  const own = await checksumOf(engine, sql`read_parquet(${duckText(input.path)})`, natural, run);
  const columnsOf = staged.columns.map((column, position) => {
    const index = natural.findIndex((one) => one.position === position);
    return own.columns[index] ?? column;
  });
  return { rows: own.rows, columns: columnsOf };
}

/** Dates and times as Redshift writes them; of anything else the value itself. */
function exactText(kind: SourceKind, { kind: target }: SupportedType, column: Sql): Sql {
  return DATES_AND_TIMES.includes(target) ? textOf(kind, column) : column;
}

const DATES_AND_TIMES: readonly SupportedType['kind'][] = ['date', 'time', 'timestamp', 'timestamptz'];

/**
 * What is added up or hashed: the same for a value and for its text. A text that is no value of the type counts as none:
 * COPY refuses its row, or the sums differ.
 */
function comparedValue(type: SupportedType, column: Sql): Sql {
  const text = sql`CAST(${column} AS VARCHAR)`;
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
      return sql`TRY_CAST(${column} AS BIGINT)`;
    case 'boolean':
      return sql`CASE WHEN lower(${text}) IN ('t', 'true', '1', 'y', 'yes') THEN 1 WHEN ${column} IS NOT NULL THEN 0 END`;
    case 'real':
      return sql`CAST(TRY_CAST(${column} AS FLOAT) AS DOUBLE)`;
    case 'double':
      return sql`TRY_CAST(${column} AS DOUBLE)`;
    case 'decimal':
      return type.precision === undefined ? column : decimalText(column, type.precision, type.scale ?? 0);
    case 'char':
      return sql`rtrim(${text}, ' ')`;
    case 'timestamptz':
      return sql`replace(${text}, '+00', '')`;
    case 'varbyte':
      return sql`lower(${text})`;
    case 'varchar':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'super':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return column;
  }
}

/** The engine writes .5 where all digits are behind the point; with room for one before it, 0.5 as Redshift does. */
function decimalText(column: Sql, precision: number, scale: number): Sql {
  const digits = Math.max(precision, scale + 1);
  return sql`CAST(TRY_CAST(${column} AS ${duckType(`DECIMAL(${digits},${scale})`)}) AS VARCHAR)`;
}
