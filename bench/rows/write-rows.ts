import type { BenchRow } from './row.ts';
import { compareRounds, dataOf, rowsOf } from './row.ts';

export const writeRows: BenchRow = {
  id: 'write-rows',
  title: 'Staged write from API rows',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const count = rowsOf(bench, set);
      const object = await bench.target(set);
      const rows = { file: await bench.file(set, 1, Math.min(count, 100_000)), count, columns: set.columns };
      yield await compareRounds(bench, {
        row: 'write-rows',
        data: set.name,
        rows: count,
        what: 'staged write from API rows',
        floor: 'DuckDB appender, its CSV files (zstd), and COPY',
        aim: 'at least 0.9 of its speed',
        limit: { least: 0.9 },
        ours: async () => {
          await bench.target(set);
          return bench.job({ kind: 'writeRows', object, rows });
        },
        byHand: async () => {
          await bench.target(set);
          const used = await bench.fresh();
          const figure = await bench.job({ kind: 'handAppend', table: object, rows, ...used });
          await bench.drop(used);
          return figure;
        },
      });
    }
  },
};
