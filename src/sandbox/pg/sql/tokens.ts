import { RedshiftError } from '../backend-session.ts';

/** One token of SQL text. `value` is what the text means: a folded word, the inside of quotes. */
export interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol';
  readonly value: string;
  /** As it stands in the statement. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const SPACE = /\s+|--[^\n]*/y;
const WORD = /[A-Za-z_\u0080-\uffff#][A-Za-z0-9_$\u0080-\uffff]*/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const PARAMETER = /\$\d+/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const QUOTED = /"(?:[^"]|"")*"/y;
// Redshift takes a backslash in an ordinary literal as an escape.
const STRING = /'(?:[^'\\]|''|\\[\s\S])*'/y;
const SYMBOL = /::|<=|>=|<>|!=|\|\||:=|=>|->>?|[~!@^&|`?+\-*/%<>=]+|[()[\],;.:]|[\s\S]/y;

/** Cuts SQL text into tokens, leaving out blanks and comments. Throws on a literal or comment without its end. */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  const at = (pattern: RegExp, offset: number): string | undefined => {
    pattern.lastIndex = offset;
    return pattern.exec(sql)?.[0];
  };
  let offset = 0;
  const push = (kind: Token['kind'], text: string, value: string): void => {
    tokens.push({ kind, value, text, start: offset, end: offset + text.length });
    offset += text.length;
  };
  while (offset < sql.length) {
    const space = at(SPACE, offset);
    if (space !== undefined) {
      offset += space.length;
      continue;
    }
    if (sql.startsWith('/*', offset)) {
      offset = endOfComment(sql, offset);
      continue;
    }
    const first = sql[offset] ?? '';
    if (first === '"') {
      const text = at(QUOTED, offset) ?? unfinished('quoted identifier');
      push('quoted', text, text.slice(1, -1).replaceAll('""', '"'));
    } else if (first === "'") {
      const text = at(STRING, offset) ?? unfinished('quoted string');
      push('string', text, unescapeString(text.slice(1, -1)));
    } else if (first === '$') {
      const parameter = at(PARAMETER, offset);
      if (parameter !== undefined) push('parameter', parameter, parameter);
      else dollarQuote();
    } else {
      const word = at(WORD, offset);
      const number = word === undefined ? at(NUMBER, offset) : undefined;
      if (word !== undefined) push('word', word, foldCase(word));
      else if (number !== undefined) push('number', number, number);
      else {
        // A comment may start inside a run of operator characters.
        const run = at(SYMBOL, offset) ?? first;
        const cut = run.search(/\/\*|--/);
        const text = cut > 0 ? run.slice(0, cut) : run;
        push('symbol', text, text);
      }
    }
  }
  return tokens;

  function dollarQuote(): void {
    const tag = at(DOLLAR_QUOTE, offset);
    if (tag === undefined) {
      push('symbol', '$', '$');
      return;
    }
    const end = sql.indexOf(tag, offset + tag.length);
    if (end < 0) unfinished('dollar-quoted string');
    push('string', sql.slice(offset, end + tag.length), sql.slice(offset + tag.length, end));
  }
}

function unfinished(what: string): never {
  throw new RedshiftError({ code: '42601', message: `unterminated ${what}` });
}

function endOfComment(sql: string, start: number): number {
  let depth = 0;
  for (let offset = start; offset < sql.length; offset++) {
    if (sql.startsWith('/*', offset)) {
      depth++;
      offset++;
    } else if (sql.startsWith('*/', offset)) {
      depth--;
      offset++;
      if (depth === 0) return offset + 1;
    }
  }
  throw new RedshiftError({ code: '42601', message: 'unterminated /* comment' });
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function unescapeString(inside: string): string {
  return inside.replace(/''|\\([0-7]{1,3}|x[0-9A-Fa-f]{1,2}|[\s\S])/g, (whole, escaped: string | undefined) => {
    if (escaped === undefined) return whole.slice(1);
    if (/^[0-7]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped, 8) & 0xff);
    if (/^x[0-9A-Fa-f]/.test(escaped)) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
    return ESCAPES[escaped] ?? escaped;
  });
}

/** Lower case of the ASCII letters only, as servers fold names. */
export function foldCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The statements of a text: each with its tokens, without the semicolons. Empty ones are left out. */
export function splitStatements(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (token.kind === 'symbol' && token.value === ';') statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}
