import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';

/** Bytes pushed on one side and taken, no faster, on the other. */
export class BytePipe {
  readonly #through = new PassThrough({ highWaterMark: 1024 * 1024 });
  readonly #consumed: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  /** `consume` gets all bytes, and ends when it has kept them; what it throws, `write` and `end` throw. */
  constructor(consume: (bytes: AsyncIterable<Uint8Array>) => Promise<void>) {
    this.#through.on('error', () => undefined); // told by whoever destroyed it
    this.#consumed = consume(this.#through).then(
      () => this.#leave(undefined),
      (error: unknown) => this.#leave({ error }),
    );
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#check();
    if (bytes.length === 0 || this.#through.write(bytes)) return;
    await Promise.race([once(this.#through, 'drain').catch(() => undefined), this.#consumed]);
    this.#check();
  }

  /** Part of a file; what `see` gets passes by. */
  async writeFile(path: string, see: (bytes: Uint8Array) => void, first = 0, end?: number): Promise<void> {
    if (end !== undefined && end <= first) return;
    const source = createReadStream(path, {
      start: first,
      ...(end === undefined ? {} : { end: end - 1 }),
      highWaterMark: 1024 * 1024,
    });
    for await (const chunk of source) {
      const bytes = chunk as Buffer;
      see(bytes);
      await this.write(bytes);
    }
  }

  /** After this everything was kept. */
  async end(): Promise<void> {
    this.#check();
    this.#through.end();
    await this.#consumed;
    this.#check();
  }

  /** Has the other side fail with the reason, and waits for it. */
  async abort(reason: Error): Promise<void> {
    this.#through.destroy(reason);
    await this.#consumed;
  }

  #leave(failure: { readonly error: unknown } | undefined): void {
    this.#failure = failure;
    if (failure !== undefined) this.#through.destroy();
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
