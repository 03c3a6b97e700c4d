import type { StatementOrigin } from '../../db/classify.ts';
import { identifier, integer, join, type Sql, sql } from '../../sql/sql.ts';
import { type Woven, weave, weaveList } from '../../sql/user-text.ts';
import { renderForm } from '../../sql/value-form.ts';
import { codecFor } from '../../types/codec.ts';
import type { SupportedField } from '../../types/field.ts';
import { aliasOf } from './read-join.ts';
import { objectName } from './read-object.ts';
import type { ObjectSource, QuerySource, ReadSource, SelectedColumn } from './read-source.ts';

/** A SELECT, and where the user's own SQL is in it. */
export interface ReadStatement {
  readonly statement: Sql;
  readonly origin: StatementOrigin;
}

const SOURCE = sql`AS roleshift_source`;

/** A SELECT that answers no rows and describes those of the source. */
export function describingSelect(source: ReadSource): ReadStatement {
  if (source.kind === 'query') return told(weave(sql`SELECT * FROM (`, source.query, sql`\n) ${SOURCE} LIMIT 0`));
  return told(weave(selectFrom(source, listOf(source.columns)), sql` LIMIT 0`));
}

/** The SELECT of a staged read: the columns as they are, sorted and limited as asked. */
export function plainSelect(source: ReadSource): ReadStatement {
  return directSelect(source, []);
}

/** The SELECT of a direct read: each column in a type whose text carries its values exactly. */
export function directSelect(source: ReadSource, fields: readonly SupportedField[]): ReadStatement {
  if (source.kind === 'query') return told(selectQuery(source, fields));
  const { orderBy, limit } = source;
  const order = orderBy.map(({ from, descending }) => (descending ? sql`${from} DESC` : from));
  const list = needsCast(fields) ? castList(fields, source.columns) : listOf(source.columns);
  return told(
    weave(
      selectFrom(source, list),
      order.length === 0 ? sql`` : sql` ORDER BY ${join(order)}`,
      limit === undefined ? sql`` : sql` LIMIT ${integer(limit)}`,
    ),
  );
}

/** Whether the order that a query of the user's own asks for may get lost: a cast puts the query into parentheses. */
export function mayLoseOrder(source: ReadSource, fields: readonly SupportedField[]): boolean {
  return source.kind === 'query' && sorts(source) && needsCast(fields);
}

/** Whether rows come in an order: one that was asked for, or that of the user's query. */
export function isSorted(source: ReadSource): boolean {
  return source.kind === 'object' ? source.orderBy.length > 0 : sorts(source);
}

// A user's query that sorts is limited by the reader instead: an order inside parentheses need not last outside.
function sorts({ query }: QuerySource): boolean {
  return /\border\s+by\b/i.test(String(query.sql));
}

function selectQuery(source: QuerySource, fields: readonly SupportedField[]): Woven {
  const { query, conditions, limit } = source;
  const tail = [
    ...(conditions.length === 0 ? [] : [sql` WHERE ${join(conditions, sql` AND `)}`]),
    ...(limit === undefined || sorts(source) ? [] : [sql` LIMIT ${integer(limit)}`]),
  ];
  if (!needsCast(fields)) {
    if (tail.length === 0) return weave(query);
    return weave(sql`SELECT * FROM (`, query, sql`\n) ${SOURCE}`, ...tail);
  }
  if (new Set(fields.map(({ name }) => name)).size === fields.length || conditions.length > 0) {
    return weave(sql`SELECT ${castList(fields)} FROM (`, query, sql`\n) ${SOURCE}`, ...tail);
  }
  // Two columns of one name cannot be told apart by it.
  const numbered = fields.map((_, position) => identifier(`c${position + 1}`));
  const columns = fields.map(({ name }, position): SelectedColumn => ({ from: numbered[position] ?? sql`NULL`, name }));
  const list = castList(fields, columns);
  return weave(sql`SELECT ${list} FROM (`, query, sql`\n) ${SOURCE} (${join(numbered)})`, ...tail);
}

function selectFrom({ objects, conditions, distinct }: ObjectSource, list: Sql): Woven {
  const from = objects.flatMap((object) => {
    const name = objectName(object);
    const aliased = object.alias === undefined ? name : sql`${name} AS ${aliasOf(object)}`;
    if (object.join === undefined) return [aliased];
    return [sql` ${object.join.words} ${aliased} ON (`, object.join.condition, sql`\n)`];
  });
  const all = conditions.map((condition) => weave(sql`(`, condition, sql`\n)`));
  return weave(
    sql`SELECT ${distinct ? sql`DISTINCT ` : sql``}${list} FROM `,
    ...from,
    ...(all.length === 0 ? [] : [sql` WHERE `, weaveList(all, sql` AND `)]),
  );
}

function listOf(columns: readonly SelectedColumn[] | undefined): Sql {
  if (columns === undefined) return sql`*`;
  return join(columns.map(({ from, name }) => renamed(from, from, name)));
}

function needsCast(fields: readonly SupportedField[]): boolean {
  return fields.some(({ type }) => codecFor(type).selectAs !== undefined);
}

/** The columns with their casts. */
function castList(fields: readonly SupportedField[], columns?: readonly SelectedColumn[]): Sql {
  return join(
    fields.map(({ name, type }, position) => {
      const from = columns?.[position]?.from ?? identifier(name);
      const cast = codecFor(type).selectAs;
      return renamed(from, renderForm(from, cast === undefined ? undefined : { cast }), name);
    }),
  );
}

/** The expression under its name, which a column that is selected as it is has already. */
function renamed(from: Sql, expression: Sql, name: string): Sql {
  const own = identifier(name);
  const isNamed = String(from) === String(own) || String(from).endsWith(`.${String(own)}`);
  return expression === from && isNamed ? from : sql`${expression} AS ${own}`;
}

function told({ statement, placed }: Woven): ReadStatement {
  return { statement, origin: placed.length === 0 ? {} : { userSql: placed } };
}
