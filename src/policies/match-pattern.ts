import type { OneOrMany } from './document.ts';

/** What a request says: condition keys in lower case. A key that is absent here is one that nobody knows. */
export type RequestContext = ReadonlyMap<string, OneOrMany>;

/** The context of a request. An empty text stands for a key that the request is known to lack. */
export function contextOf(values: Readonly<Record<string, OneOrMany>>): RequestContext {
  return new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
}

/** `${key}` or `${key, 'fallback'}`; without overlaps, so that no text takes long. */
const VARIABLE = /\$\{([^{},]*)(?:,\s*'([^'{}]*)'\s*)?\}/g;

/** One character, a run of any, or any one. */
type Token = { readonly character: string } | 'run' | 'one';

/** The pattern in tokens, its variables filled in; undefined where one is not known. */
function tokensOf(pattern: string, context: RequestContext | undefined): readonly Token[] | undefined {
  const tokens: Token[] = [];
  let from = 0;
  for (const { 0: whole, 1: name = '', 2: fallback, index } of context === undefined
    ? []
    : pattern.matchAll(VARIABLE)) {
    const key = name.trim();
    const value = ['*', '?', '$'].includes(key) ? key : (context?.get(key.toLowerCase()) ?? fallback);
    if (typeof value !== 'string') return undefined; // not known, or a list, which no variable stands for
    tokens.push(...wild(pattern.slice(from, index)), ...Array.from(value, (character) => ({ character })));
    from = index + whole.length;
  }
  return [...tokens, ...wild(pattern.slice(from))];
}

function wild(text: string): readonly Token[] {
  return Array.from(text, (character) => (character === '*' ? 'run' : character === '?' ? 'one' : { character }));
}

/** Whether the text is one of those that the pattern means; undefined where that hangs on a variable nobody knows. */
export function matchesPattern(pattern: string, text: string, context?: RequestContext): boolean | undefined {
  const tokens = tokensOf(pattern, context);
  return tokens === undefined ? undefined : matches(tokens, Array.from(text));
}

/** A run takes as little as it can, and more only when what follows does not fit: time grows with the two lengths alone. */
function matches(tokens: readonly Token[], characters: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let retry: { readonly token: number; at: number } | undefined;
  while (at < characters.length) {
    const current = tokens[token];
    if (current === 'run') {
      retry = { token, at };
      token += 1;
    } else if (current === 'one' || (current !== undefined && current.character === characters[at])) {
      token += 1;
      at += 1;
    } else if (retry !== undefined) {
      retry.at += 1;
      token = retry.token + 1;
      at = retry.at;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === 'run');
}

/** An ARN against a pattern, part by part: a wildcard stays within its part, but for the last one. */
export function matchesArn(pattern: string, arn: string, context: RequestContext): boolean | undefined {
  const split = (text: string): readonly string[] => {
    // A colon within a variable parts nothing.
    const parts = text.replaceAll(/\$\{[^{}]*\}/g, (variable) => variable.replaceAll(':', '\0')).split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')].map((part) => part.replaceAll('\0', ':'));
  };
  const texts = split(arn);
  const verdicts = split(pattern).map((part, at) => matchesPattern(part, texts[at] ?? '', context));
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}
