import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { renderType, type SupportedType } from '../../core/redshift-type.ts';
import type { Run } from '../../core/run.ts';
import { describeSelect } from '../../db/describe-query.ts';
import type { Session } from '../../db/session.ts';
import { renderBuckets, renderRanges } from '../../sql/select-ranges.ts';
import { identifier, nameProblem, Sql } from '../../sql/sql.ts';
import { requireSupported } from '../../types/field.ts';
import { boundariesOf, type Key } from './read-boundaries.ts';
import { openColumns } from './read-columns.ts';
import type { DescribedSource } from './read-describe.ts';
import { directSelect } from './read-select.ts';
import type { Partition } from './read-work.ts';

/** A read that several sessions do, a part each. */
export interface PartitionedPlan {
  readonly kind: 'partitioned';
  readonly why: string;
  /** How each part travels. */
  readonly each: 'direct' | 'staged';
  /** One condition a part: each row fulfils exactly one. */
  readonly parts: readonly Sql[];
  /** The same for people: `<value 1>` and so on in place of what the data holds. */
  readonly shown: readonly Sql[];
  /** Most parts that are read at once. */
  readonly sessions: number;
}

/** Types whose text can be hashed: Redshift casts the others to no VARCHAR. */
const NO_HASH: ReadonlySet<SupportedType['kind']> = new Set([
  'boolean',
  'super',
  'varbyte',
  'geometry',
  'geography',
  'hllsketch',
  'intervalYearToMonth',
  'intervalDayToSecond',
]);
const NO_RANGE: ReadonlySet<SupportedType['kind']> = new Set([
  'boolean',
  'timetz',
  'super',
  'varbyte',
  'geometry',
  'geography',
  'hllsketch',
]);
/** Staged parts hold an engine and files each. */
const STAGED_SESSIONS = 2;

/** Cuts a described source into parts; asks the server for the ends of the column where no values are given. */
export async function planPartitions(
  session: Session,
  described: DescribedSource,
  partition: Partition,
  run: Run,
): Promise<PartitionedPlan> {
  const { by, count, each } = partition;
  const sessions = sessionsOf(each, partition.sessions);
  if ('hash' in by) {
    const parts = renderBuckets(await hashed(session, described, by.hash, run), count);
    const why = `${count} parts by a hash of ${by.hash.join(', ')}`;
    return { kind: 'partitioned', why, each, parts, shown: parts, sessions };
  }
  const { column } = by;
  const key = await rangeKey(session, described, column, run);
  const values = await boundariesOf(session, described.source, key, partition, run);
  const parts = rangesOf(key, values);
  const shown = partition.boundaries === undefined ? rangesOf(key, unknownValues(values.length)) : parts;
  const why = `${parts.length - 1} ranges of ${column}, and its NULLs`;
  return { kind: 'partitioned', why, each, parts, shown, sessions };
}

/** The same before the data is asked for the ends of the ranges: no part of it can be read yet. */
export async function foreseePartitions(
  session: Session,
  described: DescribedSource,
  { count, each, sessions }: Partition,
  column: string,
  run: Run,
): Promise<PartitionedPlan> {
  const shown = rangesOf(await rangeKey(session, described, column, run), unknownValues(count - 1));
  const why = `about ${count} ranges of ${column} and its NULLs; their ends are asked of the data when the read begins`;
  return { kind: 'partitioned', why, each, parts: [], shown, sessions: sessionsOf(each, sessions) };
}

function sessionsOf(each: Partition['each'], sessions: number): number {
  return each === 'staged' ? Math.min(sessions, STAGED_SESSIONS) : sessions;
}

async function rangeKey(session: Session, described: DescribedSource, column: string, run: Run): Promise<Key> {
  const key = await keyOf(session, described, column, 'partitionColumn', run);
  if (!NO_RANGE.has(key.type.kind)) return key;
  const message = `${renderType(key.type)} has no ranges to read by`;
  throw invalidField('partitionColumn', message, 'Choose another column, or give its name to partitionHash.');
}

function rangesOf({ sql: key, type }: Key, values: readonly Sql[]): readonly Sql[] {
  return renderRanges(key, values, type.kind === 'real' || type.kind === 'double');
}

/** Values of rows are nobody's to see. */
function unknownValues(count: number): readonly Sql[] {
  return Array.from({ length: count }, (_, index) => Sql.trusted(`<value ${index + 1}>`));
}

/** The source of one part. */
export function partOf({ source, fields }: DescribedSource, condition: Sql): DescribedSource {
  if (source.kind === 'object') return { fields, source: { ...source, conditions: [...source.conditions, condition] } };
  return { fields, source: { ...source, conditions: [...source.conditions, condition] } };
}

async function hashed(
  session: Session,
  described: DescribedSource,
  columns: readonly string[],
  run: Run,
): Promise<readonly Sql[]> {
  if (columns.length === 0) throw invalidField('partitionHash', 'No column is named', 'Name one, or several.');
  const keys: Sql[] = [];
  for (const [index, column] of columns.entries()) {
    const path = `partitionHash[${index}]`;
    const { sql: key, type } = await keyOf(session, described, column, path, run);
    if (NO_HASH.has(type.kind)) {
      throw invalidField(path, `${renderType(type)} has no text to hash`, 'Choose another column.');
    }
    keys.push(key);
  }
  return keys;
}

/** The column in SQL, where conditions on the source can name it, and its type. */
async function keyOf(
  session: Session,
  { source, fields }: DescribedSource,
  column: string,
  path: string,
  run: Run,
): Promise<Key> {
  if (source.kind === 'query') {
    const type = fields.find(({ name }) => name === column)?.type;
    if (type !== undefined && nameProblem(column) === undefined) return { sql: identifier(column), type };
    const action = `The query gives ${fields.map(({ name }) => name).join(', ')}.`;
    throw invalidField(path, `The query has no column ${JSON.stringify(column)}`, action);
  }
  const from = openColumns(source.objects).column(column, path);
  const select = directSelect({ ...source, columns: [{ from, name: 'roleshift_key' }], orderBy: [], limit: 0 }, []);
  const [field] = requireSupported(await describeSelect(session, select.statement, run));
  if (field === undefined) throw new ConnectorError('RS_INTERNAL', 'A column was described by nothing');
  return { sql: from, type: field.type };
}
