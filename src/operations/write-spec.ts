import type { RedshiftType } from '../core/redshift-type.ts';
import type { TargetSpec } from './target/target-spec.ts';

/**
 * What a target does with incoming rows. `replaceRow` deletes what it has under a row's key and inserts the row;
 * `dataDriven`: a column of the input says for each row.
 */
export type WriteOperation = 'insert' | 'update' | 'upsert' | 'replaceRow' | 'delete' | 'dataDriven';

/**
 * What happens to rows of the input that share their key: refuse the load, or keep the first or last of them, or the one
 * with the greatest value in a column (the last of several such; a NULL is the least).
 */
export type DuplicateKeys = 'fail' | 'keepFirst' | 'keepLast' | { readonly by: string };

/**
 * What happens to the rows that the target has: `deleteAll` and `overwrite` delete them in the transaction, `overwrite`
 * for an insert only; `truncate` empties the table for good before the transaction, once the new rows are in the cluster.
 */
export type Before = 'none' | 'deleteAll' | 'truncate' | 'overwrite';

/** A table, as `schema.name` (quote a part that holds a dot: `sales."a.b"`) or as its two parts. */
export type ObjectReference = string | readonly [schema: string, name: string];

/** What to write and how; every field but `object` has a default. */
export interface WriteSpec extends TargetSpec {
  readonly object: ObjectReference;
  /** Default `insert`. */
  readonly operation?: WriteOperation;
  /** Default `none`. */
  readonly before?: Before;
  /** Columns that identify a row; default: the table's declared primary key. An insert looks at them with `duplicateKeys` only. */
  readonly keys?: readonly string[];
  /** Columns that an update, an upsert and a data driven write change in a row that is there; default: all but the keys. */
  readonly updateColumns?: readonly string[];
  /** Column of the input, not of the table, that says I, U, D or R (reject) for each row of a data driven write. */
  readonly changeColumn?: string;
  /** Columns to take from the input, by name; default: all. Rows given as arrays need them: the names of their values. */
  readonly columns?: readonly string[];
  /** Default `fail`; `keepLast` for a data driven write. An insert looks for rows that share a key only when this is given. */
  readonly duplicateKeys?: DuplicateKeys;
  /** The same as `duplicateKeys: { by }`, for forms and command lines. */
  readonly duplicateKeysBy?: string;
  /** What to do with rows that find nothing to update or delete: count them (default), or refuse the load. */
  readonly unmatched?: 'ignore' | 'fail';
  /** Take the values of identity columns from the input, instead of having Redshift number the rows. Default false. */
  readonly keepIdentity?: boolean;
  /** Columns some of whose values may become others where COPY changes them without a word; refused without their names. */
  readonly acceptLoss?: readonly string[];
  /** Compare checksums of every column of the rows sent with those that Redshift holds, before they are applied. Default false. */
  readonly verify?: boolean;
  /** How many rows Redshift may refuse before the load fails as a whole. Default 0. */
  readonly rejectLimit?: number;
  /** A local file for the rows that are refused, with their values, place and reason, to be mended and written again. */
  readonly rejectFile?: string;
  /**
   * How the rows get into the cluster: by COPY of files in S3, or by INSERT. Default `auto`: INSERT for few rows, and where
   * the connection has no staging.
   */
  readonly path?: 'auto' | 'staged' | 'insert';
  /**
   * What files in S3 are: `auto` takes Parquet files as they are where COPY loads them value for value, and makes CSV of all
   * else; `csv` always does. Default `auto`.
   */
  readonly stagedFormat?: 'auto' | 'csv';
  /** Most rows that INSERT may write where there is no other way. Default 100,000. */
  readonly insertRowLimit?: number;
  /** Lock the table itself too: nobody reads or writes it until the load is done. Default false. */
  readonly lockTarget?: boolean;
  /** `off`: no ledger is kept, so nothing tells whether a run was applied already. Default `required`. */
  readonly ledger?: 'required' | 'off';
  /** Age in days at which the ledger forgets a run; 0: never. Default 90. */
  readonly ledgerRetentionDays?: number;
  /** Account that must own the buckets that rows are read from, twelve digits. Default: not looked at. */
  readonly sourceBucketOwner?: string;
  /** Largest file that is kept in the work directory on its way, in MiB: an object of S3, or a stream. Default 10,240. */
  readonly spoolMib?: number;
  /** Load no file that was loaded into the table before, as the ledger remembers: same place, same content. Default false. */
  readonly skipLoadedFiles?: boolean;
  /** Longest wait for another load into the same table, in seconds. Default 300. */
  readonly lockTimeoutSeconds?: number;
  /** Longest wait for the answer to a COMMIT that got lost, in seconds. Default 300. */
  readonly settleTimeoutSeconds?: number;
  /** Times the transaction may start, the first included, when others conflict with it. Default 5. */
  readonly conflictAttempts?: number;
}

/**
 * One value of a row, in the forms that a read gives (docs/types.md): decimals, dates, times and intervals as text, SUPER as
 * JSON text, `BIGINT` as bigint, bytes as hexadecimal text. A `Date` is taken as UTC, and bytes may be bytes.
 */
export type InputValue = string | number | bigint | boolean | Date | Uint8Array | null | undefined;

/**
 * One row: `InputValue`s by column name, or in the order of `columns`. Any object type, so that rows of a program's own
 * interfaces need no cast; other values are refused when they are met.
 */
export type InputRow = object | readonly InputValue[];

/** Anything that yields rows in groups, such as the batches of a read. */
export interface InputBatch {
  /** A type tells what a new column for it is made as. */
  readonly fields: readonly { readonly name: string; readonly type?: RedshiftType }[];
  rows(): Iterable<InputRow>;
}

/** Rows one by one, as arrays of rows, or as the batches that a read yields. */
export type RowSource =
  | AsyncIterable<InputRow | readonly InputRow[] | InputBatch>
  | Iterable<InputRow | readonly InputRow[] | InputBatch>;

/** What files are like. */
export interface FileForm {
  /** Default: told by each file's extension. */
  readonly format?: 'parquet' | 'csv' | 'jsonl' | 'arrow';
  /** Only with CSV: one character. Default: a comma. */
  readonly delimiter?: string;
}

/**
 * A file: a path, or objects in S3 as `s3://bucket/key`, as a folder that ends with a slash, or as a manifest. Or bytes as they
 * come, such as a `Readable`, with `format`.
 */
export type FileReference = string | AsyncIterable<Uint8Array>;

/** A file whose rows never pass through JavaScript. */
export interface FileSource extends FileForm {
  readonly file: FileReference;
}

/** Several files as one input: the same columns, rows in the order of the files. */
export interface FilesSource extends FileForm {
  readonly files: readonly FileReference[];
}

/** The rejected rows of an earlier write, mended: a file that `rejectFile` made. */
export interface RejectsSource {
  readonly rejects: string;
}

export type WriteInput = RowSource | FileSource | FilesSource | RejectsSource;
