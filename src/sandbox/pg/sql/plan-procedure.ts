import { isWord, syntaxError, type TokenCursor } from './cursor.ts';
import { Edits } from './edits.ts';
import { rewriteExpressions } from './expressions.ts';
import { quoteLiteral, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';
import { type Token, tokenize } from './tokens.ts';

/**
 * `CREATE [OR REPLACE] PROCEDURE name ([arguments]) [NONATOMIC] AS $$ .. $$ LANGUAGE plpgsql [SECURITY ..] [SET ..]`. The body
 * is PL/pgSQL in both worlds; functions and names in it are rewritten as in statements.
 */
export function planCreateProcedure(statement: Statement, cursor: TokenCursor): Plan {
  const { tokens } = statement;
  if (!cursor.takeName() || !cursor.seesSymbol('(')) throw syntaxError(cursor.peek());
  cursor.takeGroup();
  const edits = new Edits();
  const mode = tokens[cursor.position];
  if (cursor.take('nonatomic') && mode) edits.replace(mode.start, mode.end, '');
  const body = tokens.find((token, index) => index > cursor.position && token.kind === 'string');
  if (!body || !isWord(tokens[tokens.indexOf(body) - 1], 'as')) throw syntaxError(cursor.peek());
  const language = tokens.findIndex(({ kind, value }) => kind === 'word' && value === 'language');
  const named = tokens[language + 1];
  if (language < 0 || named?.value !== 'plpgsql') throw syntaxError(named);
  edits.replace(body.start, body.end, quoteLiteral(rewriteBody(body, statement)));
  return runPlan('CREATE PROCEDURE', statement.rewritten(edits), { after: ['SELECT pg_catalog.rs_own_procedures()'] });
}

function rewriteBody({ value }: Token, { context }: Statement): string {
  const edits = new Edits();
  // PL/pgSQL has words that are none of SQL's: nothing is refused here.
  rewriteExpressions(tokenize(value), edits, { ...context, lenient: true });
  return edits.apply(value, 0, value.length);
}

/** `SHOW PROCEDURE name [(types)]`: its definition. */
export function planShowProcedure(statement: Statement, cursor: TokenCursor): Plan {
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  const types = cursor.seesSymbol('(') ? statement.rewritten(new Edits(), cursor.takeGroup()) : undefined;
  if (!cursor.done) throw syntaxError(cursor.peek());
  const parts = name.parts.map((part) => resolveName(part, statement.context.rules));
  const [schema, own] = parts.length > 1 ? parts.slice(-2) : [undefined, parts[0]];
  const given = [schema, own, types].map((text) => (text === undefined ? 'NULL' : quoteLiteral(text))).join(', ');
  return runPlan('SHOW', `SELECT pg_catalog.rs_show_procedure(${given}) AS "Stored Procedure Definition"`, {
    tag: 'SHOW',
  });
}
