import type { PlannedRead } from './read-explanation.ts';
import type { PlannedWrite } from './write-explanation.ts';

/** What an operation has decided to do, told to who wants to report on it. */
export type Decision =
  | ({ readonly kind: 'read' } & Omit<PlannedRead, 'connection' | 'destination'>)
  | ({ readonly kind: 'write' } & Omit<PlannedWrite, 'connection'>);
