import type { Batch, Row } from '../../types/batch.ts';
import type { ConditionValue, ReadObject } from '../read/read-spec.ts';

/** What goes into a procedure; `type`: a Redshift type, which picks one of several procedures of a name. */
export type CallArgument =
  | ConditionValue
  | null
  | { readonly value: ConditionValue | null; readonly type?: string | undefined };

/** Which procedure to call, and with what. */
export interface CallSpec {
  /** `schema.name`, or its parts. */
  readonly procedure: ReadObject;
  /** What goes in, in order: of IN and INOUT arguments. For a cursor, its name. */
  readonly arguments?: readonly CallArgument[] | undefined;
  /** Most rows of a cursor that are given. Default: 1,000. */
  readonly limit?: number | undefined;
}

/** What a procedure gave. */
export interface CallResult {
  /** INOUT and OUT arguments by name, those that are cursors left out. */
  readonly outputs: Row;
  /** The rows of each cursor that the procedure opened. */
  readonly results: readonly CallCursor[];
}

export interface CallCursor {
  /** Name of the argument. */
  readonly name: string;
  readonly batch: Batch;
  /** Whether the cursor had more rows than were asked for. */
  readonly hasMore: boolean;
}
