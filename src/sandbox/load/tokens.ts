import { refuse, syntaxError } from './refusal.ts';

/** One piece of a statement. `text` of a word is lower case; of a quoted name and a string it is the content. */
export interface Token {
  readonly kind: 'word' | 'name' | 'string' | 'number' | 'symbol';
  readonly text: string;
  /** As written, for messages. */
  readonly source: string;
}

const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\n]*/y;
const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /\d+(?:\.\d+)?/y;
const NAME = /"((?:[^"]|"")*)"/y;
/** A quote inside is doubled or follows a backslash, as in old UNLOAD texts. */
const STRING = /'((?:[^'\\]|''|\\[\s\S])*)'/y;

/** Splits a COPY or UNLOAD statement; comments go. Throws 42601 on what cannot begin a token. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(sql);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match;
  };
  while (at < sql.length) {
    if (take(SPACE) !== undefined || take(LINE_COMMENT) !== undefined) continue;
    if (sql.startsWith('/*', at)) {
      at = endOfComment(sql, at);
      continue;
    }
    const word = take(WORD);
    if (word !== undefined) {
      tokens.push({ kind: 'word', text: word[0].toLowerCase(), source: word[0] });
      continue;
    }
    const name = take(NAME);
    if (name !== undefined) {
      tokens.push({ kind: 'name', text: (name[1] ?? '').replaceAll('""', '"'), source: name[0] });
      continue;
    }
    const string = take(STRING);
    if (string !== undefined) {
      tokens.push({ kind: 'string', text: resolveQuotes(string[1] ?? ''), source: string[0] });
      continue;
    }
    const number = take(NUMBER);
    if (number !== undefined) {
      tokens.push({ kind: 'number', text: number[0], source: number[0] });
      continue;
    }
    const symbol = sql[at] ?? '';
    if (symbol === "'" || symbol === '"')
      throw refuse(
        '42601',
        `unterminated quoted ${symbol === "'" ? 'string' : 'identifier'} at or near "${sql.slice(at, at + 20)}"`,
      );
    if (symbol === '$') throw syntaxError('$');
    tokens.push({ kind: 'symbol', text: symbol, source: symbol });
    at += 1;
  }
  return tokens;
}

/** Only `''`, `\'` and `\\` are resolved: options such as NULL AS and DELIMITER read `\N`, `\t`, `\011` themselves. */
function resolveQuotes(body: string): string {
  return body.replace(/''|\\'|\\\\/g, (pair) => (pair === '\\\\' ? '\\' : "'"));
}

function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let at = start; at < sql.length; at += 1) {
    if (sql.startsWith('/*', at)) {
      depth += 1;
      at += 1;
    } else if (sql.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return at + 1;
    }
  }
  throw refuse('42601', 'unterminated /* comment');
}

/** Reads tokens one after another. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(offset = 0): Token | undefined {
    return this.#tokens[this.#at + offset];
  }

  next(): Token {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw syntaxError('');
    this.#at += 1;
    return token;
  }

  /** Steps over the word if it comes next. */
  accept(...words: readonly string[]): string | undefined {
    const token = this.peek();
    if (token?.kind !== 'word' || !words.includes(token.text)) return undefined;
    this.#at += 1;
    return token.text;
  }

  acceptSymbol(symbol: string): boolean {
    const token = this.peek();
    if (token?.kind !== 'symbol' || token.text !== symbol) return false;
    this.#at += 1;
    return true;
  }

  expect(word: string): void {
    if (this.accept(word) === undefined) throw syntaxError(this.peek()?.source ?? '');
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw syntaxError(this.peek()?.source ?? '');
  }

  /** A string, after an optional AS. */
  string(): string {
    this.accept('as');
    const token = this.next();
    if (token.kind !== 'string') throw syntaxError(token.source);
    return token.text;
  }

  /** A string if one comes next. */
  acceptString(): string | undefined {
    const token = this.peek();
    if (token?.kind !== 'string') return undefined;
    this.#at += 1;
    return token.text;
  }

  /** A whole number, bare or as a string, after an optional AS. */
  integer(): number {
    this.accept('as');
    const token = this.next();
    if ((token.kind !== 'number' && token.kind !== 'string') || !/^\d+$/.test(token.text))
      throw syntaxError(token.source);
    return Number(token.text);
  }

  /** A number that may have a fraction. */
  decimal(): number {
    this.accept('as');
    const token = this.next();
    if (token.kind !== 'number') throw syntaxError(token.source);
    return Number(token.text);
  }

  /** A table or column name as written: still quoted if it was. */
  identifier(): string {
    const token = this.next();
    if (token.kind !== 'word' && token.kind !== 'name') throw syntaxError(token.source);
    return token.source;
  }

  end(): void {
    this.acceptSymbol(';');
    const token = this.peek();
    if (token !== undefined) throw syntaxError(token.source);
  }
}
