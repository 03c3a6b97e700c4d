import type { Client, PoolClient } from 'pg';
import type { Access } from '../auth/access.ts';
import { ConnectorError } from '../core/errors.ts';
import type { ConnectorEvent } from '../core/events.ts';
import { abandonOnAbort, type Clock, openRun } from '../core/run.ts';
import { checkAddress } from '../manifest/addresses.ts';
import { integer, sql } from '../sql/sql.ts';
import type { Capabilities } from './capabilities.ts';
import type { AddressCheck } from './checked-socket.ts';
import { type ConnectionPlanOptions, planConnections } from './connection-plan.ts';
import { type ConnectionSource, openConnectionSource } from './connection-source.ts';
import type { Database } from './database.ts';
import { greetServer, readCapabilities, type ServerGreeting } from './greeting.ts';
import { openRoleClient } from './role-client.ts';
import { IDLE_SESSION_LOST, RolePool } from './role-pool.ts';
import { Session, type StatementRun } from './session.ts';
import { abandonWhenLate, within } from './time-limits.ts';

export interface DatabaseContext {
  readonly clock?: Clock | undefined;
  /** Hears of new connections and of idle ones that were lost, which belong to no run. */
  readonly onEvent?: ((event: ConnectorEvent) => void) | undefined;
  /** What the host forbids besides the addresses that never are a cluster. */
  readonly checkAddress?: AddressCheck | undefined;
}

/** Longest wait for a session while all are in use. */
const BORROW_LIMIT_MS = 600_000;
/** Time for a new connection to say what it is; other statements may be queued before its own. */
const GREETING_LIMIT_MS = 60_000;
/** A connection that was idle for longer is asked for a sign of life first: a firewall may have forgotten it. */
const TRUSTED_IDLE_MS = 30_000;
/** No system view: those are billed, and queue. */
const SIGN_OF_LIFE = sql`SELECT 1`;
/** Time for that sign of life. */
const SIGN_OF_LIFE_LIMIT_MS = 5_000;
/** Time for the server to take a cancel. */
const CANCEL_LIMIT_MS = 5_000;
/** Time for sessions to be closed in order before they are cut. */
const CLOSE_LIMIT_MS = 2_000;

/** Opens nothing yet: connections are made when sessions are asked for. */
export function openDatabase(
  access: Access,
  options: ConnectionPlanOptions,
  { clock, onEvent, checkAddress: check = (address) => checkAddress(address) }: DatabaseContext = {},
): Database {
  const closing = new AbortController();
  const run = openRun({ signal: closing.signal, clock, onEvent, isBackground: true });
  const source = openConnectionSource({ access, plan: planConnections(options), run, checkAddress: check });
  return new PooledDatabase(source, new RolePool(source), closing);
}

class PooledDatabase implements Database {
  readonly pool: RolePool;
  readonly #source: ConnectionSource;
  readonly #closing: AbortController;
  readonly #greetings = new WeakMap<PoolClient, ServerGreeting>();
  readonly #idleSinceMs = new WeakMap<PoolClient, number>();
  readonly #open = new Set<Client>();
  readonly #cancels = new Set<Promise<void>>();
  #capabilities: Promise<Capabilities> | undefined;

