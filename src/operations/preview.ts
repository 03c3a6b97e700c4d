import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { integerAttribute } from '../manifest/attributes.ts';
import type { Batch } from '../types/batch.ts';
import type { Connection } from './connection.ts';
import { readDirect } from './read/read-direct.ts';
import type { ReadSpec } from './read/read-spec.ts';

/** A source as for a read, and how many rows of it to show. */
export type PreviewSpec = Pick<
  ReadSpec,
  'object' | 'objects' | 'query' | 'columns' | 'filter' | 'where' | 'orderBy' | 'distinct' | 'parameters' | 'limit'
>;

/** The first rows of an object or a query as one batch. Throws as `readDirect` does. */
export async function preview(
  connection: Pick<Connection, 'database' | 'options'>,
  { limit, ...source }: PreviewSpec,
  run: Run,
): Promise<Batch> {
  const rows = integerAttribute('preview', 'limit', limit);
  for await (const batch of readDirect(connection, { ...source, limit: rows, batchRows: rows }, run)) return batch;
  throw new ConnectorError('RS_INTERNAL', 'A read ended without a batch');
}
