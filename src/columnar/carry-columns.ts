import { rm } from 'node:fs/promises';
import { ConnectorError } from '../core/errors.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { SupportedField } from '../types/field.ts';
import type { Engine } from './engine.ts';
import { parquetColumn } from './export-expression.ts';
import {
  FILE,
  type Fields,
  fieldsOf,
  listAt,
  numberAt,
  type ParquetFooter,
  ROW_GROUP,
  readFooter,
  SCHEMA,
} from './parquet-footer.ts';
import type { MixedPart } from './parquet-parts.ts';
import { stagedColumnName, unloadedRows } from './read-parquet.ts';
import type { Thrift } from './thrift-compact.ts';

/** Types of the format: https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift */
const TYPE = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const;
const CONVERTED = { utf8: 0, decimal: 5, int16: 16, int32: 17, int64: 18 } as const;
const REPEATED = 2n;
/** A padded text longer than this is too wide to be held for all rows of a row group. */
const MAX_PADDED_BYTES = 64;
const VECTOR_ROWS = 2048;
/** What the engine may hold of one row group's columns until they are written: two are written at once. */
const MAX_GROUP_BYTES = 32 * 1024 * 1024;
const VALUE_BYTES = 16;

/** The schema of a file whose columns are all written anew: what is carried over must have the form that it says. */
export async function schemaAnew(
  engine: Engine,
  fields: readonly SupportedField[],
  to: string,
  run: Run,
): Promise<readonly Thrift[]> {
  const columns = fields.map(
    ({ type }, position) =>
      sql`${parquetColumn(type, sql`CAST(NULL AS VARCHAR)`)} AS ${duckName(stagedColumnName(position))}`,
  );
  const statement = sql`COPY (SELECT ${join(columns)} LIMIT 0) TO ${duckText(to)} (FORMAT parquet)`;
  await engine.copy(statement, run, () => undefined);
  const { footer } = await readFooter(to);
  await rm(to);
  return listAt(footer, FILE.schema);
}

/**
 * Which columns of an unloaded file have to be written anew to become columns of an export, those of the others being what
 * an export would write in any case; `undefined` where the file must be converted as a whole. Pure.
 */
export function columnsAnew(
  fields: readonly SupportedField[],
  { footer }: Pick<ParquetFooter, 'footer'>,
  schema: readonly Thrift[],
): readonly number[] | undefined {
  const [root, ...leaves] = listAt(footer, FILE.schema).map(fieldsOf);
  if (root === undefined || leaves.length !== fields.length) return undefined;
  if (leaves.some((leaf) => leaf.has(SCHEMA.children) || numberAt(leaf, SCHEMA.repetition, 0n) === REPEATED)) {
    return undefined;
  }
  const anew: number[] = [];
  for (const [position, { type }] of fields.entries()) {
    const leaf = leaves[position] ?? new Map();
    if (isCarried(type, leaf) && isSameForm(leaf, fieldsOf(schema[position + 1]))) continue;
    if (!isNarrow(type)) return undefined;
    anew.push(position);
  }
  const rowBytes = anew.reduce((sum, position) => sum + bytesInMemory(fields[position]?.type), 0);
  const isHeld = listAt(footer, FILE.rowGroups).every(
    (group) => Number(numberAt(fieldsOf(group), ROW_GROUP.rows)) * rowBytes <= MAX_GROUP_BYTES,
  );
  return isHeld && anew.length < fields.length ? anew : undefined;
}

function bytesInMemory(type: SupportedType | undefined): number {
  return VALUE_BYTES + (type?.kind === 'char' ? type.bytes : 0);
}

