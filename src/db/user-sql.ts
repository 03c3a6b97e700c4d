import type { PlacedText } from '../sql/user-text.ts';

/** SQL that a person wrote, inside a statement that we send. */
export type UserSql = PlacedText;

export interface TextPosition {
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
}

/**
 * Where in the user's text the server saw the mistake. `position` counts characters of the whole statement from 1, as
 * PostgreSQL does. In a parameter's value it is where the parameter stands. `undefined` when it points outside their text.
 */
export function positionInUserSql(
  position: number,
  { text, startsAt, replaced = [] }: UserSql,
): TextPosition | undefined {
  const characters = Array.from(text);
  const sent = position - 1 - startsAt;
  if (!Number.isInteger(sent) || sent < 0) return undefined;
  let offset = sent;
  for (const { at, length, sourceAt, sourceLength } of replaced) {
    if (sent < at) break;
    offset = sent < at + length ? sourceAt : sent - at - length + sourceAt + sourceLength;
  }
  if (offset > characters.length) return undefined;
  const lines = characters.slice(0, offset).join('').split('\n');
  return { line: lines.length, column: Array.from(lines.at(-1) ?? '').length + 1 };
}
