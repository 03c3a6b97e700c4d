import { invalidField } from '../../core/invalid-field.ts';
import { fillIn, type RenderedParameters } from '../../sql/select-parameters.ts';
import { userQuery } from '../../sql/statements.ts';
import { type UserText, userText } from '../../sql/user-text.ts';

const OTHER = String.raw`"(?:[^"]|"")*"|--[^\n]*|/\*[\s\S]*?\*/`;
/** What is not looked into, under either reading of backslashes: servers differ on whether one escapes a quote. */
const LEFT_ASIDE = [
  new RegExp(`'(?:[^']|'')*'|${OTHER}`, 'g'),
  new RegExp(String.raw`'(?:[^'\\]|''|\\[\s\S])*'|${OTHER}`, 'g'),
];

/** The parameters of a read, and which of them its texts have named so far. */
export interface ReadParameters {
  readonly rendered: RenderedParameters;
  readonly used: Set<string>;
}

/** The user's query with its parameters filled in. Throws RS_CONFIG_INVALID unless it is one statement. */
export function userSelect(text: string, { rendered, used }: ReadParameters): UserText {
  const select = fillIn(userText(userQuery(text), text, 'the query'), rendered, 'query', used);
  if (select.replaced !== undefined) userQuery(String(select.sql)); // a parameter of kind sql may hold a statement too
  return select;
}

/**
 * The user's condition with its parameters filled in, fit to stand in parentheses. Throws RS_CONFIG_INVALID when it would
 * close them.
 */
export function userCondition(
  text: string,
  { rendered, used }: ReadParameters,
  path = 'where',
  label = 'the condition',
): UserText {
  const condition = fillIn(userText(userQuery(text), text, label), rendered, path, used);
  const sent = String(condition.sql);
  if (condition.replaced !== undefined) userQuery(sent);
  if (!LEFT_ASIDE.some((quoted) => pairsUp(sent.replace(quoted, '')))) {
    throw invalidField(path, 'The parentheses of the condition do not pair up', 'Correct the condition.');
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
