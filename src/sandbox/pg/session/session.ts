import { type ErrorFields, RedshiftError } from '../backend-session.ts';
import type { Plan, PlanContext } from '../sql/plan.ts';
import { planStatement } from '../sql/plan-statement.ts';
import { isOn } from '../sql/settings.ts';
import { splitStatements, tokenize } from '../sql/tokens.ts';
import type { BackendClient } from '../wire/backend-client.ts';
import type { ClientConnection, ClientMessage } from '../wire/client-connection.ts';
import { BodyReader, errorResponse, frame, REQUEST, readyForQuery, TYPE } from '../wire/messages.ts';
import type { ClusterCore } from './cluster-core.ts';
import { Executor, type SessionIdentity } from './executor.ts';
import { ExtendedProtocol } from './extended.ts';
import { Relay } from './relay.ts';
import type { StartupSettings } from './startup.ts';
import { ConnectionCut, struck } from './strike.ts';

// Redshift takes statements of up to 16 MB; the rest is for parameters.
const MESSAGE_LIMIT_BYTES = 32 << 20;

const STATEMENT_LIMIT_BYTES = 16 << 20;

function oversize(text: string): ErrorFields | undefined {
  if (text.length * 3 <= STATEMENT_LIMIT_BYTES) return undefined;
  const size = Buffer.byteLength(text);
  if (size <= STATEMENT_LIMIT_BYTES) return undefined;
  return {
    code: '54000',
    message: `Statement is too large. Statement Size: ${size} bytes. Maximum Allowed: ${STATEMENT_LIMIT_BYTES} bytes`,
  };
}

/** Serves one logged-in client until it leaves, is terminated, or is cut off. */
export class ClientSession {
  readonly #core: ClusterCore;
  readonly #client: ClientConnection;
  readonly #executor: Executor;
  readonly #extended: ExtendedProtocol;
  readonly #settings: StartupSettings;

  constructor(
    core: ClusterCore,
    client: ClientConnection,
    backend: BackendClient,
    identity: SessionIdentity,
    settings: StartupSettings,
  ) {
    this.#core = core;
    this.#client = client;
    this.#settings = settings;
    this.#executor = new Executor(new Relay(core, backend, client), identity);
    this.#executor.statementTimeoutMs = settings.statementTimeoutMs;
    if (settings.caseSensitive !== undefined) this.#executor.caseSensitive = isOn(settings.caseSensitive);
    this.#extended = new ExtendedProtocol(
      this.#executor,
      (sql) => this.#prepare(sql),
      (sql, work) => this.#struck(sql, work),
      (sql, error) => this.#log(sql, error),
    );
  }

  /** Stops what a handler is doing: the database's own work is cancelled elsewhere. */
  stopHandler(): void {
    this.#executor.running.abort();
  }

  async serve(): Promise<void> {
    this.#client.send(readyForQuery('I'));
    this.#client.flush();
    for (;;) {
      const message = await this.#client.next(MESSAGE_LIMIT_BYTES);
      if (!message || message.type === REQUEST.terminate) return;
      try {
        await this.#handle(message);
      } catch (error) {
        if (error instanceof ConnectionCut) return;
        if (!(error instanceof RedshiftError)) throw error;
        this.#client.send(errorResponse(error.fields));
        if (error.fields.severity === 'FATAL') return this.#client.flush();
        await this.#extended.fail();
      }
    }
  }

  async #handle(message: ClientMessage): Promise<void> {
    switch (message.type) {
      case REQUEST.query:
        await this.#query(new BodyReader(message.body).cstring());
        return await this.#ready();
      case REQUEST.sync:
        try {
          await this.#extended.sync();
        } catch (error) {
          if (!(error instanceof RedshiftError)) throw error;
          this.#client.send(errorResponse(error.fields)); // the COMMIT of a block of our own
        }
        return await this.#ready();
      case REQUEST.flush:
        return this.#client.flush();
      default:
        return this.#extended.handle(message);
    }
  }

  async #ready(): Promise<void> {
    await this.#executor.recallSettings();
    this.#client.send(readyForQuery(this.#executor.transaction.status));
    this.#client.flush();
  }

  async #query(text: string): Promise<void> {
    const executor = this.#executor;
    try {
      await this.#struck(text, () => this.#runAll(text));
      this.#log(text);
    } catch (error) {
      this.#log(text, error);
      if (!(error instanceof RedshiftError)) throw error;
      this.#client.send(errorResponse(error.fields));
      if (executor.transaction.implicit) await executor.transaction.settle(false);
      else await executor.relay.abortBlock();
    } finally {
      executor.several = false;
    }
  }

  async #runAll(text: string): Promise<void> {
    const executor = this.#executor;
    const oversized = oversize(text);
    if (oversized) throw new RedshiftError(oversized);
    const statements = splitStatements(tokenize(text));
    if (statements.length === 0) this.#client.send(frame(TYPE.emptyQuery));
    executor.several = statements.length > 1;
    for (const [index, tokens] of statements.entries()) {
      const plan = planStatement(text, tokens, this.#context());
      await this.#core.learnNames(executor.identity.database);
      // Several statements are one transaction, unless they say otherwise themselves.
      if (executor.several && plan.kind !== 'commit' && plan.kind !== 'rollback')
        await executor.transaction.ensureBlock();
      // A comment ahead of it is part of its text, as the SYS views show it.
      const start = index === 0 ? 0 : (tokens[0]?.start ?? 0);
      const own = text.slice(start, tokens.at(-1)?.end ?? 0).trimStart();
      await executor.tracked(own, () => executor.run(plan, { describe: true }));
    }
    if (executor.several) await executor.transaction.settle(true);
  }

  #prepare(sql: string): Plan | undefined {
    const oversized = oversize(sql);
    if (oversized) return { kind: 'refused', fields: oversized };
    const statements = splitStatements(tokenize(sql));
    const [tokens, more] = statements;
    if (more) {
      return {
        kind: 'refused',
        fields: { code: '42601', message: 'cannot insert multiple commands into a prepared statement' },
      };
    }
    return tokens && planStatement(sql, tokens, this.#context());
  }

  #context(): PlanContext {
    const { state, identity, caseSensitive } = this.#executor;
    const { handlers, names, init, foreignFunctions } = this.#core;
    return {
      rules: { caseSensitive, names },
      state,
      lenient: false,
      foreignFunctions,
      handlers,
      database: identity.database,
      singleNode: init.cluster.nodes === 1,
      superuser: identity.superuser,
      hasLateViews: this.#core.hasLateViews,
    };
  }

  /** Runs a statement with the world's faults; calls that reach other sessions come first. */
  #struck(text: string, work: () => Promise<void>): Promise<void> {
    const executor = this.#executor;
    if (executor.running.signal.aborted) executor.running = new AbortController();
    const reached = /\b(?:pg_(?:cancel|terminate)_backend\s*\(|cancel)\s*(\d+)/i.exec(text)?.[1];
    if (reached !== undefined) this.#core.sessions.get(Number(reached))?.stopHandler();
    return struck(executor.victim, 'pg:statement', text, work);
  }

  #log(text: string, error?: unknown): void {
    const { identity } = this.#executor;
    this.#core.init.log.add({
      kind: 'statement',
      cluster: this.#core.init.cluster.id,
      database: identity.database,
      user: identity.user,
      text,
      applicationName: this.#settings.applicationName,
      allowed: !(error instanceof RedshiftError),
      ...(error instanceof RedshiftError ? { errorCode: error.fields.code } : {}),
    });
  }
}
