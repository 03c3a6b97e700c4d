import { join } from 'node:path';
import type { Result } from '../figures.ts';
import type { Bench } from '../world.ts';
import { type BenchRow, compareRounds, dataOf, rowsOf } from './row.ts';

export const readParquet: BenchRow = {
  id: 'read-parquet',
  title: 'Staged read to Parquet',
  async *run(bench: Bench): AsyncGenerator<Result, void, undefined> {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const table = await bench.table(set, rows);
      yield await compareRounds(bench, {
        row: 'read-parquet',
        data: set.name,
        rows,
        what: 'staged read to Parquet',
        floor: 'UNLOAD alone and download of its files',
        aim: 'at most 1.15 x',
        limit: { most: 1.15 },
        ours: async () => {
          const used = await bench.fresh();
          const figure = await bench.job({ kind: 'readToFiles', object: table, to: join(used.folder, 'out.parquet') });
          await bench.drop(used);
          return figure;
        },
        byHand: async () => {
          const used = await bench.fresh();
          const figure = await bench.job({ kind: 'handUnload', query: `SELECT * FROM ${table}`, ...used });
          await bench.drop(used);
          return figure;
        },
      });
    }
  },
};
