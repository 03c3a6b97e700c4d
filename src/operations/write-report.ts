import type { LedgerCounts } from '../sql/ledger.ts';
import type { Verification } from './verify/compare.ts';
import type { WriteOperation } from './write-spec.ts';

/** Where every row of the input went: the counts that the ledger keeps. */
export type WriteCounts = LedgerCounts;

export interface WritePhase {
  readonly name: 'preSql' | 'plan' | 'stage' | 'load' | 'apply' | 'commit' | 'postSql' | 'maintain';
  readonly ms: number;
}

/** Why one row was refused. The value is never part of it. */
export interface LoadReject {
  /** Number of the row in the input, from 1, where it is known. */
  readonly row?: number;
  /** The file of the input that the row comes from, where it comes from one and the row is known. */
  readonly source?: string;
  /** Staged file, by its name inside the staging folder. */
  readonly file?: string;
  /** Line in that file. Misleads where values hold newlines. */
  readonly line?: number;
  readonly column: string;
  /** Redshift's number (`1204`), or our code for a row that was never sent. */
  readonly code: string;
  readonly reason: string;
}

export interface WriteWarning {
  readonly code: string;
  readonly message: string;
}

/** What a write did. An error carries the same, as far as it came. */
export interface WriteReport {
  readonly runId: string;
  readonly target: { readonly schema: string; readonly name: string };
  readonly operation: WriteOperation;
  /** This run id had been applied to this target before: the counts are those of then, nothing was written now. */
  readonly alreadyApplied: boolean;
  /**
   * Whether the rows are in the target for good. `unknown` only beside RS_COMMIT_UNKNOWN; `table emptied`: TRUNCATE was
   * done, or may have been, and the rows are not there.
   */
  readonly outcome: 'committed' | 'nothing written' | 'unknown' | 'table emptied';
  readonly rows: WriteCounts;
  /** Rows that the target had and that were deleted before; absent where none were to be, or TRUNCATE did not count them. */
  readonly cleared?: number;
  /** How the rows got into the cluster: by COPY of staged files, or by INSERT. Absent where it did not come to that. */
  readonly path?: 'staged' | 'insert';
  /** Bytes and number of the staged files, the manifest left out. */
  readonly bytes: number;
  readonly files: number;
  readonly phases: readonly WritePhase[];
  /** Reasons of refused rows, as far as they are known: the first hundred. */
  readonly rejects: readonly LoadReject[];
  /** Numbers of refused rows in the input, from 1: the first thousand. */
  readonly rejectedRows: readonly number[];
  readonly warnings: readonly WriteWarning[];
  /** What was compared, where `verify` was asked for. */
  readonly verified?: Verification;
  /** Statements that made the target, or changed its shape, before the rows came. Absent where there were none. */
  readonly ddl?: readonly string[];
  /** `s3://` address of staged files that were kept on purpose. */
  readonly stagedFilesKept?: string;
}
