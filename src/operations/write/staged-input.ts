import type { StagedFile } from '../../staging/staged-file.ts';
import type { Checksum } from '../../types/checksum.ts';

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
  /** Rows that each file of the input had, in their order; absent where the rows are those of a program. */
  readonly rowsOfFiles?: readonly number[];
  /** Columns of the table in the order of the files, where these are Parquet; absent where they are CSV. */
  readonly parquetColumns?: readonly string[];
  /** Of the rows in the files; only where the plan verifies. */
  readonly checksum?: Checksum;
}
