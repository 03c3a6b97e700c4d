import type { Suspect } from './suspects.ts';

/** What a harmless try of something smaller has shown. */
export interface Trial {
  /** Whether it has cleared a suspect. */
  readonly clears: (suspect: Suspect) => boolean;
  /** What was tried and what came of it, in sentences. */
  readonly evidence: readonly string[];
}
