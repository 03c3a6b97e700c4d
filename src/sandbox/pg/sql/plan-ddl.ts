import { RedshiftError } from '../backend-session.ts';
import { renderCreateTable } from './create-table.ts';
import { isWord, renderName, splitAtCommas, syntaxError, TokenCursor, unsupported } from './cursor.ts';
import { declareTable, type Plan, runPlan } from './plan.ts';
import { planAlterTable } from './plan-alter.ts';
import { refuseLeaderOnly } from './plan-dml.ts';
import { planCreateExternal } from './plan-external.ts';
import { planGrant } from './plan-grant.ts';
import { planAnalyze, planVacuum } from './plan-maintenance.ts';
import { planCreateProcedure } from './plan-procedure.ts';
import type { Statement } from './plan-statement.ts';
import { planCreateView, planMaterializedView } from './plan-views.ts';

/** DDL, locks, maintenance and grants; what is left is refused by name. */
export function planDdl(statement: Statement, verb: string): Plan {
  const cursor = statement.cursor(1);
  switch (verb) {
    case 'CREATE':
      return planCreate(statement, cursor);
    case 'DROP':
      return planDrop(statement, cursor);
    case 'ALTER':
      return planAlter(statement, cursor);
    case 'TRUNCATE':
      return planTruncate(statement, cursor);
    case 'LOCK':
      return planLock(statement, cursor);
    case 'GRANT':
    case 'REVOKE':
      return planGrant(statement, verb);
    case 'COMMENT':
      return runPlan(verb, statement.rewritten());
    case 'ANALYZE':
      return planAnalyze(statement, cursor);
    case 'VACUUM':
      return planVacuum(statement, cursor);
    case 'COPY':
      throw new RedshiftError({ code: '0A000', message: copyRefusal(statement) });
    default:
      return statement.context.lenient ? runPlan(verb, statement.rewritten()) : refuse(statement, verb);
  }
}

function copyRefusal({ tokens }: Statement): string {
  const stdin = tokens.some((token) => isWord(token, 'stdin') || isWord(token, 'stdout'));
  return stdin ? 'COPY FROM STDIN and COPY TO are not supported' : 'This form of COPY is not covered by the sandbox';
}

const KNOWN_ELSEWHERE =
  /^(?:SAVEPOINT|RELEASE|LISTEN|NOTIFY|UNLISTEN|DO|CLUSTER|REINDEX|CHECKPOINT|LOAD|SECURITY|REASSIGN|DISCARD|IMPORT|VALUES|TABLE|MOVE|UNLOAD|REPLACE|USE|DESC|ATTACH|DETACH)$/;

function refuse(statement: Statement, verb: string): Plan {
  if (!KNOWN_ELSEWHERE.test(verb)) throw syntaxError(statement.tokens[0]);
  const text = statement.tokens.slice(0, 2).map(({ value }) => value.toUpperCase());
  const covered = /^(?:UNLOAD|USE|DESC)$/.test(verb);
  throw new RedshiftError({
    code: '0A000',
    message: covered ? `${verb} is not covered by the sandbox` : `SQL command "${text.join(' ')}" not supported.`,
  });
}

function planCreate(statement: Statement, cursor: TokenCursor): Plan {
  const { sql, tokens, context } = statement;
  const kind = ['local', 'temporary', 'temp', 'table'].find((word) => cursor.sees(word));
  if (kind !== undefined) {
    const created = renderCreateTable(sql, tokens, context);
    if (created.isQuery && !context.lenient) refuseLeaderOnly(tokens);
    return runPlan(created.isQuery ? 'SELECT' : 'CREATE TABLE', created.sql, {
      after: [declareTable(created.table, created.facts)],
      ...(created.isQuery ? { tag: 'SELECT' } : {}),
    });
  }
  if (cursor.sees('view') || cursor.sees('or', 'replace', 'view')) return planCreateView(statement, cursor);
  if (cursor.take('materialized', 'view')) return planMaterializedView(statement, cursor);
  cursor.take('or', 'replace');
  if (cursor.take('procedure')) return planCreateProcedure(statement, cursor);
  if (cursor.sees('schema')) return runPlan('CREATE SCHEMA', statement.rewritten());
  if (cursor.take('external')) return planCreateExternal(statement, cursor);
  if (context.lenient) return runPlan('CREATE', statement.rewritten());
  if (cursor.take('database')) return administer(statement, 'CREATE DATABASE', 'CREATE DATABASE');
  if (cursor.sees('user') || cursor.sees('group'))
    return administer(statement, `CREATE ${cursor.peek()?.value.toUpperCase()}`);
  const object = cursor.sees('unique', 'index') ? 'INDEX' : (cursor.peek()?.value.toUpperCase() ?? '');
  if (/^(?:FUNCTION|MODEL|DATASHARE|LIBRARY|MASKING|RLS|ROLE|IDENTITY)$/.test(object)) {
    throw new RedshiftError({ code: '0A000', message: `CREATE ${object} is not covered by the sandbox` });
  }
  throw new RedshiftError({ code: '0A000', message: `SQL command "CREATE ${object}" not supported.` });
}

