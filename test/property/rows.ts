import { expect } from 'chai';
import { Sql } from '../../src/sql/sql.ts';
import type { Value } from '../../src/types/batch.ts';
import type { ReadWorld } from '../operations/read-world.ts';
import type { Row } from './model.ts';
import { quoted } from './names.ts';
import type { TableColumn } from './tables.ts';

export function valueIn(row: Row, column: string): Value {
  const cell = row.get(column) ?? null;
  return cell === null || cell === 'numbered' ? cell : cell.value;
}

/** The same rows in any order. A column whose values alone differ is named, which tells more than whole rows. */
export function expectSame(
  found: readonly (readonly Value[])[],
  expected: readonly (readonly Value[])[],
  columns: readonly TableColumn[],
) {
  expect(found).to.have.length(expected.length);
  columns.forEach(({ name, type }, position) => {
    const column = (rows: readonly (readonly Value[])[]) => sorted(rows.map((row) => [row[position] ?? null]));
    expect(column(found), `${name} ${type.ddl}`).to.deep.equal(column(expected));
  });
  expect(sorted(found)).to.deep.equal(sorted(expected));
}

export function sorted(rows: readonly (readonly Value[])[]): readonly (readonly Value[])[] {
  const keyOf = (row: readonly Value[]): string =>
    row.map((cell) => `${typeof cell} ${Object.is(cell, -0) ? '-0' : String(cell)}`).join('\u0001');
  const keyed = rows.map((row) => [keyOf(row), row] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row);
}

/** Runs a statement as the connection's user, through the endpoint. */
export async function execute(world: ReadWorld, text: string): Promise<readonly (readonly (string | null)[])[]> {
  const run = world.run();
  const session = await world.connection.database.session(run);
  try {
    const { rows } = await session.run(Sql.trusted(text), run);
    return rows;
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

/** Lets the connection's user make a schema for each case. */
export async function mayCreateSchemas(world: ReadWorld): Promise<void> {
  const [[database]] = (await execute(world, 'SELECT current_database()')) as [[string]];
  await world.world.sql(`GRANT CREATE ON DATABASE ${quoted(database)} TO etl`);
}
