import { invalidField } from '../../core/invalid-field.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import type { UserText } from '../../sql/user-text.ts';
import { planScript } from './read-scripts.ts';
import { openParameters, planReadSource, type ReadSource } from './read-source.ts';
import type { ConditionValue, ReadMode, ReadSpec } from './read-spec.ts';
import { requireVerifiable } from './read-verify.ts';

/** How a read is cut into parts. */
export interface Partition {
  readonly by: { readonly column: string } | { readonly hash: readonly string[] };
  readonly count: number;
  readonly sessions: number;
  readonly boundaries?: readonly ConditionValue[];
  readonly each: 'direct' | 'staged';
}

/** A read as it was asked for, checked as far as that goes without the server. */
export interface ReadWork {
  readonly source: ReadSource;
  readonly mode: ReadMode;
  readonly preSql: readonly UserText[];
  readonly postSql: readonly UserText[];
  readonly batchRows: number;
  readonly acceptLoss: readonly string[];
  /** Whether checksums of the rows are held against those that Redshift makes. */
  readonly verify: boolean;
  /** Of a partitioned read. */
  readonly partition?: Partition;
  readonly resumable: boolean;
  readonly resumeFrom?: string;
}

/** Pure. Throws RS_CONFIG_INVALID for a spec that contradicts itself. */
export function planReadWork(spec: ReadSpec, defaultSchema: string): ReadWork {
  const { mode = 'auto', resumable = false, resumeFrom, acceptLoss = [] } = spec;
  const parameters = openParameters(spec);
  const source = planReadSource(spec, defaultSchema, parameters);
  const preSql = planScript(spec.preSql, 'preSql', parameters);
  const postSql = planScript(spec.postSql, 'postSql', parameters);
  for (const name of parameters.rendered.keys()) {
    if (!parameters.used.has(name)) {
      const action = `Write :${name} where it belongs, outside of quotes, or leave the parameter out.`;
      throw invalidField(`parameters.${name}`, `Nothing names the parameter ${JSON.stringify(name)}`, action);
    }
  }
  requireVerifiable(spec);
  const partition = planPartition(spec, mode);
  if ((resumable || resumeFrom !== undefined) && mode !== 'staged') {
    throw invalidField('resumable', 'Only a staged read can go on where it broke off', 'Set mode to staged.');
  }
  return {
    source,
    mode,
    preSql,
    postSql,
    acceptLoss,
    verify: spec.verify === true,
    batchRows: integerAttribute('read', 'batchRows', spec.batchRows),
    resumable: resumable || resumeFrom !== undefined,
    ...(resumeFrom === undefined ? {} : { resumeFrom }),
    ...(partition === undefined ? {} : { partition }),
  };
}

const PARTITION_ONLY = [
  'partitionColumn',
  'partitionHash',
  'partitionCount',
  'partitionBoundaries',
  'partitionSessions',
  'partitionMode',
] as const;

function planPartition(spec: ReadSpec, mode: ReadMode): Partition | undefined {
  if (mode !== 'partitioned') {
    const path = PARTITION_ONLY.find((key) => !isAbsent(spec[key]));
    if (path === undefined) return undefined;
    throw invalidField(path, `"${path}" is for a partitioned read`, 'Set mode to partitioned.');
  }
  const { partitionColumn: column, orderBy = [] } = spec;
  const hash = isAbsent(spec.partitionHash) ? undefined : spec.partitionHash;
  const boundaries = isAbsent(spec.partitionBoundaries) ? undefined : spec.partitionBoundaries;
  if (spec.allowInconsistent !== true) {
    const message =
      'The sessions of a partitioned read do not see one state of the database: rows that change meanwhile may be missing or come twice';
    const action = 'Set allowInconsistent to true, or read in staged mode: one snapshot.';
    throw invalidField('allowInconsistent', message, action);
  }
  if ((column === undefined) === (hash === undefined)) {
    const action = 'Give either partitionColumn or partitionHash.';
    throw invalidField('partitionColumn', 'It is not said how the read is cut into parts', action);
  }
  if (boundaries !== undefined && column === undefined) {
    throw invalidField('partitionBoundaries', 'Only ranges of a column have boundaries', 'Give partitionColumn.');
  }
  if (orderBy.length > 0) {
    throw invalidField('orderBy', 'The parts of a partitioned read come in no order', 'Leave the order out.');
  }
  if (spec.distinct) {
    const action = 'Read in another mode, or write DISTINCT into a query.';
    throw invalidField('distinct', 'Two parts may hold the same row', action);
  }
  return {
    by: column === undefined ? { hash: hash ?? [] } : { column },
    count: integerAttribute('read', 'partitionCount', spec.partitionCount),
    sessions: integerAttribute('read', 'partitionSessions', spec.partitionSessions),
    each: spec.partitionMode ?? 'direct',
    ...(boundaries === undefined ? {} : { boundaries }),
  };
}

/** A form leaves an empty list where nothing was chosen. */
function isAbsent(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}
