import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { readToFiles } from '../../src/operations/export/read-to-files.ts';
import type { ReadFilter, ReadSpec } from '../../src/operations/read/read-spec.ts';
import { write } from '../../src/operations/write.ts';
import type { Value } from '../../src/types/batch.ts';
import type { ReadWorld } from '../operations/read-world.ts';
import { anyFilter, compared, isOrdered, judged } from './filters.ts';
import { holdInWorld } from './in-world.ts';
import type { Row } from './model.ts';
import { foldedName, quoted, tableName } from './names.ts';
import { execute, expectSame, sorted, valueIn } from './rows.ts';
import type { Runs } from './runs.ts';
import { anyTable, type Table, type TableColumn } from './tables.ts';
import type { Held } from './values.ts';

type Way = 'direct' | 'staged' | 'ranges' | 'ranges, staged' | 'hash' | 'csv' | 'jsonl' | 'parquet';

interface Reading {
  readonly way: Way;
  readonly staged: boolean;
  /** What is read, in this order. */
  readonly columns: readonly TableColumn[];
  readonly filter: ReadFilter | undefined;
  readonly distinct: boolean;
  readonly sortBy: readonly { readonly column: TableColumn; readonly descending: boolean }[];
  readonly limit: number | undefined;
  readonly parts: number;
  readonly partBy: number;
  readonly verify: boolean;
}

interface ReadCase {
  readonly object: string;
  readonly table: Table;
  readonly rows: readonly Row[];
  readonly readings: readonly Reading[];
}

export interface ReadSizes {
  readonly columns: number;
  readonly rows: number;
  readonly readings: number;
}

/** Reads of random tables, held against rows in memory. */
export function describeReads(runs: Runs, cases: number, sizes: ReadSizes): void {
  describe(`reads of any kind from any table, ${runs.title}`, () => {
    holdInWorld(
      'give what a list of rows holds, in every mode and through every file',
      runs,
      cases,
      anyReadCase(sizes),
      tryReads,
    );
  });
}

function anyReadCase(sizes: ReadSizes): fc.Arbitrary<ReadCase> {
  return fc.record({ object: tableName, table: anyTable(sizes.columns) }).chain(({ object, table }) => {
    const own = table.columns.filter(({ isIdentity }) => !isIdentity);
    const cells = own.map(({ type, nullable }) => (nullable ? fc.option(type.values, { freq: 4 }) : type.values));
    const row = fc
      .tuple(...cells)
      .map((values): Row => new Map(own.map(({ name }, position) => [name, values[position] ?? null])));
    return fc.record({
      object: fc.constant(object),
      table: fc.constant(table),
      // Some rows come twice.
      rows: fc
        .array(row, { maxLength: sizes.rows })
        .chain((rows) => fc.subarray(rows).map((again) => [...rows, ...again])),
      readings: fc.array(anyReading(own), { minLength: 1, maxLength: sizes.readings }),
    });
  });
}

const WAYS: readonly Way[] = ['direct', 'staged', 'ranges', 'ranges, staged', 'hash', 'csv', 'jsonl', 'parquet'];

