import { isWord, renderName, splitAtCommas, syntaxError, TokenCursor } from './cursor.ts';
import type { ExpressionContext } from './expressions.ts';
import { quoteName, resolveName } from './names.ts';
import { renderRest, TableBuilder, type TableFacts } from './table-builder.ts';
import type { Token } from './tokens.ts';

export interface CreateTable {
  readonly sql: string;
  /** The new table as PostgreSQL text. */
  readonly table: string;
  readonly facts: TableFacts;
  readonly isQuery: boolean;
}

/** Renders CREATE TABLE (also AS, LIKE, TEMP, `#name`) for PostgreSQL, and keeps apart what only Redshift knows. */
export function renderCreateTable(sql: string, tokens: readonly Token[], context: ExpressionContext): CreateTable {
  const cursor = new TokenCursor(tokens, 1);
  cursor.take('local');
  let temporary = cursor.take('temporary') || cursor.take('temp');
  if (!cursor.take('table')) throw syntaxError(cursor.peek());
  const ifNotExists = cursor.take('if', 'not', 'exists');
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  if (name.parts.at(-1)?.value.startsWith('#')) temporary = true;
  const table = renderName(name, context.rules);
  const facts: TableFacts = { encodings: {}, uniques: [], foreignKeys: [] };
  const head = `CREATE ${temporary ? 'TEMP ' : ''}TABLE ${ifNotExists ? 'IF NOT EXISTS ' : ''}${table}`;
  const build = new TableBuilder(sql, context, facts);
  let body = '';
  if (cursor.seesSymbol('(')) {
    const group = cursor.takeGroup();
    body = isColumnNames(group) && cursorLeadsToQuery(cursor) ? build.columnNames(group) : build.elements(group);
  }
  build.attributes(cursor);
  if (cursor.take('as')) {
    const from = cursor.peek()?.start ?? sql.length;
    const query = renderRest(sql, tokens.slice(cursor.position), from, context);
    return { sql: `${head}${body === '' ? '' : ` (${body})`} AS ${query}`, table, facts, isQuery: true };
  }
  if (!cursor.done || body === '') throw syntaxError(cursor.peek());
  const keyColumns = (facts.primaryKey?.columns ?? []).filter((column) => !build.notNull.has(column));
  const notNull = keyColumns.map((column) => `, NOT NULL ${quoteName(column)}`).join('');
  return { sql: `${head} (${body}${notNull})`, table, facts, isQuery: false };
}

function isColumnNames(group: readonly Token[]): boolean {
  return splitAtCommas(group).every(({ length }) => length === 1);
}

function cursorLeadsToQuery(cursor: TokenCursor): boolean {
  return cursor.tokens.slice(cursor.position).some((token) => isWord(token, 'as'));
}

/** The table attributes at the cursor, which ends behind them: DISTSTYLE, DISTKEY, SORTKEY .. */
export function renderAttributes(sql: string, cursor: TokenCursor, context: ExpressionContext): TableFacts {
  const facts: TableFacts = { encodings: {}, uniques: [], foreignKeys: [] };
  new TableBuilder(sql, context, facts).attributes(cursor);
  return facts;
}

/** An `ALTER TABLE .. ADD COLUMN` definition, rendered as in CREATE TABLE. */
export function renderColumn(sql: string, tokens: readonly Token[], context: ExpressionContext): AddedColumn {
  const facts: TableFacts = { encodings: {}, uniques: [], foreignKeys: [] };
  const build = new TableBuilder(sql, context, facts);
  const column = build.column(tokens);
  const [named] = tokens;
  const name = named ? resolveName(named, context.rules) : '';
  const encoding = facts.encodings[name];
  return {
    column,
    name,
    ...(encoding === undefined ? {} : { encoding }),
    isNotNull: build.notNull.has(name),
    hasDefault: / DEFAULT /.test(column),
    isSpecial:
      / AS IDENTITY /.test(column) ||
      [facts.distKey, facts.sortKeys, facts.primaryKey].some((key) => key !== undefined) ||
      facts.uniques.length + facts.foreignKeys.length > 0,
  };
}

/** A column to be added. */
export interface AddedColumn {
  /** Its definition for PostgreSQL. */
  readonly column: string;
  readonly name: string;
  readonly encoding?: string;
  readonly isNotNull: boolean;
  readonly hasDefault: boolean;
  /** A key, or made by the database: what cannot be added. */
  readonly isSpecial: boolean;
}

/** A key of `ALTER TABLE .. ADD`, as the fact to store and the columns of the table; undefined: it is no key. */
export function readKey(
  sql: string,
  tokens: readonly Token[],
  context: ExpressionContext,
): readonly [fact: { readonly kind: string; readonly value: unknown }, columns: readonly string[]] | undefined {
  const cursor = new TokenCursor(tokens);
  if (cursor.take('constraint')) cursor.next();
  if (!['primary', 'unique', 'foreign'].some((word) => cursor.sees(word))) return undefined;
  const facts: TableFacts = { encodings: {}, uniques: [], foreignKeys: [] };
  new TableBuilder(sql, context, facts).elements(tokens);
  const [unique] = facts.uniques;
  const [foreign] = facts.foreignKeys;
  if (facts.primaryKey) return [{ kind: 'primaryKey', value: facts.primaryKey }, facts.primaryKey.columns];
  if (unique) return [{ kind: 'uniques', value: unique }, unique];
  return foreign && [{ kind: 'foreignKeys', value: foreign }, foreign.columns];
}
