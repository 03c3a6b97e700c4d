import type { WriteOperation } from '../write-spec.ts';

/** How much something will be, or was. */
export interface Amount {
  readonly rows?: number;
  readonly bytes?: number;
  readonly files?: number;
  readonly seconds?: number;
}

/** What a step is expected to take. Seconds follow from the rates that docs/explain.md states: an order of magnitude. */
export interface StepEstimate extends Amount {
  /** Where the figures come from: `EXPLAIN`, `SVV_TABLE_INFO`, `the file's footer`. */
  readonly from: string;
}

/** What a step took. */
export interface StepActual extends Amount {
  /** Of the statements that Redshift's compute nodes ran, as far as they were told: see SYS_QUERY_HISTORY. */
  readonly queryIds: readonly string[];
  /** Statements that were sent, whatever became of them. */
  readonly statements: number;
}

/** One statement, as it is sent. What is not known before is in angle brackets: `<random>`, `<rows>`. */
export interface ExplainedStatement {
  readonly sql: string;
  /** When it is sent, where that depends on something. */
  readonly note?: string;
}

/** Files that a step makes. */
export interface ExplainedFiles {
  readonly format: 'csv' | 'parquet' | 'jsonl';
  readonly compression: string;
  /** Where they lie: `s3://bucket/prefix/run-<random>/part-<n>.csv.zst`. */
  readonly pattern: string;
  /** How their number and size are decided. */
  readonly sizes: string;
}

/** A lock that others may meet. */
export interface ExplainedLock {
  readonly table: string;
  /** What they may not do meanwhile. */
  readonly keepsOut: string;
  readonly until: string;
  /** Longest wait for it. */
  readonly waitSeconds?: number;
}

/** One step; its id is the phase that progress and the run report call it by. */
export interface ExplainedStep {
  readonly id: string;
  readonly title: string;
  readonly statements: readonly ExplainedStatement[];
  readonly files?: ExplainedFiles;
  readonly locks?: readonly ExplainedLock[];
  /** Where the statements begin and end a transaction, in words; `autocommit` where each is one of its own. */
  readonly transaction: string;
  readonly notes: readonly string[];
  readonly estimate?: StepEstimate;
  /** Once it was done. */
  readonly actual?: StepActual;
}

/** Whether the values of a column arrive as they left. */
export interface ExplainedColumn {
  readonly column: string;
  readonly type: string;
  /** `limited`: some values may be refused, aloud; `lossy`: some may become others, and the column has to be named in `acceptLoss`. */
  readonly verdict: 'exact' | 'limited' | 'lossy';
  /** Which values, and what happens to them. */
  readonly note?: string;
  /** What to choose in place of it. */
  readonly instead?: string;
}

/** Something a person should know. */
export interface ExplainedWarning {
  readonly code: string;
  readonly message: string;
}

/** What the database user needs, and the command that prints the statements. */
export interface ExplainedRights {
  readonly needs: readonly string[];
  readonly command: string;
}

/** A read or a write, planned; and, in a run report, what became of the plan. Plain JSON. No value of a row is in it. */
export interface Explanation {
  readonly kind: 'read' | 'write';
  /** `sales.orders`, `the query`. */
  readonly object: string;
  readonly operation: 'read' | 'readToFiles' | WriteOperation;
  /** How the rows travel. */
  readonly path: 'direct' | 'staged' | 'partitioned' | 'insert' | 'parquet' | 'procedure';
  /** Why so. */
  readonly reasons: readonly string[];
  /** Whether all of it happens or nothing: what does not belong to that is in `notAtomic`. */
  readonly atomic: boolean;
  readonly notAtomic: readonly string[];
  readonly steps: readonly ExplainedStep[];
  readonly columns: readonly ExplainedColumn[];
  /** What is tried again, and how often. */
  readonly retries: readonly string[];
  readonly rights: ExplainedRights;
  readonly warnings: readonly ExplainedWarning[];
  readonly estimate?: StepEstimate;
}
