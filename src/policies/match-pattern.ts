import type { OneOrMany } from './document.ts';
import { every } from './ternary.ts';

/** What a request says: condition keys in lower case. A key that is absent here is one that nobody knows. */
export type RequestContext = ReadonlyMap<string, OneOrMany>;

/** The context of a request. An empty text stands for a key that the request is known to lack. */
export function contextOf(values: Readonly<Record<string, OneOrMany>>): RequestContext {
  return new Map(Object.entries(values).map(([key, value]) => [key.toLowerCase(), value]));
}

/** `${key}` or `${key, 'fallback'}`; without overlaps, so that no text takes long. */
const VARIABLE = /\$\{([^{},]*)(?:,\s*'([^'{}]*)'\s*)?\}/g;

/** One character, a run of any, or any one; within a part of an ARN both stop at a colon. */
type Token = { readonly character: string } | 'run' | 'one' | 'runInPart' | 'oneInPart';

/**
 * The pattern in tokens, its variables filled in; undefined where one is not known, `nothing` where the request has none:
 * such a pattern matches no text. Without a context it has no variables.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
 */
function tokensOf(pattern: string, context: RequestContext | undefined): readonly Token[] | 'nothing' | undefined {
  const tokens: Token[] = [];
  let from = 0;
  for (const { 0: whole, 1: name = '', 2: fallback, index } of context === undefined
    ? []
    : pattern.matchAll(VARIABLE)) {
    const key = name.trim();
    const value = ['*', '?', '$'].includes(key) ? key : context?.get(key.toLowerCase());
    const given = value === '' ? fallback : (value ?? fallback);
    if (value === '' && given === undefined) return 'nothing';
    if (typeof given !== 'string') return undefined; // not known, or a list, which no variable stands for
    tokens.push(...wild(pattern.slice(from, index)), ...Array.from(given, (character) => ({ character })));
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
  if (tokens === 'nothing') return false;
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
    } else if (current === 'one' || (typeof current === 'object' && current.character === characters[at])) {
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

/** An ARN has so many parts; the colons of the last one part nothing. */
const PARTS = 6;

function partsOf(text: string): readonly string[] {
  // A colon within a variable parts nothing.
  const parts = text.replaceAll(/\$\{[^{}]*\}/g, (variable) => variable.replaceAll(':', '\0')).split(':');
  const whole = parts.length <= PARTS ? parts : [...parts.slice(0, PARTS - 1), parts.slice(PARTS - 1).join(':')];
  return whole.map((part) => part.replaceAll('\0', ':'));
}

/** An ARN against a pattern of a condition, part by part: a wildcard stays within its part, but for the last one. */
export function matchesArn(pattern: string, arn: string, variables: RequestContext | undefined): boolean | undefined {
  const [wanted, texts] = [partsOf(pattern), partsOf(arn)];
  if (wanted.length !== PARTS || texts.length !== PARTS) return false;
  return every(wanted.map((part, at) => matchesPattern(part, texts[at] ?? '', variables)));
}

/**
 * A resource against what a statement names. A wildcard stays within its part of the ARN, but for a `*` that ends the part;
 * an ARN of fewer parts is completed with `*`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function matchesResource(
  pattern: string,
  resource: string,
  variables: RequestContext | undefined,
): boolean | undefined {
  if (!pattern.startsWith('arn:') || !resource.startsWith('arn:')) return matchesPattern(pattern, resource, variables);
  const parts = partsOf(pattern);
  const whole = [...parts, ...Array<string>(PARTS - parts.length).fill('*')];
  const tokens: Token[] = [];
  for (const [at, part] of whole.entries()) {
    const own = tokensOf(part, variables);
    if (own === 'nothing') return false;
    if (own === undefined) return undefined;
    if (at > 0) tokens.push({ character: ':' });
    tokens.push(...(at === PARTS - 1 ? own : own.map((token, index) => inPart(token, index === own.length - 1))));
  }
  return reaches(tokens, Array.from(resource));
}

function inPart(token: Token, isLast: boolean): Token {
  if (token === 'one') return 'oneInPart';
  return token === 'run' && !isLast ? 'runInPart' : token;
}

/** As `matches`, by all the places at once where the text may stand: with two sorts of runs the last one alone is not enough. */
function reaches(tokens: readonly Token[], characters: readonly string[]): boolean {
  let places: readonly boolean[] = [true, ...characters.map(() => false)];
  for (const token of tokens) {
    if (!places.includes(true)) return false;
    const next = places.map(() => false);
    for (const [at, isReached] of places.entries()) {
      const character = characters[at];
      if (token === 'run' || token === 'runInPart') {
        const before = at > 0 && next[at - 1] === true && (token === 'run' || characters[at - 1] !== ':');
        next[at] = isReached || before;
      } else if (isReached && character !== undefined && takes(token, character)) {
        next[at + 1] = true;
      }
    }
    places = next;
  }
  return places.at(-1) === true;
}

function takes(token: Exclude<Token, 'run' | 'runInPart'>, character: string): boolean {
  if (token === 'one') return true;
  return token === 'oneInPart' ? character !== ':' : token.character === character;
}
