import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { InputValue, WriteInput } from '../../src/operations/write-spec.ts';
import type { GivenRow, Load } from './loads.ts';
import { quoted } from './names.ts';
import type { TableColumn } from './tables.ts';
import type { Cell, ColumnType } from './values.ts';

interface Field {
  readonly name: string;
  readonly type?: ColumnType;
  readonly cellOf: (row: GivenRow) => Cell;
}

/** The rows of a load as something that `write` takes; files go into the folder. */
export function sourceOf(load: Load, changeColumn: string, folder: string): WriteInput | Promise<WriteInput> {
  const fields: readonly Field[] = [
    ...load.columns.map(({ given, name, type }) => ({
      name: given,
      type,
      cellOf: ({ cells }: GivenRow) => cells.get(name) ?? null,
    })),
    ...(load.operation === 'dataDriven'
      ? [{ name: changeColumn, cellOf: ({ letter }: GivenRow) => letterCell(letter) }]
      : []),
  ];
  const objectOf = (row: GivenRow): object =>
    Object.fromEntries(fields.map(({ name, cellOf }) => [name, inputOf(cellOf(row))]));
  switch (load.source) {
    case 'objects':
      return load.rows.map(objectOf);
    case 'arrays':
      return load.rows.map((row) => fields.map(({ cellOf }) => inputOf(cellOf(row))));
    case 'batches':
      return [{ fields: fields.map(({ name }) => ({ name })), rows: () => load.rows.map(objectOf) }];
    case 'csv':
      return written(join(folder, 'rows.csv'), csvOf(fields, load.rows));
    case 'jsonl':
      return written(join(folder, 'rows.jsonl'), load.rows.map((row) => `${jsonOf(fields, row)}\n`).join(''));
    case 'parquet':
      return parquetOf(fields, load.rows, folder);
  }
}

/** Names for `columns`, where the rows have none of their own. */
export function namesFor(load: Load, changeColumn: string): readonly string[] | undefined {
  if (load.source !== 'arrays') return undefined;
  const names = load.columns.map(({ given }: TableColumn) => given);
  return load.operation === 'dataDriven' ? [...names, changeColumn] : names;
}

function letterCell(letter: string): Cell {
  return { input: letter, value: letter, text: letter, same: letter };
}

function inputOf(cell: Cell): InputValue {
  return cell === null ? null : 'bad' in cell ? cell.bad : cell.input;
}

function textOf(cell: Cell): string | null {
  return cell === null ? null : 'bad' in cell ? cell.bad : cell.text;
}

async function written(file: string, text: string): Promise<WriteInput> {
  await writeFile(file, text);
  return { file };
}

function csvOf(fields: readonly Field[], rows: readonly GivenRow[]): string {
  const quotedText = (text: string | null): string => (text === null ? '' : quoted(text));
  const lines = rows.map((row) => fields.map(({ cellOf }) => quotedText(textOf(cellOf(row)))).join(','));
  return [fields.map(({ name }) => quoted(name)).join(','), ...lines].map((line) => `${line}\n`).join('');
}

function jsonOf(fields: readonly Field[], row: GivenRow): string {
  const members = fields.map(({ name, type, cellOf }) => {
    const cell = cellOf(row);
    return `${JSON.stringify(name)}:${cell === null ? 'null' : jsonValue(cell, type?.json)}`;
  });
  return `{${members.join(',')}}`;
}

function jsonValue(cell: Exclude<Cell, null>, form: ColumnType['json']): string {
  if ('bad' in cell) return JSON.stringify(cell.bad);
  if (form === 'document') return cell.text;
  if (form === 'boolean') return String(cell.value);
  const isNumber = form === 'number' && /^-?\d/.test(cell.text) && !/^-?0\d/.test(cell.text);
  return isNumber ? cell.text : JSON.stringify(cell.text);
}

/** A column as a Parquet file of another program has it; text where the rows hold what the type cannot. */
function parquetExpression(type: ColumnType | undefined, name: string, hasBad: boolean): string {
  if (type === undefined || hasBad) return name;
  const [kind = ''] = type.ddl.split('(');
  switch (kind) {
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'BOOLEAN':
    case 'REAL':
    case 'DECIMAL':
    case 'TIME':
      return `${name}::${type.ddl}`;
    case 'DOUBLE PRECISION':
      return `${name}::DOUBLE`;
    case 'DATE':
      return `replace(${name}, ' BC', ' (BC)')::DATE`;
    case 'TIMESTAMP':
    case 'TIMESTAMPTZ':
      return `regexp_replace(${name}, '^([^ ]+) (.*) BC$', '\\1 (BC) \\2')::${kind}`;
    case 'SUPER':
      return `${name}::JSON`;
    case 'VARBYTE':
    case 'GEOMETRY':
    case 'GEOGRAPHY':
      return `unhex(${name})`;
    default:
      return name;
  }
}

async function parquetOf(fields: readonly Field[], rows: readonly GivenRow[], folder: string): Promise<WriteInput> {
  const texts = join(folder, 'texts.csv');
  const file = join(folder, 'rows.parquet');
  // Names of our own in the text, so that only the Parquet file has the odd ones.
  const lines = rows.map((row, n) =>
    [...fields.map(({ cellOf }) => textOf(cellOf(row))).map((text) => (text === null ? '' : quoted(text))), n].join(
      ',',
    ),
  );
  await writeFile(
    texts,
    `${[...fields.map((_, position) => `c${position}`), 'n'].join(',')}\n${lines.map((line) => `${line}\n`).join('')}`,
  );
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const columns = [...fields.map((_, position) => `'c${position}': 'VARCHAR'`), "'n': 'INTEGER'"].join(', ');
  const list = fields.map(({ name, type, cellOf }, position) => {
    const hasBad = rows.some((row) => {
      const cell = cellOf(row);
      return cell !== null && 'bad' in cell;
    });
    return `${parquetExpression(type, `c${position}`, hasBad)} AS ${quoted(name)}`;
  });
  await connection.run("SET TimeZone = 'UTC'");
  await connection.run(
    `COPY (SELECT ${list.join(', ')} FROM read_csv('${texts}', auto_detect = false, header = true, columns = {${columns}}, delim = ',', quote = '"', escape = '"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false, strict_mode = false, max_line_size = 10000000) ORDER BY n) TO '${file}' (FORMAT parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  return { file };
}
