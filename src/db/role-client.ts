import type { ConnectionOptions } from 'node:tls';
import { Client, type ClientConfig, DatabaseError } from 'pg';
import type { Login } from '../auth/access.ts';
import { ConnectorError } from '../core/errors.ts';
import { abandonOnAbort } from '../core/run.ts';
import { CheckedSocket, type Destination } from './checked-socket.ts';
import { classifyDatabaseError } from './classify.ts';
import { type ConnectAttempt, classifyConnectError } from './classify-connect.ts';
import type { ConnectionSource } from './connection-source.ts';
import { guardParser } from './guard-parser.ts';

/** Longest wait for the login: the calls to AWS below have limits of their own, retries included. */
const LOGIN_LIMIT_MS = 60_000;

/** Fields of `pg`'s client that the start-up packet is made of; `@types/pg` does not know them. */
interface StartupFields {
  readonly connectionParameters: { user: string; database: string; options: string | undefined };
  password: string | null;
}

type ConnectCallback = ((error: Error) => void) & ((error: null, client: Client) => void);

/**
 * A `pg` client that logs in by role. `pg` sends the user name before it asks a password function, so `connect()` awaits
 * one login and sets user and password together. TLS is always verified, and every wait bounded. Fails with classified
 * errors: RS_AUTH_LOGIN_REJECTED, RS_CONN_UNREACHABLE, RS_CONN_TLS, RS_TIMEOUT, RS_SQL_USER_FAILED (connect SQL), and
 * those of the login.
 */
export class RoleClient extends Client {
  readonly #source: ConnectionSource;
  readonly #socket: CheckedSocket;
  readonly #tls: ConnectionOptions;
  readonly #limitMs: number;
  readonly #loginLimitMs: number;

  constructor(source: ConnectionSource, config: ClientConfig = {}) {
    const { plan } = source;
    const socket = new CheckedSocket(source.checkAddress);
    // Filled in by connect(): pg reads it when the handshake begins.
    const tls: ConnectionOptions = { rejectUnauthorized: true };
    const limitMs = Math.min(plan.connectTimeoutMs, config.connectionTimeoutMillis || Number.POSITIVE_INFINITY);
    super({
      application_name: plan.applicationName,
      ...config,
      ssl: tls,
      sslnegotiation: 'postgres',
      stream: () => socket,
      keepAlive: plan.keepaliveMs > 0,
      keepAliveInitialDelayMillis: plan.keepaliveMs,
      connectionTimeoutMillis: limitMs,
    });
    this.#source = source;
    this.#socket = socket;
    this.#tls = tls;
    this.#limitMs = limitMs;
    // A program that limits the wait for a connection means all of it.
    this.#loginLimitMs = config.connectionTimeoutMillis || Math.max(LOGIN_LIMIT_MS, limitMs);
    guardParser(this.connection);
    // A server may end an idle session at any time; without a listener that would end the process. The next statement
    // on this client fails with the same error.
    this.on('error', () => undefined);
  }

  override connect(): Promise<Client>;
  override connect(callback: ((error: Error) => void) | ((error: null, client: Client) => void)): void;
  override connect(
    callback?: ((error: Error) => void) | ((error: null, client: Client) => void),
  ): Promise<Client> | undefined {
    const opened = this.#open();
    if (callback === undefined) return opened.then(() => this);
    const done = callback as ConnectCallback;
    // Out of the promise chain: what the callback throws is the program's own, as with pg.
    opened.then(
      () => process.nextTick(() => done(null, this)),
      (error: Error) => process.nextTick(() => done(error)),
    );
    return undefined;
  }

  async #open(): Promise<void> {
    const { run } = this.#source;
    const { login, destination } = await this.#prepare();
    const { user, database } = login;
    const attempt = { destination, user, database, limitMs: this.#limitMs };
    const cut = (): void => void this.connection.stream.destroy();
    run.signal.addEventListener('abort', cut, { once: true });
    try {
      await this.#logIn(login, attempt);
      await this.#runOpening(attempt);
    } catch (error) {
      run.signal.throwIfAborted();
      throw error;
    } finally {
      run.signal.removeEventListener('abort', cut);
    }
    run.publish({
      type: 'hop',
      hop: 'session',
      principal: `${user}@${destination.host}:${destination.port}/${database}`,
      source: 'TLS',
    });
  }

  async #logIn(login: Login, attempt: ConnectAttempt): Promise<void> {
    try {
      await super.connect();
    } catch (cause) {
      this.connection.stream.destroy();
      const failure = classifyConnectError(cause, attempt);
      if (failure.code === 'RS_AUTH_LOGIN_REJECTED') this.#source.reject(login);
      throw failure;
    } finally {
      this.#startup.password = null;
    }
  }

  get #startup(): StartupFields {
    return this as unknown as StartupFields;
  }

  async #prepare(): Promise<{ login: Login; destination: Destination }> {
    const { access, run } = this.#source;
    const limitMs = this.#loginLimitMs;
    const limit = AbortSignal.timeout(limitMs);
    const signal = AbortSignal.any([run.signal, limit]);
    try {
      const tls = await this.#source.tls();
      const destination = await abandonOnAbort(access.endpoint(run), signal);
      const login = await abandonOnAbort(this.#source.login(), signal);
      Object.assign(this.#tls, tls);
      this.#socket.aim(destination);
      // The name that the certificate must carry; the socket knows where it goes.
      this.host = access.plan.tls.serverName ?? destination.host;
      this.port = destination.port;
      this.user = login.user;
      this.database = login.database;
      // What the environment says (PGOPTIONS) is not part of the connection.
      Object.assign(this.#startup.connectionParameters, {
        user: login.user,
        database: login.database,
        options: undefined,
      });
      this.#startup.password = login.password.reveal();
      return { login, destination };
    } catch (error) {
      if (limit.aborted && error === limit.reason) {
        throw new ConnectorError('RS_TIMEOUT', `No login within ${limitMs / 1000} s`, {
          action: 'Check that this machine reaches STS and Redshift in AWS.',
          details: { wait: 'login', limitSeconds: limitMs / 1000 },
          cause: error,
        });
      }
      throw error;
    }
  }

  async #runOpening(attempt: ConnectAttempt): Promise<void> {
    const { stream } = this.connection;
    const timer = setTimeout(() => stream.destroy(new Error('timeout expired')), this.#limitMs);
    try {
      for (const { statement, userSql } of this.#source.plan.opening) {
        try {
          await this.query(statement.toString());
        } catch (cause) {
          if (!(cause instanceof DatabaseError)) throw classifyConnectError(cause, attempt);
          throw classifyDatabaseError(cause, statement, userSql === undefined ? {} : { userSql });
        }
      }
    } catch (error) {
      stream.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Opens a client outside any pool; whoever opened it ends it. A login that was rejected is renewed once. */
export async function openRoleClient(source: ConnectionSource): Promise<RoleClient> {
  return retryRejectedLogin(source, async () => {
    const client = new RoleClient(source);
    await client.connect();
    return client;
  });
}

/** Tries once more, with a fresh login and a new socket, when the server refused one that can be renewed. */
export async function retryRejectedLogin<T>({ access }: ConnectionSource, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt();
  } catch (error) {
    const rejected = error instanceof ConnectorError && error.code === 'RS_AUTH_LOGIN_REJECTED';
    if (!rejected || access.plan.login.kind === 'password') throw error;
    return attempt();
  }
}
