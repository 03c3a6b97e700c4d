import { isWord, splitAtCommas, TokenCursor } from './cursor.ts';
import { Edits } from './edits.ts';
import { type NameRules, resolveName } from './names.ts';
import type { Statement } from './plan-statement.ts';
import type { Token } from './tokens.ts';

/** Whether literals for a column of this type need help. */
export const isOpaque = (type: string): boolean => WRAPPERS[type] !== undefined;

/** A column of the table written to, in the order of the table. */
export interface OpaqueColumn {
  readonly name: string;
  readonly type: string;
}

/** The statement's text once the columns of its table are known. */
export type Retype = (columns: readonly OpaqueColumn[]) => string;

interface Given {
  /** Name or place of the column. */
  readonly column: string | number;
  readonly token: Token;
}

const WRAPPERS: Readonly<Record<string, readonly [before: string, after: string]>> = {
  super: ['pg_catalog.rs_super_string((', ')::pg_catalog.text)'],
  // Hex only: WKT is for ST_GeomFromText.
  geometry: ['pg_catalog.st_geomfromewkb((', ')::pg_catalog.text)'],
  geography: ['pg_catalog.st_geogfromwkb((', ')::pg_catalog.text)'],
  varbyte: ['pg_catalog.to_varbyte((', ")::pg_catalog.text, 'utf8')"],
};

/** What may make a table with such columns: only then are literals looked at. */
export const MAKES_OPAQUE = /^(?:create|alter)\b[\s\S]*(?:super|varbyte|geometry|geography|json_parse|from_hex)/i;

/**
 * Literals and parameters given as they are for columns of an INSERT .. VALUES or UPDATE .. SET: to Redshift they are texts, so
 * one string in a SUPER and the bytes of the text in a VARBYTE; to PostgreSQL they would be what the type reads.
 */
export function givenLiterals(statement: Statement, verb: string, position: number): Retype {
  const { tokens, context } = statement;
  return (columns) => {
    const cursor = new TokenCursor(tokens, position);
    const given = verb === 'INSERT' ? ofInsert(cursor, context.rules) : ofUpdate(cursor, context.rules);
    const edits = new Edits();
    for (const { column, token } of given) {
      const target = typeof column === 'number' ? columns[column] : columns.find(({ name }) => name === column);
      const wrapper = WRAPPERS[target?.type ?? ''];
      if (!wrapper) continue;
      edits.insert(token.start, wrapper[0]);
      edits.insert(token.end, wrapper[1]);
    }
    return statement.rewritten(edits);
  };
}

function ofInsert(cursor: TokenCursor, rules: NameRules): Given[] {
  const listed = cursor.seesSymbol('(') && !isWord(cursor.peek(1), 'select') ? cursor.takeGroup() : undefined;
  const names = listed && splitAtCommas(listed).map(([token]) => (token ? resolveName(token, rules) : ''));
  if (!cursor.take('values')) return [];
  const given: Given[] = [];
  do {
    if (!cursor.seesSymbol('(')) return [];
    splitAtCommas(cursor.takeGroup()).forEach((element, index) => {
      const token = bareLiteral(element);
      if (token) given.push({ column: names?.[index] ?? index, token });
    });
  } while (cursor.takeSymbol(','));
  return given;
}

function ofUpdate(cursor: TokenCursor, rules: NameRules): Given[] {
  if (!cursor.take('set')) return [];
  const rest = cursor.tokens.slice(cursor.position);
  let depth = 0;
  const end = rest.findIndex((token) => {
    if (token.kind === 'symbol') depth += token.value === '(' ? 1 : token.value === ')' ? -1 : 0;
    return depth === 0 && (isWord(token, 'from') || isWord(token, 'where'));
  });
  return splitAtCommas(end < 0 ? rest : rest.slice(0, end)).flatMap(([name, equals, ...value]) => {
    const token = bareLiteral(value);
    return name && equals?.value === '=' && token ? [{ column: resolveName(name, rules), token }] : [];
  });
}

function bareLiteral(element: readonly Token[]): Token | undefined {
  const [token, more] = element;
  return more === undefined && (token?.kind === 'string' || token?.kind === 'parameter') ? token : undefined;
}
