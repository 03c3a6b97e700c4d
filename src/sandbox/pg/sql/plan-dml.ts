import { RedshiftError } from '../backend-session.ts';
import { isWord, renderName, syntaxError, type TokenCursor, unsupported } from './cursor.ts';
import { Edits } from './edits.ts';
import { givenLiterals } from './given-literals.ts';
import { resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';
import type { Token } from './tokens.ts';

/** INSERT, UPDATE, DELETE, MERGE: refuses what Redshift has not, and names the table to lock. */
export function planDml(statement: Statement, verb: string): Plan {
  const { tokens, context } = statement;
  if (!context.lenient) refuse(statement);
  const edits = new Edits();
  const cursor = statement.cursor(1);
  if (verb === 'INSERT' && !cursor.take('into')) throw syntaxError(cursor.peek());
  if (verb === 'MERGE' && !cursor.take('into')) throw syntaxError(cursor.peek());
  // DELETE t: the FROM may be left out.
  if (verb === 'DELETE' && !cursor.take('from')) edits.insert(tokens[0]?.end ?? 0, ' FROM');
  if (verb === 'UPDATE' && cursor.sees('only')) throw syntaxError(cursor.peek());
  const name = cursor.takeName();
  if (!name) throw syntaxError(cursor.peek());
  const table = renderName(name, context.rules);
  const database = name.parts.length > 2 ? name.parts[0] : undefined;
  if (database && resolveName(database, context.rules) !== context.database) {
    throw new RedshiftError({
      code: '0A000',
      message: 'Writing to a table of another database is not covered by the sandbox',
    });
  }
  if (name.parts.length > 2) edits.replace(name.start, name.end, table);
  if (verb === 'MERGE') return planMerge(statement, cursor, table, edits);
  if (verb === 'UPDATE' && !context.lenient) refuseLooseJoin(statement);
  const retype = verb === 'DELETE' ? undefined : givenLiterals(statement, verb, cursor.position);
  return runPlan(verb, statement.rewritten(edits), {
    writes: [table],
    readsTarget: verb !== 'INSERT',
    ...(retype === undefined ? {} : { retype }),
  });
}

// UPDATE .. FROM joins its target by an equality.
function refuseLooseJoin({ tokens }: Statement): void {
  let depth = 0;
  const top = tokens.map((token) => {
    if (token.kind === 'symbol') depth += token.value === '(' ? 1 : token.value === ')' ? -1 : 0;
    return depth === 0 ? token : undefined;
  });
  const from = top.findIndex((token) => isWord(token, 'from'));
  const where = top.findIndex((token) => isWord(token, 'where'));
  const joins = (index: number): boolean =>
    index > 0 && tokens.slice(index).some(({ kind, value }) => kind === 'symbol' && value === '=');
  if (from < 0 || joins(where)) return;
  throw new RedshiftError({ code: '0A000', message: 'Target table must be part of an equijoin predicate' });
}

function refuse({ tokens }: Statement): void {
  let depth = 0;
  tokens.forEach((token, index) => {
    if (token.kind === 'symbol') depth += token.value === '(' ? 1 : token.value === ')' ? -1 : 0;
    if (depth !== 0) return;
    if (isWord(token, 'returning')) throw unsupportedClause('RETURNING', 'RETURNING');
    if (isWord(token, 'on') && isWord(tokens[index + 1], 'conflict'))
      throw unsupportedClause('conflict', 'ON CONFLICT');
  });
  refuseLeaderOnly(tokens);
}

const LEADER_TABLE =
  /^(?:pg_(?:class|attribute|namespace|type|constraint|database|user|group|tables|views|locks|stat_\w+))$/;

/** Refuses what the leader node alone knows where it would feed a table: catalog tables, generated series. */
export function refuseLeaderOnly(tokens: readonly Token[]): void {
  const found = tokens.some((token, index) => {
    if (token.kind !== 'word') return false;
    const next = tokens[index + 1]?.value;
    return next === '(' ? token.value === 'generate_series' : LEADER_TABLE.test(token.value) || isSchema(token, next);
  });
  if (found) throw leaderOnly();
}

function isSchema(token: Token, next: string | undefined): boolean {
  return token.value === 'information_schema' && next === '.';
}

function leaderOnly(): RedshiftError {
  return new RedshiftError({
    code: '0A000',
    message: 'Specified types or functions (one per INFO message) not supported on Redshift tables.',
  });
}

function unsupportedClause(near: string, clause: string): RedshiftError {
  return new RedshiftError({
    code: '42601',
    message: `syntax error at or near "${near}"`,
    hint: `${clause} is not supported.`,
  });
}

function planMerge(statement: Statement, cursor: TokenCursor, table: string, edits: Edits): Plan {
  if (!cursor.take('using')) {
    throw new RedshiftError({ code: '42601', message: 'MERGE: an alias for the target table is not supported.' });
  }
  const source = cursor.peek();
  const { tokens } = statement;
  const clauses = tokens.flatMap((token, index) =>
    isWord(token, 'when') && isMergeClause(statement, index) ? [index] : [],
  );
  const duplicates = tokens.findIndex((token, at) => isWord(token, 'remove') && isWord(tokens[at + 1], 'duplicates'));
  if (duplicates >= 0) return removeDuplicates(statement, cursor, table, duplicates);
  const [first, second, more] = clauses;
  if (first === undefined || second === undefined || more !== undefined || !source) {
    throw new RedshiftError({
      code: '42601',
      message: 'MERGE needs WHEN MATCHED and WHEN NOT MATCHED once each, or REMOVE DUPLICATES.',
    });
  }
  for (const index of clauses) refuseClause(statement, index);
  const matched = clauses.filter((index) => isWord(tokens[index + 1], 'matched')).length;
  if (matched !== 1) throw syntaxError(tokens[first]);
  return runPlan('MERGE', statement.rewritten(edits), { writes: [table], readsTarget: true });
}

// CASE has a WHEN, too: a MERGE clause goes on with [NOT] MATCHED.
function isMergeClause({ tokens }: Statement, index: number): boolean {
  const next = index + 1;
  return isWord(tokens[next], 'matched') || (isWord(tokens[next], 'not') && isWord(tokens[next + 1], 'matched'));
}

function refuseClause({ tokens }: Statement, index: number): void {
  const at = index + (isWord(tokens[index + 1], 'not') ? 3 : 2);
  if (isWord(tokens[at], 'and')) throw unsupported('MERGE ... WHEN MATCHED AND');
  if (isWord(tokens[at], 'by')) throw unsupported('MERGE ... WHEN NOT MATCHED BY');
  if (isWord(tokens[at + 1], 'do')) throw unsupported('MERGE ... DO NOTHING');
}

function removeDuplicates(statement: Statement, cursor: TokenCursor, table: string, at: number): Plan {
  const source = cursor.takeName();
  cursor.take('as');
  const alias = cursor.sees('on') ? undefined : cursor.takeName();
  const on = cursor.position;
  if (!source || !cursor.take('on')) throw unsupported('MERGE ... REMOVE DUPLICATES from a subquery');
  const { context, sql, tokens } = statement;
  const from = renderName(source, context.rules) + (alias ? ` AS ${renderName(alias, context.rules)}` : '');
  const edits = new Edits();
  statement.rewritten(edits);
  const condition = edits.apply(sql, tokens[on + 1]?.start ?? 0, tokens[at - 1]?.end ?? 0);
  return runPlan('INSERT', `INSERT INTO ${table} SELECT DISTINCT * FROM ${from}`, {
    before: [`DELETE FROM ${table} USING ${from} WHERE ${condition}`],
    writes: [table],
    readsTarget: true,
    tag: 'MERGE',
  });
}
