import { RedshiftError } from '../backend-session.ts';
import type { SessionState } from '../session-state.ts';
import { FOREIGN_TYPES } from './column-types.ts';
import { isWord } from './cursor.ts';
import type { Edits } from './edits.ts';
import { refuseForeignSyntax, refuseRelation } from './foreign-syntax.ts';
import { refuseFunction } from './functions.ts';
import { rewriteListagg } from './listagg.ts';
import { type NameRules, quoteLiteral, quoteName, resolveName } from './names.ts';
import { refuseClause } from './not-covered.ts';
import type { Token } from './tokens.ts';

/** What the rewriting of an expression needs to know of the session. */
export interface ExpressionContext {
  readonly rules: NameRules;
  readonly state: SessionState;
  /** The superuser beside the proxy may use what PostgreSQL has. */
  readonly lenient: boolean;
  /** PostgreSQL's functions that Redshift has not. */
  readonly foreignFunctions: ReadonlySet<string>;
}

// Words before a bracket after which a date part stands without quotes.
const DATE_PART_FUNCTIONS: ReadonlySet<string> = new Set(['dateadd', 'datediff', 'date_add', 'date_diff', 'date_part']);

// Redshift's own columns are in these views, and declared keys.
const CATALOG_TABLES: Readonly<Record<string, string>> = {
  pg_attribute: 'rs_pg_attribute',
  pg_class: 'rs_pg_class',
  pg_constraint: 'rs_pg_constraint',
  pg_database: 'rs_pg_database',
  pg_roles: 'rs_pg_roles',
  pg_settings: 'rs_pg_settings',
  pg_stat_activity: 'rs_pg_stat_activity',
};

const SESSION_FUNCTIONS: Readonly<Record<string, (state: SessionState) => number>> = {
  pg_last_copy_count: ({ lastCopyCount }) => lastCopyCount,
  pg_last_copy_id: ({ lastCopyId }) => (lastCopyId === 0 ? -1 : lastCopyId),
  pg_last_query_id: ({ lastQueryId }) => (lastQueryId === 0 ? -1 : lastQueryId),
  pg_last_unload_count: ({ lastUnloadCount }) => lastUnloadCount,
  pg_last_unload_id: ({ lastUnloadId }) => (lastUnloadId === 0 ? -1 : lastUnloadId),
};

/**
 * Notes the replacements that make expressions and names of Redshift's SQL mean the same to PostgreSQL, and refuses what
 * Redshift has not.
 */
export function rewriteExpressions(tokens: readonly Token[], edits: Edits, context: ExpressionContext): void {
  tokens.forEach((token, index) => {
    if (token.kind === 'quoted') renameTo(token, edits, context.rules);
    else if (token.kind === 'word') rewriteWord(tokens, index, edits, context);
    // Redshift reads 1WHEN as two tokens, PostgreSQL refuses it.
    else if (token.kind === 'number' && touches(token, tokens[index + 1])) edits.insert(token.end, ' ');
    else if (token.kind === 'symbol' && token.value === '::') rewriteType(tokens, index + 1, edits, context);
    if (!context.lenient) refuse(tokens, index, context.foreignFunctions);
  });
}

function refuse(tokens: readonly Token[], index: number, foreign: ReadonlySet<string>): void {
  const [token, next] = [tokens[index], tokens[index + 1]];
  refuseForeignSyntax(tokens, index);
  refuseClause(tokens, index);
  refuseRelation(tokens, index);
  const isName = token?.kind === 'word' || token?.kind === 'quoted';
  if (isName && next?.kind === 'symbol' && next.value === '(') refuseFunction(tokens, index, foreign);
}

function touches(token: Token, next: Token | undefined): boolean {
  return next?.kind === 'word' && next.start === token.end;
}

function renameTo(token: Token, edits: Edits, rules: NameRules): void {
  edits.replace(token.start, token.end, quoteName(resolveName(token, rules)));
}

function rewriteWord(tokens: readonly Token[], index: number, edits: Edits, context: ExpressionContext): void {
  const token = tokens[index];
  if (!token) return;
  const { value, start, end } = token;
  const previous = tokens[index - 1];
  const afterDot = previous?.kind === 'symbol' && previous.value === '.';
  const call = tokens[index + 1]?.kind === 'symbol' && tokens[index + 1]?.value === '(';
  const catalog = context.lenient ? undefined : CATALOG_TABLES[value];
  if (catalog !== undefined) edits.replace(start, end, catalog);
  else if (Buffer.byteLength(value) > 63 || value.startsWith('#')) renameTo(token, edits, context.rules);
  else if (afterDot) return;
  else if (value === 'sysdate' && !call) edits.insert(end, '()');
  // PostgreSQL has a grammar of its own for that word.
  else if (value === 'json_serialize' && call) edits.replace(start, end, '"json_serialize"');
  else if (value === 'nvl' && call) edits.replace(start, end, 'coalesce');
  else if (value === 'listagg' && call) rewriteListagg(tokens, index, edits);
  else if (value === 'minus') edits.replace(start, end, 'EXCEPT');
  else if (value === 'as' && isCast(tokens, index)) rewriteType(tokens, index + 1, edits, context);
  else if (call && DATE_PART_FUNCTIONS.has(value)) quoteDatePart(tokens[index + 2], edits);
  else if (call) {
    const answer = SESSION_FUNCTIONS[value];
    const close = tokens[index + 2];
    if (answer && close?.value === ')') edits.insert(close.start, String(answer(context.state)));
  }
}

function quoteDatePart(token: Token | undefined, edits: Edits): void {
  if (token?.kind === 'word') edits.replace(token.start, token.end, quoteLiteral(token.value));
}

// `AS type)` and not `AS alias`: a CAST's bracket was opened by the word CAST, with nothing of its depth closed since.
function isCast(tokens: readonly Token[], index: number): boolean {
  let depth = 0;
  for (let at = index - 1; at > 0; at--) {
    const token = tokens[at];
    if (token?.kind !== 'symbol') continue;
    if (token.value === ')') depth++;
    if (token.value === '(' && --depth < 0) return isWord(tokens[at - 1], 'cast') || isWord(tokens[at - 1], 'try_cast');
  }
  return false;
}

function rewriteType(tokens: readonly Token[], index: number, edits: Edits, { lenient }: ExpressionContext): void {
  const token = tokens[index];
  if (token?.kind !== 'word') return;
  const open = tokens[index + 1];
  const hasLength = open?.kind === 'symbol' && open.value === '(';
  const { value, start, end } = token;
  if (FOREIGN_TYPES.has(value) && !lenient) {
    throw new RedshiftError({ code: '42704', message: `type "${value}" does not exist` });
  }
  if (/^(?:decimal|numeric|dec)$/.test(value) && !hasLength) edits.insert(end, '(18,0)');
  // A literal without a type is a text first: no JSON, no hex.
  const given = tokens[index - 2];
  if (/^(?:super|varbyte|varbinary)$/.test(value) && (given?.kind === 'string' || given?.kind === 'parameter')) {
    edits.insert(given.end, '::pg_catalog.varchar');
  }
  if (value === 'varbinary') edits.replace(start, end, 'varbyte');
  if (value === 'nvarchar') edits.replace(start, end, 'varchar');
  if (value === 'nchar') edits.replace(start, end, 'char');
  const length = tokens[index + 2];
  if (hasLength && isWord(length, 'max')) edits.replace(length?.start ?? 0, length?.end ?? 0, '65535');
}
