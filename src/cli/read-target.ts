import { ConnectorError } from '../core/errors.ts';

/** What a read or a preview is of: an object or a query. Throws RS_CONFIG_INVALID for neither and for both. */
export function readTarget(
  object: string | undefined,
  query: string | undefined,
): { readonly object: string } | { readonly query: string } {
  if (object !== undefined && query === undefined) return { object };
  if (object === undefined && query !== undefined) return { query };
  throw new ConnectorError('RS_CONFIG_INVALID', 'Either an object or --query is needed, and not both', {
    action: 'Name an object as schema.object, or give --query.',
  });
}
