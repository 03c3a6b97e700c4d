import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readToFiles } from '../../../src/operations/export/read-to-files.ts';
import { write } from '../../../src/operations/write.ts';
import type { Value } from '../../../src/types/batch.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';
import { asRows, MATRIX_GROUPS, type MatrixColumn, rowCount } from './matrix-sources.ts';

const FILES = {
  direct: ['out.parquet', 'out.csv', 'out.jsonl.zst'],
  staged: ['out.parquet', 'out.csv.zst', 'out.jsonl.gz'],
} as const;

describe('every value of every type, to a file and from that file into another table', () => {
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

  for (const [position, [group, columns]] of Object.entries(MATRIX_GROUPS).entries()) {
    const from = `matrix_${position}`;
    const ddl = `n INTEGER, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')}`;
    const supers = columns.filter(({ parsed }) => parsed.kind === 'super').map(({ name }) => name);

    describe(group, () => {
      before(async () => {
        await world.table(from, ddl);
        await write(world.connection, { object: ['public', from] }, asRows(columns), world.run());
      });

      for (const mode of ['direct', 'staged'] as const) {
        for (const [kind, name] of FILES[mode].entries()) {
          it(`${name}, in ${mode} mode`, async () => {
            const isLines = kind === 2;
            const file = join(folder, `${position}-${mode}-${name}`);
            // JSON Lines cannot tell the null of JSON from SQL's.
            const acceptLoss = isLines ? supers : [];
            const verify = !isLines;
            await readToFiles(world.connection, { object: from, mode, acceptLoss, verify }, { to: file }, world.run());
            const into = `${from}_${mode}_${kind}`;
            await world.table(into, ddl);
            await write(world.connection, { object: ['public', into], verify: true }, { file }, world.run());
            const rows = [...(await world.rows({ object: into, mode: 'direct' }))];
            rows.sort(([a], [b]) => Number(a) - Number(b));
            for (const [index, column] of columns.entries()) {
              const found = rows.map((row) => row[index + 1] ?? null);
              expect(found, column.type).to.deep.equal(expectedOf(column, rowCount(columns), isLines));
            }
          });
        }
      }
    });
  }
});

function expectedOf({ cases, parsed }: MatrixColumn, rows: number, isLines: boolean): readonly Value[] {
  return Array.from({ length: rows }, (_, n) => {
    const expected = cases[n]?.expected ?? null;
    return isLines && parsed.kind === 'super' && expected === 'null' ? null : expected;
  });
}
