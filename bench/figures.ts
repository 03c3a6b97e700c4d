import type { Figure } from './agent/protocol.ts';

/** How one comparison came out, or one thing was measured. */
export interface Result {
  /** Row of the table: `read-parquet`. */
  readonly row: string;
  readonly data: string;
  readonly rows: number;
  readonly what: string;
  readonly floor: string;
  readonly aim: string;
  /** The ratio, or what takes its place, as it goes into the table. */
  readonly figure: string;
  readonly ratio?: number;
  readonly isMet?: boolean;
  /** Where the middle half of nothing is left: the least and the greatest ratio of a round. */
  readonly spread?: readonly [number, number];
  readonly oursSeconds?: number;
  readonly floorSeconds?: number;
  readonly note?: string;
  /** All that was measured, round by round. */
  readonly sides: Readonly<Record<string, readonly Figure[]>>;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = Number.NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (low + high) / 2;
}

export type TimeOf = (figure: Figure) => number;
export const wholeTime: TimeOf = ({ ms }) => ms;

/** Times of two sides, round by round: the ratio of a round, their median, least and greatest. */
export function compare(
  ours: readonly Figure[],
  floor: readonly Figure[],
  timeOf: TimeOf = wholeTime,
): {
  readonly ratio: number;
  readonly spread: readonly [number, number];
  readonly oursMs: number;
  readonly floorMs: number;
} {
  const ratios = ours.map((figure, round) => timeOf(figure) / wholeTime(floor[round] ?? figure));
  return {
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    oursMs: median(ours.map(timeOf)),
    floorMs: median(floor.map(wholeTime)),
  };
}