  constructor(source: ConnectionSource, pool: RolePool, closing: AbortController) {
    this.#source = source;
    this.pool = pool;
    this.#closing = closing;
    pool.on('connect', (client) => this.#open.add(client));
    pool.on('remove', (client) => this.#open.delete(client));
    pool.on('release', (_error, client) => this.#idleSinceMs.set(client as PoolClient, source.run.clock.now()));
  }

  async session({ signal }: StatementRun): Promise<Session> {
    for (;;) {
      const client = await this.#borrow(signal);
      try {
        if (await this.#isAlive(client, signal)) return await this.#openSession(client, signal);
      } catch (error) {
        client.release(true);
        throw error;
      }
      client.release(true); // leaves the pool: the last of such turns takes a new connection
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(CLOSE_LIMIT_MS, Promise.allSettled(this.#cancels));
    this.#closing.abort(new ConnectorError('RS_CONN_LOST', 'The connector was closed'));
    if (!this.pool.ending) await within(CLOSE_LIMIT_MS, this.pool.end());
    for (const client of this.#open) client.connection.stream.destroy();
    this.#open.clear();
  }

  async #borrow(signal: AbortSignal): Promise<PoolClient> {
    signal.throwIfAborted();
    this.#closing.signal.throwIfAborted();
    const pending = this.pool.connect();
    let taken = false;
    try {
      const borrowed = abandonWhenLate(pending, signal, BORROW_LIMIT_MS, {
        message: 'No session became free in time',
        action: 'Raise maxSessions, or run fewer operations at once.',
        details: { wait: 'session', maxSessions: this.pool.options.max },
      });
      const client = await abandonOnAbort(borrowed, this.#closing.signal);
      taken = true;
      return client;
    } finally {
      // Whoever stops waiting leaves a connection behind that is still to come: it goes back to the pool.
      if (!taken)
        pending.then(
          (late) => late.release(),
          () => undefined,
        );
    }
  }

  async #isAlive(client: PoolClient, signal: AbortSignal): Promise<boolean> {
    const idleSinceMs = this.#idleSinceMs.get(client);
    if (idleSinceMs === undefined || this.#source.run.clock.now() - idleSinceMs <= TRUSTED_IDLE_MS) return true;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(SIGN_OF_LIFE_LIMIT_MS)]);
    try {
      await abandonOnAbort(client.query(SIGN_OF_LIFE.toString()), limit);
      return true;
    } catch {
      signal.throwIfAborted();
      this.#source.run.publish(IDLE_SESSION_LOST); // whatever it died of, another one takes its place
      return false;
    }
  }

  async #openSession(client: PoolClient, signal: AbortSignal): Promise<Session> {
    const greeted = async (): Promise<Session> => {
      const greeting = await this.#greet(client, signal);
      const capabilities = await this.#readCapabilities(client, greeting, signal);
      const cancelBackend = (backendPid: number): Promise<void> => this.#cancelBackend(backendPid);
      return new Session({ client, capabilities, backendPid: greeting.backendPid, cancelBackend });
    };
    return abandonWhenLate(greeted(), signal, GREETING_LIMIT_MS, {
      message: 'A new session did not answer in time',
      action: 'Look into the load of the cluster, and run it again.',
      details: { wait: 'greeting' },
    });
  }

  async #greet(client: PoolClient, signal: AbortSignal): Promise<ServerGreeting> {
    const known = this.#greetings.get(client);
    if (known) return known;
    const greeting = await abandonOnAbort(greetServer(client), signal);
    this.#greetings.set(client, greeting);
    return greeting;
  }

  /** Callers that come together share one reading, on the connection of the first; a failure is not kept. */
  async #readCapabilities(client: PoolClient, greeting: ServerGreeting, signal: AbortSignal): Promise<Capabilities> {
    const { access, run } = this.#source;
    const shared = this.#capabilities;
    if (shared) {
      const known = await abandonOnAbort(shared, signal).catch(() => undefined);
      signal.throwIfAborted();
      if (known) return known;
    }
    const reading = readCapabilities(client, greeting, access, run);
    this.#capabilities = reading;
    try {
      return await abandonOnAbort(reading, signal);
    } catch (error) {
      if (this.#capabilities === reading) this.#capabilities = undefined;
      throw error;
    }
  }

  #cancelBackend(backendPid: number): Promise<void> {
    const cancel = this.#sendCancel(backendPid).finally(() => this.#cancels.delete(cancel));
    this.#cancels.add(cancel);
    return cancel;
  }

  async #sendCancel(backendPid: number): Promise<void> {
    const client = await openRoleClient({ ...this.#source, plan: { ...this.#source.plan, opening: [] } });
    try {
      await within(CANCEL_LIMIT_MS, client.query(sql`SELECT pg_cancel_backend(${integer(backendPid)})`.toString()));
    } finally {
      await within(CLOSE_LIMIT_MS, client.end());
      client.connection.stream.destroy();
    }
  }
}
