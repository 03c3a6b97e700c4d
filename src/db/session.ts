import type { PoolClient } from 'pg';
import { ConnectorError } from '../core/errors.ts';
import { afterAbort, type Run } from '../core/run.ts';
import { type Sql, sql } from '../sql/sql.ts';
import type { WireDecoder } from '../types/wire-decoder.ts';
import type { Capabilities } from './capabilities.ts';
import { classifyDatabaseError, type StatementOrigin } from './classify.ts';
import { ColumnQuery, type Columns } from './column-query.ts';
import { behindTag, queryTag } from './query-tag.ts';
import { type Rows, rowsOf, TEXT_AS_WRITTEN } from './rows.ts';
import { stopStatement } from './stop-statement.ts';

/** What a statement needs of a run: when to stop, who listens, and what it is marked with. */
export type StatementRun = Pick<Run, 'signal'> & Partial<Pick<Run, 'publish' | 'runId' | 'step'>>;

/** What goes with a statement beside its text. */
export interface StatementExtras extends StatementOrigin {
  /** Texts of `$1` and so on; null is NULL. The statement goes by the extended protocol then. */
  readonly parameters?: readonly (string | null)[];
  /** Column of the answer, from 0, that has the id of the query before this statement: told with its event. */
  readonly queryIdAt?: number;
}

/** What a session needs of the driver's connection. */
export type SessionClient = Pick<PoolClient, 'query' | 'release' | 'getTransactionStatus'> & {
  readonly connection: { readonly stream: { destroy(): unknown } };
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
};

/** One borrowed connection: what opening a session needs. */
export interface SessionParts {
  readonly client: SessionClient;
  readonly capabilities: Capabilities;
  readonly backendPid: number;
  /** Cancels what the backend is doing, from another connection. Bounded in time; may fail. */
  readonly cancelBackend: (backendPid: number) => Promise<void>;
}

const ROLLBACK_LIMIT_MS = 10_000;
/** How much longer the answer to a COMMIT is waited for once the run was aborted. */
const ABORTED_COMMIT_LIMIT_MS = 5_000;

/**
 * One Redshift session, borrowed for one caller at a time. Dispose gives it back; a broken one, one that was tainted and
 * one that was left inside a transaction are closed instead.
 */
export class Session implements AsyncDisposable {
  readonly backendPid: number;
  readonly #parts: SessionParts;
  #broken: ConnectorError | undefined;
  #tainted: string | undefined;
  #busy = false;
  #released = false;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.backendPid = parts.backendPid;
    parts.client.on('error', this.#onLost);
  }

  capabilities(): Capabilities {
    return this.#parts.capabilities;
  }

  /** Whether the connection is still of use. */
  get isBroken(): boolean {
    return this.#broken !== undefined;
  }

