import { RedshiftError } from '../backend-session.ts';
import { takeColumnType } from './column-types.ts';
import { renderName, splitAtCommas, syntaxError, TokenCursor, unsupported } from './cursor.ts';
import { Edits } from './edits.ts';
import { type ExpressionContext, rewriteExpressions } from './expressions.ts';
import { quoteName, resolveName } from './names.ts';
import type { Token } from './tokens.ts';

interface ForeignKey {
  readonly name?: string;
  readonly columns: readonly string[];
  readonly table: string;
  readonly references: readonly string[];
}

/** What Redshift keeps of a table that PostgreSQL has no place for. Names as PostgreSQL knows them. */
export interface TableFacts {
  distStyle?: 'AUTO' | 'EVEN' | 'KEY' | 'ALL';
  distKey?: string;
  sortKeys?: readonly string[];
  sortStyle?: 'COMPOUND' | 'INTERLEAVED';
  readonly encodings: Record<string, string>;
  /** Declared, never enforced. */
  primaryKey?: { readonly name?: string; readonly columns: readonly string[] };
  readonly uniques: (readonly string[])[];
  readonly foreignKeys: ForeignKey[];
  /** Table whose facts are taken over (LIKE); its primary key is not. */
  like?: string;
}

/** Tokens from `from` on, with expressions and names rewritten. */
export function renderRest(sql: string, tokens: readonly Token[], from: number, context: ExpressionContext): string {
  const edits = new Edits();
  rewriteExpressions(tokens, edits, context);
  return edits.apply(sql, from, tokens.at(-1)?.end ?? from);
}

/** Renders the parts of a table's definition for PostgreSQL, and notes what only Redshift knows in `facts`. */
export class TableBuilder {
  readonly notNull = new Set<string>();
  readonly #sql: string;
  readonly #context: ExpressionContext;
  readonly #facts: TableFacts;

  constructor(sql: string, context: ExpressionContext, facts: TableFacts) {
    this.#sql = sql;
    this.#context = context;
    this.#facts = facts;
  }

