import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { LIMITS } from '../../core/redshift-limits.ts';
import { renderType } from '../../core/redshift-type.ts';
import { codecFor } from '../../types/codec.ts';
import type { FilledColumn } from './match-columns.ts';
import type { LoadPlan } from './plan-load.ts';

/** How the rows get into the cluster, and why. */
export interface PathPlan {
  /** `look`: by INSERT when the input ends within these bounds, else by way of S3. */
  readonly kind: 'staged' | 'insert' | 'look';
  /** For people: completes "because ...". */
  readonly reason: string;
  /** Most rows that INSERT writes. */
  readonly maxRows: number;
  /** Most bytes of them, compressed as they wait on this machine. */
  readonly maxBytes: number;
}

/** What the decision goes by. */
export interface PathFacts {
  readonly wished: 'auto' | 'staged' | 'insert';
  readonly useStaging: boolean;
  readonly columns: readonly FilledColumn[];
  readonly load: LoadPlan;
  readonly rejectLimit: number;
  /** Identity columns keep their values, and Redshift always numbers rows of one of them itself. */
  readonly needsExplicitIds: boolean;
  /** Most rows that may go by INSERT where it is the only way. */
  readonly insertRowLimit: number;
}

/** What waits on this machine until an INSERT takes it, where there is no other way for it. */
const SPOOL_BYTES = 256 * 1024 * 1024;
/** What counts as few: an input that is read whole before anything is decided. */
const FEW_BYTES = 1024 * 1024;

/** Decides the way. Throws RS_CONFIG_INVALID and RS_FEATURE_UNSUPPORTED where INSERT is asked for and cannot do it. */
export function planPath(facts: PathFacts): PathPlan {
  const { wished, useStaging, columns, load, rejectLimit, insertRowLimit } = facts;
  const all = { maxRows: insertRowLimit, maxBytes: SPOOL_BYTES };
  if (wished === 'staged') return { kind: 'staged', reason: 'it is asked for', ...all };
  const obstacle = obstacleToInsert(facts);
  if (wished === 'insert' || !useStaging) {
    if (obstacle !== undefined) throw obstacle;
    return { kind: 'insert', reason: wished === 'insert' ? 'it is asked for' : 'no staging is configured', ...all };
  }
  if (obstacle !== undefined) return { kind: 'staged', reason: 'an INSERT cannot carry all of it', ...all };
  if (rejectLimit > 0) return { kind: 'staged', reason: 'COPY refuses rows one by one', ...all };
  const width = columns.length + (load.kind === 'staged' ? 1 : 0);
  const maxRows = Math.floor(LIMITS.parameters / width);
  return {
    kind: 'look',
    reason: `an input of at most ${maxRows} rows fits one INSERT`,
    maxRows,
    maxBytes: FEW_BYTES,
  };
}

function obstacleToInsert({ columns, needsExplicitIds, wished }: PathFacts): ConnectorError | undefined {
  const refused = columns.find(({ type }) => codecFor(type).copyOnly === true);
  if (refused !== undefined) {
    return new ConnectorError(
      'RS_FEATURE_UNSUPPORTED',
      `Column "${refused.name}" (${renderType(refused.type)}) can be written by COPY only`,
      { action: actionFor(wished), details: { column: refused.name } },
    );
  }
  if (!needsExplicitIds) return undefined;
  return invalidField(
    'keepIdentity',
    'INSERT keeps no values of a column that Redshift numbers itself',
    actionFor(wished),
  );
}

function actionFor(wished: PathFacts['wished']): string {
  const way = wished === 'insert' ? 'Set path to auto or staged' : 'Set useStaging and stagingBucket in the connection';
  return `${way}, or leave the column out.`;
}

/** An input that is more than INSERT may write. */
export function tooManyRows({ maxRows, maxBytes }: PathPlan, useStaging: boolean): ConnectorError {
  const limit = `${maxRows} rows, or ${maxBytes / 1024 / 1024} MB compressed`;
  const message = `The input is more than INSERT may write: ${limit}`;
  return useStaging
    ? invalidField('path', message, 'Set path to auto or staged, raise insertRowLimit, or write it in parts.')
    : invalidField(
        'useStaging',
        message,
        'Set useStaging and stagingBucket, by which any number of rows is written; or raise insertRowLimit, or write it in parts.',
      );
}
