import type { Blocker } from '../../core/events.ts';

const TEXT_LENGTH = 200;

/** A statement without its comments and values, in one line, cut off: what it does may be told, what it carries may not. */
export function sanitizeQuery(text: string): string {
  const plain = text
    .replaceAll(/'(?:[^']|'')*(?:'|$)/g, "'?'")
    .replaceAll(/\$(\w*)\$[\s\S]*?(?:\$\1\$|$)/g, "'?'")
    .replaceAll(/--[^\n]*/g, ' ')
    .replaceAll(/\/\*[\s\S]*?(?:\*\/|$)/g, ' ')
    .replaceAll(/(?<![\w"])\d[\d.]*(?:e[+-]?\d+)?(?!\w)/gi, '?')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return plain.length <= TEXT_LENGTH ? plain : `${plain.slice(0, TEXT_LENGTH)}...`;
}

/** `session 1234 of etl, since 2026-11-24T10:00:00Z: UPDATE sales.orders SET note = '?'`. */
export function describeBlocker({ pid, user, since, query }: Blocker): string {
  const text = query === undefined ? '' : `: ${query}`;
  return `session ${pid} of ${user}, in a transaction since ${since}${text}`;
}
