import { RedshiftError } from '../backend-session.ts';
import type { TransactionStatus } from '../wire/messages.ts';
import { commandComplete } from '../wire/messages.ts';
import type { Relay, Showing } from './relay.ts';
import { struck, type Victim } from './strike.ts';

/** The transaction of a session: blocks of the client, blocks of our own, the locks and the cursor they hold. */
export class Transaction {
  /** A block that the client did not ask for: it ends with the request. */
  implicit = false;
  /** The open cursor: there is one a session. */
  cursor: string | undefined;
  readonly #relay: Relay;
  readonly #victim: Victim;
  readonly #locked = new Set<string>();

  #id: number | undefined;

  constructor(victim: Victim) {
    this.#victim = victim;
    this.#relay = victim.relay;
  }

  /** The status as the client knows it. */
  get status(): TransactionStatus {
    return this.implicit ? 'I' : this.#relay.backend.status;
  }

  /** The id that system views know the transaction by. */
  identify(): number {
    if (this.#relay.backend.status === 'I') this.#id = undefined;
    this.#id ??= this.#relay.core.nextQueryId();
    return this.#id;
  }

  /** Takes write locks, waiting for other writers; takes no snapshot. */
  async lock(tables: readonly string[]): Promise<void> {
    const wanted = tables.filter((table) => !this.#locked.has(table));
    if (wanted.length === 0) return;
    const locks = wanted.map((table) => `LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE`).join(';');
    await struck(this.#victim, 'pg:lock', wanted.join(', '), () => this.#relay.quiet(locks));
    for (const table of wanted) this.#locked.add(table);
  }

  /** Opens a block of our own where the client has none. Answers whether it did. */
  async ensureBlock(): Promise<boolean> {
    if (this.#relay.backend.status !== 'I') return false;
    await this.#relay.quiet('BEGIN');
    this.implicit = true;
    return true;
  }

  /** Ends a block of our own, if there is one. */
  async settle(success: boolean): Promise<void> {
    if (!this.implicit) return;
    try {
      if (success && this.#relay.backend.status === 'T') {
        await this.#commit('pg:autocommit', async () => void (await this.#relay.quiet('COMMIT')));
      } else await this.#relay.quiet('ROLLBACK');
    } finally {
      this.#forget();
    }
  }

  async begin(sql: string, showing: Showing): Promise<void> {
    if (!this.implicit) {
      await this.#relay.show(sql, showing);
      return;
    }
    // The block opened for several statements becomes the client's own.
    this.implicit = false;
    this.#relay.client.send(commandComplete('BEGIN'));
  }

  async commit(showing: Showing): Promise<void> {
    if (this.#relay.backend.status === 'T') {
      await this.#commit('pg:commit', async () => void (await this.#relay.show('COMMIT', showing)));
    } else await this.#relay.show('COMMIT', showing);
    this.#forget();
  }

  async rollback(showing: Showing): Promise<void> {
    await this.#relay.show('ROLLBACK', showing);
    this.#forget();
  }

  /** Runs a statement that commits the block it stands in. */
  async runAndCommit(sql: string, showing: Showing): Promise<void> {
    const own = await this.ensureBlock();
    let end: Buffer | undefined;
    try {
      end = await this.#relay.show(sql, { ...showing, holdEnd: true });
    } catch (error) {
      if (own) await this.settle(false);
      throw error;
    }
    this.implicit = true;
    await this.settle(true);
    if (end) this.#relay.client.send(end);
  }

  async #commit(faultPoint: string, commit: () => Promise<void>): Promise<void> {
    const { core, backend } = this.#relay;
    try {
      await struck(this.#victim, faultPoint, 'COMMIT', async () => {
        const violation = core.serializer?.violationOf(backend.pid);
        if (violation) throw new RedshiftError(violation);
        // Marked ahead: whoever waits for our locks takes its snapshot the moment the database lets go of them.
        core.serializer?.committed(backend.pid);
        await commit();
      });
    } catch (error) {
      if (error instanceof RedshiftError && backend.status !== 'I') await this.#relay.quiet('ROLLBACK');
      this.#forget();
      throw error;
    }
  }

  #forget(): void {
    this.implicit = false;
    this.cursor = undefined;
    this.#locked.clear();
    this.#relay.core.serializer?.ended(this.#relay.backend.pid);
  }
}
