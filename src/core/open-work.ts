import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

/** Work that is under way for one owner, so that it ends, and has cleaned up, before its owner does. */
export class OpenWork {
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #readers = new Set<AsyncGenerator<unknown, void, undefined>>();

  constructor() {
    setMaxListeners(0, this.#closing.signal);
  }

  /** Whether the owner has begun to close. */
  get isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Aborts when the caller does, or when the owner closes. */
  signal(caller: AbortSignal | undefined): AbortSignal {
    return caller ? AbortSignal.any([caller, this.#closing.signal]) : this.#closing.signal;
  }

  /** Follows one call to its end. */
  async follow<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Follows a generator that a caller may leave between two values. */
  stream<T>(generator: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
    const readers = this.#readers;
    async function* follow(): AsyncGenerator<T, void, undefined> {
      try {
        yield* generator;
      } finally {
        readers.delete(followed);
      }
    }
    const followed = follow();
    readers.add(followed);
    return followed;
  }

  /** Aborts what is under way with `reason`, and waits for its clean-up, at most `limitMs`. Never throws. */
  async close(reason: Error, limitMs: number): Promise<void> {
    this.#closing.abort(reason);
    const timer = new AbortController();
    const left = [...[...this.#readers].map((reader) => reader.return()), ...this.#running];
    await Promise.race([
      Promise.allSettled(left),
      delay(limitMs, undefined, { signal: timer.signal, ref: false }).catch(() => 'not needed'),
    ]);
    timer.abort();
  }
}
