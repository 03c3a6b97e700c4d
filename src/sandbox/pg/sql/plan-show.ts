import { RedshiftError } from '../backend-session.ts';
import { syntaxError, type TokenCursor, unsupported } from './cursor.ts';
import { quoteLiteral, quoteName, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import { planShowProcedure } from './plan-procedure.ts';
import type { Statement } from './plan-statement.ts';
import { FIXED_SETTINGS, NATIVE_SETTINGS, OWN_SETTINGS } from './settings.ts';

/** What Redshift lists by SHOW and the sandbox does not have. */
const NOT_LISTED = ['procedures', 'functions', 'parameters', 'grants', 'column'];

/** SHOW: of a setting, or of the catalog (DATABASES, SCHEMAS, TABLES, COLUMNS, CONSTRAINTS). */
export function planShow(statement: Statement): Plan {
  const cursor = statement.cursor(1);
  if (cursor.take('databases')) {
    cursor.take('from', 'data', 'catalog');
    return show('rs_show_databases()', 'database_name', cursor);
  }
  if (cursor.take('schemas')) {
    if (!cursor.take('from', 'database')) throw syntaxError(cursor.peek());
    return show(`rs_show_schemas(${path(statement, cursor, 1)})`, 'schema_name', cursor);
  }
  if (cursor.take('tables')) {
    if (!cursor.take('from', 'schema')) throw syntaxError(cursor.peek());
    return show(`rs_show_tables(${path(statement, cursor, 2)})`, 'table_name', cursor);
  }
  if (cursor.take('columns')) {
    if (!cursor.take('from', 'table')) throw syntaxError(cursor.peek());
    return show(`rs_show_columns(${path(statement, cursor, 3)})`, 'column_name', cursor, 'ordinal_position');
  }
  if (cursor.take('constraints')) return showConstraints(statement, cursor);
  if (cursor.take('table')) return showDefinition(statement, cursor, 'rs_show_table', 'Show Table DDL statement');
  if (cursor.take('view')) return showDefinition(statement, cursor, 'rs_show_view', 'Show View DDL statement');
  if (cursor.take('procedure')) return planShowProcedure(statement, cursor);
  const listed = NOT_LISTED.find((kind) => cursor.sees(kind) && cursor.peek(1));
  if (listed !== undefined) throw unsupported(`SHOW ${listed.toUpperCase()}`);
  return showSetting(statement, cursor);
}

function showConstraints(statement: Statement, cursor: TokenCursor): Plan {
  if (cursor.take('primary', 'keys')) {
    if (!cursor.take('from', 'table')) throw syntaxError(cursor.peek());
    return show(`rs_show_primary_keys(${path(statement, cursor, 3)})`, 'column_name', cursor, 'key_seq');
  }
  if (!cursor.take('foreign', 'keys')) throw syntaxError(cursor.peek());
  const exported = cursor.take('exported');
  if (!cursor.take('from', 'table')) throw syntaxError(cursor.peek());
  const source = `rs_show_foreign_keys(${path(statement, cursor, 3)}, ${exported})`;
  return show(source, 'fk_name', cursor, 'fk_name, key_seq');
}

// One argument a level, NULL for those left out in front. Amazon's drivers send names as parameters.
function path({ context }: Statement, cursor: TokenCursor, levels: number): string {
  const given: string[] = [];
  do {
    const part = cursor.next();
    if (part?.kind === 'parameter') given.push(part.value);
    else if (part?.kind === 'word' || part?.kind === 'quoted')
      given.push(quoteLiteral(resolveName(part, context.rules)));
    else throw syntaxError(part);
  } while (cursor.takeSymbol('.'));
  if (given.length > levels) throw syntaxError(cursor.peek());
  return [...Array<string>(levels - given.length).fill('NULL'), ...given].join(', ');
}

function show(source: string, nameColumn: string, cursor: TokenCursor, order = nameColumn): Plan {
  let where = '';
  let limit = '';
  if (cursor.take('like')) {
    const pattern = cursor.next();
    if (pattern?.kind !== 'string' && pattern?.kind !== 'parameter') throw syntaxError(pattern);
    const text = pattern.kind === 'string' ? quoteLiteral(pattern.value) : pattern.value;
    where = ` WHERE ${nameColumn} LIKE ${text}`;
  }
  if (cursor.take('limit')) {
    const rows = cursor.next();
    if (rows?.kind !== 'number' || Number(rows.value) > 10_000) throw syntaxError(rows);
    limit = ` LIMIT ${rows.value}`;
  }
  if (!cursor.done) throw syntaxError(cursor.peek());
  return runPlan('SHOW', `SELECT * FROM pg_catalog.${source}${where} ORDER BY ${order}${limit}`, { tag: 'SHOW' });
}

function showDefinition(statement: Statement, cursor: TokenCursor, source: string, column: string): Plan {
  const sql = `SELECT pg_catalog.${source}(${path(statement, cursor, 3)}) AS "${column}"`;
  if (!cursor.done) throw syntaxError(cursor.peek());
  return runPlan('SHOW', sql, { tag: 'SHOW' });
}

function showSetting({ context }: Statement, cursor: TokenCursor): Plan {
  if (cursor.take('time', 'zone') && cursor.done) return runPlan('SHOW', 'SHOW timezone');
  if (cursor.take('transaction', 'isolation', 'level') && cursor.done)
    return runPlan('SHOW', "SELECT 'serializable' AS transaction_isolation", { tag: 'SHOW' });
  const name = cursor.next();
  if (name?.kind !== 'word' || !cursor.done) throw syntaxError(name);
  const fixed = FIXED_SETTINGS[name.value];
  if (fixed !== undefined)
    return runPlan('SHOW', `SELECT ${quoteLiteral(fixed)} AS ${quoteName(name.value)}`, { tag: 'SHOW' });
  if (NATIVE_SETTINGS.has(name.value) || context.lenient) return runPlan('SHOW', `SHOW ${name.value}`);
  if (name.value === 'enable_case_sensitive_identifier') {
    return runPlan('SHOW', `SELECT ${quoteLiteral(context.rules.caseSensitive ? 'on' : 'off')} AS ${name.value}`, {
      tag: 'SHOW',
    });
  }
  const unset = OWN_SETTINGS[name.value];
  if (unset !== undefined) {
    const value = `coalesce(nullif(current_setting('roleshift.${name.value}', true), ''), ${quoteLiteral(unset)})`;
    return runPlan('SHOW', `SELECT ${value} AS ${quoteName(name.value)}`, { tag: 'SHOW' });
  }
  throw new RedshiftError({ code: '42704', message: `unrecognized configuration parameter "${name.value}"` });
}
