import { RedshiftError } from '../backend-session.ts';
import { isWord, renderName, splitAtCommas, syntaxError, TokenCursor } from './cursor.ts';
import { Edits } from './edits.ts';
import { quoteLiteral, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import { isAssumeRole, planAssumeRole } from './plan-assumerole.ts';
import type { Statement } from './plan-statement.ts';
import type { Token } from './tokens.ts';

// Of a table: what PostgreSQL has no right for.
const OWN_PRIVILEGES = ['drop', 'alter'];

/** GRANT and REVOKE. DROP and ALTER of tables are kept beside PostgreSQL's rights, database roles are refused. */
export function planGrant(statement: Statement, verb: 'GRANT' | 'REVOKE'): Plan {
  const cursor = statement.cursor(1);
  if (isAssumeRole(cursor)) return planAssumeRole(statement, verb);
  refuseRoles(statement);
  if (verb === 'REVOKE') cursor.take('grant', 'option', 'for');
  const { tokens } = statement;
  const on = tokens.findIndex((token, index) => index >= cursor.position && isWord(token, 'on'));
  if (on < 0) throw syntaxError(tokens.at(-1));
  const own = splitAtCommas(tokens.slice(cursor.position, on)).filter(([word, more]) => !more && isOwn(word));
  if (own.length === 0 || !isOfTables(tokens, on)) return runPlan(verb, statement.rewritten());
  return planOwnPrivileges(statement, verb, { start: cursor.position, on, own: own.flat() });
}

function refuseRoles({ tokens }: Statement): void {
  const role = tokens.findIndex((token, index) => isWord(token, 'role') && tokens[index + 1]?.kind !== 'symbol');
  if (role > 0) throw new RedshiftError({ code: '0A000', message: 'Database roles are not covered by the sandbox' });
  if (tokens.some((token) => isWord(token, 'datashare'))) {
    throw new RedshiftError({ code: '0A000', message: 'Datashares are not covered by the sandbox' });
  }
}

function isOwn(token: Token | undefined): boolean {
  return token?.kind === 'word' && OWN_PRIVILEGES.includes(token.value);
}

function isOfTables(tokens: readonly Token[], on: number): boolean {
  return !['database', 'schema', 'function', 'procedure', 'language', 'all', 'copy'].some((word) =>
    isWord(tokens[on + 1], word),
  );
}

function planOwnPrivileges(
  statement: Statement,
  verb: 'GRANT' | 'REVOKE',
  { start, on, own }: { readonly start: number; readonly on: number; readonly own: readonly Token[] },
): Plan {
  const { tokens, context } = statement;
  const to = tokens.findIndex((token, index) => index > on && isWord(token, verb === 'GRANT' ? 'to' : 'from'));
  if (to < 0) throw syntaxError(tokens.at(-1));
  const tables = splitAtCommas(tokens.slice(isWord(tokens[on + 1], 'table') ? on + 2 : on + 1, to)).map((part) => {
    const name = new TokenCursor(part).takeName();
    if (!name) throw syntaxError(part[0]);
    return renderName(name, context.rules);
  });
  const option = tokens.findIndex((token, index) => index > to && isWord(token, 'with'));
  const grantees = splitAtCommas(tokens.slice(to + 1, option < 0 ? undefined : option)).map((part) => {
    const token = part.at(isWord(part[0], 'group') ? 1 : 0);
    if (!token) throw syntaxError(part[0]);
    return resolveName(token, context.rules);
  });
  const list = (values: readonly string[]): string => `ARRAY[${values.map(quoteLiteral).join(', ')}]::text[]`;
  const privileges = own.map(({ value }) => value.toUpperCase());
  const call = `SELECT pg_catalog.rs_change_grants(${verb === 'GRANT'}, ${list(tables)}, ${list(privileges)}, ${list(grantees)}, ${option > 0})`;
  const rest = splitAtCommas(tokens.slice(start, on)).filter(([word, more]) => more || !isOwn(word));
  if (rest.length === 0) return runPlan(verb, call, { tag: verb, hidesRows: true });
  const edits = new Edits();
  const kept = rest.map((part) => statement.rewritten(undefined, part)).join(', ');
  edits.replace(tokens[start]?.start ?? 0, tokens[on - 1]?.end ?? 0, kept);
  return runPlan(verb, statement.rewritten(edits), { after: [call] });
}
