import { ConnectorError } from '../core/errors.ts';
import { identifier, join, type Sql, sql } from './sql.ts';

/**
 * The keys that rows are found by. `IS NOT DISTINCT FROM` is not known to Redshift and OR joins are slow, so a key that
 * may be NULL takes one statement for each pattern of NULLs that is present in the staging table.
 */
export interface KeyPattern {
  /** All key columns. */
  readonly keys: readonly string[];
  /** Those of them that are NULL in the rows of this pattern. */
  readonly nullKeys: readonly string[];
}

/** The join of target and source for the rows of one pattern. */
export function renderMatch(pattern: KeyPattern, target: Sql, source: Sql): Sql {
  requireKeys(pattern);
  const conditions = pattern.keys.map((key) =>
    pattern.nullKeys.includes(key)
      ? sql`${target}.${identifier(key)} IS NULL`
      : sql`${target}.${identifier(key)} = ${source}.${identifier(key)}`,
  );
  return join(conditions, sql` AND `);
}

/**
 * The same for UPDATE and DELETE, whose target Redshift demands to be "part of an equijoin predicate": where all keys are
 * NULL, one is made of expressions that are equal on both sides.
 */
export function renderJoin(pattern: KeyPattern, target: Sql, source: Sql): Sql {
  const match = renderMatch(pattern, target, source);
  const [key] = pattern.keys;
  if (key === undefined || pattern.keys.length > pattern.nullKeys.length) return match;
  const flag = (side: Sql): Sql => sql`CASE WHEN ${side}.${identifier(key)} IS NULL THEN 1 ELSE 0 END`;
  return sql`${match} AND ${flag(target)} = ${flag(source)}`;
}

/** What picks the rows of one pattern in the source; `nullableKeys` are those that may be NULL there. */
export function renderPatternFilter(pattern: KeyPattern, source: Sql): readonly Sql[] {
  requireKeys(pattern);
  // An equality never holds for a NULL, so only the NULLs must be asked for; NOT NULL keeps NOT EXISTS honest.
  return pattern.keys.map((key) => {
    const column = sql`${source}.${identifier(key)}`;
    return pattern.nullKeys.includes(key) ? sql`${column} IS NULL` : sql`${column} IS NOT NULL`;
  });
}

/** Rows of a staging table that one set of statements applies. */
export interface KeyGroup {
  readonly pattern: KeyPattern;
  /** The letter in the column that says what becomes of a row; absent where the operation says it for all. */
  readonly letter?: string;
  readonly rows: number;
}

/**
 * Asks which patterns of NULLs are present, apart for each change where there is one: one row a group, one column a key,
 * 1 where it is NULL, then how many rows, then the change. `readKeyGroups` reads the answer.
 */
export function renderKeyGroups(staging: Sql, keys: readonly string[], change?: Sql): Sql {
  requireKeys({ keys, nullKeys: [] });
  const flags = keys.map((key) => sql`CASE WHEN ${identifier(key)} IS NULL THEN 1 ELSE 0 END`);
  const more = change === undefined ? [] : [change];
  return sql`SELECT ${join([...flags, sql`COUNT(*)`, ...more])} FROM ${staging} GROUP BY ${join([...flags, ...more])}`;
}

/** The groups in the answer to `renderKeyGroups`, as text rows. */
export function readKeyGroups(
  keys: readonly string[],
  rows: readonly (readonly (string | null)[])[],
): readonly KeyGroup[] {
  return rows.map((row) => {
    const letter = row[keys.length + 1];
    const nullKeys = keys.filter((_, position) => row[position] === '1');
    return { pattern: { keys, nullKeys }, rows: Number(row[keys.length]), ...(letter ? { letter } : {}) };
  });
}

function requireKeys({ keys }: KeyPattern): void {
  if (keys.length === 0) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'The operation needs key columns and none was given', {
      action: 'Name the key columns, or declare a primary key on the target.',
    });
  }
}
