import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Batch } from '../../types/batch.ts';
import { procedureBatches } from '../call/procedure-batches.ts';
import type { Connection } from '../connection.ts';
import { openRead } from './read-open.ts';
import { isSorted } from './read-select.ts';
import type { ReadSpec } from './read-spec.ts';
import { planReadWork } from './read-work.ts';

/**
 * Rows of objects, a query or a procedure in batches; every way gives the same values. Nothing is asked of the server until
 * the first batch is, and leaving the loop early cleans up. The first batch comes even when there are no rows.
 */
export async function* read(connection: Connection, spec: ReadSpec, run: Run): AsyncGenerator<Batch, void, undefined> {
  if (spec.procedure !== undefined) {
    yield* procedureBatches(connection, { ...spec, procedure: spec.procedure }, run);
    return;
  }
  let hasBegun = false;
  try {
    for await (const batch of readOnce(connection, spec, run)) {
      hasBegun = true;
      yield batch;
    }
    return;
  } catch (error) {
    if (hasBegun || !mayBeStaged(connection, spec, error)) throw error;
  }
  const message = 'The result is larger than the cursors of the cluster hold: it is read in staged mode instead';
  run.publish({ type: 'warning', code: 'CURSOR_LIMIT', message });
  yield* readOnce(connection, { ...spec, mode: 'staged' }, run);
}

async function* readOnce(connection: Connection, spec: ReadSpec, run: Run): AsyncGenerator<Batch, void, undefined> {
  await using opened = await openRead(connection, spec, run);
  yield* opened.batches();
  await opened.finish();
}

/** Whether a read whose mode was left to us failed for its size alone, and may be begun anew. */
function mayBeStaged({ options }: Connection, spec: ReadSpec, error: unknown): boolean {
  const isTooLarge = error instanceof ConnectorError && error.details['reason'] === 'cursorSize';
  if (!isTooLarge || (spec.mode ?? 'auto') !== 'auto' || !options.useStaging) return false;
  const { source, preSql } = planReadWork(spec, options.defaultSchema);
  return preSql.length === 0 && !isSorted(source);
}
