import { invalidField } from '../core/invalid-field.ts';
import { type ConditionValue, isConditionValue, renderText, renderValue } from './select-value.ts';
import { join, type Sql, sql } from './sql.ts';

/** How a column is held against values. `like` takes `%` and `_`; the three below it take text as it is. */
export type FilterOperator =
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'notIn'
  | 'between'
  | 'like'
  | 'notLike'
  | 'startsWith'
  | 'endsWith'
  | 'contains'
  | 'isNull'
  | 'isNotNull';

/** One column held against its values: none for `isNull`, one for most, two for `between`, any number for `in`. */
export interface Comparison {
  /** Where several objects are read, `alias.column`. */
  readonly column: string;
  /** Default `=`. */
  readonly operator?: FilterOperator;
  readonly value?: ConditionValue;
  readonly values?: readonly ConditionValue[];
}

/** A condition made of parts, so that no value can become SQL. */
export type ReadFilter =
  | Comparison
  | { readonly and: readonly ReadFilter[] }
  | { readonly or: readonly ReadFilter[] }
  | { readonly not: ReadFilter };

/** Names a column of the source; throws for one that it cannot be. */
export type ColumnSql = (column: string, path: string) => Sql;

const MAX_DEPTH = 50;
const MAX_VALUES = 10_000;
const ESCAPE = '!';

/** A filter as a condition. Throws RS_CONFIG_INVALID, which tells the place in it. */
export function renderFilter(filter: ReadFilter, column: ColumnSql, path = 'filter', depth = 0): Sql {
  if (depth > MAX_DEPTH) throw invalidField(path, 'The filter is nested too deeply', 'Simplify it.');
  if (typeof filter !== 'object' || filter === null) {
    throw invalidField(path, 'A part of the filter is no condition', 'Give column, operator and value.');
  }
  const given = ['and', 'or', 'not', 'column'].filter((key) => Object.hasOwn(filter, key));
  if (given.length !== 1) {
    throw invalidField(path, 'A part of the filter is not one condition', 'Give either and, or, not, or a column.');
  }
  if ('and' in filter) return combined(filter.and, sql` AND `, sql`TRUE`, column, `${path}.and`, depth);
  if ('or' in filter) return combined(filter.or, sql` OR `, sql`FALSE`, column, `${path}.or`, depth);
  if ('not' in filter) return sql`NOT (${renderFilter(filter.not, column, `${path}.not`, depth + 1)})`;
  return compared(filter, column, path);
}

function combined(
  parts: readonly ReadFilter[],
  operator: Sql,
  empty: Sql,
  column: ColumnSql,
  path: string,
  depth: number,
): Sql {
  if (!Array.isArray(parts)) throw invalidField(path, 'It is not a list of conditions', 'Give a list.');
  if (parts.length === 0) return empty;
  const rendered = parts.map((part, index) => renderFilter(part, column, `${path}[${index}]`, depth + 1));
  return sql`(${join(rendered, operator)})`;
}

function compared(comparison: Comparison, columnSql: ColumnSql, path: string): Sql {
  const { column, operator = '=' } = comparison;
  if (typeof column !== 'string') throw invalidField(`${path}.column`, 'The column is no name', 'Name a column.');
  const left = columnSql(column, `${path}.column`);
  const one = (): Sql => renderValue(exactly(comparison, 1, path)[0] ?? '');
  const text = (): string => {
    const [value] = exactly(comparison, 1, path);
    if (typeof value === 'string') return value;
    throw invalidField(`${path}.value`, `"${operator}" compares text`, 'Give the value as text.');
  };
  switch (operator) {
    case '=':
      return sql`${left} = ${one()}`;
    case '<>':
      return sql`${left} <> ${one()}`;
    case '<':
      return sql`${left} < ${one()}`;
    case '<=':
      return sql`${left} <= ${one()}`;
    case '>':
      return sql`${left} > ${one()}`;
    case '>=':
      return sql`${left} >= ${one()}`;
    case 'in':
    case 'notIn':
      return among(left, operator, given(comparison, path));
    case 'between': {
      const [low = '', high = ''] = exactly(comparison, 2, path);
      return sql`${left} BETWEEN ${renderValue(low)} AND ${renderValue(high)}`;
    }
    case 'like':
      return sql`${left} LIKE ${renderText(text())} ${escapeWith()}`;
    case 'notLike':
      return sql`${left} NOT LIKE ${renderText(text())} ${escapeWith()}`;
    case 'startsWith':
      return sql`${left} LIKE ${renderText(`${asItIs(text())}%`)} ${escapeWith()}`;
    case 'endsWith':
      return sql`${left} LIKE ${renderText(`%${asItIs(text())}`)} ${escapeWith()}`;
    case 'contains':
      return sql`${left} LIKE ${renderText(`%${asItIs(text())}%`)} ${escapeWith()}`;
    case 'isNull':
      exactly(comparison, 0, path);
      return sql`${left} IS NULL`;
    case 'isNotNull':
      exactly(comparison, 0, path);
      return sql`${left} IS NOT NULL`;
  }
  operator satisfies never;
  throw invalidField(
    `${path}.operator`,
    'There is no such operator',
    'Choose one such as =, in, between, like or isNull.',
  );
}

/** Nothing is in an empty list, and everything is outside of it, NULL too. */
function among(left: Sql, operator: 'in' | 'notIn', values: readonly ConditionValue[]): Sql {
  if (values.length === 0) return operator === 'in' ? sql`FALSE` : sql`TRUE`;
  const list = join(values.map(renderValue));
  return operator === 'in' ? sql`${left} IN (${list})` : sql`${left} NOT IN (${list})`;
}

function given({ value, values = [] }: Comparison, path: string): readonly ConditionValue[] {
  const all: readonly unknown[] = value === undefined ? values : [value, ...values];
  if (all.length > MAX_VALUES) {
    throw invalidField(path, `More than ${MAX_VALUES} values in a condition`, 'Put them into a table and join it.');
  }
  if (all.every(isConditionValue)) return all;
  const action = 'Give text, numbers, true or false; for NULL use isNull.';
  throw invalidField(path, 'A condition holds a value that cannot be compared', action);
}

function exactly(comparison: Comparison, count: number, path: string): readonly ConditionValue[] {
  const values = given(comparison, path);
  if (values.length === count) return values;
  const { operator = '=' } = comparison;
  throw invalidField(path, `"${operator}" takes ${count} and got ${values.length} values`, 'Correct the condition.');
}

/** Text in which `%`, `_` and the escape stand for themselves. */
function asItIs(text: string): string {
  return text.replace(/[!%_]/g, `${ESCAPE}$&`);
}

function escapeWith(): Sql {
  return sql`ESCAPE ${renderText(ESCAPE)}`;
}