function administer({ context, tokens, sql }: Statement, tag: string, alone?: string, dropsDatabase?: string): Plan {
  if (!context.superuser)
    throw new RedshiftError({ code: '42501', message: `permission denied to ${tag.toLowerCase()}` });
  const text = sql.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0);
  if (/\bpassword\b/i.test(text)) {
    throw new RedshiftError({ code: '0A000', message: 'Passwords are declared in the world file of the sandbox' });
  }
  return {
    kind: 'admin',
    sql: text,
    tag,
    ...(alone === undefined ? {} : { alone }),
    ...(dropsDatabase === undefined ? {} : { dropsDatabase }),
  };
}

function planDrop(statement: Statement, cursor: TokenCursor): Plan {
  for (const object of ['table', 'view', 'schema', 'materialized view', 'procedure']) {
    if (cursor.sees(...object.split(' '))) return runPlan(`DROP ${object.toUpperCase()}`, statement.rewritten());
  }
  if (statement.context.lenient) return runPlan('DROP', statement.rewritten());
  if (cursor.take('database')) {
    cursor.take('if', 'exists');
    return administer(statement, 'DROP DATABASE', 'DROP DATABASE', cursor.peek()?.value ?? '');
  }
  if (cursor.sees('user') || cursor.sees('group'))
    return administer(statement, `DROP ${cursor.peek()?.value.toUpperCase()}`);
  throw new RedshiftError({
    code: '0A000',
    message: `SQL command "DROP ${cursor.peek()?.value.toUpperCase()}" not supported.`,
  });
}

function planAlter(statement: Statement, cursor: TokenCursor): Plan {
  if (cursor.take('table')) return planAlterTable(statement, cursor);
  if (cursor.take('materialized', 'view')) return planAlterMaterializedView(statement, cursor);
  if (cursor.sees('procedure')) return runPlan('ALTER PROCEDURE', statement.rewritten());
  if (cursor.sees('schema') || statement.context.lenient) return runPlan('ALTER', statement.rewritten());
  if (cursor.sees('default', 'privileges')) return runPlan('ALTER DEFAULT PRIVILEGES', statement.rewritten());
  if (cursor.sees('group')) return administer(statement, 'ALTER GROUP');
  throw new RedshiftError({
    code: '0A000',
    message: `ALTER ${cursor.peek()?.value.toUpperCase()} is not covered by the sandbox`,
  });
}

function planAlterMaterializedView(statement: Statement, cursor: TokenCursor): Plan {
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  if (!cursor.take('auto', 'refresh')) return runPlan('ALTER', statement.rewritten());
  return { kind: 'nothing', tag: 'ALTER MATERIALIZED VIEW', table: renderName(name, statement.context.rules) };
}

function planTruncate({ context }: Statement, cursor: TokenCursor): Plan {
  cursor.take('table');
  const name = cursor.takeName();
  if (!name || !cursor.done) throw syntaxError(cursor.peek());
  const table = renderName(name, context.rules);
  return { kind: 'truncate', sql: `TRUNCATE TABLE ${table}`, table };
}

function planLock({ tokens, context }: Statement, cursor: TokenCursor): Plan {
  cursor.take('table');
  const tables = splitAtCommas(tokens.slice(cursor.position)).map((part) => {
    const own = new TokenCursor(part);
    const name = own.takeName();
    if (!name) throw syntaxError(part[0]);
    if (!own.done) throw unsupported('LOCK ... IN MODE');
    return renderName(name, context.rules);
  });
  if (tables.length === 0) throw syntaxError(undefined);
  return runPlan('LOCK', `LOCK TABLE ${tables.join(', ')} IN ACCESS EXCLUSIVE MODE`, { tag: 'LOCK' });
}
