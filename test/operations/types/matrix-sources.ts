import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { SupportedType } from '../../../src/core/redshift-type.ts';
import type { FileSource, InputRow, RowSource } from '../../../src/operations/write-spec.ts';
import { codecFor } from '../../../src/types/codec.ts';
import { requireSupported } from '../../../src/types/field.ts';
import { typeFromName } from '../../../src/types/parse-type.ts';
import { TYPE_CASES, type TypeCase } from '../../types/type-cases.ts';

/** A column of the matrix: a type, and a value of it in each row; shorter columns end in NULLs. */
export interface MatrixColumn {
  readonly name: string;
  readonly type: string;
  readonly parsed: SupportedType;
  readonly cases: readonly TypeCase[];
}

/** All cases of these types, as columns. */
export function matrixColumns(accepts: (type: SupportedType) => boolean): readonly MatrixColumn[] {
  const types = [...new Set(TYPE_CASES.map(({ type }) => type))];
  const columns = types.flatMap((type, index) => {
    const [field] = requireSupported([{ name: `c${index}`, type: typeFromName(type) }]);
    return field === undefined || !accepts(field.type)
      ? []
      : [{ name: field.name, type, parsed: field.type, cases: TYPE_CASES.filter((one) => one.type === type) }];
  });
  return columns;
}

/** Types that Parquet carries, and types of which one alone makes staged files CSV: those would spoil the digits of REAL. */
export const MATRIX_GROUPS = {
  'types that Parquet has': matrixColumns((type) => codecFor(type).csvOnly !== true),
  'types that make staged files CSV': matrixColumns(({ kind }) => kind !== 'real' && kind !== 'double'),
} as const;

export function rowCount(columns: readonly MatrixColumn[]): number {
  return Math.max(...columns.map(({ cases }) => cases.length));
}

/** Rows as a program gives them. */
export function asRows(columns: readonly MatrixColumn[]): RowSource {
  return Array.from({ length: rowCount(columns) }, (_, n): InputRow => {
    const values = columns.map(({ name, cases }) => {
      const one = cases[n];
      return [name, one === undefined ? null : one.input === undefined ? one.expected : one.input] as const;
    });
    return { n, ...Object.fromEntries(values) };
  });
}

/** The same as text; `undefined` for NULL. */
function textOf({ cases }: MatrixColumn, n: number): string | undefined {
  const { expected } = cases[n] ?? { expected: null };
  return expected === null ? undefined : String(expected);
}

export async function asCsv(folder: string, columns: readonly MatrixColumn[]): Promise<FileSource> {
  const quoted = (text: string | undefined): string => (text === undefined ? '' : `"${text.replaceAll('"', '""')}"`);
  const lines = Array.from({ length: rowCount(columns) }, (_, n) =>
    [String(n), ...columns.map((column) => quoted(textOf(column, n)))].join(','),
  );
  const file = join(folder, 'matrix.csv');
  await writeFile(file, `${['n', ...columns.map(({ name }) => name)].join(',')}\n${lines.join('\n')}\n`);
  return { file };
}

const JSON_NUMBERS: readonly SupportedType['kind'][] = ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double'];

/** Numbers as numbers, documents as what they are, anything else as strings. */
export async function asJsonLines(folder: string, columns: readonly MatrixColumn[]): Promise<FileSource> {
  const jsonOf = (column: MatrixColumn, n: number): string => {
    const text = textOf(column, n);
    if (text === undefined) return 'null';
    if (column.parsed.kind === 'super' || column.parsed.kind === 'boolean') return text;
    const isNumber = JSON_NUMBERS.includes(column.parsed.kind) && /^-?\d/.test(text);
    return isNumber ? text : JSON.stringify(text);
  };
  const lines = Array.from({ length: rowCount(columns) }, (_, n) => {
    const members = columns.map((column) => `"${column.name}":${jsonOf(column, n)}`);
    return `{"n":${n},${members.join(',')}}`;
  });
  const file = join(folder, 'matrix.jsonl');
  await writeFile(file, `${lines.join('\n')}\n`);
  return { file };
}

/** The type that a Parquet file has of its own for a type of Redshift; text where it has none. */
function parquetOf(type: SupportedType, text: string): string {
  switch (type.kind) {
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'boolean':
    case 'double':
      return `${text}::${type.kind.toUpperCase()}`;
    case 'real':
      return `${text}::FLOAT`;
    case 'decimal':
      return `${text}::DECIMAL(${type.precision},${type.scale})`;
    case 'date':
      return `replace(${text}, ' BC', ' (BC)')::DATE`;
    case 'timestamp':
    case 'timestamptz':
      return `regexp_replace(${text}, '^([^ ]+) (.*) BC$', '\\1 (BC) \\2')::${type.kind.toUpperCase()}`;
    case 'time':
      return `${text}::TIME`;
    case 'super':
      return `${text}::JSON`;
    case 'varbyte':
    case 'geometry':
    case 'geography':
      return `unhex(${text})`;
    case 'char':
    case 'varchar':
    case 'timetz':
    case 'hllsketch':
    case 'intervalYearToMonth':
    case 'intervalDayToSecond':
      return text;
  }
}

export async function asParquet(folder: string, columns: readonly MatrixColumn[]): Promise<FileSource> {
  await asCsv(folder, columns);
  const csv = join(folder, 'matrix.csv');
  const file = join(folder, 'matrix.parquet');
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const names = ['n', ...columns.map(({ name }) => name)];
  const types = names.map((name) => `'${name}': 'VARCHAR'`).join(', ');
  const list = columns.map(({ name, parsed }) => `${parquetOf(parsed, name)} AS ${name}`).join(', ');
  await connection.run(`SET TimeZone = 'UTC'`);
  await connection.run(
    `COPY (SELECT n::INTEGER AS n, ${list} FROM read_csv('${csv}', auto_detect = false, header = true, columns = {${types}}, delim = ',', quote = '"', escape = '"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false)) TO '${file}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  return { file };
}
