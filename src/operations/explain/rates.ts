import type { Amount } from './explanation.ts';

const MIB = 1024 * 1024;

/**
 * What an estimate of time assumes, for a cluster of two small nodes and an agent in its region; docs/explain.md states
 * them. They are no promise: a measured run is in the run report beside them.
 */
export const RATES = {
  /** Rows that a cursor hands over, and the text of them. */
  fetchRowsPerSecond: 60_000,
  fetchBytesPerSecond: 20 * MIB,
  /** Between the agent and S3, either way. */
  s3BytesPerSecond: 60 * MIB,
  /** Of the input, as it lies in the file, on its way to compressed CSV. */
  convertBytesPerSecond: 30 * MIB,
  /** Of text, once it is compressed. */
  packedShare: 0.25,
  unloadBytesPerSecond: 60 * MIB,
  copyRowsPerSecond: 500_000,
  /** Rows that statements find by key, change or add. */
  applyRowsPerSecond: 500_000,
  /** Rows of the target that a search by key goes through. */
  scanRowsPerSecond: 20_000_000,
  /** Rows that a multi-row INSERT takes. */
  insertRowsPerSecond: 2_000,
  /** Of a statement that Redshift compiles, queues and answers, however little it does. */
  statementSeconds: 0.2,
  /** Of a COPY or an UNLOAD. */
  bulkSeconds: 2,
} as const;

/** Seconds of work that takes the longest of several ways at once, and a fixed time before. Rounded to two digits. */
export function secondsOf(fixed: number, ...ways: readonly number[]): number {
  const seconds = fixed + Math.max(0, ...ways);
  return seconds === 0 ? 0 : Number(seconds.toPrecision(2));
}

/** The sum of steps, as far as all of them are known. */
export function sumOf(amounts: readonly (Amount | undefined)[]): number | undefined {
  const seconds = amounts.flatMap((amount) => amount?.seconds ?? []);
  return seconds.length === 0 ? undefined : Number(seconds.reduce((sum, each) => sum + each, 0).toPrecision(2));
}
