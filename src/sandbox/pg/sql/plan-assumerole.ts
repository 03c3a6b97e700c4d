import { RedshiftError } from '../backend-session.ts';
import { isWord, splitAtCommas, syntaxError, TokenCursor } from './cursor.ts';
import { quoteLiteral, resolveName } from './names.ts';
import type { Plan } from './plan.ts';
import type { Statement } from './plan-statement.ts';
import type { Token } from './tokens.ts';

const COMMANDS = ['COPY', 'UNLOAD', 'EXTERNAL FUNCTION', 'CREATE MODEL'] as const;
/** As `SVV_IAM_PRIVILEGES` calls the default role. */
const DEFAULT_ROLE = 'default-aws-iam-role';

interface Grantee {
  readonly type: 'user' | 'group' | 'public';
  readonly name: string;
}

interface Clauses {
  readonly arns: readonly string[];
  readonly grantees: readonly Grantee[];
  readonly commands: readonly string[];
}

export const isAssumeRole = (cursor: TokenCursor): boolean => cursor.sees('assumerole');

/**
 * `GRANT | REVOKE ASSUMEROLE ON .. TO | FROM .. FOR ..`: which database users may have COPY and UNLOAD work under which
 * role. https://docs.aws.amazon.com/redshift/latest/dg/r_GRANT.html
 */
export function planAssumeRole(statement: Statement, verb: 'GRANT' | 'REVOKE'): Plan {
  const { context } = statement;
  if (!context.superuser)
    throw new RedshiftError({ code: '42501', message: `permission denied to ${verb} ASSUMEROLE` });
  const { arns, grantees, commands } = readClauses(statement, verb);
  const rows = grantees.flatMap(({ type, name }) =>
    arns.flatMap((arn) => commands.map((command) => [arn, command, type, name].map(quoteLiteral).join(', '))),
  );
  const values = rows.map((row) => `(${row})`).join(', ');
  const sql =
    verb === 'GRANT'
      ? `INSERT INTO pg_catalog.rs_iam_privileges VALUES ${values} ON CONFLICT DO NOTHING`
      : `DELETE FROM pg_catalog.rs_iam_privileges WHERE (iam_arn, command_type, identity_type, identity_name) IN (${values})`;
  return { kind: 'admin', sql, tag: verb, everywhere: true };
}

function readClauses({ tokens, context }: Statement, verb: 'GRANT' | 'REVOKE'): Clauses {
  const at = (word: string, from: number): number => {
    const index = tokens.findIndex((token, position) => position > from && isWord(token, word));
    if (index < 0) throw syntaxError(tokens.at(-1));
    return index;
  };
  const on = at('on', 1);
  const to = at(verb === 'GRANT' ? 'to' : 'from', on);
  const commands = at('for', to);
  const part = (from: number, until: number): Token[][] => {
    const parts = splitAtCommas(tokens.slice(from + 1, until));
    if (parts.length === 0) throw syntaxError(tokens[until]);
    return parts;
  };
  return {
    arns: part(on, to).map(readRole),
    grantees: part(to, commands).map((words) => readGrantee(words, context.rules)),
    commands: part(commands, tokens.length).flatMap(readCommand),
  };
}

function readRole([first, ...rest]: readonly Token[]): string {
  if (rest.length > 0 || first === undefined) throw syntaxError(rest[0]);
  if (isWord(first, 'all')) return '*';
  if (isWord(first, 'default')) return DEFAULT_ROLE;
  if (first.kind !== 'string') throw syntaxError(first);
  return first.value;
}

function readGrantee(words: readonly Token[], rules: Statement['context']['rules']): Grantee {
  const cursor = new TokenCursor(words);
  if (cursor.take('public') && cursor.done) return { type: 'public', name: 'public' };
  if (cursor.sees('role') && words.length > 1) {
    throw new RedshiftError({ code: '0A000', message: 'Database roles are not covered by the sandbox' });
  }
  const type = words.length > 1 && cursor.take('group') ? 'group' : 'user';
  const token = cursor.next();
  if ((token?.kind !== 'word' && token?.kind !== 'quoted') || !cursor.done) throw syntaxError(token);
  return { type, name: resolveName(token, rules) };
}

function readCommand(words: readonly Token[]): readonly string[] {
  const command = words.map(({ value }) => value.toUpperCase()).join(' ');
  if (command === 'ALL') return COMMANDS;
  const known = COMMANDS.find((name) => name === command);
  if (known === undefined) throw syntaxError(words[0]);
  return [known];
}
