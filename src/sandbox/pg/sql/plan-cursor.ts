import { RedshiftError } from '../backend-session.ts';
import { syntaxError, unsupported } from './cursor.ts';
import { Edits } from './edits.ts';
import { quoteName, resolveName } from './names.ts';
import { type Plan, runPlan } from './plan.ts';
import type { Statement } from './plan-statement.ts';

const SINGLE_NODE_LIMIT = 1000;

/** DECLARE, FETCH, CLOSE: forward only, one cursor a session, bounded fetches on a single node. */
export function planCursor(statement: Statement, verb: 'DECLARE' | 'FETCH' | 'CLOSE'): Plan {
  switch (verb) {
    case 'DECLARE':
      return planDeclare(statement);
    case 'FETCH':
      return planFetch(statement);
    case 'CLOSE': {
      const name = statement.tokens[1];
      if (statement.tokens.length !== 2 || !name) throw syntaxError(name);
      const resolved = resolveName(name, statement.context.rules);
      return { kind: 'close', name: resolved, sql: `CLOSE ${quoteName(resolved)}` };
    }
  }
}

function planDeclare({ tokens, context, rewritten, cursor: open }: Statement): Plan {
  const cursor = open(1);
  const named = cursor.next();
  if (named?.kind !== 'word' && named?.kind !== 'quoted') throw syntaxError(named);
  for (const word of ['binary', 'insensitive', 'scroll']) {
    if (cursor.sees(word)) throw unsupported(`DECLARE ${word.toUpperCase()} CURSOR`);
  }
  cursor.take('no', 'scroll'); // psql and psycopg write out what is so in any case
  if (!cursor.take('cursor')) throw syntaxError(cursor.peek());
  if (!cursor.take('without', 'hold') && cursor.sees('with')) throw unsupported('DECLARE CURSOR WITH HOLD');
  if (!cursor.take('for')) throw syntaxError(cursor.peek());
  const query = tokens.slice(cursor.position);
  if (query.length === 0) throw syntaxError(undefined);
  const name = resolveName(named, context.rules);
  return {
    kind: 'declare',
    name,
    sql: `DECLARE ${quoteName(name)} NO SCROLL CURSOR FOR ${rewritten(new Edits(), query)}`,
  };
}

function planFetch({ context, cursor: open }: Statement): Plan {
  const cursor = open(1);
  let count = 'NEXT';
  if (cursor.take('next')) count = 'NEXT';
  else if (cursor.take('all')) count = 'ALL';
  else if (cursor.take('forward')) {
    if (cursor.take('all')) count = 'ALL';
    else if (cursor.peek()?.kind === 'number') count = `FORWARD ${cursor.next()?.value}`;
    else count = 'FORWARD 1';
  } else if (cursor.peek()?.kind === 'number') {
    count = `FORWARD ${cursor.next()?.value}`;
  } else if (!cursor.sees('from')) {
    throw new RedshiftError({ code: '0A000', message: 'Cursors move forward only.' });
  }
  if (!cursor.take('from')) throw syntaxError(cursor.peek());
  const name = cursor.next();
  if (!name || !cursor.done) throw syntaxError(cursor.peek());
  const wanted = count === 'ALL' ? Number.POSITIVE_INFINITY : Number(count.split(' ')[1] ?? 1);
  if (context.singleNode && wanted > SINGLE_NODE_LIMIT) {
    throw new RedshiftError({
      code: '0A000',
      message: `Fetch size ${count === 'ALL' ? 'ALL' : wanted} exceeds the limit of ${SINGLE_NODE_LIMIT} for a single node configuration. Reduce the client fetch/cache size or upgrade to a multi node installation.`,
    });
  }
  return runPlan('FETCH', `FETCH ${count} FROM ${quoteName(resolveName(name, context.rules))}`);
}
