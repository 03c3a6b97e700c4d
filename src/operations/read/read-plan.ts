import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { isUnloadable } from '../../sql/unload.ts';
import { isSorted, plainSelect } from './read-select.ts';
import type { ReadSource } from './read-source.ts';
import type { ReadMode } from './read-spec.ts';

/** How the rows of a read travel, and the reason, in words for `explain` and progress lines. */
export type ReadPlan =
  | { readonly kind: 'direct'; readonly why: string }
  | { readonly kind: 'staged'; readonly why: string; readonly orderIsLost: boolean }
  /** Staged if the source has at least so many rows, else direct: `decideByRows`. */
  | { readonly kind: 'undecided'; readonly stagedFromRows: number };

export interface ReadFacts {
  readonly mode: ReadMode;
  readonly source: ReadSource;
  /** Option `useStaging`: bucket and role are then there too. */
  readonly useStaging: boolean;
}

/** Below this, UNLOAD, S3 and files cost more time than a cursor. */
const STAGED_FROM_ROWS = 100_000;

/** Decides a read. Pure. Throws RS_CONFIG_INVALID or RS_FEATURE_UNSUPPORTED for a staged read that cannot be. */
export function planRead({ mode, source, useStaging }: ReadFacts): ReadPlan {
  if (mode === 'direct') return { kind: 'direct', why: 'asked for' };
  const sorted = isSorted(source);
  if (mode === 'staged') {
    const obstacle = obstacleToStaging(source, useStaging);
    if (obstacle !== undefined) throw obstacle;
    return { kind: 'staged', why: 'asked for', orderIsLost: sorted };
  }
  if (!useStaging) return { kind: 'direct', why: 'no staging is configured' };
  if (obstacleToStaging(source, useStaging) !== undefined)
    return { kind: 'direct', why: 'UNLOAD cannot carry the query' };
  if (sorted) return { kind: 'direct', why: 'the rows are sorted, and staged files come in no order' };
  if (source.limit !== undefined && source.limit < STAGED_FROM_ROWS)
    return { kind: 'direct', why: 'few rows are asked for' };
  if (source.kind === 'query') return { kind: 'direct', why: 'how many rows a query gives is not known before' };
  return { kind: 'undecided', stagedFromRows: STAGED_FROM_ROWS };
}

/** The plan, once the rows were counted as far as it matters. */
export function decideByRows(stagedFromRows: number, rows: number): ReadPlan {
  return rows >= stagedFromRows
    ? { kind: 'staged', why: `${stagedFromRows.toLocaleString('en')} rows or more`, orderIsLost: false }
    : { kind: 'direct', why: `fewer than ${stagedFromRows.toLocaleString('en')} rows` };
}

function obstacleToStaging(source: ReadSource, useStaging: boolean): ConnectorError | undefined {
  if (!useStaging) {
    return invalidField('mode', 'A staged read needs staging', 'Set useStaging, or read in direct mode.');
  }
  if (!isUnloadable(plainSelect(source).statement)) {
    return new ConnectorError('RS_FEATURE_UNSUPPORTED', 'A query or name with a backslash cannot be read by UNLOAD', {
      action: 'Read it in direct mode, or write CHR(92) for the backslash.',
    });
  }
  const isSortedObject = source.kind === 'object' && source.orderBy.length > 0;
  if (isSortedObject || (isSorted(source) && source.limit !== undefined)) {
    return new ConnectorError('RS_FEATURE_UNSUPPORTED', 'A staged read gives rows in no order', {
      action: 'Read in direct mode, or leave the order out.',
    });
  }
  return undefined;
}
