import { RedshiftError } from '../backend-session.ts';
import { isWord, syntaxError, TokenCursor, unsupported } from './cursor.ts';
import type { Token } from './tokens.ts';

const WRITES: readonly string[] = ['insert', 'update', 'delete', 'merge'];
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['xmin', 'xmax', 'cmin', 'cmax', 'ctid', 'tableoid']);

/** Refuses what PostgreSQL reads at `index` and Redshift does not. */
export function refuseForeignSyntax(tokens: readonly Token[], index: number): void {
  const token = tokens[index];
  if (token?.kind === 'symbol') refuseSymbol(tokens, index);
  else if (token?.kind === 'word') {
    refuseWord(tokens, index);
    refuseRows(tokens, index);
  }
}

function refuseSymbol(tokens: readonly Token[], index: number): void {
  const { value } = tokens[index] ?? { value: '' };
  if (value === '::' && tokens[index + 2]?.value === '[') throw unsupported('The array type');
  if (value === ')' && isSymbol(tokens[index + 1], '.')) throw syntaxError(tokens[index + 1]);
  if (/^(?:->>?|@>|<@|\?\|?|#>>?)$/.test(value)) {
    throw new RedshiftError({ code: '42883', message: `operator does not exist: ${value}` });
  }
}

function refuseWord(tokens: readonly Token[], index: number): void {
  const sees = (...words: readonly string[]): boolean =>
    words.every((word, ahead) => isWord(tokens[index + ahead], word));
  const [before, next] = [tokens[index - 1], tokens[index + 1]];
  if (sees('is', 'distinct', 'from') || sees('is', 'not', 'distinct', 'from')) {
    throw new RedshiftError({
      code: '42601',
      message: 'syntax error at or near "DISTINCT"',
      hint: 'IS DISTINCT FROM is not supported.',
    });
  }
  if (sees('for', 'update') || sees('for', 'share')) throw unsupported('SELECT FOR UPDATE/SHARE');
  if (isSymbol(before, '(') && WRITES.some((verb) => sees(verb)) && next?.kind !== 'symbol') {
    throw unsupported('A statement that writes inside another one');
  }
  if (sees('filter') && isSymbol(next, '(') && isSymbol(before, ')')) throw unsupported('FILTER (WHERE ...)');
  if (sees('lateral')) throw unsupported('LATERAL');
  if (sees('array') && isSymbol(next, '[')) throw unsupported('ARRAY[...]');
  if (sees('row') && isSymbol(next, '(')) throw unsupported('ROW(...)');
  if (sees('select', 'distinct', 'on') && isSymbol(tokens[index + 3], '(')) throw unsupported('SELECT DISTINCT ON');
  if (sees('with', 'recursive')) refuseRecursion(tokens, index + 2);
}

function refuseRows(tokens: readonly Token[], index: number): void {
  const [before, token, next] = [tokens[index - 1], tokens[index], tokens[index + 1]];
  const { value } = token ?? { value: '' };
  // A word AS ahead makes it an alias.
  if (SYSTEM_COLUMNS.has(value) && !isWord(before, 'as')) {
    throw new RedshiftError({ code: '42703', message: `column "${value}" does not exist` });
  }
  if (value === 'tablesample' && next?.kind === 'word' && isSymbol(tokens[index + 2], '(')) throw syntaxError(token);
  if (value === 'fetch' && index > 0 && (isWord(next, 'first') || isWord(next, 'next'))) throw syntaxError(token);
  if (value === 'values' && isSymbol(next, '(') && isQueryStart(before)) {
    throw unsupported('A VALUES list used as a table');
  }
}

function isQueryStart(before: Token | undefined): boolean {
  return (
    isSymbol(before, '(') || (before?.kind === 'word' && /^(?:union|all|except|intersect|minus)$/.test(before.value))
  );
}

// The recursive form of a common table expression is a UNION ALL of two queries, the second of which reads it.
function refuseRecursion(tokens: readonly Token[], start: number): void {
  const cursor = new TokenCursor(tokens, start);
  do {
    const name = cursor.next();
    if (cursor.seesSymbol('(')) cursor.takeGroup();
    if (!cursor.take('as') || !cursor.seesSymbol('(')) return;
    const body = cursor.takeGroup();
    const isRecursive = body.some(({ kind, value }) => kind !== 'string' && value === name?.value);
    if (isRecursive && hasPlainUnion(body)) throw unsupported('UNION without ALL in a recursive query');
  } while (cursor.takeSymbol(','));
}

function hasPlainUnion(body: readonly Token[]): boolean {
  let depth = 0;
  return body.some((token, index) => {
    if (isSymbol(token, '(')) depth++;
    if (isSymbol(token, ')')) depth--;
    return depth === 0 && isWord(token, 'union') && !isWord(body[index + 1], 'all');
  });
}

/**
 * Catalog tables and views that came to PostgreSQL after version 8.0, which Redshift grew from. Those that psql cannot do
 * without are left: pg_roles, pg_auth_members, pg_collation.
 */
const FOREIGN_RELATION =
  /^pg_(?:authid|shadow_roles|matviews|policy|policies|extension|(?:available_)?extensions|available_extension_versions|publication\w*|subscription\w*|replication_\w+|enum|range|sequence|sequences|hba_file_rules|ident_file_mappings|file_settings|config|cursors|foreign_\w+|user_mappings?|partitioned_table|statistic_ext\w*|seclabels?|shseclabel|prepared_\w+|timezone_\w+|ts_\w+|transform|event_trigger|init_privs|db_role_setting|shdescription|shdepend|pltemplate|opfamily|amproc_\w+|largeobject_metadata|shmem_\w+|backend_memory_contexts|wait_events|aios|stats(?:_ext\w*)?|stat_(?!activity$)\w+|statio_\w+)$/;

/** Refuses a catalog table at `index` that Redshift has not, where the name of a table stands. */
export function refuseRelation(tokens: readonly Token[], index: number): void {
  const token = tokens[index];
  if (token?.kind !== 'word' && token?.kind !== 'quoted') return;
  if (!FOREIGN_RELATION.test(token.value)) return;
  const qualified = isSymbol(tokens[index - 1], '.') && isWord(tokens[index - 2], 'pg_catalog');
  const before = tokens[qualified ? index - 3 : index - 1];
  const isSource = isSymbol(before, ',') || (before?.kind === 'word' && /^(?:from|join)$/.test(before.value));
  if (!isSource) return;
  throw new RedshiftError({ code: '42P01', message: `relation "${token.value}" does not exist`, offset: token.start });
}

function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === 'symbol' && token.value === symbol;
}
