import { RedshiftError } from '../backend-session.ts';
import { syntaxError, TokenCursor } from './cursor.ts';
import { Edits } from './edits.ts';
import { rewriteExpressions } from './expressions.ts';
import { type Plan, type PlanContext, runPlan } from './plan.ts';
import { planCursor } from './plan-cursor.ts';
import { planDdl } from './plan-ddl.ts';
import { planDml } from './plan-dml.ts';
import { planSetting } from './plan-setting.ts';
import { planShow } from './plan-show.ts';
import { planRefresh, REBIND_VIEWS } from './plan-views.ts';
import { characterAt, type Rewrite, sourcePosition } from './source-position.ts';
import type { Token } from './tokens.ts';

/** One statement of a text, for a planner of one kind of statement. */
export interface Statement {
  /** The whole text that the tokens' offsets refer to. */
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly context: PlanContext;
  /** The statement's own text, or that of some of its tokens, with expressions and names rewritten. */
  readonly rewritten: (edits?: Edits, tokens?: readonly Token[]) => string;
  /** What `rewritten` gave last. */
  readonly lastRewrite: () => Rewrite | undefined;
  readonly cursor: (position?: number) => TokenCursor;
}

/** Classifies one statement and says how it is carried out. What is not known is refused, not guessed. */
export function planStatement(sql: string, tokens: readonly Token[], context: PlanContext): Plan {
  try {
    const statement = statementOf(sql, tokens, context);
    const planned = withRebinding(plan(statement), context);
    const rewrite = statement.lastRewrite();
    if (rewrite === undefined || !('sql' in planned)) return planned;
    return { ...planned, sourcePosition: sourcePosition(sql, planned.sql, rewrite) };
  } catch (error) {
    if (!(error instanceof RedshiftError)) throw error;
    const { offset, ...fields } = error.fields;
    if (offset === undefined) return { kind: 'refused', fields };
    return { kind: 'refused', fields: { ...fields, position: characterAt(sql, offset) } };
  }
}

const CHANGES_OBJECTS = /^(?:CREATE|ALTER|DROP) (?:TEMP )?(?:TABLE|VIEW|MATERIALIZED VIEW|SCHEMA)\b/i;

// What late-binding views read may be another after it.
function withRebinding(planned: Plan, { hasLateViews }: PlanContext): Plan {
  if (!hasLateViews || planned.kind !== 'run' || !CHANGES_OBJECTS.test(planned.sql)) return planned;
  return { ...planned, after: [...planned.after, REBIND_VIEWS] };
}

function statementOf(sql: string, tokens: readonly Token[], context: PlanContext): Statement {
  let last: Rewrite | undefined;
  return {
    sql,
    tokens,
    context,
    rewritten: (edits = new Edits(), part = tokens) => {
      rewriteExpressions(part, edits, context);
      const [from, to] = [part[0]?.start ?? 0, part.at(-1)?.end ?? 0];
      const text = edits.apply(sql, from, to);
      last = { text, toSource: (offset) => edits.toSource(from, to, offset) };
      return text;
    },
    lastRewrite: () => last,
    cursor: (position = 0) => new TokenCursor(tokens, position),
  };
}

function plan(statement: Statement): Plan {
  const { sql, tokens, context } = statement;
  const own = sql.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0);
  const handler = context.handlers.find((candidate) => candidate.matches(own));
  if (handler) return { kind: 'handled', handler, sql: own };
  const first = tokens[0];
  if (first?.kind === 'symbol' && first.value === '(') return runPlan('SELECT', statement.rewritten());
  if (first?.kind !== 'word') throw syntaxError(first);
  const verb = first.value.toUpperCase();
  switch (verb) {
    case 'SELECT':
      return planSelect(statement);
    case 'WITH':
      return planWith(statement);
    case 'PREPARE':
    case 'EXPLAIN':
      return planNested(statement, verb);
    case 'EXECUTE':
    case 'DEALLOCATE':
      return runPlan(verb, statement.rewritten());
    case 'INSERT':
    case 'UPDATE':
    case 'DELETE':
    case 'MERGE':
      return planDml(statement, verb);
    case 'BEGIN':
    case 'START':
    case 'COMMIT':
    case 'END':
    case 'ROLLBACK':
    case 'ABORT':
      return planTransaction(statement, verb);
    case 'DECLARE':
    case 'FETCH':
    case 'CLOSE':
      return planCursor(statement, verb);
    case 'SET':
    case 'RESET':
      return planSetting(statement);
    case 'SHOW':
      return planShow(statement);
    case 'REFRESH':
      return planRefresh(statement);
    case 'CALL':
      return runPlan('CALL', statement.rewritten());
    case 'CANCEL':
      return planCancel(statement);
    default:
      return planDdl(statement, verb);
  }
}

