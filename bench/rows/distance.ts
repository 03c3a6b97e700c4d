import { join } from 'node:path';
import type { Figure, Job } from '../agent/protocol.ts';
import type { Bench } from '../world.ts';
import { type BenchRow, compareRounds, dataOf, type Measured, rowsOf } from './row.ts';

const DELAY_MS = 20;
/** The delay is told the better, the less there is beside it. */
const MAX_ROWS = 1_000_000;

export const distance: BenchRow = {
  id: 'distance',
  title: `Distance: ${DELAY_MS} ms added to each request to S3`,
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = Math.min(MAX_ROWS, rowsOf(bench, set));
      const object = await bench.table(set, rows);
      const file = await bench.file(set, 1, rows);
      const target = await bench.target(set);
      const works: Readonly<Record<string, Measured>> = {
        'staged read to Parquet': async () => {
          const used = await bench.fresh();
          const figure = await bench.job({ kind: 'readToFiles', object, to: join(used.folder, 'out.parquet') });
          await bench.drop(used);
          return figure;
        },
        'staged read to API batches': () => bench.job({ kind: 'readBatches', object, mode: 'staged' } satisfies Job),
        'staged write from Parquet': async () => {
          await bench.target(set);
          return bench.job({ kind: 'writeFile', object: target, file });
        },
      };
      for (const [what, work] of Object.entries(works)) {
        yield await compareRounds(bench, {
          row: 'distance',
          data: set.name,
          rows,
          what: `${what}, far from S3`,
          floor: 'the same without the delay',
          aim: 'at most 1.3 x',
          limit: { most: 1.3 },
          ours: () => far(bench, work),
          byHand: work,
        });
      }
    }
  },
};

/** The agent's requests come late; those of the cluster do not. */
async function far(bench: Bench, work: Measured): Promise<Figure> {
  await bench.world.faults({ on: 's3:*', times: 'always', effect: { kind: 'delay', ms: DELAY_MS } });
  try {
    return await work();
  } finally {
    await bench.world.clearFaults();
  }
}
