import type { StagedFile } from '../../staging/staged-file.ts';

/** The input, staged: what COPY will read, and where its rows went so far. */
export interface StagedInput {
  readonly files: readonly StagedFile[];
  /** Rows that the input yielded. */
  readonly rowsRead: number;
  /** Rows in the files. */
  readonly rowsStaged: number;
  /** Rows refused before they were staged. */
  readonly rowsRefused: number;
  readonly bytes: number;
}