  columnNames(group: readonly Token[]): string {
    return group
      .filter(({ kind }) => kind === 'word' || kind === 'quoted')
      .map((token) => quoteName(resolveName(token, this.#context.rules)))
      .join(', ');
  }

  elements(group: readonly Token[]): string {
    return splitAtCommas(group)
      .map((element) => this.#element(element))
      .filter((text) => text !== '')
      .join(', ');
  }

  #element(tokens: readonly Token[]): string {
    const cursor = new TokenCursor(tokens);
    if (cursor.take('like')) return this.#like(cursor);
    const named = cursor.take('constraint') ? cursor.takeName()?.parts.at(-1) : undefined;
    const name = named && resolveName(named, this.#context.rules);
    if (cursor.take('primary', 'key')) {
      this.#facts.primaryKey = { ...(name === undefined ? {} : { name }), columns: this.#columns(cursor.takeGroup()) };
    } else if (cursor.take('unique')) {
      this.#facts.uniques.push(this.#columns(cursor.takeGroup()));
    } else if (cursor.take('foreign', 'key')) {
      this.#foreignKey(cursor, this.#columns(cursor.takeGroup()), name);
    } else if (cursor.sees('check')) {
      throw unsupported('CHECK constraint');
    } else {
      return this.column(tokens);
    }
    if (!cursor.done) throw syntaxError(cursor.peek());
    return '';
  }

  #like(cursor: TokenCursor): string {
    const source = cursor.takeName();
    if (!source) throw syntaxError(cursor.peek());
    const table = renderName(source, this.#context.rules);
    this.#facts.like = table;
    const defaults = cursor.take('including', 'defaults');
    cursor.take('excluding', 'defaults');
    if (!cursor.done) throw syntaxError(cursor.peek());
    return `LIKE ${table}${defaults ? ' INCLUDING DEFAULTS' : ''}`;
  }

  #foreignKey(cursor: TokenCursor, columns: readonly string[], name: string | undefined): void {
    if (!cursor.take('references')) throw syntaxError(cursor.peek());
    const target = cursor.takeName();
    if (!target) throw syntaxError(cursor.peek());
    const references = cursor.seesSymbol('(') ? this.#columns(cursor.takeGroup()) : [];
    const table = renderName(target, this.#context.rules);
    this.#facts.foreignKeys.push({ ...(name === undefined ? {} : { name }), columns, table, references });
  }

  #columns(tokens: readonly Token[]): string[] {
    return splitAtCommas(tokens).map(([token]) => {
      if (!token) throw syntaxError(undefined);
      return resolveName(token, this.#context.rules);
    });
  }

  column(tokens: readonly Token[]): string {
    const cursor = new TokenCursor(tokens);
    const named = cursor.next();
    if (named?.kind !== 'word' && named?.kind !== 'quoted') throw syntaxError(named);
    const column = resolveName(named, this.#context.rules);
    const parts = [quoteName(column), takeColumnType(cursor)];
    while (!cursor.done) parts.push(this.#columnAttribute(cursor, column));
    return parts.filter((part) => part !== '').join(' ');
  }

  #columnAttribute(cursor: TokenCursor, column: string): string {
    const facts = this.#facts;
    if (cursor.take('not', 'null')) return this.#notNull(column);
    if (cursor.take('null')) return '';
    if (cursor.take('default')) return `DEFAULT ${this.#expression(cursor)}`;
    if (cursor.take('identity')) return identity('ALWAYS', cursor);
    if (cursor.take('generated', 'by', 'default', 'as', 'identity')) return identity('BY DEFAULT', cursor);
    if (cursor.take('encode')) facts.encodings[column] = takeOneOf(cursor, ENCODINGS);
    else if (cursor.take('distkey')) {
      facts.distKey = column;
      facts.distStyle = 'KEY';
    } else if (cursor.take('sortkey')) facts.sortKeys = [column];
    else if (cursor.take('collate')) takeCollation(cursor);
    else if (cursor.take('primary', 'key')) {
      facts.primaryKey = { columns: [column] };
    } else if (cursor.take('unique')) facts.uniques.push([column]);
    else if (cursor.sees('references')) this.#foreignKey(cursor, [column], undefined);
    else if (cursor.sees('check')) throw unsupported('CHECK constraint');
    else throw syntaxError(cursor.peek());
    return '';
  }

  #notNull(column: string): string {
    this.notNull.add(column);
    return 'NOT NULL';
  }

  // A default runs to the next word that starts an attribute.
  #expression(cursor: TokenCursor): string {
    const from = cursor.peek();
    if (!from) throw syntaxError(undefined);
    const tokens: Token[] = [];
    while (!cursor.done && !(tokens.length > 0 && startsAttribute(cursor))) {
      if (cursor.seesSymbol('(')) {
        const start = cursor.position;
        cursor.takeGroup();
        tokens.push(...cursor.tokens.slice(start, cursor.position));
      } else {
        const token = cursor.next();
        if (token) tokens.push(token);
      }
    }
    return renderRest(this.#sql, tokens, from.start, this.#context);
  }

  /** Table attributes behind the columns: BACKUP, DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO. */
  attributes(cursor: TokenCursor): void {
    const facts = this.#facts;
    for (;;) {
      if (cursor.take('backup')) takeOneOf(cursor, ['yes', 'no']);
      else if (cursor.take('diststyle')) {
        facts.distStyle = distStyle(cursor.next());
      } else if (cursor.take('distkey')) {
        const [column] = this.#columns(cursor.takeGroup());
        facts.distStyle = 'KEY';
        if (column !== undefined) facts.distKey = column;
      } else if (
        cursor.sees('compound', 'sortkey') ||
        cursor.sees('interleaved', 'sortkey') ||
        cursor.sees('sortkey')
      ) {
        const style = cursor.take('interleaved') ? 'INTERLEAVED' : 'COMPOUND';
        cursor.take('compound');
        cursor.take('sortkey');
        if (cursor.take('auto')) continue;
        facts.sortStyle = style;
        facts.sortKeys = this.#columns(cursor.takeGroup());
      } else if (cursor.take('encode')) takeOneOf(cursor, ['auto']);
      else return;
    }
  }
}

const ENCODINGS = 'az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 raw runlength text255 text32k zstd'.split(
  ' ',
);

function takeOneOf(cursor: TokenCursor, words: readonly string[]): string {
  const token = cursor.next();
  if (token === undefined || !words.includes(token.value)) throw syntaxError(token);
  return token.value;
}

function takeCollation(cursor: TokenCursor): void {
  const collation = takeOneOf(cursor, ['case_sensitive', 'cs', 'case_insensitive', 'ci']);
  if (collation === 'case_sensitive' || collation === 'cs') return;
  throw new RedshiftError({ code: '0A000', message: 'The sandbox does not imitate COLLATE CASE_INSENSITIVE' });
}

function startsAttribute(cursor: TokenCursor): boolean {
  const words = [
    'not',
    'null',
    'identity',
    'generated',
    'encode',
    'distkey',
    'sortkey',
    'collate',
    'primary',
    'unique',
  ];
  return [...words, 'references', 'check', 'default'].some((word) => cursor.sees(word));
}

function identity(kind: 'ALWAYS' | 'BY DEFAULT', cursor: TokenCursor): string {
  const [seed, step] = splitAtCommas(cursor.takeGroup()).map((tokens) => tokens.map(({ value }) => value).join(''));
  if (!/^-?\d+$/.test(seed ?? '') || !/^-?[1-9]\d*$/.test(step ?? '')) throw syntaxError(cursor.peek());
  const bounds =
    Number(seed) < 1 || Number(step) < 0 ? ' MINVALUE -9223372036854775808 MAXVALUE 9223372036854775807' : '';
  return `NOT NULL GENERATED ${kind} AS IDENTITY (START WITH ${seed} INCREMENT BY ${step}${bounds})`;
}

function distStyle(token: Token | undefined): 'AUTO' | 'EVEN' | 'KEY' | 'ALL' {
  const value = token?.value.toUpperCase();
  if (value === 'AUTO' || value === 'EVEN' || value === 'KEY' || value === 'ALL') return value;
  throw syntaxError(token);
}
