import { setTimeout as delay } from 'node:timers/promises';
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
import { RolePool, type RolePoolConfig } from './role-pool.ts';
import { Session, type StatementRun } from './session.ts';

export interface DatabaseContext {
  readonly clock?: Clock | undefined;
  /** Hears of new connections and of idle ones that were lost, which belong to no run. */
  readonly onEvent?: ((event: ConnectorEvent) => void) | undefined;
  /** What the host forbids besides the addresses that never are a cluster. */
  readonly checkAddress?: AddressCheck | undefined;
  readonly poolConfig?: RolePoolConfig | undefined;
}

/** Longest wait for a session while all are in use. */
const BORROW_LIMIT_MS = 600_000;
/** Time for the server to take a cancel. */
const CANCEL_LIMIT_MS = 5_000;
/** Time for sessions to be closed in order before they are cut. */
const CLOSE_LIMIT_MS = 2_000;

/** Opens nothing yet: connections are made when sessions are asked for. */
export function openDatabase(
  access: Access,
  options: ConnectionPlanOptions,
  { clock, onEvent, checkAddress: check = (address) => checkAddress(address), poolConfig }: DatabaseContext = {},
): Database {
  const closing = new AbortController();
  const run = openRun({ signal: closing.signal, clock, onEvent });
  const source = openConnectionSource({ access, plan: planConnections(options), run, checkAddress: check });
  return new PooledDatabase(source, new RolePool(source, poolConfig), closing);
}

class PooledDatabase implements Database {
  readonly pool: RolePool;
  readonly #source: ConnectionSource;
  readonly #closing: AbortController;
  readonly #greetings = new WeakMap<PoolClient, ServerGreeting>();
  readonly #open = new Set<Client>();
  readonly #cancels = new Set<Promise<void>>();
  #capabilities: Promise<Capabilities> | undefined;

  constructor(source: ConnectionSource, pool: RolePool, closing: AbortController) {
    this.#source = source;
    this.pool = pool;
    this.#closing = closing;
    pool.on('connect', (client) => this.#open.add(client));
    pool.on('remove', (client) => this.#open.delete(client));
  }

  async session(run: StatementRun): Promise<Session> {
    const client = await this.#borrow(run.signal);
    try {
      const greeting = await this.#greet(client, run.signal);
      const capabilities = await this.#readCapabilities(client, greeting, run.signal);
      const cancelBackend = (backendPid: number): Promise<void> => this.#cancelBackend(backendPid);
      return new Session({ client, capabilities, backendPid: greeting.backendPid, cancelBackend });
    } catch (error) {
      client.release(true);
      throw error;
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
    const limit = AbortSignal.timeout(BORROW_LIMIT_MS);
    const pending = this.pool.connect();
    let taken = false;
    try {
      const client = await abandonOnAbort(pending, AbortSignal.any([signal, limit]));
      taken = true;
      return client;
    } catch (error) {
      if (limit.aborted && !signal.aborted) {
        throw new ConnectorError('RS_TIMEOUT', 'No session became free in time', {
          action: 'Raise maxSessions, or run fewer operations at once.',
          details: { wait: 'session', limitSeconds: BORROW_LIMIT_MS / 1000, maxSessions: this.pool.options.max },
          cause: error,
        });
      }
      throw error;
    } finally {
      // Whoever stops waiting leaves a connection behind that is still to come: it goes back to the pool.
      if (!taken)
        pending.then(
          (late) => late.release(),
          () => undefined,
        );
    }
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

/** Waits for `work`, but no longer than the limit. */
async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const timer = new AbortController();
  const limit = delay(limitMs, undefined, { signal: timer.signal });
  try {
    await Promise.race([work, limit]);
  } finally {
    timer.abort();
  }
}
