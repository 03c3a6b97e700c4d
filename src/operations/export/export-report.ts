import type { Verification } from '../verify/compare.ts';

/** One file of an export. */
export interface ExportedFile {
  /** Path, or `s3://` address; `-` for a stream. */
  readonly file: string;
  readonly rows: number;
  readonly bytes: number;
  /** In hexadecimal digits, where it was asked for. */
  readonly sha256?: string;
}

/** What a read to files did. */
export interface ExportReport {
  readonly runId: string;
  readonly rows: number;
  readonly bytes: number;
  readonly files: readonly ExportedFile[];
  readonly format: 'parquet' | 'csv' | 'jsonl';
  /** How the rows travelled, and why so. */
  readonly mode: 'direct' | 'staged' | 'partitioned';
  readonly why: string;
  /** Address of the list of files, where one was asked for. */
  readonly manifest?: string;
  /** What of the written files was compared with the server, where that was asked for. */
  readonly verified?: Verification;
  readonly ms: number;
}
