import type { ErrorCode } from '../../core/errors.ts';
import type { ExplainedWarning, Explanation } from '../explain/explanation.ts';

/** One phase of a run: a step of its plan. */
export interface ReportedPhase {
  readonly name: string;
  /** Without the phases inside of it. */
  readonly seconds: number;
  /** Times that it began: more than once where something was tried again, or came in parts. */
  readonly times: number;
}

/** Where the rows of a run went. Of a read `read` alone; of a write `read = loaded + rejected + deduplicated + skipped`. */
export interface ReportedCounts {
  readonly read: number;
  readonly staged?: number;
  readonly loaded?: number;
  readonly inserted?: number;
  readonly updated?: number;
  readonly deleted?: number;
  readonly replaced?: number;
  readonly rejected?: number;
  readonly deduplicated?: number;
  readonly skipped?: number;
}

/** Why a run failed: as the error says it, without its cause. */
export interface ReportedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly action?: string;
}

/**
 * What a run did, in one form for reads, reads into files, writes and calls; the same whether it went well, failed or was
 * stopped. Plain JSON: `schemas/run-report.v1.json`. Holds no secret and no value of a row.
 */
export interface RunReport {
  readonly reportVersion: 1;
  readonly kind: 'read' | 'readToFiles' | 'write' | 'call';
  readonly runId: string;
  /** `sales.orders`, `the query`. */
  readonly object: string;
  /** What was asked: `read`, `upsert`, `call`. */
  readonly operation: string;
  readonly status: 'completed' | 'failed' | 'aborted';
  /**
   * What is there now. Of a read: all of it, or not. Of a write: whether the rows are in the table for good; `unknown` where
   * the answer to COMMIT was lost; `table emptied` where TRUNCATE was done and the rows are not there.
   */
  readonly outcome: 'complete' | 'incomplete' | 'committed' | 'nothing written' | 'unknown' | 'table emptied';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  readonly counts: ReportedCounts;
  /** Bytes and number of the files that were staged, fetched, or written for a read into files. */
  readonly bytes: number;
  readonly files: number;
  readonly phases: readonly ReportedPhase[];
  readonly warnings: readonly ExplainedWarning[];
  /** Attempts that failed and were made again. */
  readonly retries: number;
  /** Statements that were sent. */
  readonly statements: number;
  /** Ids of Redshift queries, as in SYS_QUERY_HISTORY, in the order of the statements, as far as they are known. */
  readonly queryIds: readonly string[];
  /** Process ids of the sessions, as `session_id` in the SYS views. */
  readonly sessionIds: readonly number[];
  readonly error?: ReportedError;
  /** The plan that the run followed, with what became of each step. Absent where it failed before there was one. */
  readonly plan?: Explanation;
}