  /**
   * Sends one statement, by the simple protocol unless it has parameters, and waits for its end. On abort the statement is cancelled on the server
   * and the signal's reason thrown as it is; where the server does not answer within seconds, the connection is cut.
   * Throws a classified `ConnectorError`: see docs/errors.md.
   */
  async run(statement: Sql, run: StatementRun, extras: StatementExtras = {}): Promise<Rows> {
    const { parameters, queryIdAt } = extras;
    return this.#tell(statement, run, extras, async (text, finished) => {
      const work = this.#parts.client.query<(string | null)[]>({
        text,
        rowMode: 'array',
        types: TEXT_AS_WRITTEN,
        ...(parameters === undefined ? {} : { values: [...parameters] }),
      });
      const rows = rowsOf(await this.#stoppable(work, run));
      finished(rows.rowCount, queryIdOf(rows, queryIdAt));
      return rows;
    });
  }

  /** The same, of rows with as many fields as there are decoders: their values column by column. */
  async columns(
    statement: Sql,
    decoders: readonly WireDecoder[],
    run: StatementRun,
    origin: StatementOrigin = {},
  ): Promise<Columns> {
    return this.#tell(statement, run, origin, async (text, finished) => {
      const query = this.#parts.client.query(new ColumnQuery(text, decoders));
      const columns = await this.#stoppable(query.done, run);
      finished(columns.rowCount);
      return columns;
    });
  }

  /** Tells how the statement went, whichever way it is sent. */
  async #tell<T>(
    statement: Sql,
    run: StatementRun,
    { userSql }: StatementOrigin,
    send: (text: string, finished: (rowCount: number, queryId?: string) => void) => Promise<T>,
  ): Promise<T> {
    run.signal.throwIfAborted();
    this.#claim();
    const startedMs = performance.now();
    const tag = queryTag(statement.verb, run);
    const finished = (rowCount: number | undefined, failure?: ConnectorError, queryId?: string): void =>
      run.publish?.({
        type: 'statement',
        verb: statement.verb,
        durationMs: performance.now() - startedMs,
        backendPid: this.backendPid,
        ...(rowCount === undefined ? {} : { rowCount }),
        ...(queryId === undefined ? {} : { queryId }),
        ...(failure === undefined ? {} : { errorCode: failure.code, ...sqlStateOf(failure) }),
      });
    try {
      return await send(`${tag}${String(statement)}`, (rowCount, queryId) => finished(rowCount, undefined, queryId));
    } catch (error) {
      if (run.signal.aborted && error === run.signal.reason) {
        finished(undefined);
        throw error;
      }
      const origin = userSql === undefined ? {} : { userSql: behindTag(tag, userSql) };
      const failure = classifyDatabaseError(error, statement, origin);
      if (failure.code === 'RS_CONN_LOST') this.#broken ??= failure;
      finished(undefined, failure);
      throw failure;
    } finally {
      this.#busy = false;
    }
  }

  /**
   * BEGIN, `body`, COMMIT; ROLLBACK when `body` throws. Once COMMIT is sent nothing cancels it; when the
   * connection dies in it, throws RS_COMMIT_UNKNOWN: the work may be there or not.
   */
  async transaction<T>(run: StatementRun, body: (session: Session) => Promise<T>): Promise<T> {
    await this.run(sql`BEGIN`, run);
    let result: T;
    try {
      result = await body(this);
      run.signal.throwIfAborted();
    } catch (error) {
      await this.rollback(run);
      throw error;
    }
    await this.commit(run);
    return result;
  }

  /**
   * Ends a transaction that the caller began. Once COMMIT is sent nothing cancels it; seconds after an abort the connection is
   * cut where no answer has come. When the connection dies in it, throws RS_COMMIT_UNKNOWN: the work may be there or not.
   */
  async commit(run: StatementRun): Promise<void> {
    if (this.#broken) throw this.#broken; // nothing was sent, so the outcome is known
    const unstoppable = { ...run, signal: new AbortController().signal };
    using _limit = afterAbort(run.signal, ABORTED_COMMIT_LIMIT_MS, () =>
      this.#parts.client.connection.stream.destroy(),
    );
    let answer: Rows;
    try {
      answer = await this.run(sql`COMMIT`, unstoppable);
    } catch (error) {
      if (error instanceof ConnectorError && error.code === 'RS_CONN_LOST') {
        throw new ConnectorError('RS_COMMIT_UNKNOWN', 'The connection died while the transaction was being committed', {
          action: 'Check in the target whether the rows are there before you run it again.',
          details: { ...error.details, backendPid: this.backendPid },
          cause: error,
        });
      }
      await this.rollback(run);
      throw error;
    }
    // A transaction in which a statement failed is answered by ROLLBACK, as if that were a success.
    if (answer.command !== 'COMMIT') {
      throw new ConnectorError('RS_SQL_FAILED', 'The transaction was rolled back: a statement in it had failed');
    }
  }

  /** Ends an open transaction. Never throws: a failure breaks the session, and goes out as a `suppressed` event. */
  async rollback({ publish }: Partial<Pick<Run, 'publish'>> = {}): Promise<void> {
    if (this.#broken || this.#released || this.#parts.client.getTransactionStatus() === 'I') return;
    try {
      await this.run(sql`ROLLBACK`, {
        signal: AbortSignal.timeout(ROLLBACK_LIMIT_MS),
        ...(publish ? { publish } : {}),
      });
    } catch (error) {
      this.#break('The transaction could not be rolled back', error);
      publish?.({
        type: 'suppressed',
        reason: 'The connection is closed instead, which rolls back too',
        message: 'ROLLBACK failed',
      });
    }
  }

  /** Marks that the session has state others must not meet (temporary tables, changed settings): it is closed at the end. */
  taint(reason: string): void {
    this.#tainted ??= reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    const { client } = this.#parts;
    const isClean =
      !this.#broken && this.#tainted === undefined && !this.#busy && client.getTransactionStatus() === 'I';
    client.removeListener('error', this.#onLost);
    client.release(isClean ? undefined : (this.#broken ?? true));
  }

  readonly #onLost = (cause: Error): void => this.#break('The connection to Redshift was lost', cause);

  #break(message: string, cause: unknown): void {
    this.#broken ??= new ConnectorError('RS_CONN_LOST', message, {
      action: 'Run it again; if it repeats, look for what ends connections: a restart, a firewall.',
      cause,
    });
  }

  #claim(): void {
    if (this.#released || this.#busy) {
      const state = this.#released ? 'was given back' : 'is running another statement';
      throw new ConnectorError('RS_INTERNAL', `A session was used while it ${state}`);
    }
    if (this.#broken) throw this.#broken;
    this.#busy = true;
  }

  /** Waits for a statement; on abort it is stopped. */
  async #stoppable<T>(work: Promise<T>, { signal, publish }: StatementRun): Promise<T> {
    const { client, cancelBackend } = this.#parts;
    let stopping: Promise<void> | undefined;
    const onAbort = (): void => {
      stopping = stopStatement(work, () => cancelBackend(this.backendPid), {
        cut: () => {
          this.#break('The connection was cut to end a statement', signal.reason);
          client.connection.stream.destroy();
        },
        ...(publish ? { publish } : {}),
      });
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await work;
    } finally {
      signal.removeEventListener('abort', onAbort);
      await stopping;
      if (stopping) signal.throwIfAborted(); // the abort is the outcome, whatever the statement still answered
    }
  }
}

function sqlStateOf({ details }: ConnectorError): { readonly sqlState?: string } {
  const { sqlState } = details;
  return typeof sqlState === 'string' ? { sqlState } : {};
}

/** -1 stands for none. */
function queryIdOf({ rows }: Rows, at: number | undefined): string | undefined {
  const id = at === undefined ? undefined : rows[0]?.[at];
  return id === null || id === undefined || !/^\d+$/.test(id) ? undefined : id;
}
