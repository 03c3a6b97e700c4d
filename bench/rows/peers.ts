import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonWithPipelines } from '../../test/clients/python.ts';
import type { Figure, Job } from '../agent/protocol.ts';
import type { DataSet } from '../data.ts';
import { compare, median, type Result, wholeTime } from '../figures.ts';
import type { Bench } from '../world.ts';
import { type BenchRow, dataOf, type Measured, rounds } from './row.ts';
import { stageByHand, upsertByHand, upsertRange } from './upsert.ts';

const PROGRAM = fileURLToPath(new URL('../peers/peer.py', import.meta.url));
const PEERS = ['awswrangler', 'dlt'] as const;
type Peer = (typeof PEERS)[number];

interface PeerJob {
  readonly peer: Peer;
  readonly task: 'load' | 'unload' | 'upsert';
  /** Of roleshift too; dlt has tables of its own in a schema of its own. */
  readonly table: string;
  readonly rows: number;
  readonly file?: string;
  /** Rows that dlt loads beforehand, since it knows only tables that it made. */
  readonly base?: string;
}

async function peerJob(bench: Bench, job: PeerJob): Promise<Figure> {
  const python = await pythonWithPipelines();
  const used = await bench.fresh();
  const [, number = ''] = /(\d+)\/$/.exec(used.prefix) ?? [];
  const own = `lake_${number}`;
  const table = job.peer === 'dlt' ? `${own}.rows` : job.table;
  const order = { place: bench.place, ...job, ...used, table };
  const figure = await bench.run({ command: python, args: [PROGRAM], order });
  await bench.drop(used);
  if (job.peer === 'dlt') {
    await bench.sql(`drop schema if exists ${own} cascade; drop schema if exists ${own}_staging cascade`);
  }
  return figure;
}

interface Task {
  readonly title: string;
  readonly floor: string;
  readonly rows: number;
  readonly sides: Readonly<Record<string, Measured>>;
}

async function load(bench: Bench, set: DataSet, rows: number): Promise<Task> {
  const object = await bench.target(set);
  const file = await bench.file(set, 1, rows);
  const prefix = await bench.ready(set, 1, rows, 'parquet');
  const emptied = async (job: () => Promise<Figure>): Promise<Figure> => {
    await bench.target(set);
    return job();
  };
  const byPeer = (peer: Peer): Measured => {
    return () => emptied(() => peerJob(bench, { peer, task: 'load', table: object, rows, file }));
  };
  return {
    title: 'load of a Parquet file',
    floor: 'COPY alone of the same file, in the bucket already',
    rows,
    sides: {
      ours: () => emptied(() => bench.job({ kind: 'writeFile', object, file })),
      floor: () => emptied(() => bench.job({ kind: 'handCopy', table: object, prefix, options: 'FORMAT PARQUET' })),
      awswrangler: byPeer('awswrangler'),
      dlt: byPeer('dlt'),
    },
  };
}

async function unload(bench: Bench, set: DataSet, rows: number): Promise<Task> {
  const table = await bench.table(set, rows);
  const base = await bench.file(set, 1, rows);
  const byFolder = async (job: (used: { folder: string; prefix: string }) => Job): Promise<Figure> => {
    const used = await bench.fresh();
    const figure = await bench.job(job(used));
    await bench.drop(used);
    return figure;
  };
  return {
    title: 'unload into a local Parquet file',
    floor: 'UNLOAD alone and download of its files',
    rows,
    sides: {
      ours: () => byFolder(({ folder }) => ({ kind: 'readToFiles', object: table, to: join(folder, 'out.parquet') })),
      floor: () => byFolder((used) => ({ kind: 'handUnload', query: `SELECT * FROM ${table}`, ...used })),
      awswrangler: () => peerJob(bench, { peer: 'awswrangler', task: 'unload', table, rows }),
      dlt: () => peerJob(bench, { peer: 'dlt', task: 'unload', table, rows, base }),
    },
  };
}

async function upsert(bench: Bench, set: DataSet, rows: number): Promise<Task> {
  const { from, to, count } = upsertRange(rows);
  const base = await bench.table(set, rows);
  const object = await bench.target(set, base);
  const file = await bench.file(set, from, to);
  const prefix = await bench.ready(set, from, to, 'csv');
  const restored = async (job: () => Promise<Figure>): Promise<Figure> => {
    await bench.target(set, base);
    return job();
  };
  const [create = '', copy = ''] = stageByHand(bench, set, prefix);
  const byHand: Job = { kind: 'handSql', before: [create], timed: [copy, ...upsertByHand(set, object, 'bench_stage')] };
  const common = { task: 'upsert', table: object, rows: count, file } as const;
  return {
    title: `upsert of a Parquet file into ${rows.toLocaleString('en-US')} rows`,
    floor: 'COPY of ready files into a staging table, UPDATE and INSERT by hand',
    rows: count,
    sides: {
      ours: () =>
        restored(() => bench.job({ kind: 'writeFile', object, file, spec: { operation: 'upsert', keys: ['id'] } })),
      floor: () => restored(() => bench.job(byHand)),
      awswrangler: () => restored(() => peerJob(bench, { peer: 'awswrangler', ...common })),
      dlt: async () => peerJob(bench, { peer: 'dlt', ...common, base: await bench.file(set, 1, rows) }),
    },
  };
}

/** Ours against the best of the peers: what each needs above the floor, and in total. */
function judge(task: Task, set: DataSet, sides: Readonly<Record<string, readonly Figure[]>>): Result {
  const { ours = [], floor = [] } = sides;
  const { oursMs, floorMs, ratio: aboveFloor } = compare(ours, floor);
  const totals = PEERS.map((peer) => ({ peer, ms: median((sides[peer] ?? []).map(wholeTime)) }));
  const best = totals.reduce((left, right) => (right.ms < left.ms ? right : left));
  const ratio = Math.max(0, oursMs - floorMs) / Math.max(1, best.ms - floorMs);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return {
    row: 'peers',
    data: set.name,
    rows: task.rows,
    what: task.title,
    floor: task.floor,
    aim: 'above the floor at most 0.33 of the best peer; ahead of each in total',
    figure: `${ratio.toFixed(2)} of the best peer's time above the floor`,
    ratio,
    isMet: ratio <= 1 / 3 && totals.every(({ ms }) => oursMs < ms),
    oursSeconds: oursMs / 1000,
    floorSeconds: floorMs / 1000,
    note: `${totals.map(({ peer, ms }) => `${peer} ${seconds(ms)}`).join(', ')}; ours ${aboveFloor.toFixed(2)} x the floor`,
    sides,
  };
}

export const peers: BenchRow = {
  id: 'peers',
  title: 'Peers: awswrangler and dlt',
  async *run(bench) {
    const { peerRows: rows } = bench.flags;
    for (const set of dataOf(bench)) {
      for (const [name, make] of Object.entries({ load, unload, upsert })) {
        const task = await make(bench, set, rows);
        yield judge(task, set, await rounds(bench, `peers ${name} ${set.name}`, task.sides));
      }
    }
  },
};
