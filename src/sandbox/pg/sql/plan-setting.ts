import { RedshiftError } from '../backend-session.ts';
import { syntaxError, type TokenCursor } from './cursor.ts';
import { Edits } from './edits.ts';
import { quoteLiteral } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';
import { NATIVE_SETTINGS, OWN_SETTINGS } from './settings.ts';

/** SET and RESET of what Redshift lets a session set. */
export function planSetting(statement: Statement): Plan {
  const cursor = statement.cursor(1);
  return statement.tokens[0]?.value === 'reset' ? planReset(statement, cursor) : planSet(statement, cursor);
}

function planReset({ context }: Statement, cursor: TokenCursor): Plan {
  const name = cursor.next();
  if (name?.kind !== 'word' || !cursor.done) throw syntaxError(name);
  if (name.value === 'all') return { kind: 'set', sql: 'RESET ALL', name: 'all', value: undefined, tag: 'RESET' };
  if (name.value === 'session') return runPlan('RESET', 'RESET SESSION AUTHORIZATION');
  const setting = postgresName(name.value, context.lenient);
  return { kind: 'set', sql: `RESET ${setting}`, name: name.value, value: undefined, tag: 'RESET' };
}

function planSet(statement: Statement, cursor: TokenCursor): Plan {
  const { context } = statement;
  if (cursor.take('session', 'authorization')) {
    if (cursor.take('default') && cursor.done) return runPlan('SET', 'SET SESSION AUTHORIZATION DEFAULT');
    throw new RedshiftError({ code: '42501', message: 'permission denied to set session authorization' });
  }
  if (cursor.take('session', 'characteristics')) return { kind: 'nothing', tag: 'SET' };
  if (cursor.take('transaction')) return runPlan('SET', statement.rewritten());
  const local = cursor.take('local');
  if (!local) cursor.take('session');
  const scope = local ? 'LOCAL ' : '';
  if (cursor.take('time', 'zone')) return runPlan('SET', statement.rewritten());
  const name = cursor.next();
  if (name?.kind !== 'word') throw syntaxError(name);
  if (!cursor.take('to') && !cursor.takeSymbol('=')) throw syntaxError(cursor.peek());
  const setting = postgresName(name.value, context.lenient);
  const values = cursor.tokens.slice(cursor.position);
  if (values.length === 0) throw syntaxError(undefined);
  const value = values.map((token) => token.value).join('');
  if (name.value === 'extra_float_digits') checkFloatDigits(value);
  if (OWN_SETTINGS[name.value] !== undefined) {
    const shown = value === 'default' && values[0]?.kind === 'word' ? 'DEFAULT' : quoteLiteral(value);
    return { kind: 'set', sql: `SET ${scope}${setting} TO ${shown}`, name: name.value, value, tag: 'SET' };
  }
  // Names of a search path are folded like any other.
  const edits = new Edits();
  statement.rewritten(edits);
  const shown = edits.apply(statement.sql, values[0]?.start ?? 0, values.at(-1)?.end ?? 0);
  return { kind: 'set', sql: `SET ${scope}${setting} TO ${shown}`, name: name.value, value, tag: 'SET' };
}

function checkFloatDigits(value: string): void {
  const digits = Number(value);
  if (Number.isInteger(digits) && digits >= -15 && digits <= 2) return;
  throw new RedshiftError({
    code: '22023',
    message: `${value} is outside the valid range for parameter "extra_float_digits" (-15 .. 2)`,
  });
}

/** The name a setting has in PostgreSQL. Throws on what a Redshift session cannot set. */
export function postgresName(name: string, lenient: boolean): string {
  if (NATIVE_SETTINGS.has(name)) return name;
  if (name === 'readonly') return 'default_transaction_read_only'; // Amazon's JDBC driver sets it
  if (OWN_SETTINGS[name] !== undefined) return `roleshift.${name}`;
  if (lenient) return name;
  if (name === 'client_min_messages') {
    throw new RedshiftError({ code: '42501', message: `permission denied to set parameter "${name}"` });
  }
  throw new RedshiftError({ code: '42704', message: `unrecognized configuration parameter "${name}"` });
}