/** Writes some columns of an unloaded file anew, row group by row group, into files `<to>.0` and so on in the engine's folder. */
export async function writeAnew(
  engine: Engine,
  path: string,
  { fields, anew, schema, to }: AnewInit,
  run: Run,
): Promise<{ readonly part: MixedPart; readonly rows: number }> {
  const { footer } = await readFooter(path);
  const list = join(
    anew.flatMap((position) => {
      const type = fields[position]?.type;
      const name = duckName(stagedColumnName(position));
      return type === undefined ? [] : [sql`${parquetColumn(type, name)} AS ${name}`];
    }),
  );
  const pieces: string[] = [];
  const writing: Promise<void>[] = [];
  let start = 0;
  for (const group of listAt(footer, FILE.rowGroups)) {
    const rows = Number(numberAt(fieldsOf(group), ROW_GROUP.rows));
    if (anew.length > 0) {
      const piece = `${to}.${pieces.length}`;
      pieces.push(piece);
      writing.push(writeGroup(engine, { list, path, piece, start, rows }, run));
    }
    start += rows;
  }
  // As many at once as the engine lets: each keeps the order of its own rows.
  await Promise.all(writing);
  return { part: { path, anew, pieces, schema }, rows: start };
}

export interface AnewInit {
  readonly fields: readonly SupportedField[];
  readonly anew: readonly number[];
  readonly schema: readonly Thrift[];
  readonly to: string;
}

interface GroupInit {
  readonly list: Sql;
  readonly path: string;
  readonly piece: string;
  readonly start: number;
  readonly rows: number;
}

async function writeGroup(engine: Engine, { list, path, piece, start, rows }: GroupInit, run: Run): Promise<void> {
  const rowsAtOnce = (Math.ceil(rows / VECTOR_ROWS) + 1) * VECTOR_ROWS;
  const statement = sql`COPY (SELECT ${list} FROM ${unloadedRows(path)} WHERE file_row_number >= ${integer(start)} AND file_row_number < ${integer(start + rows)}) TO ${duckText(piece)} (FORMAT parquet, COMPRESSION SNAPPY, ROW_GROUP_SIZE ${integer(rowsAtOnce)})`;
  const written = await engine.copy(statement, run, () => undefined);
  if (written !== rows) throw new ConnectorError('RS_INTERNAL', 'Columns of an export were written incompletely');
}

/** Whether values are laid out alike: one may stand under the other's name and annotations. */
function isSameForm(leaf: Fields, other: Fields): boolean {
  return [SCHEMA.type, SCHEMA.length, SCHEMA.repetition].every(
    (id) => numberAt(leaf, id, 0n) === numberAt(other, id, 0n),
  );
}

/** Whether a column is, byte by byte, what an export holds for the type. */
function isCarried(type: SupportedType, leaf: Fields): boolean {
  const physical = Number(numberAt(leaf, SCHEMA.type, -1n));
  const converted = Number(numberAt(leaf, SCHEMA.converted, -1n));
  const is = (wanted: number, ...annotations: readonly number[]): boolean =>
    physical === wanted && (annotations.length === 0 ? converted === -1 : annotations.includes(converted));
  switch (type.kind) {
    case 'smallint':
      return is(TYPE.int32, CONVERTED.int16);
    case 'integer':
      return is(TYPE.int32, -1, CONVERTED.int32);
    case 'bigint':
      return is(TYPE.int64, -1, CONVERTED.int64);
    case 'real':
      return is(TYPE.float);
    case 'double':
      return is(TYPE.double);
    case 'boolean':
      return is(TYPE.boolean);
    case 'varchar':
    case 'timetz':
      return is(TYPE.bytes, CONVERTED.utf8);
    case 'decimal': {
      const isDecimal = converted === CONVERTED.decimal && type.precision !== undefined;
      return (
        isDecimal &&
        numberAt(leaf, SCHEMA.precision, 0n) === BigInt(type.precision) &&
        numberAt(leaf, SCHEMA.scale, 0n) === BigInt(type.scale ?? 0)
      );
    }
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
    case 'char':
    case 'super':
    case 'varbyte':
    case 'geometry':
    case 'geography':
    case 'hllsketch':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return false;
  }
}

/** Whether a column of a whole row group is small, however many bytes the others take. */
function isNarrow(type: SupportedType): boolean {
  if (type.kind === 'char') return type.bytes <= MAX_PADDED_BYTES;
  return type.kind === 'decimal' ? type.precision !== undefined : NARROW.includes(type.kind);
}

const NARROW: readonly SupportedType['kind'][] = [
  'smallint',
  'integer',
  'bigint',
  'real',
  'double',
  'boolean',
  'date',
  'time',
  'timestamp',
  'timestamptz',
];
