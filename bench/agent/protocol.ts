/** The data that a job is about: a table, and the file with the same rows. */
export interface Shape {
  /** Names and types of the columns, in order. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

/** What roleshift is asked to do. */
export type OwnJob =
  | { readonly kind: 'readToFiles'; readonly object: string; readonly to: string }
  | { readonly kind: 'readBatches'; readonly object: string; readonly mode: 'direct' | 'staged' }
  | {
      readonly kind: 'writeFile';
      readonly object: string;
      readonly file: string;
      readonly spec?: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'writeRows'; readonly object: string; readonly rows: RowsFrom };

/** What is done by hand: the floors. */
export type HandJob =
  | { readonly kind: 'handUnload'; readonly query: string; readonly prefix: string; readonly folder: string }
  | { readonly kind: 'handStagedValues'; readonly query: string; readonly prefix: string; readonly folder: string }
  | { readonly kind: 'handCursor'; readonly query: string; readonly fetchRows: number }
  | { readonly kind: 'handCopy'; readonly table: string; readonly prefix: string; readonly options: string }
  | {
      readonly kind: 'handAppend';
      readonly table: string;
      readonly prefix: string;
      readonly folder: string;
      readonly rows: RowsFrom;
    }
  | { readonly kind: 'handSql'; readonly before: readonly string[]; readonly timed: readonly string[] }
  | { readonly kind: 'handUpload'; readonly prefix: string; readonly files: readonly string[] };

export type Job = OwnJob | HandJob;

export const isByHand = (job: Job): job is HandJob => job.kind.startsWith('hand');

/** Rows of a program: a block of the file's rows, given again and again. */
export interface RowsFrom extends Shape {
  readonly file: string;
  readonly count: number;
}

/** Where the world is. */
export interface Place {
  /** Options of the connection. */
  readonly connection: Readonly<Record<string, unknown>>;
  readonly bucket: string;
  readonly copyRole: string;
}

export interface Order {
  readonly place: Place;
  readonly job: Job;
  /** Nothing is opened before the clock starts: the login counts too. */
  readonly cold?: boolean;
}

/** What one process did, from `go` to the end of the job. */
export interface Figure {
  readonly ms: number;
  /** User and system time of the process, all of its threads. */
  readonly cpuMs: number;
  readonly rows: number;
  /** Of files, where the job has any. */
  readonly bytes?: number;
  /** Peak of the whole life of the process, as the kernel kept it (VmHWM). */
  readonly peakMib: number;
  /** Of files that went through the bucket. */
  readonly stagedBytes?: number;
  /** Parts of the time, by name, in milliseconds. */
  readonly parts?: Readonly<Record<string, number>>;
}

/** What a job answers; the rest of a `Figure` is measured around it. `ms`: where only a part of it counts. */
export interface Outcome {
  readonly rows: number;
  readonly bytes?: number;
  readonly stagedBytes?: number;
  readonly ms?: number;
  readonly parts?: Readonly<Record<string, number>>;
}

/** A job that is ready to begin; `end` lets go of what it holds. */
export interface Prepared {
  run(): Promise<Outcome>;
  end(): Promise<void>;
}
