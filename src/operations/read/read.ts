import type { Run } from '../../core/run.ts';
import type { Batch } from '../../types/batch.ts';
import type { Connection } from '../connection.ts';
import { openRead } from './read-open.ts';
import type { ReadSpec } from './read-spec.ts';

/**
 * Rows of objects or a query in batches; every way gives the same values. Nothing is asked of the server until the first
 * batch is, and leaving the loop early cleans up. The first batch comes even when there are no rows.
 */
export async function* read(connection: Connection, spec: ReadSpec, run: Run): AsyncGenerator<Batch, void, undefined> {
  await using opened = await openRead(connection, spec, run);
  yield* opened.batches();
  await opened.finish();
}
