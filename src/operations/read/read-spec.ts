import type { ObjectReference } from '../write-spec.ts';

/** How rows travel: by cursor over the session, by UNLOAD through S3, or as the plan sees fit. */
export type ReadMode = 'auto' | 'direct' | 'staged';

/** One column to sort by; a name alone sorts upwards. */
export type SortColumn = string | { readonly column: string; readonly descending?: boolean };

/** What to read. Name an object or give a query; the fields after `query` go with an object only, but for `limit`. */
export interface ReadSpec {
  readonly object?: ObjectReference | undefined;
  /** One SELECT of the user's own. */
  readonly query?: string | undefined;
  /** In this order; all columns without it. */
  readonly columns?: readonly string[] | undefined;
  /** A condition in the user's own SQL, without WHERE. */
  readonly where?: string | undefined;
  readonly orderBy?: readonly SortColumn[] | undefined;
  /** Most rows to read. */
  readonly limit?: number | undefined;
  /** Default: `auto`. */
  readonly mode?: ReadMode | undefined;
  /** Most rows of a batch. Default: 10,000; rows that are wide come in smaller batches. */
  readonly batchRows?: number | undefined;
}
