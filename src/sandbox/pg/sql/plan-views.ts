import { RedshiftError } from '../backend-session.ts';
import { renderAttributes } from './create-table.ts';
import { isWord, renderName, syntaxError, type TokenCursor } from './cursor.ts';
import { quoteLiteral } from './names.ts';
import { declareTable, type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';
import type { Token } from './tokens.ts';

/** The call that binds late-binding views anew, after what they read may have changed. */
export const REBIND_VIEWS = 'SELECT pg_catalog.rs_rebind_late_views()';

/** `CREATE [OR REPLACE] VIEW`; with NO SCHEMA BINDING what it reads need not exist, and may go or change. */
export function planCreateView(statement: Statement, cursor: TokenCursor): Plan {
  const { tokens } = statement;
  const end = tokens.findIndex(
    (token, index) =>
      isWord(token, 'with') &&
      isWord(tokens[index + 1], 'no') &&
      isWord(tokens[index + 2], 'schema') &&
      isWord(tokens[index + 3], 'binding'),
  );
  if (end < 0) return runPlan('CREATE VIEW', statement.rewritten());
  if (end + 4 !== tokens.length) throw syntaxError(tokens[end + 4]);
  return planLateView(statement, cursor, end);
}

function planLateView(statement: Statement, cursor: TokenCursor, end: number): Plan {
  const { tokens, context } = statement;
  const replaces = cursor.take('or', 'replace');
  cursor.take('view');
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  const columns = cursor.seesSymbol('(') ? cursor.takeGroup() : [];
  if (!cursor.take('as')) throw syntaxError(cursor.peek());
  const query = tokens.slice(cursor.position, end);
  refuseUnqualified(query);
  const list = columns.length === 0 ? '' : `(${statement.rewritten(undefined, columns)})`;
  const call = [renderName(name, context.rules), list, statement.rewritten(undefined, query)]
    .map(quoteLiteral)
    .join(', ');
  return runPlan('CREATE VIEW', `SELECT pg_catalog.rs_create_late_view(${call}, ${replaces})`, {
    tag: 'CREATE VIEW',
    hidesRows: true,
  });
}

// What the text reads must be the same for everybody, whatever the search path.
function refuseUnqualified(query: readonly Token[]): void {
  const isCommon = query.some((token) => isWord(token, 'with'));
  const bare = query.findIndex((token, index) => {
    const before = query[index - 1];
    const isSource = isWord(before, 'from') || isWord(before, 'join');
    const next = query[index + 1];
    const isQualified = next?.kind === 'symbol' && (next.value === '.' || next.value === '(');
    return isSource && (token.kind === 'word' || token.kind === 'quoted') && !isQualified;
  });
  if (bare < 0 || isCommon) return;
  throw new RedshiftError({
    code: '0A000',
    message: 'All the relation names inside should be qualified when creating views with no schema binding.',
  });
}

/** `CREATE MATERIALIZED VIEW name [BACKUP ..] [table attributes] [AUTO REFRESH ..] AS query`. */
export function planMaterializedView(statement: Statement, cursor: TokenCursor): Plan {
  const { tokens, context } = statement;
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  const table = renderName(name, context.rules);
  const facts = renderAttributes(statement.sql, cursor, context);
  if (cursor.take('auto', 'refresh') && !cursor.take('yes') && !cursor.take('no')) throw syntaxError(cursor.peek());
  if (!cursor.take('as')) throw syntaxError(cursor.peek());
  const query = statement.rewritten(undefined, tokens.slice(cursor.position));
  return runPlan('CREATE MATERIALIZED VIEW', `CREATE MATERIALIZED VIEW ${table} AS ${query}`, {
    after: [declareTable(table, facts)],
    tag: 'CREATE MATERIALIZED VIEW',
  });
}

/** `REFRESH MATERIALIZED VIEW name [RESTRICT | CASCADE]`. */
export function planRefresh(statement: Statement): Plan {
  const cursor = statement.cursor(1);
  if (!cursor.take('materialized', 'view')) throw syntaxError(cursor.peek());
  const name = cursor.takeName();
  if (!cursor.take('restrict')) cursor.take('cascade');
  if (!name || !cursor.done) throw syntaxError(cursor.peek());
  const view = renderName(name, statement.context.rules);
  return runPlan('REFRESH', `REFRESH MATERIALIZED VIEW ${view}`, { tag: 'REFRESH' });
}
