import { join } from 'node:path';
import type { Figure, Job } from '../agent/protocol.ts';
import { type DataSet, dataSet } from '../data.ts';
import { median, type Result } from '../figures.ts';
import type { Bench } from '../world.ts';
import type { BenchRow, Measured } from './row.ts';

const SMALL_ROWS = 1_000_000;
const LIMIT_MIB = 400e6 / 2 ** 20;
/** Peaks that differ by less are equal: so much comes and goes with when memory is collected. */
const SAME_MIB = 64;

/** One text of so many bytes a row. */
function texts(bytes: number): DataSet {
  return {
    name: `text_${bytes}`,
    title: `one text of ${bytes} bytes`,
    columns: [
      { name: 'id', type: 'bigint' },
      { name: 'note', type: `varchar(${bytes})` },
    ],
    select: (from, to) =>
      `select i as id, left(repeat(md5(i::varchar), ${Math.ceil(bytes / 32)}), ${bytes}) as note from range(${from}, ${to + 1}) t(i)`,
    diskBytesPerRow: bytes * 4,
  };
}

/** The paths by which an agent moves rows. */
async function paths(bench: Bench, set: DataSet, rows: number): Promise<Readonly<Record<string, Measured>>> {
  const object = await bench.table(set, rows);
  const file = await bench.file(set, 1, rows);
  const batches = (mode: 'direct' | 'staged'): Measured => {
    const job: Job = { kind: 'readBatches', object, mode };
    return () => bench.job(job);
  };
  return {
    'staged read to Parquet': async () => {
      const used = await bench.fresh();
      const figure = await bench.job({ kind: 'readToFiles', object, to: join(used.folder, 'out.parquet') });
      await bench.drop(used);
      return figure;
    },
    'staged read to API batches': batches('staged'),
    'direct read to API batches': batches('direct'),
    'staged write from Parquet': async () => {
      const target = await bench.target(set);
      const figure = await bench.job({ kind: 'writeFile', object: target, file });
      await bench.target(set);
      return figure;
    },
  };
}

async function peaks(bench: Bench, label: string, measured: Measured, times: number): Promise<readonly Figure[]> {
  const figures: Figure[] = [];
  for (let time = 0; time < times; time += 1) {
    const figure = await measured();
    bench.say(`memory, ${label}: ${Math.round(figure.peakMib)} MiB in ${(figure.ms / 1000).toFixed(1)} s`);
    figures.push(figure);
  }
  return figures;
}

const peakOf = (figures: readonly Figure[]): number => median(figures.map(({ peakMib }) => peakMib));
const shown = (mib: number): string => `${Math.round(mib)} MiB`;

export const memory: BenchRow = {
  id: 'memory',
  title: 'Memory peak of the agent',
  named: true,
  async *run(bench) {
    yield* equalAtAnySize(bench);
    for (const [bytes, rows] of [
      [4096, Math.ceil(bench.flags.rows / 10)],
      [65_535, Math.ceil(bench.flags.rows / 100)],
    ] as const) {
      yield* wideRows(bench, bytes, rows);
    }
  },
};

async function* equalAtAnySize(bench: Bench): AsyncGenerator<Result, void, undefined> {
  const { memoryRows: largeRows, rounds } = bench.flags;
  const smallRows = Math.min(SMALL_ROWS, Math.ceil(largeRows / 2));
  const set = dataSet('flights');
  const small = await paths(bench, set, smallRows);
  const large = await paths(bench, set, largeRows);
  for (const [what, measured] of Object.entries(large)) {
    const atSmall = await peaks(bench, `${what}, ${smallRows} rows`, small[what] ?? measured, rounds);
    const atLarge = await peaks(bench, `${what}, ${largeRows} rows`, measured, 1);
    const [low, high] = [peakOf(atSmall), peakOf(atLarge)];
    yield {
      row: 'memory',
      data: set.name,
      rows: largeRows,
      what: `memory: ${what}`,
      floor: `the same of ${smallRows.toLocaleString('en-US')} rows`,
      aim: 'under 400 MB, and equal',
      figure: `${shown(high)}; ${shown(low)} at ${smallRows.toLocaleString('en-US')} rows`,
      ratio: high / low,
      isMet: high < LIMIT_MIB && high - low < SAME_MIB,
      sides: { ours: atLarge, small: atSmall },
    };
  }
}

async function* wideRows(bench: Bench, bytes: number, rows: number): AsyncGenerator<Result, void, undefined> {
  const set = texts(bytes);
  for (const [what, measured] of Object.entries(await paths(bench, set, rows))) {
    const ours = await peaks(bench, `${what}, rows of ${bytes} bytes`, measured, 1);
    const isLimited = bytes <= 4096;
    yield {
      row: 'memory',
      data: set.name,
      rows,
      what: `memory: ${what}, rows of ${bytes.toLocaleString('en-US')} bytes`,
      floor: 'none',
      aim: isLimited ? 'under 400 MB' : 'stated',
      figure: shown(peakOf(ours)),
      ...(isLimited && { isMet: peakOf(ours) < LIMIT_MIB }),
      sides: { ours },
    };
  }
}
