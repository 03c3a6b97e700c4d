import { RedshiftError } from '../backend-session.ts';
import { type NameRules, quoteName, resolveName } from './names.ts';
import type { Token } from './tokens.ts';

/** Reads the tokens of one statement from the front. */
export class TokenCursor {
  readonly tokens: readonly Token[];
  position = 0;

  constructor(tokens: readonly Token[], position = 0) {
    this.tokens = tokens;
    this.position = position;
  }

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.position + ahead];
  }

  next(): Token | undefined {
    return this.tokens[this.position++];
  }

  get done(): boolean {
    return this.position >= this.tokens.length;
  }

  /** Whether these words stand here, in this order. */
  sees(...words: readonly string[]): boolean {
    return words.every((word, index) => isWord(this.peek(index), word));
  }

  seesSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token?.kind === 'symbol' && token.value === symbol;
  }

  /** Steps over these words when they stand here. */
  take(...words: readonly string[]): boolean {
    if (!this.sees(...words)) return false;
    this.position += words.length;
    return true;
  }

  takeSymbol(symbol: string): boolean {
    if (!this.seesSymbol(symbol)) return false;
    this.position++;
    return true;
  }

  /** A name of one or more parts: `t`, `"s"."t"`, `db.s.t`. Undefined where none stands. */
  takeName(): QualifiedName | undefined {
    const parts: Token[] = [];
    const start = this.position;
    for (;;) {
      const token = this.peek();
      if (token?.kind !== 'word' && token?.kind !== 'quoted') {
        this.position = start;
        return undefined;
      }
      parts.push(token);
      this.position++;
      if (!this.takeSymbol('.')) return { parts, start: parts[0]?.start ?? 0, end: token.end };
    }
  }

  /** The tokens between the bracket here and its partner, both left out; the cursor ends behind it. */
  takeGroup(): Token[] {
    if (!this.takeSymbol('(')) throw syntaxError(this.peek());
    const start = this.position;
    let depth = 1;
    for (;;) {
      const token = this.next();
      if (!token) throw syntaxError(undefined);
      if (token.kind !== 'symbol') continue;
      if (token.value === '(') depth++;
      if (token.value === ')') depth--;
      if (depth === 0) return this.tokens.slice(start, this.position - 1);
    }
  }
}

export interface QualifiedName {
  readonly parts: readonly Token[];
  readonly start: number;
  readonly end: number;
}

/** A name as PostgreSQL text. A leading database part is dropped: a session sees one database. */
export function renderName(name: QualifiedName, rules: NameRules): string {
  return name.parts
    .slice(-2)
    .map((part) => quoteName(resolveName(part, rules)))
    .join('.');
}

export function isWord(token: Token | undefined, word: string): boolean {
  return token?.kind === 'word' && token.value === word;
}

/** Splits at the commas outside brackets. */
export function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.value === '(') depth++;
    if (token.kind === 'symbol' && token.value === ')') depth--;
    if (depth === 0 && token.kind === 'symbol' && token.value === ',') parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

export function syntaxError(near: Token | undefined): RedshiftError {
  const where = near === undefined ? 'at end of input' : `at or near "${near.text}"`;
  return new RedshiftError({
    code: '42601',
    message: `syntax error ${where}`,
    ...(near === undefined ? {} : { offset: near.start }),
  });
}

/** A refusal of what Redshift does not have, naming it. */
export function unsupported(feature: string, hint?: string): RedshiftError {
  return new RedshiftError({
    code: '0A000',
    message: `${feature} is not supported`,
    ...(hint === undefined ? {} : { hint }),
  });
}
