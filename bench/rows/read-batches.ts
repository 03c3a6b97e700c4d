import type { Job } from '../agent/protocol.ts';
import type { Bench } from '../world.ts';
import type { BenchRow } from './row.ts';
import { compareRounds, dataOf, rowsOf } from './row.ts';

const FETCH_ROWS = 10_000; // the connector's own default of batchRows

/** What the agent had unloaded last, so that both sides read the same files. Quotes are doubled, as they were. */
async function lastUnload(bench: Bench): Promise<string> {
  const log = await bench.world.log();
  const last = log.findLast((entry) => entry.kind === 'statement' && /UNLOAD \('/.test(entry.text ?? ''));
  const [, query] = /UNLOAD \('(.*)'\) TO /s.exec((last?.kind === 'statement' && last.text) || '') ?? [];
  if (query === undefined) throw new Error('The agent has unloaded nothing yet');
  return query;
}

export const readStaged: BenchRow = {
  id: 'read-staged',
  title: 'Staged read to API batches',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const object = await bench.table(set, rows);
      yield await compareRounds(bench, {
        row: 'read-staged',
        data: set.name,
        rows,
        what: 'staged read to API batches, from the end of UNLOAD',
        floor: 'DuckDB reading the same files, on the disk already, into JavaScript values',
        aim: 'at least 0.9 of its speed',
        limit: { least: 0.9 },
        timeOf: ({ ms, parts }) => parts?.['afterUnload'] ?? ms,
        ours: () => bench.job({ kind: 'readBatches', object, mode: 'staged' }),
        byHand: async () => {
          const used = await bench.fresh();
          const figure = await bench.job({ kind: 'handStagedValues', query: await lastUnload(bench), ...used });
          await bench.drop(used);
          return figure;
        },
      });
    }
  },
};

export const readDirect: BenchRow = {
  id: 'read-direct',
  title: 'Direct read to API batches',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const object = await bench.table(set, rows);
      const byHand: Job = { kind: 'handCursor', query: `SELECT * FROM ${object}`, fetchRows: FETCH_ROWS };
      yield await compareRounds(bench, {
        row: 'read-direct',
        data: set.name,
        rows,
        what: 'direct read to API batches, exact values',
        floor: 'pg reading rows of raw text over the same cursor',
        aim: 'at least 0.9 of its speed',
        limit: { least: 0.9 },
        ours: () => bench.job({ kind: 'readBatches', object, mode: 'direct' }),
        byHand: () => bench.job(byHand),
      });
    }
  },
};
