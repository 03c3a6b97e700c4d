import { ConnectorError } from '../core/errors.ts';
import { Sql } from './sql.ts';

/**
 * Splits a text at its top-level semicolons, past quotes, comments and dollar quotes. Empty statements are dropped.
 * Servers differ on whether a backslash escapes a quote inside a string: say which is assumed.
 */
export function splitStatements(text: string, { backslashEscapes }: { backslashEscapes: boolean }): readonly string[] {
  const token = backslashEscapes ? WITH_BACKSLASH : PLAIN;
  const statements: string[] = [];
  let start = 0;
  for (const match of text.matchAll(token)) {
    if (match[0] !== ';') continue;
    statements.push(text.slice(start, match.index));
    start = match.index + 1;
  }
  statements.push(text.slice(start));
  return statements.filter((statement) => statement.replace(COMMENT, '').trim() !== '');
}

// Strings, quoted names, comments and dollar quotes are one token each, so that a semicolon inside is not seen.
// An unterminated one runs to the end of the text: the server will refuse it.
const OTHER = String.raw`"(?:[^"]|"")*"?|--[^\n]*|/\*[\s\S]*?(?:\*/|$)|\$(\w*)\$[\s\S]*?(?:\$\1\$|$)|;`;
const PLAIN = new RegExp(`'(?:[^']|'')*'?|${OTHER}`, 'g');
const WITH_BACKSLASH = new RegExp(String.raw`'(?:[^'\\]|''|\\[\s\S])*'?|${OTHER}`, 'g');
const COMMENT = /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/g;

/**
 * The user's query as one statement that can stand in parentheses: the last semicolon goes, a comment at the end is
 * closed. Throws RS_CONFIG_INVALID when the text holds several statements, under either reading of backslashes.
 */
export function userQuery(text: string): Sql {
  const query = Sql.user(text);
  const readings = [false, true].map((backslashEscapes) => splitStatements(text, { backslashEscapes }));
  const [only] = readings[0] ?? [];
  if (only === undefined || readings.some((statements) => statements.length !== 1 || statements[0] !== only)) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'The query must be exactly one SQL statement', {
      action: 'Give one SELECT; put other statements into pre or post SQL.',
    });
  }
  return only === text ? query : Sql.user(only.trimEnd());
}
