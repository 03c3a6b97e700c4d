import type { StagedInput } from './staged-input.ts';

/** Staged files with their manifest: all that a load needs, and what makes it repeatable. */
export interface StagedLoad extends StagedInput {
  readonly manifestUrl: string;
  /** Of the manifest's text; absent where there are no rows. Differs between any two attempts: their folders do. */
  readonly manifestSha256?: string;
  /** The folder's random name, which finds the load's errors. */
  readonly folderName: string;
}
