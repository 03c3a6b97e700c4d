import { type Run, sleep } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';

/** Looks once, on the side session. */
export type Look = (session: Session, run: Run) => Promise<void>;

export interface SideSessionTimes {
  /** Before the first look: most statements have ended by then, and cost nothing. */
  readonly firstMs: number;
  readonly everyMs: number;
}

/** The views are billed and queue: more often would be felt. */
export const SIDE_SESSION_TIMES: SideSessionTimes = { firstMs: 2_000, everyMs: 5_000 };

/** Longest time that one round of looks may take. */
const LOOK_LIMIT_MS = 10_000;

/**
 * One more session of a database for all who watch a statement of it. It is opened when somebody has watched for a while,
 * asks the views every few seconds, and is closed when nobody watches any more. It takes no session that others wait for,
 * and never fails what it watches: a failure ends the watching, and goes out as a `suppressed` event.
 */
export class SideSession {
  readonly #database: Database;
  readonly #times: SideSessionTimes;
  readonly #looks = new Set<Look>();
  #stop: AbortController | undefined;

  constructor(database: Database, times: SideSessionTimes = SIDE_SESSION_TIMES) {
    this.#database = database;
    this.#times = times;
  }

  /** Looks while `work` goes on. */
  async during<T>(look: Look, run: Run, work: () => Promise<T>): Promise<T> {
    this.#looks.add(look);
    if (this.#stop === undefined) {
      const stop = new AbortController();
      this.#stop = stop;
      void this.#watch({ ...run, signal: stop.signal });
    }
    try {
      return await work();
    } finally {
      this.#looks.delete(look);
      if (this.#looks.size === 0) {
        this.#stop?.abort();
        this.#stop = undefined;
      }
    }
  }

  async #watch(run: Run): Promise<void> {
    try {
      await sleep(this.#times.firstMs, run.signal);
      const quiet: Run = { ...run, publish: () => undefined }; // its statements are not the run's
      while (!this.#hasRoom()) await sleep(this.#times.everyMs, run.signal);
      await using session = await this.#database.session(quiet);
      session.taint('it watched');
      for (;;) {
        const limited = { ...quiet, signal: AbortSignal.any([run.signal, AbortSignal.timeout(LOOK_LIMIT_MS)]) };
        for (const look of this.#looks) await look(session, limited);
        await sleep(this.#times.everyMs, run.signal);
      }
    } catch (error) {
      if (run.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      run.publish({ type: 'suppressed', reason: 'watching a statement from a second session', message });
    }
  }

  #hasRoom(): boolean {
    const { pool } = this.#database;
    return pool.waitingCount === 0 && (pool.idleCount > 0 || pool.totalCount < pool.options.max);
  }
}
