import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { openRun } from '../../src/core/run.ts';
import { write } from '../../src/operations/write.ts';
import type { WriteReport } from '../../src/operations/write-report.ts';
import type { WriteSpec } from '../../src/operations/write-spec.ts';
import type { Value } from '../../src/types/batch.ts';
import type { ReadWorld } from '../operations/read-world.ts';
import { holdInWorld } from './in-world.ts';
import { anyCase, type Case, type Load, type Sizes } from './loads.ts';
import { applied, type Outcome, type Row, sensible } from './model.ts';
import { foldedName, quoted } from './names.ts';
import { execute, expectSame, valueIn } from './rows.ts';
import type { Runs } from './runs.ts';
import { namesFor, sourceOf } from './sources.ts';
import type { Table } from './tables.ts';
import type { ColumnType } from './values.ts';

/** Codes that a refusal of ours may have, by its reason in the model. */
const CODES: Readonly<Record<string, readonly string[]>> = {
  rejected: ['RS_LOAD_REJECTED', 'RS_VALUE_UNREPRESENTABLE', 'RS_INPUT_INVALID'],
  duplicates: ['RS_INPUT_INVALID'],
  unmatched: ['RS_INPUT_INVALID'],
};

/** Writes into random tables, held against rows in memory. */
export function describeWrites(runs: Runs, cases: number, sizes: Sizes): void {
  describe(`writes of any kind into any table, ${runs.title}`, () => {
    holdInWorld(
      'leave in the table what a list of rows would hold, and count as it does',
      runs,
      cases,
      anyCase(sizes),
      tryCase,
    );
  });
}

async function tryCase(world: ReadWorld, folder: string, schema: string, { object, table, changeColumn, loads }: Case) {
  await execute(world, `CREATE SCHEMA ${schema}`);
  const name = foldedName(object);
  await execute(world, `CREATE TABLE ${schema}.${quoted(object)} ${table.ddl}`);
  let rows: readonly Row[] = [];
  for (const wished of loads) {
    const load = sensible(table, rows, wished);
    const outcome = applied(table, rows, load);
    const runId = `run-${schema}-${loads.indexOf(wished)}`;
    const input = async () => sourceOf(load, changeColumn, folder);
    const specOf = specFor([schema, name], load, changeColumn);
    const attempt = async (): Promise<WriteReport | ConnectorError> => {
      try {
        return await write(world.connection, specOf, await input(), openRun({ runId, clock: world.world.clock }));
      } catch (error) {
        if (error instanceof ConnectorError) return error;
        throw error;
      }
    };
    const result = await attempt();
    try {
      compare(result, outcome);
    } catch (error) {
      throw new Error(`Load ${loads.indexOf(wished)}: ${String(error)}`, { cause: error });
    }
    if ('rows' in outcome) rows = outcome.rows;
    if (load.repeated && !(result instanceof ConnectorError)) {
      const again = await attempt();
      if (again instanceof ConnectorError) throw again;
      expect([again.alreadyApplied, again.rows]).to.deep.equal([true, result.rows]);
    }
    // TRUNCATE commits by itself.
    if ('refusals' in outcome && load.before === 'truncate' && result instanceof ConnectorError && isEmptied(result))
      rows = [];
    await holds(world, [schema, name], table, rows);
  }
}

function isEmptied({ report }: ConnectorError): boolean {
  return typeof report === 'object' && report !== null && 'outcome' in report && report.outcome === 'table emptied';
}

function compare(result: WriteReport | ConnectorError, outcome: Outcome): void {
  if ('refusals' in outcome) {
    if (!(result instanceof ConnectorError))
      expect.fail(`expected a refusal: ${outcome.refusals.join()}; got ${JSON.stringify(result.rows)}`);
    const codes = outcome.refusals.flatMap((reason) => CODES[reason] ?? []);
    expect(codes, result.stack).to.include(result.code);
    return;
  }
  if (result instanceof ConnectorError) throw result;
  const { staged: _, ...counts } = result.rows;
  expect(counts).to.deep.equal(outcome.counts);
  if (outcome.cleared !== undefined) expect(result.cleared).to.equal(outcome.cleared);
}

function specFor(object: readonly [string, string], load: Load, changeColumn: string): WriteSpec {
  const columns = namesFor(load, changeColumn);
  return {
    object,
    operation: load.operation,
    before: load.before,
    ...(load.keys.length > 0 ? { keys: load.keys } : {}),
    ...(load.operation === 'dataDriven' ? { changeColumn } : {}),
    ...(load.duplicateKeys === undefined ? {} : { duplicateKeys: load.duplicateKeys }),
    ...(load.updateColumns === undefined ? {} : { updateColumns: load.updateColumns }),
    ...(columns === undefined ? {} : { columns }),
    unmatched: load.unmatched,
    rejectLimit: load.rejectLimit,
    verify: load.verify,
  };
}

/** Holds the table against the rows in memory: as the server writes it, and as a read gives it. */
async function holds(world: ReadWorld, [schema, name]: readonly [string, string], table: Table, rows: readonly Row[]) {
  const { columns } = table;
  const withoutNumbers = (cells: readonly Value[]): readonly Value[] =>
    cells.map((cell, position) => (columns[position]?.isIdentity === true && cell !== null ? 'numbered' : cell));
  const found = await world.rows({ object: [schema, name], mode: 'direct' });
  const expected = rows.map((row) => columns.map((column) => valueIn(row, column.name)));
  expectSame(found.map(withoutNumbers), expected, columns);

  const list = columns.map(({ name: column }) => quoted(column)).join(', ');
  const texts = await execute(world, `SELECT ${list} FROM ${schema}.${quoted(name)}`);
  const numbers = (cells: readonly Value[]): readonly Value[] =>
    cells.map((cell, position) => textual(cell, columns[position]?.type));
  const expectedTexts = rows.map((row) => columns.map((column) => textIn(row, column.name)));
  expectSame(texts.map(withoutNumbers).map(numbers), expectedTexts.map(numbers), columns);
}

/** Digits of floats may differ where the number does not, and an interval of nothing is written in many ways. */
function textual(cell: Value, type: ColumnType | undefined): Value {
  if (type?.ddl === 'INTERVAL YEAR TO MONTH' && cell === '00:00:00') return '0 mons';
  if (type?.isFloat !== true || cell === null) return cell;
  return type.ddl === 'REAL' ? Math.fround(Number(cell)) : Number(cell);
}

function textIn(row: Row, column: string): Value {
  const cell = row.get(column) ?? null;
  return cell === null || cell === 'numbered' ? cell : cell.text;
}
