import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { renderType, type SupportedType } from '../../../src/core/redshift-type.ts';
import { write } from '../../../src/operations/write.ts';
import type { WriteInput, WriteSpec } from '../../../src/operations/write-spec.ts';
import { integer, join as joinSql, literal, type Sql, sql } from '../../../src/sql/sql.ts';
import { renderForm } from '../../../src/sql/value-form.ts';
import type { Value } from '../../../src/types/batch.ts';
import { codecFor } from '../../../src/types/codec.ts';
import type { TypeCase } from '../../types/type-cases.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';
import {
  asCsv,
  asJsonLines,
  asParquet,
  asRows,
  MATRIX_GROUPS,
  type MatrixColumn,
  matrixColumns,
  rowCount,
} from './matrix-sources.ts';

const SOURCES: Readonly<
  Record<string, (folder: string, columns: readonly MatrixColumn[]) => WriteInput | Promise<WriteInput>>
> = {
  rows: (_, columns) => asRows(columns),
  Parquet: asParquet,
  CSV: asCsv,
  'JSON Lines': asJsonLines,
};

describe('every value of every type, there and back', () => {
  let world: ReadWorld;
  let folder: string;
  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    folder = await mkdtemp(join(tmpdir(), 'roleshift-matrix-'));
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('by INSERT, each text in the form that its type takes', async function () {
    this.timeout(30_000);
    // A literal of ours holds no backslash.
    const columns = matrixColumns(({ kind }) => kind !== 'hllsketch').map((column) => ({
      ...column,
      cases: column.cases.filter(({ expected }) => !String(expected).includes('\\')),
    }));
    await world.table('matrix_insert', `n INTEGER, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
    const rows = Array.from({ length: rowCount(columns) }, (_, n) => {
      const values = columns.map(({ cases, parsed }) => insertedValue(cases[n], parsed));
      return sql`(${integer(n)}, ${joinSql(values)})`;
    });
    const run = world.run();
    const session = await world.connection.database.session(run);
    try {
      for (const row of rows) await session.run(sql`INSERT INTO matrix_insert VALUES ${row}`, run);
    } finally {
      await session[Symbol.asyncDispose]();
    }
    const found = [...(await world.rows({ object: 'matrix_insert', mode: 'direct' }))].sort(
      ([a], [b]) => Number(a) - Number(b),
    );
    for (const [position, column] of columns.entries()) {
      const values = found.map((row) => row[position + 1] ?? null);
      expect(values, column.type).to.deep.equal(expectedOf(column, rowCount(columns), 'rows'));
    }
  });

  for (const [source, open] of Object.entries(SOURCES)) {
    it(`from ${source}, by INSERT`, async function () {
      this.timeout(30_000);
      const columns = matrixColumns((type) => codecFor(type).copyOnly !== true);
      const object = `matrix_insert_${Object.keys(SOURCES).indexOf(source)}`;
      await world.table(object, `n INTEGER, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
      const input = await open(folder, columns);
      const spec: WriteSpec = { object: ['public', object], path: 'insert', verify: true };
      const report = await write(world.connection, spec, input, world.run());
      expect(report).to.include({ path: 'insert' });
      expect(report.rows.inserted).to.equal(rowCount(columns));
      const rows = [...(await world.rows({ object, mode: 'direct' }))].sort(([a], [b]) => Number(a) - Number(b));
      for (const [position, column] of columns.entries()) {
        const found = rows.map((row) => row[position + 1] ?? null);
        expect(found, column.type).to.deep.equal(expectedOf(column, rowCount(columns), source));
      }
    });
  }

  for (const [group, columns] of Object.entries(MATRIX_GROUPS)) {
    for (const [source, open] of Object.entries(SOURCES)) {
      it(`${group}: from ${source}, by direct and by staged reads`, async function () {
        this.timeout(30_000);
        const object = `matrix_${Object.keys(SOURCES).indexOf(source)}_${Object.keys(MATRIX_GROUPS).indexOf(group)}`;
        await world.table(object, `n INTEGER, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
        const input = await open(folder, columns);
        const spec: WriteSpec = { object: ['public', object], path: 'staged', verify: true };
        const report = await write(world.connection, spec, input, world.run());
        expect(report.rows.inserted).to.equal(rowCount(columns));
        expect(report.verified?.rows).to.equal(rowCount(columns));
        for (const mode of ['direct', 'staged'] as const) {
          const rows = [...(await world.rows({ object, mode }))].sort(([a], [b]) => Number(a) - Number(b));
          for (const [position, column] of columns.entries()) {
            const found = rows.map((row) => row[position + 1] ?? null);
            expect(found, `${column.type} ${mode}`).to.deep.equal(expectedOf(column, rowCount(columns), source));
          }
        }
      });
    }
  }
});

function insertedValue(one: TypeCase | undefined, type: SupportedType): Sql {
  const value = one === undefined ? null : one.input === undefined ? one.expected : one.input;
  if (value === null) return sql`NULL`;
  const { toText, insertAs } = codecFor(type);
  return renderForm(literal(toText(value) as string), insertAs ?? { cast: renderType(type) });
}

/** The null of JSON and SQL's NULL are one in JSON Lines. */
function expectedOf({ cases, parsed }: MatrixColumn, rows: number, source: string): readonly Value[] {
  return Array.from({ length: rows }, (_, n) => {
    const expected = cases[n]?.expected ?? null;
    const isJsonNull = source === 'JSON Lines' && parsed.kind === 'super' && expected === 'null';
    return isJsonNull ? null : expected;
  });
}
