import type { StagedInput } from './staged-input.ts';

/** Staged files with their manifest: all that a load needs, and what makes it repeatable. */
export interface StagedLoad extends StagedInput {
  readonly manifestUrl: string;
  /** The folder's random name, which finds the load's errors. */
  readonly folderName: string;
}
