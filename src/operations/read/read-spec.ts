import type { ReadFilter } from '../../sql/select-filter.ts';
import type { ConditionValue } from '../../sql/select-value.ts';
import type { CallArgument } from '../call/call-spec.ts';
import type { ObjectReference } from '../write-spec.ts';

export type { Comparison, FilterOperator, ReadFilter } from '../../sql/select-filter.ts';
export type { ConditionValue } from '../../sql/select-value.ts';

/**
 * How rows travel: by cursor over the session, by UNLOAD through S3, by several sessions that read a part each, or as the
 * plan sees fit.
 */
export type ReadMode = 'auto' | 'direct' | 'staged' | 'partitioned';

/** A table or view, local, external or shared: `schema.name`, `database.schema.name`, or its parts. */
export type ReadObject = ObjectReference | readonly [database: string, schema: string, name: string];

/** One of several objects that are read together, and how it is joined to those before it; the first one is not joined. */
export interface JoinedObject {
  readonly object: ReadObject;
  /** What columns are named by: `alias.column`. Default: the object's own name. */
  readonly alias?: string | undefined;
  /** Default `inner`. */
  readonly join?: 'inner' | 'left' | 'right' | 'full' | undefined;
  /** Columns that must be equal: `[{ left: 'o.customer_id', right: 'c.id' }]`. */
  readonly on?: readonly { readonly left: string; readonly right: string }[] | undefined;
  /** A condition in the user's own SQL, instead of `on`. */
  readonly condition?: string | undefined;
}

/** A column to read; `as`: what to call it. Where several objects are read, `alias.column`. */
export type ReadColumn = string | { readonly column: string; readonly as?: string | undefined };

/** One column to sort by; a name alone sorts upwards. */
export type SortColumn = string | { readonly column: string; readonly descending?: boolean };

/**
 * What `:name` stands for in the user's own SQL. A value alone is a literal; a list of them stands in `in (:name)`.
 * `type`: the Redshift type that the literal is cast to. `sql` is the user's own SQL, which a host may forbid.
 */
export type ReadParameter =
  | ConditionValue
  | null
  | readonly ConditionValue[]
  | {
      readonly kind?: 'literal' | undefined;
      readonly value: ConditionValue | null | readonly ConditionValue[];
      readonly type?: string | undefined;
    }
  | { readonly kind: 'identifier'; readonly value: string | readonly string[] }
  | { readonly kind: 'sql'; readonly value: string };

/** What to read. Name an object, several, or give a query; what is not for a query says so. */
export interface ReadSpec {
  readonly object?: ReadObject | undefined;
  /** Several related objects, joined in this order. */
  readonly objects?: readonly JoinedObject[] | undefined;
  /** One SELECT of the user's own. */
  readonly query?: string | undefined;
  /** A stored procedure, `schema.name` or its parts: the rows of its cursor, or its outputs as one row. Alone with `limit`. */
  readonly procedure?: ReadObject | undefined;
  /** What goes into the procedure, in order. */
  readonly arguments?: readonly CallArgument[] | undefined;
  /** In this order; all columns without it. Not for a query. */
  readonly columns?: readonly ReadColumn[] | undefined;
  /** A condition made of parts. Not for a query. */
  readonly filter?: ReadFilter | undefined;
  /** A condition in the user's own SQL, without WHERE; with a filter both must hold. Not for a query. */
  readonly where?: string | undefined;
  /** Not for a query. */
  readonly orderBy?: readonly SortColumn[] | undefined;
  /** Each row once. Not for a query. */
  readonly distinct?: boolean | undefined;
  /** Most rows to read. */
  readonly limit?: number | undefined;
  /** What `:name` stands for in query, conditions, preSql and postSql. */
  readonly parameters?: Readonly<Record<string, ReadParameter>> | undefined;
  /** The user's own statements, run once before the read, in its session and outside of its transaction. */
  readonly preSql?: string | undefined;
  /** The same after the last row was taken; not when the read failed or was left early. */
  readonly postSql?: string | undefined;
  /** Default: `auto`. */
  readonly mode?: ReadMode | undefined;
  /** Partitioned: ranges of this column, of any type that can be sorted; its NULLs are a part of their own. */
  readonly partitionColumn?: string | undefined;
  /** Partitioned: or by a hash of the text of these columns, which spreads rows evenly whatever the values. */
  readonly partitionHash?: readonly string[] | undefined;
  /** Partitioned: how many parts; for ranges about as many. Default 8. */
  readonly partitionCount?: number | undefined;
  /** Partitioned: values at which one range ends and the next begins, upwards; the outer ranges are open. Default: from the data. */
  readonly partitionBoundaries?: readonly ConditionValue[] | undefined;
  /** Partitioned: most sessions at once. Default 4. */
  readonly partitionSessions?: number | undefined;
  /** Partitioned: how each part travels. Default `direct`. */
  readonly partitionMode?: 'direct' | 'staged' | undefined;
  /** Needed for `partitioned`: its sessions do not see one and the same state of the database. */
  readonly allowInconsistent?: boolean | undefined;
  /** Columns whose values a staged read may change in ways that were told: otherwise it is refused. */
  readonly acceptLoss?: readonly string[] | undefined;
  /** Compare checksums of every column of the rows read with those that Redshift makes in the same transaction. */
  readonly verify?: boolean | undefined;
  /** Keeps the staged files of a read that did not end, so that the same run can go on. Staged reads with a run id only. */
  readonly resumable?: boolean | undefined;
  /** The checkpoint of the last batch that was kept: the read goes on behind it. */
  readonly resumeFrom?: string | undefined;
  /** Most rows of a batch. Default: 10,000; rows that are wide come in smaller batches. */
  readonly batchRows?: number | undefined;
}

/** Whether a parameter says more than its value. */
export function isReadParameterObject(
  parameter: ReadParameter,
): parameter is Extract<ReadParameter, { readonly value: unknown }> {
  return typeof parameter === 'object' && parameter !== null && !Array.isArray(parameter);
}
