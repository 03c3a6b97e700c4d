import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { CURSOR_MB } from '../../core/redshift-limits.ts';
import { isUnloadable } from '../../sql/unload.ts';
import { fidelityReport, refusedLosses, requireFidelity } from '../../types/fidelity.ts';
import type { SupportedField } from '../../types/field.ts';
import { stagedFormat, stagedPath } from '../../types/staged-format.ts';
import type { Estimate } from './read-estimate.ts';
import { isSorted, plainSelect } from './read-select.ts';
import type { ReadSource } from './read-source.ts';
import type { ReadMode } from './read-spec.ts';

/** How the rows of a read travel, and the reason, in words for `explain` and progress lines. */
export type ReadPlan =
  | {
      readonly kind: 'direct';
      readonly why: string;
      readonly estimate?: Estimate;
      /** The result is larger than the cursors of the smallest cluster may hold. */
      readonly mayExceedCursor: boolean;
    }
  | {
      readonly kind: 'staged';
      readonly why: string;
      readonly estimate?: Estimate;
      readonly format: 'parquet' | 'csv';
      readonly orderIsLost: boolean;
    }
  /** Which of both is left to the size of the read: ask for an estimate, and plan again. */
  | { readonly kind: 'undecided' };

export interface ReadFacts {
  /** A partitioned read is planned part by part, as what `each` says. */
  readonly mode: Exclude<ReadMode, 'partitioned'>;
  readonly source: ReadSource;
  readonly fields: readonly SupportedField[];
  /** Option `useStaging`: bucket and role are then there too. */
  readonly useStaging: boolean;
  /** Columns whose losses were accepted. */
  readonly acceptLoss: readonly string[];
  /** Whether the cursors of the server share a larger limit: serverless. */
  readonly isServerless: boolean;
  /** Absent: not asked for yet. `unknown`: the server gave none. */
  readonly estimate?: Estimate | 'unknown';
}

/** Below both, UNLOAD, S3 and files cost more time than a cursor. */
const STAGED_FROM_ROWS = 100_000;
const STAGED_FROM_BYTES = 64 * 1024 * 1024;

/**
 * Decides a read. Pure. Throws RS_CONFIG_INVALID, RS_FEATURE_UNSUPPORTED or RS_LOSS_REFUSED for a staged read that cannot be.
 */
export function planRead(facts: ReadFacts): ReadPlan {
  const { mode, source, useStaging, fields } = facts;
  const estimate = typeof facts.estimate === 'object' ? facts.estimate : undefined;
  const known = estimate === undefined ? {} : { estimate };
  const direct = (why: string): ReadPlan => ({ kind: 'direct', why, mayExceedCursor: exceedsCursor(facts), ...known });
  const staged = (why: string, orderIsLost: boolean): ReadPlan => ({
    kind: 'staged',
    why,
    format: stagedFormat(fields),
    orderIsLost,
    ...known,
  });

  if (mode === 'direct') return direct('asked for');
  const obstacle = obstacleToStaging(source, useStaging);
  if (mode === 'staged') {
    if (obstacle !== undefined) throw obstacle;
    requireFidelity(fields, stagedPath(fields), facts.acceptLoss);
    return staged('asked for', isSorted(source));
  }
  if (!useStaging) return direct('no staging is configured');
  if (obstacle !== undefined) return direct(isSorted(source) ? SORTED : 'UNLOAD cannot carry the query');
  if (isSorted(source)) return direct(SORTED);
  const [loss] = refusedLosses(fidelityReport(fields, stagedPath(fields)), facts.acceptLoss);
  if (loss !== undefined)
    return direct(`staged files would not keep column ${JSON.stringify(loss.column)}: ${loss.note}`);
  if (source.limit !== undefined && source.limit < STAGED_FROM_ROWS) return direct('few rows are asked for');
  if (facts.estimate === undefined) return { kind: 'undecided' };
  if (estimate === undefined) return direct('the server does not say how many rows it will be');
  return decideBySize(facts, estimate, direct, staged);
}

const SORTED = 'the rows are sorted, and staged files come in no order';

function decideBySize(
  facts: ReadFacts,
  { rows, bytes, from }: Estimate,
  direct: (why: string) => ReadPlan,
  staged: (why: string, orderIsLost: boolean) => ReadPlan,
): ReadPlan {
  const about = `about ${count(rows)} rows and ${count(Math.ceil(bytes / 1024 / 1024))} MB by ${from}`;
  if (exceedsCursor(facts)) return staged(`${about}: more than cursors may hold`, false);
  if (rows >= STAGED_FROM_ROWS) return staged(`${about}: from ${count(STAGED_FROM_ROWS)} rows on S3 is faster`, false);
  if (bytes >= STAGED_FROM_BYTES) return staged(`${about}: from 64 MB on S3 is faster`, false);
  return direct(`${about}: a cursor is faster`);
}

/** The whole result of a cursor lies on the leader node: https://docs.aws.amazon.com/redshift/latest/dg/declare.html */
function exceedsCursor({ estimate, isServerless }: ReadFacts): boolean {
  if (typeof estimate !== 'object') return false;
  return estimate.bytes > (isServerless ? CURSOR_MB.serverless : CURSOR_MB.smallest) * 1024 * 1024;
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

function count(value: number): string {
  return value.toLocaleString('en');
}
