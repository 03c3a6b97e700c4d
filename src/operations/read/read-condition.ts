import { ConnectorError } from '../../core/errors.ts';
import type { Sql } from '../../sql/sql.ts';
import { userQuery } from '../../sql/statements.ts';

const OTHER = String.raw`"(?:[^"]|"")*"|--[^\n]*|/\*[\s\S]*?\*/`;
/** What is not looked into, under either reading of backslashes: servers differ on whether one escapes a quote. */
const LEFT_ASIDE = [
  new RegExp(`'(?:[^']|'')*'|${OTHER}`, 'g'),
  new RegExp(String.raw`'(?:[^'\\]|''|\\[\s\S])*'|${OTHER}`, 'g'),
];

/** The user's condition, fit to stand in parentheses. Throws RS_CONFIG_INVALID when it would close them. */
export function userCondition(text: string): Sql {
  const condition = userQuery(text);
  if (!LEFT_ASIDE.some((quoted) => pairsUp(text.replace(quoted, '')))) {
    const [message, action] = ['The parentheses of the condition do not pair up', 'Correct the condition.'];
    throw new ConnectorError('RS_CONFIG_INVALID', message, { action, issues: [{ path: 'where', message, action }] });
  }
  return condition;
}

function pairsUp(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}
