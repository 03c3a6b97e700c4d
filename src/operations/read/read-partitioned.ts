import type { Run } from '../../core/run.ts';
import type { Sql } from '../../sql/sql.ts';
import { type Batch, openBatch } from '../../types/batch.ts';
import type { Connection } from '../connection.ts';
import { mergeStreams } from './merge-streams.ts';
import type { DescribedSource } from './read-describe.ts';
import { directBatches } from './read-direct.ts';
import { type PartitionedPlan, partOf } from './read-partitions.ts';
import { StagedRead } from './read-staged.ts';

/**
 * The parts of a read, several at once, each over a session of its own; their batches come as they come. The first batch
 * comes even when there are no rows. One that fails stops the others.
 */
export async function* partitionedBatches(
  connection: Connection,
  described: DescribedSource,
  plan: PartitionedPlan,
  { batchRows }: { readonly batchRows: number },
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const { parts, sessions } = plan;
  let rowsLeft = described.source.limit ?? Number.POSITIVE_INFINITY;
  let isEmpty = true;
  const openers = parts.map((condition, index) => (signal: AbortSignal) => {
    const part = { condition, index, each: plan.each, count: parts.length, batchRows };
    return partBatches(connection, described, part, { ...run, signal });
  });
  for await (const batch of mergeStreams(openers, sessions, run.signal)) {
    if (batch.rowCount === 0) continue;
    isEmpty = false;
    yield firstRows(batch, rowsLeft);
    rowsLeft -= batch.rowCount;
    if (rowsLeft <= 0) return;
  }
  if (isEmpty) {
    const { fields } = described;
    yield openBatch(
      fields,
      fields.map(() => []),
      0,
    );
  }
}

interface Part {
  readonly condition: Sql;
  /** From 0. */
  readonly index: number;
  readonly count: number;
  readonly each: 'direct' | 'staged';
  readonly batchRows: number;
}

async function* partBatches(
  connection: Connection,
  described: DescribedSource,
  { condition, index, count, each, batchRows }: Part,
  run: Run,
): AsyncGenerator<Batch, void, undefined> {
  const part = partOf(described, condition);
  const onRows = (rows: number): void =>
    run.publish({ type: 'progress', phase: 'fetch', rows, part: index + 1, totalParts: count });
  onRows(0);
  await using session = await connection.database.session(run);
  if (each === 'direct') {
    yield* directBatches(session, part, { batchRows, onRows }, run);
    return;
  }
  await using staged = await StagedRead.unload({ connection, run }, session, part);
  await session[Symbol.asyncDispose]();
  yield* staged.batches({ batchRows, onRows });
}

function firstRows(batch: Batch, rows: number): Batch {
  if (batch.rowCount <= rows) return batch;
  return openBatch(
    batch.fields,
    batch.columns.map((column) => column.slice(0, rows)),
    rows,
  );
}
