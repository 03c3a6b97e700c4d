import type { BenchRow } from './row.ts';
import { compareRounds, dataOf, rowsOf } from './row.ts';

export const writeParquet: BenchRow = {
  id: 'write-parquet',
  title: 'Staged write from Parquet that Redshift can load as it is',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const object = await bench.target(set);
      const file = await bench.file(set, 1, rows);
      const prefix = await bench.ready(set, 1, rows, 'parquet');
      yield await compareRounds(bench, {
        row: 'write-parquet',
        data: set.name,
        rows,
        what: 'staged write from Parquet, passed through',
        floor: 'COPY alone of the same file, in the bucket already',
        aim: 'at most 1.15 x',
        limit: { most: 1.15 },
        ours: async () => {
          await bench.target(set);
          return bench.job({ kind: 'writeFile', object, file });
        },
        byHand: async () => {
          await bench.target(set);
          return bench.job({ kind: 'handCopy', table: object, prefix, options: 'FORMAT PARQUET' });
        },
      });
    }
  },
};

export const writeCsv: BenchRow = {
  id: 'write-csv',
  title: 'Staged write from Parquet that becomes CSV',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const object = await bench.target(set);
      const file = await bench.file(set, 1, rows, { textual: true });
      const prefix = await bench.ready(set, 1, rows, 'csv');
      yield await compareRounds(bench, {
        row: 'write-csv',
        data: set.name,
        rows,
        what: 'staged write from Parquet that becomes CSV (one column is text)',
        floor: 'COPY alone of ready CSV files (zstd)',
        aim: 'at most 1.20 x',
        limit: { most: 1.2 },
        ours: async () => {
          await bench.target(set);
          return bench.job({ kind: 'writeFile', object, file });
        },
        byHand: async () => {
          await bench.target(set);
          return bench.job({ kind: 'handCopy', table: object, prefix, options: 'CSV ZSTD' });
        },
      });
    }
  },
};
