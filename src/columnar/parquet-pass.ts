import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText } from '../sql/duckdb.ts';
import { join, type Sql, sql } from '../sql/sql.ts';
import { convert } from './conversions.ts';
import type { Engine } from './engine.ts';
import type { InputFile } from './input-file.ts';
import type { LoadColumn } from './load-expression.ts';
import { sourceKind } from './source-kind.ts';

/** A leaf of a Parquet file's schema: its type, how that is to be understood, and whether it may repeat. */
interface Leaf {
  readonly name: string;
  readonly physical: string;
  readonly converted: string;
  readonly isFlat: boolean;
}

/** Bytes of the largest file that goes as it is: S3 takes an object of this size from anybody. */
const MAX_FILE_BYTES = 5 * 1024 ** 3;
/** What every reader of Parquet knows; others are left to the conversion. */
const CODECS = ['UNCOMPRESSED', 'SNAPPY', 'GZIP'];
const ENCODINGS = ['PLAIN', 'RLE', 'RLE_DICTIONARY', 'PLAIN_DICTIONARY', 'BIT_PACKED'];
/** Before it calendars differ, past it few readers go. */
const FIRST_DAY = '1582-10-15';
const LAST_DAY = '9999-12-31';

/**
 * Whether COPY loads a Parquet file as it is into these columns, value for value, as far as its footer tells: the same
 * columns, each of the type's own form, nothing nested, nothing repeated. Nothing of the rows is read.
 */
export async function passesByShape(
  engine: Engine,
  input: InputFile,
  columns: readonly LoadColumn[],
  run: Run,
): Promise<boolean> {
  const { format, bytes, rowCount = 0, columns: own } = input;
  if (format !== 'parquet' || rowCount === 0 || bytes > MAX_FILE_BYTES) return false;
  if (own.length !== columns.length || new Set(columns.map(({ source }) => source)).size !== own.length) return false;
  const leaves = await leavesOf(engine, input.path, run);
  if (leaves.length !== own.length) return false;
  const fits = columns.every(({ source, sourceType, field }) => {
    const leaf = leaves.find(({ name }) => name === source);
    return leaf?.isFlat === true && hasForm(field.type, sourceType, leaf);
  });
  return fits && (await isPlainlyWritten(engine, input.path, run));
}

/** Whether every value passes the checks that a conversion makes, too: reads the columns that have any, and no others. */
export async function passesByValues(
  engine: Engine,
  input: InputFile,
  columns: readonly LoadColumn[],
  run: Run,
): Promise<boolean> {
  const bad = columns.flatMap(badValues);
  if (bad.length === 0) return true;
  const found = await engine.query(
    sql`SELECT 1 FROM read_parquet(${duckText(input.path)}) WHERE ${join(bad, sql` OR `)} LIMIT 1`,
    run,
  );
  return found.length === 0;
}

/** The types whose form in Parquet holds all values of a column; the rest goes as text. */
function hasForm(type: SupportedType, engineType: string, { physical, converted }: Leaf): boolean {
  switch (type.kind) {
    case 'smallint':
      return engineType === 'SMALLINT' && physical === 'INT32';
    case 'integer':
      return engineType === 'INTEGER' && physical === 'INT32';
    case 'bigint':
      return engineType === 'BIGINT' && physical === 'INT64';
    case 'decimal':
      return engineType === `DECIMAL(${type.precision},${type.scale})`;
    case 'real':
      return physical === 'FLOAT';
    case 'double':
      return physical === 'DOUBLE';
    case 'boolean':
      return physical === 'BOOLEAN';
    case 'varchar':
      return physical === 'BYTE_ARRAY' && converted === 'UTF8';
    case 'date':
      return physical === 'INT32' && converted === 'DATE';
    case 'timestamp':
      return engineType === 'TIMESTAMP' && physical === 'INT64' && converted === 'TIMESTAMP_MICROS';
    case 'timestamptz':
      return engineType === 'TIMESTAMP WITH TIME ZONE' && physical === 'INT64' && converted === 'TIMESTAMP_MICROS';
    case 'char':
    case 'time':
    case 'timetz':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
    case 'super':
    case 'varbyte':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
      return false;
  }
}

/** What no value of the column may be: that of the conversion's own checks, and days that not all count alike. */
function badValues({ source, sourceType, field }: LoadColumn): readonly Sql[] {
  const value = duckName(source);
  const { kind } = field.type;
  const checks = convert(sourceKind(sourceType), sourceType, field.type, value)?.checks ?? [];
  // The checks are made for what is not NULL.
  const bad = checks.map(({ isBad }) => sql`(${value} IS NOT NULL AND (${isBad}))`);
  if (kind === 'date' || kind === 'timestamp' || kind === 'timestamptz') {
    const range = sql`CAST(${duckText(FIRST_DAY)} AS DATE) AND CAST(${duckText(LAST_DAY)} AS DATE)`;
    bad.push(sql`(CAST(${value} AS DATE) NOT BETWEEN ${range})`);
  }
  if (field.nullable === false) bad.push(sql`(${value} IS NULL)`);
  return bad;
}

async function leavesOf(engine: Engine, path: string, run: Run): Promise<readonly Leaf[]> {
  const rows = await engine.query(
    sql`SELECT name, type, converted_type, repetition_type, num_children FROM parquet_schema(${duckText(path)})`,
    run,
  );
  // The first is the root; anything with children makes more leaves than there are columns, or a leaf that repeats.
  return rows.slice(1).map(([name, physical, converted, repetition, children]) => ({
    name: name ?? '',
    physical: physical ?? '',
    converted: converted ?? '',
    isFlat: children === null && repetition !== 'REPEATED',
  }));
}

async function isPlainlyWritten(engine: Engine, path: string, run: Run): Promise<boolean> {
  const rows = await engine.query(
    sql`SELECT DISTINCT compression, encodings FROM parquet_metadata(${duckText(path)})`,
    run,
  );
  return rows.every(
    ([codec, encodings]) =>
      CODECS.includes(codec ?? '') && (encodings ?? '').split(/,\s*/).every((one) => ENCODINGS.includes(one)),
  );
}
