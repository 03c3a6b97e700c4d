import type { Job, Shape } from '../agent/protocol.ts';
import type { DataSet } from '../data.ts';
import type { Bench } from '../world.ts';
import type { BenchRow } from './row.ts';
import { compareRounds, dataOf, rowsOf } from './row.ts';

/** One row comes for every five that the table has; half of them are there already. */
export function upsertRange(rows: number): { readonly from: number; readonly to: number; readonly count: number } {
  const count = Math.max(2, 2 * Math.floor(rows / 10));
  return { from: rows - count / 2 + 1, to: rows + count / 2, count };
}

/** The statements that one would write by hand. */
export function upsertByHand({ columns }: Shape, table: string, staging: string): readonly string[] {
  const names = columns.map(({ name }) => name);
  const changed = names.filter((name) => name !== 'id').map((name) => `${name} = s.${name}`);
  return [
    'BEGIN',
    `UPDATE ${table} SET ${changed.join(', ')} FROM ${staging} s WHERE ${table}.id = s.id`,
    `INSERT INTO ${table} (${names.join(', ')}) SELECT ${names.map((name) => `s.${name}`).join(', ')} FROM ${staging} s
     WHERE NOT EXISTS (SELECT 1 FROM ${table} t WHERE t.id = s.id)`,
    'COMMIT',
  ];
}

/** COPY into a temporary table; what follows has it ready. */
export function stageByHand({ place }: Bench, set: DataSet, prefix: string): readonly string[] {
  const columns = set.columns.map(({ name, type }) => `${name} ${type}`).join(', ');
  return [
    `CREATE TEMP TABLE bench_stage (${columns})`,
    `COPY bench_stage FROM 's3://${place.bucket}/${prefix}' IAM_ROLE '${place.copyRole}' CSV ZSTD`,
  ];
}

export const upsert: BenchRow = {
  id: 'upsert',
  title: 'Upsert',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const { from, to, count } = upsertRange(rows);
      const base = await bench.table(set, rows);
      const object = await bench.target(set, base);
      const file = await bench.file(set, from, to);
      const prefix = await bench.ready(set, from, to, 'csv');
      const byHand: Job = {
        kind: 'handSql',
        before: stageByHand(bench, set, prefix),
        timed: upsertByHand(set, object, 'bench_stage'),
      };
      yield await compareRounds(bench, {
        row: 'upsert',
        data: set.name,
        rows: count,
        what: `upsert into ${rows.toLocaleString('en-US')} rows, once they are in the staging table`,
        floor: 'UPDATE and INSERT by hand from a ready staging table',
        aim: 'at most 1.1 x',
        limit: { most: 1.1 },
        timeOf: ({ ms, parts = {} }) => ms - (parts['plan'] ?? 0) - (parts['stage'] ?? 0) - (parts['load'] ?? 0),
        ours: async () => {
          await bench.target(set, base);
          return bench.job({ kind: 'writeFile', object, file, spec: { operation: 'upsert', keys: ['id'] } });
        },
        byHand: async () => {
          await bench.target(set, base);
          return bench.job(byHand);
        },
      });
    }
  },
};
