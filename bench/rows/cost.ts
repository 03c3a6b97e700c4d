import { join } from 'node:path';
import type { Figure, Job } from '../agent/protocol.ts';
import { median, type Result } from '../figures.ts';
import type { Bench } from '../world.ts';
import { type BenchRow, dataOf, rowsOf } from './row.ts';
import { upsertRange } from './upsert.ts';

/** Calls of one run, by service. */
interface Calls {
  readonly s3: number;
  readonly sts: number;
  readonly redshift: number;
  readonly statements: number;
}

/** The process begins with nothing: its first login counts. */
async function counted(bench: Bench, job: Job): Promise<{ readonly figure: Figure; readonly calls: Calls }> {
  let since = '';
  const onGo = async (): Promise<void> => {
    since = new Date().toISOString();
  };
  const figure = await bench.job(job, { cold: true, onGo });
  const log = (await bench.world.log()).filter(({ time }) => time >= since);
  // The cluster reads and writes as the service itself; that is no request of the agent.
  const calls = (service: string): number =>
    log.filter((entry) => entry.kind === 'aws' && entry.service === service).length;
  return {
    figure,
    calls: {
      s3: calls('s3'),
      sts: calls('sts'),
      redshift: calls('redshift'),
      statements: log.filter(({ kind }) => kind === 'statement').length,
    },
  };
}

export const cost: BenchRow = {
  id: 'cost',
  title: 'Cost of a run that begins with nothing',
  async *run(bench) {
    for (const set of dataOf(bench)) {
      const rows = rowsOf(bench, set);
      const { from, to, count } = upsertRange(rows);
      const object = await bench.table(set, rows);
      const target = await bench.target(set, object);
      const used = await bench.fresh();
      const spec = { operation: 'upsert', keys: ['id'] };
      const jobs: readonly (readonly [string, number, Job])[] = [
        ['staged read to Parquet', rows, { kind: 'readToFiles', object, to: join(used.folder, 'out.parquet') }],
        ['staged read to API batches', rows, { kind: 'readBatches', object, mode: 'staged' }],
        ['direct read to API batches', rows, { kind: 'readBatches', object, mode: 'direct' }],
        ['upsert', count, { kind: 'writeFile', object: target, file: await bench.file(set, from, to), spec }],
        [
          'staged write from Parquet',
          rows,
          { kind: 'writeFile', object: target, file: await bench.file(set, 1, rows) },
        ],
      ];
      for (const [what, jobRows, job] of jobs) yield describe(what, set.name, jobRows, [await counted(bench, job)]);
      await bench.drop(used);
    }
  },
};

function describe(
  what: string,
  data: string,
  rows: number,
  runs: readonly Awaited<ReturnType<typeof counted>>[],
): Result {
  const cpuSeconds = median(runs.map(({ figure }) => figure.cpuMs)) / 1000;
  const [{ figure, calls } = { figure: undefined, calls: { s3: 0, sts: 0, redshift: 0, statements: 0 } }] = runs;
  const gigabytes = (figure?.stagedBytes ?? 0) / 1e9;
  const perGb = gigabytes === 0 ? '' : ` (${Math.round(calls.s3 / gigabytes).toLocaleString('en-US')} a GB)`;
  return {
    row: 'cost',
    data,
    rows,
    what: `cost: ${what}`,
    floor: 'none',
    aim: 'stated',
    figure: `${((cpuSeconds / rows) * 1e6).toFixed(2)} s CPU a million rows, ${calls.s3} S3 requests${perGb}, ${calls.sts} STS, ${calls.redshift} Redshift API, ${calls.statements} statements`,
    ...(figure && { oursSeconds: figure.ms / 1000 }),
    sides: { ours: runs.map((run) => run.figure) },
  };
}
