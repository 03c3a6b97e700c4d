import { type BackendSession, RedshiftError } from '../backend-session.ts';
import { Edits } from '../sql/edits.ts';
import { rewriteExpressions } from '../sql/expressions.ts';
import { tokenize } from '../sql/tokens.ts';
import { copyIn, copyOut } from '../wire/copy.ts';
import { noticeResponse } from '../wire/messages.ts';
import type { Executor } from './executor.ts';

/** What a handler sees of a session. */
export function openHandlerSession(executor: Executor): BackendSession {
  const { relay, identity, transaction } = executor;
  const { backend, core, client } = relay;
  return {
    pid: backend.pid,
    database: identity.database,
    user: identity.user,
    query: (sql) => relay.quiet(sql),
    copyIn: (sql, source) => relay.inRedshiftWords(() => copyIn(backend, sql, source)),
    copyOut: (sql) => copyOut(backend, sql),
    translate: (sql) => {
      const tokens = tokenize(sql);
      if (tokens.some(({ kind, value }) => kind === 'symbol' && value === ';')) {
        throw new RedshiftError({ code: '42601', message: 'syntax error at or near ";"' });
      }
      const edits = new Edits();
      rewriteExpressions(tokens, edits, {
        rules: { caseSensitive: executor.caseSensitive, names: core.names },
        state: executor.state,
        lenient: false,
        foreignFunctions: core.foreignFunctions,
      });
      return edits.apply(sql, tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0);
    },
    lockForWrite: (table) => transaction.lock([table]),
    admin: (sql) => core.admin(identity.database, sql),
    notice: (severity, message) => client.send(noticeResponse(severity, message)),
  };
}
