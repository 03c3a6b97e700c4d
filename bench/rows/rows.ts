import { cost } from './cost.ts';
import { distance } from './distance.ts';
import { memory } from './memory.ts';
import { peers } from './peers.ts';
import { readDirect, readStaged } from './read-batches.ts';
import { readParquet } from './read-parquet.ts';
import type { BenchRow } from './row.ts';
import { upsert } from './upsert.ts';
import { writeCsv, writeParquet } from './write-file.ts';
import { writeRows } from './write-rows.ts';

/** The rows of the table, in its order. */
export const ROWS: readonly BenchRow[] = [
  readParquet,
  readStaged,
  readDirect,
  writeParquet,
  writeCsv,
  writeRows,
  upsert,
  peers,
  distance,
  cost,
  memory,
];
