import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { renderType, type SupportedType } from '../../core/redshift-type.ts';
import type { Run } from '../../core/run.ts';
import { readCursor } from '../../db/cursor.ts';
import { describeSelect } from '../../db/describe-query.ts';
import type { Session } from '../../db/session.ts';
import { renderBuckets, renderRanges } from '../../sql/select-ranges.ts';
import { renderValue } from '../../sql/select-value.ts';
import { identifier, join, nameProblem, Sql, sql } from '../../sql/sql.ts';
import { requireSupported } from '../../types/field.ts';
import { openColumns } from './read-columns.ts';
import type { DescribedSource } from './read-describe.ts';
import { directSelect, plainSelect } from './read-select.ts';
import type { ReadSource } from './read-source.ts';
import type { Partition } from './read-work.ts';
import { splitEvenly } from './split-evenly.ts';

/** A read that several sessions do, a part each. */
export interface PartitionedPlan {
  readonly kind: 'partitioned';
  readonly why: string;
  /** How each part travels. */
  readonly each: 'direct' | 'staged';
  /** One condition a part: each row fulfils exactly one. */
  readonly parts: readonly Sql[];
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
/** Characters of a text that its ranges are cut by. */
const PREFIX = 3;
const KEY = sql`roleshift_key`;

/** Cuts a described source into parts; asks the server for the ends of the column where no values are given. */
export async function planPartitions(
  session: Session,
  described: DescribedSource,
  partition: Partition,
  run: Run,
): Promise<PartitionedPlan> {
  const { by, count, each } = partition;
  const sessions = each === 'staged' ? Math.min(partition.sessions, STAGED_SESSIONS) : partition.sessions;
  if ('hash' in by) {
    const parts = renderBuckets(await hashed(session, described, by.hash, run), count);
    return { kind: 'partitioned', why: `${count} parts by a hash of ${by.hash.join(', ')}`, each, parts, sessions };
  }
  const { column } = by;
  const key = await keyOf(session, described, column, 'partitionColumn', run);
  if (NO_RANGE.has(key.type.kind)) {
    const message = `${renderType(key.type)} has no ranges to read by`;
    throw invalidField('partitionColumn', message, 'Choose another column, or give its name to partitionHash.');
  }
  const values = await boundariesOf(session, described.source, key, partition, run);
  const isFloat = key.type.kind === 'real' || key.type.kind === 'double';
  const parts = renderRanges(key.sql, values, isFloat);
  const why = `${parts.length - 1} ranges of ${column}, and its NULLs`;
  return { kind: 'partitioned', why, each, parts, sessions };
}

/** The source of one part. */
export function partOf({ source, fields }: DescribedSource, condition: Sql): DescribedSource {
  if (source.kind === 'object') return { fields, source: { ...source, conditions: [...source.conditions, condition] } };
  return { fields, source: { ...source, conditions: [...source.conditions, condition] } };
}

interface Key {
  readonly sql: Sql;
  readonly type: SupportedType;
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

async function boundariesOf(
  session: Session,
  source: ReadSource,
  key: Key,
  { boundaries, count }: Partition,
  run: Run,
): Promise<readonly Sql[]> {
  const cast = castTo(key.type);
  if (boundaries !== undefined) {
    const values = boundaries.map((value) => cast(renderValue(value)));
    await requireAscending(session, values, key.type, run);
    return values;
  }
  const texts =
    key.type.kind === 'char' || key.type.kind === 'varchar'
      ? await prefixesOf(session, source, key, count, run)
      : await evenly(session, source, key, count, run);
  return texts.map((text) => cast(renderValue(text)));
}

function castTo(type: SupportedType): (value: Sql) => Sql {
  // Its length would cut the value.
  if (type.kind === 'char' || type.kind === 'varchar') return (value) => value;
  if (type.kind === 'decimal' && type.precision === undefined) return (value) => value;
  return (value) => sql`CAST(${value} AS ${Sql.trusted(renderType(type))})`;
}

/** Out of order, some rows would be in two ranges. The server says what its order is. */
async function requireAscending(
  session: Session,
  values: readonly Sql[],
  type: SupportedType,
  run: Run,
): Promise<void> {
  const pairs = values.map(
    (value, index) => sql`${values[index - 1] ?? value} <${index === 0 ? sql`=` : sql``} ${value}`,
  );
  const check = sql`SELECT CASE WHEN ${join(pairs, sql` AND `)} THEN 1 ELSE 0 END`;
  let row: readonly (string | null)[] | undefined;
  try {
    [row] = (await session.run(check, run)).rows;
  } catch (error) {
    if (!(error instanceof ConnectorError) || !String(error.details['sqlState']).startsWith('22')) throw error;
    const message = `One of the values is no ${renderType(type)}`;
    throw invalidField('partitionBoundaries', message, 'Give values of the type of the column.');
  }
  if (row?.[0] === '1') return;
  throw invalidField('partitionBoundaries', 'The values do not ascend', 'Give them upwards, each once.');
}

async function evenly(
  session: Session,
  source: ReadSource,
  key: Key,
  count: number,
  run: Run,
): Promise<readonly string[]> {
  const ends = sql`SELECT MIN(${KEY}), MAX(${KEY}) FROM (${selectKey(source, key.sql)}\n) AS roleshift_keys`;
  const [[lowest, highest] = []] = (await session.run(ends, run)).rows;
  if (lowest === null || lowest === undefined || highest === null || highest === undefined) return [];
  return splitEvenly(key.type, [lowest, highest], count) ?? [];
}

/** Texts are cut where about as many rows begin below as above, by their first characters. */
async function prefixesOf(
  session: Session,
  source: ReadSource,
  key: Key,
  count: number,
  run: Run,
): Promise<readonly string[]> {
  const keys = sql`(${selectKey(source, key.sql)}\n) AS roleshift_keys`;
  const [counted] = (await session.run(sql`SELECT COUNT(${KEY}) FROM ${keys}`, run)).rows;
  const total = Number(counted?.[0]);
  const prefix = sql`LEFT(${KEY}, ${Sql.trusted(String(PREFIX))})`;
  const groups = sql`SELECT ${prefix}, COUNT(*) FROM ${keys} WHERE ${KEY} IS NOT NULL GROUP BY 1 ORDER BY 1`;
  const cuts: string[] = [];
  let before = 0;
  for await (const { rows } of readCursor(session, groups, { run, batchRows: 10_000 })) {
    for (const [text, size] of rows) {
      const isDue = before > 0 && before >= ((cuts.length + 1) * total) / count;
      if (isDue && cuts.length < count - 1 && text !== null && text !== undefined) cuts.push(text);
      before += Number(size);
    }
  }
  return cuts;
}

function selectKey(source: ReadSource, key: Sql): Sql {
  if (source.kind === 'query') return sql`SELECT ${key} AS ${KEY} FROM (${source.query.sql}\n) AS roleshift_source`;
  const { limit: _limit, ...unlimited } = source;
  return plainSelect({ ...unlimited, columns: [{ from: key, name: 'roleshift_key' }], orderBy: [] }).statement;
}
