import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { flightsFile } from '../src/cli/demo/flights.ts';
import type { Shape } from './agent/protocol.ts';

/** One of the two tables of the benchmark. `id` counts its rows from 1. */
export interface DataSet extends Shape {
  readonly name: string;
  readonly title: string;
  /** SELECT for the embedded engine: rows with ids from `from` to `to`. */
  readonly select: (from: number, to: number) => string;
  /** What a row takes on the disk in all of its forms at once, about: file, text, two tables and their log. */
  readonly diskBytesPerRow: number;
}

const FLIGHTS_ROWS = 3_000_000;

const flights: DataSet = {
  name: 'flights',
  title: 'flights: 6 columns of real data, 30 bytes',
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'date', type: 'timestamp' },
    { name: 'delay', type: 'bigint' },
    { name: 'distance', type: 'bigint' },
    { name: 'origin', type: 'varchar(3)' },
    { name: 'destination', type: 'varchar(3)' },
  ],
  // The file has three million rows; beyond these they come again, with ids of their own.
  select: (from, to) => `
    select f.file_row_number + 1 + lap.lap * ${FLIGHTS_ROWS} as id, f.date, f.delay, f.distance, f.origin, f.destination
    from range(${Math.floor((from - 1) / FLIGHTS_ROWS)}, ${Math.floor((to - 1) / FLIGHTS_ROWS) + 1}) lap(lap),
      read_parquet('${flightsFile()}', file_row_number = true) f
    where f.file_row_number + 1 + lap.lap * ${FLIGHTS_ROWS} between ${from} and ${to}`,
  diskBytesPerRow: 400,
};

/** One value in twenty is NULL, in every column at other rows. */
const some = (salt: number, value: string): string => `case when hash(i, ${salt}) % 20 = 0 then null else ${value} end`;

/** A whole number below `count`, the same for the same row in every run. */
const draw = (salt: number, count: number): string => `(hash(i, ${salt}) % ${count})::bigint`;

/** Between 0 and 1, the same for the same row in every run. */
const chance = (salt: number): string => `((hash(i, ${salt}) % 1000000) / 1e6)`;

const wide: DataSet = {
  name: 'wide',
  title: 'wide: 10 mixed columns, skewed strings, 5 % NULL, 150 bytes',
  columns: [
    { name: 'id', type: 'bigint' },
    { name: 'small', type: 'smallint' },
    { name: 'number', type: 'integer' },
    { name: 'amount', type: 'decimal(18,4)' },
    { name: 'ratio', type: 'double precision' },
    { name: 'flag', type: 'boolean' },
    { name: 'day', type: 'date' },
    { name: 'moment', type: 'timestamp' },
    { name: 'code', type: 'varchar(20)' },
    { name: 'note', type: 'varchar(1000)' },
  ],
  select: (from, to) => `
    select i as id, ${[
      some(1, `(${draw(11, 60_000)} - 30000)::smallint`),
      some(2, `(${draw(12, 2_000_000_000)} - 1000000000)::integer`),
      some(3, `(${draw(13, 10_000_000)} + ${draw(21, 10_000)}::decimal(18,4) / 10000)::decimal(18,4)`),
      some(4, `exp(${chance(14)} * 40 - 20)`),
      some(5, `${draw(15, 3)} = 0`),
      some(6, `date '1990-01-01' + ${draw(16, 15_000)}::integer`),
      some(7, `timestamp '2000-01-01' + to_microseconds(${draw(17, 800_000_000_000_000)})`),
      // A few codes make up most of the rows.
      some(8, `'code-' || (power(${chance(18)}, 6) * 100000)::integer`),
      // Most are short, a few are long, and some have characters that CSV and UTF-8 take notice of.
      some(
        9,
        `left(repeat(case ${draw(19, 8)} when 0 then 'Grün, "quoted" ' when 1 then '東京 ' else 'plain words ' end, 40), 1 + (power(${chance(20)}, 5) * 380)::integer)`,
      ),
    ]
      .map((value, position) => `${value} as "${wide.columns[position + 1]?.name}"`)
      .join(', ')}
    from range(${from}, ${to + 1}) t(i)`,
  diskBytesPerRow: 1000,
};

const DATA_SETS: readonly DataSet[] = [flights, wide];

export function dataSet(name: string): DataSet {
  const found = DATA_SETS.find((set) => set.name === name);
  if (found === undefined)
    throw new RangeError(`No data ${name}; there are ${DATA_SETS.map((set) => set.name).join(', ')}`);
  return found;
}

export const columnList = ({ columns }: Shape): string => columns.map(({ name, type }) => `${name} ${type}`).join(', ');

/** Writes rows into a file, in the form that the options say. */
export async function writeData(select: string, file: string, options: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB' });
  const connection = await instance.connect();
  try {
    await connection.run(`copy (${select}) to '${file}' (${options})`);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

export const PARQUET = 'format parquet, compression snappy';
/** As the server of the sandbox itself reads it. */
export const SERVER_CSV = `format csv, header false, nullstr '\\N'`;

/** Files ready to be loaded. */
export const STAGED_CSV = 'format csv, header false, compression zstd, per_thread_output true';

export const fileIn = (folder: string, set: DataSet, name: string): string => join(folder, `${set.name}-${name}`);
