/** Where in the client's text a character of the text sent to PostgreSQL comes from; both count from 1. */
export type SourcePosition = (position: number) => number | undefined;

/** A stretch of the client's text as it was rewritten. */
export interface Rewrite {
  readonly text: string;
  /** Offset in the client's text of an offset in `text`. */
  readonly toSource: (offset: number) => number;
}

/** Follows positions in `sent`, which holds `rewrite` somewhere, back to `source`. What was added has no place there. */
export function sourcePosition(source: string, sent: string, { text, toSource }: Rewrite): SourcePosition {
  return (position) => {
    const base = sent.indexOf(text);
    const offset = offsetOf(sent, position) - base;
    if (base < 0 || offset < 0 || offset > text.length) return undefined;
    return characterAt(source, toSource(offset));
  };
}

/** Which character stands at an offset, counted as PostgreSQL counts: from 1, by code points. */
export function characterAt(text: string, offset: number): number {
  let pairs = 0;
  for (let at = 1; at < offset; at++) if (isPair(text, at)) pairs++;
  return offset - pairs + 1;
}

function offsetOf(text: string, character: number): number {
  let offset = 0;
  for (let count = 1; count < character; count++) offset += isPair(text, offset + 1) ? 2 : 1;
  return offset;
}

function isPair(text: string, second: number): boolean {
  const code = text.charCodeAt(second);
  return code >= 0xdc00 && code < 0xe000;
}
