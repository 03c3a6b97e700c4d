import type { Figure } from '../agent/protocol.ts';
import { type DataSet, dataSet } from '../data.ts';
import { compare, type Result, type TimeOf, wholeTime } from '../figures.ts';
import type { Bench } from '../world.ts';

/** A row of the table. */
export interface BenchRow {
  readonly id: string;
  readonly title: string;
  /** Runs only when it is named. */
  readonly named?: true;
  run(bench: Bench): AsyncGenerator<Result, void, undefined>;
}

export type Measured = () => Promise<Figure>;

/** Both sides in turn, round by round; who begins changes with each round. */
export async function rounds(
  bench: Bench,
  label: string,
  sides: Readonly<Record<string, Measured>>,
): Promise<Readonly<Record<string, readonly Figure[]>>> {
  const names = Object.keys(sides);
  const figures = new Map<string, Figure[]>(names.map((name) => [name, []]));
  for (let round = 0; round < bench.flags.rounds; round += 1) {
    const order = round % 2 === 0 ? names : names.toReversed();
    for (const name of order) {
      const figure = await sides[name]?.();
      if (figure === undefined) continue;
      figures.get(name)?.push(figure);
      bench.say(`${label}, round ${round + 1}, ${name}: ${(figure.ms / 1000).toFixed(2)} s`);
    }
  }
  return Object.fromEntries(figures);
}

export interface Comparison extends Pick<Result, 'row' | 'data' | 'rows' | 'what' | 'floor' | 'aim'> {
  readonly ours: Measured;
  readonly byHand: Measured;
  /** `most`: our time may be at most so many times the floor. `least`: our speed at least so much of the floor's. */
  readonly limit: { readonly most: number } | { readonly least: number };
  /** The part of our time that counts. */
  readonly timeOf?: TimeOf;
}

/** One comparison with a floor, in interleaved rounds. */
export async function compareRounds(bench: Bench, comparison: Comparison): Promise<Result> {
  const { ours, byHand, limit, timeOf = wholeTime, ...facts } = comparison;
  const sides = await rounds(bench, `${facts.row} ${facts.data}`, { ours, floor: byHand });
  for (const [side, figures] of Object.entries(sides)) {
    for (const { rows } of figures) {
      if (rows !== facts.rows) throw new Error(`${facts.row}: ${side} had ${rows} rows, not ${facts.rows}`);
    }
  }
  const { ratio: time, spread, oursMs, floorMs } = compare(sides['ours'] ?? [], sides['floor'] ?? [], timeOf);
  const isSpeed = 'least' in limit;
  const ratio = isSpeed ? 1 / time : time;
  return {
    ...facts,
    figure: isSpeed ? `${ratio.toFixed(2)} of the floor's speed` : `${ratio.toFixed(2)} x the floor's time`,
    ratio,
    isMet: isSpeed ? ratio >= limit.least : ratio <= limit.most,
    spread: isSpeed ? [1 / spread[1], 1 / spread[0]] : spread,
    oursSeconds: oursMs / 1000,
    floorSeconds: floorMs / 1000,
    sides,
  };
}

/** The sets of data that were asked for. */
export const dataOf = ({ flags }: Bench): readonly DataSet[] => flags.data.map(dataSet);

/** How many rows of this set were asked for. */
export const rowsOf = ({ flags }: Bench, { name }: DataSet): number => (name === 'wide' ? flags.wideRows : flags.rows);
