import type { BackendResult } from '../backend-session.ts';
import { SUPERUSER } from '../process/postgres.ts';
import { type BackendClient, connectBackend } from '../wire/backend-client.ts';

/** Connections of the superuser, one a database, opened when first needed. Statements of one database queue up. */
export class AdminConnections {
  readonly #socketDir: string;
  readonly #open = new Map<string, Promise<BackendClient>>();
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(socketDir: string) {
    this.#socketDir = socketDir;
  }

  /** Runs SQL in autocommit; the answer is the last result. Throws `RedshiftError`. */
  run(database: string, sql: string): Promise<BackendResult> {
    const before = this.#queues.get(database) ?? Promise.resolve();
    const result = before.then(async () => (await this.#connection(database)).query(sql));
    this.#queues.set(
      database,
      result.catch(() => undefined), // the caller has the failure; the queue only wants its end
    );
    return result;
  }

  async #connection(database: string): Promise<BackendClient> {
    const open = await this.#open.get(database);
    if (open && !open.closed) return open;
    const opening = connectBackend({
      socketDir: this.#socketDir,
      user: SUPERUSER,
      database,
      parameters: { default_transaction_isolation: 'read committed', standard_conforming_strings: 'on' },
    });
    this.#open.set(database, opening);
    opening.catch(() => this.#open.delete(database));
    return opening;
  }

  release(database: string): void {
    void this.#open.get(database)?.then((client) => client.destroy());
    this.#open.delete(database);
  }

  closeAll(): void {
    for (const database of this.#open.keys()) this.release(database);
  }
}
