import { RedshiftError } from '../backend-session.ts';
import { takeColumnType } from './column-types.ts';
import { renderColumn } from './create-table.ts';
import { isWord, renderName, syntaxError, type TokenCursor, unsupported } from './cursor.ts';
import { quoteLiteral, quoteName, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';

/** ALTER TABLE: one change a statement, of the kinds Redshift knows. */
export function planAlterTable(statement: Statement, cursor: TokenCursor): Plan {
  const { sql, context } = statement;
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  const table = renderName(name, context.rules);
  const head = `ALTER TABLE ${table}`;
  const nothing: Plan = { kind: 'nothing', tag: 'ALTER TABLE', table };
  if (cursor.take('append')) {
    throw new RedshiftError({ code: '0A000', message: 'ALTER TABLE APPEND is not covered by the sandbox' });
  }
  if (cursor.take('add')) {
    if (cursor.take('constraint')) cursor.next();
    if (cursor.take('primary', 'key')) return declareKey(statement, table, 'primaryKey', cursor);
    if (cursor.sees('unique') || cursor.sees('foreign')) return nothing;
    cursor.take('column');
    if (cursor.sees('if')) throw unsupported('ADD COLUMN IF NOT EXISTS');
    const column = renderColumn(sql, cursor.tokens.slice(cursor.position), context);
    return runPlan('ALTER TABLE', `${head} ADD COLUMN ${column}`);
  }
  if (cursor.take('alter', 'column')) {
    const column = cursor.next();
    if (!column) throw syntaxError(undefined);
    if (cursor.take('encode')) return nothing;
    if (!cursor.take('type')) throw syntaxError(cursor.peek());
    const type = takeColumnType(cursor);
    if (!type.startsWith('character varying')) throw unsupported('ALTER COLUMN TYPE other than VARCHAR');
    const quoted = quoteName(resolveName(column, context.rules));
    return runPlan('ALTER TABLE', `${head} ALTER COLUMN ${quoted} TYPE ${type}`, { alone: 'ALTER TABLE ALTER COLUMN' });
  }
  const cosmetic = ['diststyle', 'distkey', 'sortkey', 'compound', 'encode'].some((word) => cursor.sees('alter', word));
  if (cosmetic) return nothing;
  if (cursor.sees('drop', 'constraint')) return nothing;
  const passes = ['drop', 'rename', 'owner', 'set'].some((word) => isWord(cursor.peek(), word));
  if (!passes) throw syntaxError(cursor.peek());
  return runPlan('ALTER TABLE', statement.rewritten());
}

function declareKey(statement: Statement, table: string, fact: string, cursor: TokenCursor): Plan {
  const columns = cursor
    .takeGroup()
    .filter(({ kind }) => kind === 'word' || kind === 'quoted')
    .map((token) => resolveName(token, statement.context.rules));
  const facts = quoteLiteral(JSON.stringify({ [fact]: { columns } }));
  const check = `ALTER TABLE ${table} ${columns.map((column) => `ALTER COLUMN ${quoteName(column)} SET NOT NULL`).join(', ')}`;
  return runPlan('ALTER TABLE', check, {
    after: [`SELECT pg_catalog.rs_amend_table(${quoteLiteral(table)}::regclass, ${facts})`],
  });
}
