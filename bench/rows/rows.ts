import { readParquet } from './read-parquet.ts';
import type { BenchRow } from './row.ts';

/** The rows of the table, in its order. */
export const ROWS: readonly BenchRow[] = [readParquet];
