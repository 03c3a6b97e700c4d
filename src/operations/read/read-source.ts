import { ConnectorError } from '../../core/errors.ts';
import type { StatementOrigin } from '../../db/classify.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { identifier, integer, join, Sql, sql } from '../../sql/sql.ts';
import { userQuery } from '../../sql/statements.ts';
import { codecFor } from '../../types/codec.ts';
import type { SupportedField } from '../../types/field.ts';
import { resolveObjectReference } from '../write/object-reference.ts';
import { userCondition } from './read-condition.ts';
import type { ReadSpec, SortColumn } from './read-spec.ts';

/** A table or view, or a query of the user's own. */
export type ReadSource =
  | {
      readonly kind: 'object';
      readonly path: ObjectPath;
      /** All columns when absent. */
      readonly columns: readonly string[] | undefined;
      readonly where: { readonly condition: Sql; readonly text: string } | undefined;
      readonly orderBy: readonly SortColumn[];
      readonly limit: number | undefined;
    }
  | { readonly kind: 'query'; readonly query: Sql; readonly text: string; readonly limit: number | undefined };

/** A SELECT, and where the user's own SQL is in it. */
export interface ReadStatement {
  readonly statement: Sql;
  readonly origin: StatementOrigin;
}

/** The spec as a source. Pure. Throws RS_CONFIG_INVALID for a spec that contradicts itself. */
export function planReadSource(spec: ReadSpec, defaultSchema: string): ReadSource {
  const { object, query, columns, where, orderBy = [], limit } = spec;
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit >= 0)) {
    throw invalid('limit', 'The limit is not a whole number of rows', 'Give 0 or more.');
  }
  if (query !== undefined) {
    const objectOnly = { object, columns, where, orderBy: orderBy.length > 0 ? orderBy : undefined };
    for (const [path, value] of Object.entries(objectOnly)) {
      if (value !== undefined) throw invalid(path, `"${path}" does not go with a query`, 'Write it into the query.');
    }
    return { kind: 'query', query: userQuery(query), text: query, limit };
  }
  if (object === undefined) throw invalid('object', 'Nothing to read is named', 'Give an object or a query.');
  if (columns?.length === 0) throw invalid('columns', 'The list of columns is empty', 'Name one, or leave it out.');
  return {
    kind: 'object',
    path: resolveObjectReference(object, defaultSchema),
    columns,
    where: where === undefined ? undefined : { condition: userCondition(where), text: where },
    orderBy,
    limit,
  };
}

/** A SELECT that answers no rows and describes those of the source. */
export function describingSelect(source: ReadSource): ReadStatement {
  if (source.kind === 'query') {
    return around(sql`SELECT * FROM (`, source, sql`\n) AS roleshift_source LIMIT 0`);
  }
  const { statement, origin } = selectFrom(source, listOf(source.columns));
  return { statement: sql`${statement} LIMIT 0`, origin };
}

/** The SELECT of a direct read: each column in a type whose text carries its values exactly. */
export function directSelect(source: ReadSource, fields: readonly SupportedField[]): ReadStatement {
  const list = exactList(fields);
  if (source.kind === 'query') {
    const limit = source.limit === undefined || sorts(source) ? sql`` : sql` LIMIT ${integer(source.limit)}`;
    if (list === undefined && String(limit) === '') return around(sql``, source, sql``);
    return around(sql`SELECT ${list ?? sql`*`} FROM (`, source, sql`\n) AS roleshift_source${limit}`);
  }
  const { orderBy, limit } = source;
  const { statement, origin } = selectFrom(source, list ?? listOf(source.columns));
  const order = orderBy.length === 0 ? sql`` : sql` ORDER BY ${join(orderBy.map(sortTerm))}`;
  return { statement: sql`${statement}${order}${limit === undefined ? sql`` : sql` LIMIT ${integer(limit)}`}`, origin };
}

/** Whether the order that a query of the user's own asks for may get lost: a cast puts the query into parentheses. */
export function mayLoseOrder(source: ReadSource, fields: readonly SupportedField[]): boolean {
  return source.kind === 'query' && sorts(source) && exactList(fields) !== undefined;
}

// A user's query that sorts is limited by the reader instead: an order inside parentheses need not last outside.
function sorts({ text }: { readonly text: string }): boolean {
  return /\border\s+by\b/i.test(text);
}

function around(head: Sql, { query, text }: { query: Sql; text: string }, tail: Sql): ReadStatement {
  return {
    statement: sql`${head}${query}${tail}`,
    origin: { userSql: { text, startsAt: characters(head), label: 'the query' } },
  };
}

function selectFrom({ path, where }: Extract<ReadSource, { kind: 'object' }>, list: Sql): ReadStatement {
  const head = sql`SELECT ${list} FROM ${identifier(...path)}`;
  if (where === undefined) return { statement: head, origin: {} };
  const before = sql`${head} WHERE (`;
  return {
    statement: sql`${before}${where.condition}\n)`,
    origin: { userSql: { text: where.text, startsAt: characters(before), label: 'the condition' } },
  };
}

function listOf(columns: readonly string[] | undefined): Sql {
  return columns === undefined ? sql`*` : join(columns.map((column) => identifier(column)));
}

/** The columns with their casts; `undefined` when none needs one, or when two have one name and cannot be told apart. */
function exactList(fields: readonly SupportedField[]): Sql | undefined {
  const casts = fields.map(({ type }) => codecFor(type).selectAs);
  const names = new Set(fields.map(({ name }) => name));
  if (casts.every((cast) => cast === undefined) || names.size < fields.length) return undefined;
  return join(
    fields.map(({ name }, position) => {
      const cast = casts[position];
      const column = identifier(name);
      return cast === undefined ? column : sql`CAST(${column} AS ${Sql.trusted(cast)}) AS ${column}`;
    }),
  );
}

function sortTerm(term: SortColumn): Sql {
  if (typeof term === 'string') return identifier(term);
  return term.descending ? sql`${identifier(term.column)} DESC` : identifier(term.column);
}

/** Length as the server counts positions: in characters, not in UTF-16 units. */
function characters(text: Sql): number {
  return Array.from(String(text)).length;
}

function invalid(path: string, message: string, action: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', message, { action, issues: [{ path, message, action }] });
}
