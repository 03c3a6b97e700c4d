import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import type { Batch } from '../types/batch.ts';
import type { Connection } from './connection.ts';
import { readDirect } from './read-direct.ts';
import type { ReadSpec } from './read-spec.ts';

/** A source as for a read, and how many rows of it to show. */
export type PreviewSpec = Omit<ReadSpec, 'mode' | 'batchRows'>;

const DEFAULT_ROWS = 10;
const MAX_ROWS = 1_000;

/** The first rows of an object or a query as one batch. Throws as `readDirect` does. */
export async function preview(
  connection: Pick<Connection, 'database' | 'options'>,
  { limit = DEFAULT_ROWS, ...source }: PreviewSpec,
  run: Run,
): Promise<Batch> {
  if (!(Number.isSafeInteger(limit) && limit >= 1 && limit <= MAX_ROWS)) {
    const [message, action] = [`A preview shows 1 to ${MAX_ROWS} rows`, 'Choose a number within these bounds.'];
    throw new ConnectorError('RS_CONFIG_INVALID', message, { action, issues: [{ path: 'limit', message, action }] });
  }
  for await (const batch of readDirect(connection, { ...source, limit, batchRows: limit }, run)) return batch;
  throw new ConnectorError('RS_INTERNAL', 'A read ended without a batch');
}
