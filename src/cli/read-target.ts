import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import type { ReadSpec } from '../operations/read/read-spec.ts';

/** What a read or a preview is of: an object, joined objects, a query or a procedure. Throws RS_CONFIG_INVALID for none and for several. */
export function readTarget(
  object: string | undefined,
  query: string | undefined,
  objects: ReadSpec['objects'],
  procedure?: ReadSpec['procedure'],
): Pick<ReadSpec, 'object' | 'objects' | 'query' | 'procedure'> {
  const given = [object, query, objects, procedure].filter((each) => each !== undefined);
  if (given.length === 1) return defined({ object, query, objects, procedure });
  throw new ConnectorError(
    'RS_CONFIG_INVALID',
    'Either an object, --objects, --query or --procedure is needed, and only one',
    {
      action: 'Name an object as schema.object, or give one of the others.',
    },
  );
}