function anyReading(own: readonly TableColumn[]): fc.Arbitrary<Reading> {
  return fc
    .record({
      way: fc.constantFrom(...WAYS),
      staged: fc.boolean(),
      columns: fc.shuffledSubarray([...own], { minLength: 1 }),
      filter: fc.option(anyFilter(own), { nil: undefined, freq: 2 }),
      distinct: fc.boolean(),
      sortBy: fc.array(fc.record({ position: fc.nat(), descending: fc.boolean() }), { maxLength: 2 }),
      limit: fc.option(fc.nat(8), { nil: undefined, freq: 3 }),
      parts: fc.integer({ min: 1, max: 7 }),
      partBy: fc.nat(),
      verify: fc.boolean(),
    })
    .map(({ columns: wished, sortBy, ...rest }) => {
      const isStaged = rest.way === 'staged' || rest.way === 'ranges, staged' || (rest.staged && isFile(rest.way));
      // Digits of floats beside types that Parquet lacks are refused: there is a test of its own for that.
      const hasFloat = wished.some(({ type }) => type.isFloat === true);
      const columns = isStaged && hasFloat ? wished.filter(({ type }) => type.csvOnly !== true) : wished;
      const able = columns.filter(isOrdered);
      const isDistinct = rest.distinct && able.length === columns.length && !isPartitioned(rest.way);
      const sorts =
        rest.way === 'direct'
          ? sortBy.flatMap(({ position, descending }) => {
              const column = able[position % Math.max(1, able.length)];
              return column === undefined ? [] : [{ column, descending }];
            })
          : [];
      return {
        ...rest,
        columns,
        distinct: isDistinct,
        sortBy: sorts.filter(({ column }, at) => sorts.findIndex((one) => one.column === column) === at),
      };
    });
}

function isPartitioned(way: Way): boolean {
  return way === 'ranges' || way === 'ranges, staged' || way === 'hash';
}

function isFile(way: Way): way is 'csv' | 'jsonl' | 'parquet' {
  return way === 'csv' || way === 'jsonl' || way === 'parquet';
}

async function tryReads(world: ReadWorld, folder: string, schema: string, { object, table, rows, readings }: ReadCase) {
  const name = foldedName(object);
  await execute(world, `CREATE SCHEMA ${schema}`);
  await execute(world, `CREATE TABLE ${schema}.${quoted(object)} ${table.ddl}`);
  const inputs = rows.map((row) => Object.fromEntries([...row].map(([column, cell]) => [column, inputOf(cell)])));
  await write(world.connection, { object: [schema, name] }, inputs, world.run());
  for (const [number, reading] of readings.entries()) {
    const spec = specOf([schema, name], reading);
    // UNLOAD takes its query as text, where a backslash would escape.
    if (spec.mode !== 'direct' && hasBackslash(reading, object)) continue;
    // A line of a CSV file has no such name.
    if (
      reading.way === 'csv' &&
      reading.columns.some((column) => column.name.trim() === '' || column.name.includes('\n'))
    )
      continue;
    const chosen = expectedRows(rows, reading, table.columns);
    const values = (all: readonly Row[]) =>
      all.map((row) => reading.columns.map((column) => valueIn(row, column.name)));
    const found = isFile(reading.way)
      ? await throughFile(world, { folder, schema, number, table, reading, spec })
      : await world.rows(spec);
    if (reading.limit === undefined && !reading.distinct) expectSame(found, values(chosen), reading.columns);
    else expectSome(found, values(chosen), reading);
    inOrder(found, chosen, reading);
  }
}

function inputOf(cell: Held | null | 'numbered'): Held['input'] | null {
  return cell === null || cell === 'numbered' ? null : cell.input;
}

function hasBackslash({ columns, filter, partBy }: Reading, object: string): boolean {
  const names = [object, ...columns.map(({ name }) => name)].join('');
  return partBy >= 0 && (names.includes('\\') || JSON.stringify(filter ?? null).includes('\\\\'));
}

function specOf(object: readonly [string, string], reading: Reading): ReadSpec {
  const { way, columns, filter, distinct, sortBy, limit, parts, partBy, staged } = reading;
  const able = columns.filter((column) => isOrdered(column) || column.type.isFloat === true);
  const by = able[partBy % Math.max(1, able.length)];
  const isRanges = (way === 'ranges' || way === 'ranges, staged') && by !== undefined;
  const isHash = way === 'hash' && able.length > 0;
  const mode =
    isRanges || isHash
      ? 'partitioned'
      : way === 'staged' || way === 'ranges, staged' || (isFile(way) && staged)
        ? 'staged'
        : 'direct';
  return {
    object,
    mode,
    columns: columns.map(({ name }) => name),
    ...(filter === undefined ? {} : { filter }),
    ...(distinct ? { distinct } : {}),
    ...(sortBy.length === 0
      ? {}
      : { orderBy: sortBy.map(({ column, descending }) => ({ column: column.name, descending })) }),
    ...(limit === undefined ? {} : { limit }),
    ...(mode === 'partitioned' ? { partitionCount: parts, allowInconsistent: true } : {}),
    ...(isRanges ? { partitionColumn: by.name, partitionMode: way === 'ranges' ? 'direct' : 'staged' } : {}),
    ...(isHash ? { partitionHash: able.slice(0, 2).map(({ name }) => name) } : {}),
    ...(reading.verify && mode !== 'partitioned' && limit === undefined ? { verify: true } : {}),
  };
}

