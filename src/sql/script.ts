import { invalidField } from '../core/invalid-field.ts';
import { Sql } from './sql.ts';
import { splitStatements } from './statements.ts';
import { type UserText, userText } from './user-text.ts';

/**
 * The person's own statements, to be sent one after the other: sent together they would be one transaction. Each knows
 * its place in the whole text. Throws RS_CONFIG_INVALID where servers would not agree on where a statement ends.
 */
export function userScript(text: string, label: string, path: string): readonly UserText[] {
  const statements = splitStatements(text, { backslashEscapes: true });
  const plainly = splitStatements(text, { backslashEscapes: false });
  if (JSON.stringify(statements) !== JSON.stringify(plainly)) {
    const message = 'A backslash before a quote leaves it open where a statement ends';
    throw invalidField(path, message, 'Write CHR(92) for the backslash.');
  }
  let from = 0;
  return statements.map((statement) => {
    const part = userText(Sql.user(statement), text, label, from);
    from = text.indexOf(statement, from) + statement.length;
    return part;
  });
}
