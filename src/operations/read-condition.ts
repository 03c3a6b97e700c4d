import { ConnectorError } from '../core/errors.ts';
import type { Sql } from '../sql/sql.ts';
import { userQuery } from '../sql/statements.ts';

const QUOTED_OR_COMMENT = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g;

/** The user's condition, fit to stand in parentheses. Throws RS_CONFIG_INVALID when it would close them. */
export function userCondition(text: string): Sql {
  const condition = userQuery(text);
  const bare = text.replace(QUOTED_OR_COMMENT, '');
  let depth = 0;
  for (const character of bare) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0) break;
  }
  if (depth !== 0) {
    const [message, action] = ['The parentheses of the condition do not pair up', 'Correct the condition.'];
    throw new ConnectorError('RS_CONFIG_INVALID', message, { action, issues: [{ path: 'where', message, action }] });
  }
  return condition;
}
