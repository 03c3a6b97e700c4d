import { type ClientConfig, Pool, type PoolClient, type PoolConfig } from 'pg';
import type { WarningEvent } from '../core/events.ts';
import type { ConnectionSource } from './connection-source.ts';
import { RoleClient, retryRejectedLogin } from './role-client.ts';

/** Settings of `pg`'s pool that the connection decides. */
export const DECIDED_BY_CONNECTION = [
  'Client',
  'connectionString',
  'database',
  'host',
  'password',
  'port',
  'ssl',
  'sslnegotiation',
  'stream',
  'user',
] as const satisfies readonly (keyof PoolConfig)[];

/** Settings of `pg`'s pool that are the program's own; they win over the connection options of the same meaning. */
export type RolePoolConfig = Omit<PoolConfig, (typeof DECIDED_BY_CONNECTION)[number]>;

type PoolCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: Error | boolean) => void,
) => void;

/** Tells that a session ended while nobody used it. */
export const IDLE_SESSION_LOST: WarningEvent = {
  type: 'warning',
  code: 'IDLE_SESSION_LOST',
  message: 'An idle session was ended by the server or the network',
};

/** A `pg` pool whose connections log in by role. An idle session that the server ends is a warning, never a crash. */
export class RolePool extends Pool {
  readonly #source: ConnectionSource;
  readonly #onEnd: () => Promise<void>;

  constructor(source: ConnectionSource, config: RolePoolConfig = {}, onEnd = async (): Promise<void> => undefined) {
    const { plan } = source;
    super({
      max: plan.maxSessions,
      idleTimeoutMillis: plan.idleMs,
      ...config,
      Client: class extends RoleClient {
        constructor(clientConfig?: ClientConfig) {
          super(source, clientConfig);
        }
      },
    });
    this.#source = source;
    this.#onEnd = onEnd;
    this.on('error', (_error: Error) => source.run.publish(IDLE_SESSION_LOST));
    const tell = (state: 'opened' | 'closed') => () =>
      source.run.publish({ type: 'session', state, open: this.totalCount });
    this.on('connect', tell('opened'));
    this.on('remove', tell('closed'));
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: PoolCallback): void;
  override connect(callback?: PoolCallback): Promise<PoolClient> | undefined {
    const client = retryRejectedLogin(this.#source, () => super.connect());
    if (callback === undefined) return client;
    client.then(
      (borrowed) => process.nextTick(() => callback(undefined, borrowed, (error) => borrowed.release(error))),
      (error: Error) => process.nextTick(() => callback(error, undefined, () => undefined)),
    );
    return undefined;
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | undefined {
    const ended = this.#endAll(super.end());
    if (callback === undefined) return ended;
    const done: (error?: Error) => void = callback;
    ended.then(
      () => process.nextTick(done),
      (error: Error) => process.nextTick(done, error),
    );
    return undefined;
  }

  async #endAll(sessions: Promise<void>): Promise<void> {
    try {
      await sessions;
    } finally {
      await this.#onEnd();
    }
  }
}
