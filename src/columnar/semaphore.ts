/** Lets a few through at a time; the others wait in line. */
export class Semaphore {
  readonly #size: number;
  #busy = 0;
  #waiting: (() => void)[] = [];
  #onDrained: (() => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  /** Resolves with the function that gives the place back; rejects with the signal's reason. */
  async acquire(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#busy < this.#size) this.#busy += 1;
    else await this.#queue(signal);
    let held = true;
    return () => {
      if (held) this.#release();
      held = false;
    };
  }

  /** Resolves once nobody holds a place. */
  drained(): Promise<void> {
    return this.#busy === 0 ? Promise.resolve() : new Promise((resolve) => this.#onDrained.push(resolve));
  }

  #queue(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const enter = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== enter);
        reject(signal.reason as Error);
      };
      this.#waiting.push(enter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) {
      next(); // the place passes on, still taken
      return;
    }
    this.#busy -= 1;
    if (this.#busy === 0) for (const resolve of this.#onDrained.splice(0)) resolve();
  }
}
