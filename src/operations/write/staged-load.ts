import type { Run } from '../../core/run.ts';
import type { SpooledRow } from './spool-rows.ts';
import type { StagedInput } from './staged-input.ts';

/** Staged files with their manifest, or rows on this machine: all that a load needs, and what makes it repeatable. */
export interface StagedLoad extends StagedInput {
  /** Empty where there is none: no rows, or rows that are inserted. */
  readonly manifestUrl: string;
  /** Of the manifest's text; absent where there are no rows. Differs between any two attempts: their folders do. */
  readonly manifestSha256?: string;
  /** The folder's random name, which finds the load's errors; empty where rows are inserted. */
  readonly folderName: string;
  /** The rows that INSERT writes in place of COPY: all of them, each time anew. */
  readonly insertRows?: (run: Run) => AsyncIterable<SpooledRow>;
}
