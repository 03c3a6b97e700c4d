/** Where a statement stands in the text of its policy: from its `{` to behind its `}`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const TOKENS = /"((?:[^"\\]|\\.)*)"|[{}[\],]/g;

/** The statements of a policy's text, in order. The text must be the JSON of a policy. */
export function statementSpans(text: string): readonly Span[] {
  const spans: Span[] = [];
  let depth = 0;
  let topKey = '';
  let isKeyNext = true;
  let start = 0;
  const isStatement = (): boolean => topKey === 'Statement' && depth <= 2;
  for (const { 0: token, 1: string, index } of text.matchAll(TOKENS)) {
    if (string !== undefined) {
      if (depth === 1 && isKeyNext) topKey = string;
      if (depth === 1) isKeyNext = false;
    } else if (token === ',') {
      if (depth === 1) isKeyNext = true;
    } else if (token === '{' || token === '[') {
      if (token === '{' && depth > 0 && isStatement()) start = index;
      depth += 1;
    } else {
      depth -= 1;
      if (token === '}' && depth > 0 && isStatement()) spans.push({ start, end: index + 1 });
    }
  }
  return spans;
}

/** An offset as IAM tells it: line and column, both counted from one. */
export function positionOf(text: string, offset: number): { readonly Line: number; readonly Column: number } {
  const before = text.slice(0, offset).split('\n');
  return { Line: before.length, Column: (before.at(-1)?.length ?? 0) + 1 };
}
