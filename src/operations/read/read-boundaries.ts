import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { renderType, type SupportedType } from '../../core/redshift-type.ts';
import type { Run } from '../../core/run.ts';
import { readCursor } from '../../db/cursor.ts';
import type { Session } from '../../db/session.ts';
import { renderValue } from '../../sql/select-value.ts';
import { join, Sql, sql } from '../../sql/sql.ts';
import { textDecoder } from '../../types/wire-decoder.ts';
import { plainSelect } from './read-select.ts';
import type { ReadSource } from './read-source.ts';
import type { Partition } from './read-work.ts';
import { splitEvenly } from './split-evenly.ts';

/** What the ranges of a read are made of. */
export interface Key {
  readonly sql: Sql;
  readonly type: SupportedType;
}

/** Characters of a text that its ranges are cut by. */
const PREFIX = 3;
const KEY = sql`roleshift_key`;

/**
 * The values at which one range ends and the next begins, upwards: those that were given, or some that cut the column into
 * about as many ranges as asked for, of which the data is asked. Throws RS_CONFIG_INVALID for given ones that do not ascend.
 */
export async function boundariesOf(
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
  const decoders = [textDecoder, textDecoder];
  for await (const { columns } of readCursor(session, groups, { run, batchRows: 10_000, decoders })) {
    const [texts = [], sizes = []] = columns;
    for (const [index, text] of texts.entries()) {
      const isDue = before > 0 && before >= ((cuts.length + 1) * total) / count;
      if (isDue && cuts.length < count - 1 && typeof text === 'string') cuts.push(text);
      before += Number(sizes[index]);
    }
  }
  return cuts;
}

function selectKey(source: ReadSource, key: Sql): Sql {
  if (source.kind === 'query') return sql`SELECT ${key} AS ${KEY} FROM (${source.query.sql}\n) AS roleshift_source`;
  const { limit: _limit, ...unlimited } = source;
  return plainSelect({ ...unlimited, columns: [{ from: key, name: 'roleshift_key' }], orderBy: [] }).statement;
}