// SELECT TOP n .. is SELECT .. LIMIT n.
function planSelect(statement: Statement): Plan {
  const [, top, count] = statement.tokens;
  if (top?.kind !== 'word' || top.value !== 'top' || count?.kind !== 'number') {
    return runPlan('SELECT', statement.rewritten());
  }
  const edits = new Edits();
  edits.replace(top.start, count.end, '');
  return runPlan('SELECT', `${statement.rewritten(edits)} LIMIT ${count.value}`);
}

// WITH leads a query: Redshift has it inside INSERT and the like, not ahead of them.
function planWith(statement: Statement): Plan {
  let depth = 0;
  const writes = statement.tokens.find(({ kind, value }, index) => {
    if (kind === 'symbol') depth += value === '(' ? 1 : value === ')' ? -1 : 0;
    const previous = statement.tokens[index - 1]?.value;
    return depth === 0 && previous === ')' && kind === 'word' && /^(?:insert|update|delete|merge)$/.test(value);
  });
  if (writes && !statement.context.lenient) throw syntaxError(writes);
  return runPlan('SELECT', statement.rewritten());
}

// What is explained or prepared must not write: it would pass by the locks.
function planNested(statement: Statement, verb: 'EXPLAIN' | 'PREPARE'): Plan {
  const { tokens, context } = statement;
  const [, second] = tokens;
  const analyzes = verb === 'EXPLAIN' && /^(?:analy[sz]e|\()$/.test(second?.value ?? '');
  if (analyzes && !context.lenient) throw syntaxError(second);
  const writes = tokens.some(({ kind, value }) => kind === 'word' && /^(?:insert|update|delete|merge)$/.test(value));
  if (verb === 'PREPARE' && writes && !context.lenient) {
    throw new RedshiftError({
      code: '0A000',
      message: 'PREPARE of a statement that writes is not covered by the sandbox',
    });
  }
  return runPlan(verb, statement.rewritten());
}

function planTransaction(statement: Statement, verb: string): Plan {
  const cursor = statement.cursor(1);
  if (verb === 'START' && !cursor.take('transaction')) throw syntaxError(cursor.peek());
  if (!cursor.take('work')) cursor.take('transaction');
  if (verb === 'BEGIN' || verb === 'START') {
    let readOnly = false;
    while (!cursor.done) {
      cursor.takeSymbol(',');
      if (cursor.take('read', 'only')) readOnly = true;
      else if (cursor.take('read', 'write')) readOnly = false;
      // Every level is accepted and means the one of the database.
      else if (cursor.take('isolation', 'level')) takeIsolationLevel(cursor);
      else throw syntaxError(cursor.peek());
    }
    return { kind: 'begin', sql: readOnly ? 'BEGIN READ ONLY' : 'BEGIN' };
  }
  if (verb === 'ROLLBACK' && cursor.sees('to')) {
    throw new RedshiftError({ code: '0A000', message: 'SQL command "ROLLBACK TO SAVEPOINT" not supported.' });
  }
  if (!cursor.done) throw syntaxError(cursor.peek());
  return verb === 'ROLLBACK' || verb === 'ABORT' ? { kind: 'rollback' } : { kind: 'commit', tag: 'COMMIT' };
}

function takeIsolationLevel(cursor: TokenCursor): void {
  const known =
    cursor.take('serializable') ||
    cursor.take('snapshot') ||
    cursor.take('repeatable', 'read') ||
    cursor.take('read', 'committed') ||
    cursor.take('read', 'uncommitted');
  if (!known) throw syntaxError(cursor.peek());
}

function planCancel(statement: Statement): Plan {
  const pid = statement.tokens[1];
  if (pid?.kind !== 'number') throw syntaxError(pid);
  return runPlan('CANCEL', `SELECT pg_catalog.pg_cancel_backend(${pid.value})`, { tag: 'CANCEL' });
}