/** All rows that fit, sorted where that was asked for; more than the limit. */
function expectedRows(
  rows: readonly Row[],
  { filter, sortBy }: Reading,
  columns: readonly TableColumn[],
): readonly Row[] {
  const fitting = rows.filter((row) => filter === undefined || judged(filter, row, columns) === true);
  return [...fitting].sort((a, b) => {
    for (const { column, descending } of sortBy) {
      const order = nullsLast(rankIn(a, column.name), rankIn(b, column.name));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
}

function rankIn(row: Row, column: string): Held['rank'] {
  const cell = row.get(column) ?? null;
  return cell === null || cell === 'numbered' ? undefined : cell.rank;
}

function nullsLast(a: Held['rank'], b: Held['rank']): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  return compared(a, b);
}

/** With a limit, some of the rows; distinct ones stand for those that are equal. */
function expectSome(
  found: readonly (readonly Value[])[],
  all: readonly (readonly Value[])[],
  { distinct, limit = Infinity }: Reading,
) {
  const sameText = (row: readonly Value[]): string =>
    JSON.stringify(row.map((cell) => (typeof cell === 'string' ? cell.replace(/ +$/, '') : String(cell))));
  const left = all.map(sameText);
  const possible = distinct ? [...new Set(left)] : left;
  expect(found).to.have.length(Math.min(limit, possible.length));
  for (const row of found.map(sameText)) {
    const at = possible.indexOf(row);
    expect(at, row).to.be.at.least(0);
    possible.splice(at, 1);
  }
}

function inOrder(found: readonly (readonly Value[])[], chosen: readonly Row[], { sortBy, columns, distinct }: Reading) {
  if (sortBy.length === 0 || distinct) return;
  const positions = sortBy.map(({ column }) => columns.indexOf(column));
  const shown = (cell: Value): Value => (typeof cell === 'string' ? cell.replace(/ +$/, '') : cell);
  const expected = chosen
    .slice(0, found.length)
    .map((row) => sortBy.map(({ column }) => shown(valueIn(row, column.name))));
  expect(found.map((row) => positions.map((position) => shown(row[position] ?? null)))).to.deep.equal(expected);
}

interface FileReading {
  readonly folder: string;
  readonly schema: string;
  readonly number: number;
  readonly table: Table;
  readonly reading: Reading;
  readonly spec: ReadSpec;
}

/** Reads into a file, loads it into a table of the same columns, and reads that. */
async function throughFile(world: ReadWorld, { folder, schema, number, reading, spec }: FileReading) {
  const file = join(folder, `${schema}-${number}.${reading.way}`);
  const { rows } = await readToFiles(world.connection, spec, { to: file }, world.run());
  if (rows === 0) return [];
  const copy = `copy_${number}`;
  const columns = reading.columns.map(({ given, type }) => `${quoted(given)} ${type.ddl}`).join(', ');
  await execute(world, `CREATE TABLE ${schema}.${copy} (${columns})`);
  await write(world.connection, { object: [schema, copy] }, { file }, world.run());
  const found = await world.rows({ object: [schema, copy], mode: 'direct' });
  expect(found).to.have.length(rows);
  return sorted(found);
}
