/** SQL that a person wrote, inside a statement that we send. */
export interface UserSql {
  readonly text: string;
  /** Where it begins in the statement, in characters. */
  readonly startsAt: number;
  /** What the person calls it: `the query`, `connectSql`. */
  readonly label: string;
}

export interface TextPosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/**
 * Where in the user's text the server saw the mistake. `position` counts characters of the whole statement from 1, as
 * PostgreSQL does. `undefined` when it points outside their text.
 */
export function positionInUserSql(position: number, { text, startsAt }: UserSql): TextPosition | undefined {
  const characters = Array.from(text);
  const offset = position - 1 - startsAt;
  if (!Number.isInteger(offset) || offset < 0 || offset > characters.length) return undefined;
  const lines = characters.slice(0, offset).join('').split('\n');
  return { line: lines.length, column: Array.from(lines.at(-1) ?? '').length + 1 };
}
