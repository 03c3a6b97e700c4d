import { once } from 'node:events';
import type { Duplex } from 'node:stream';

/** One message of a client. */
export interface ClientMessage {
  readonly type: number;
  readonly body: Buffer;
}

const FLUSH_AT_BYTES = 65_536;
// Well beyond the streams' own marks: the database must not rest each time one piece is on its way.
const HIGH_WATER_BYTES = 1 << 20;
const LOW_WATER_BYTES = 1 << 18;

/** A client's connection: messages in, bytes out. Small answers are gathered until `flush`; rows go out as they come. */
export class ClientConnection {
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readonly #socket: Duplex;
  readonly #gone = new AbortController();
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #resting = false;
  #onDrain: (() => void) | undefined;
  #received: Buffer = Buffer.alloc(0);
  #wake: (() => void) | undefined;

  constructor(socket: Duplex) {
    this.#socket = socket;
    this.signal = this.#gone.signal;
    const gone = (): void => {
      this.#gone.abort();
      this.#wake?.();
    };
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    socket.on('end', gone).on('close', gone).on('error', gone);
  }

  /** The start-up packet: a length and a body without a type byte. Undefined: the client left. */
  async startup(limitBytes: number): Promise<Buffer | undefined> {
    return this.#frame(0, limitBytes);
  }

  /** The next message; undefined when the client left. Throws `RangeError` on one beyond `limitBytes`. */
  async next(limitBytes: number): Promise<ClientMessage | undefined> {
    const framed = await this.#frame(1, limitBytes);
    return framed && { type: framed[0] ?? 0, body: framed.subarray(5) };
  }

  async #frame(typeBytes: 0 | 1, limitBytes: number): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#received.length >= typeBytes + 4) {
        const length = this.#received.readUInt32BE(typeBytes) + typeBytes;
        if (length > limitBytes || length < 4 + typeBytes) throw new RangeError('A message beyond every limit');
        if (this.#received.length >= length) {
          const framed = this.#received.subarray(0, length);
          this.#received = this.#received.subarray(length);
          return framed;
        }
      }
      if (this.signal.aborted) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }

  /** Bytes that came and were not asked for yet: none are allowed before a change to TLS. */
  get unread(): number {
    return this.#received.length;
  }

  /** Queues small frames. */
  send(...frames: readonly Buffer[]): void {
    for (const part of frames) {
      this.#waiting.push(part);
      this.#waitingBytes += part.length;
    }
    if (this.#waitingBytes >= FLUSH_AT_BYTES) this.flush();
  }

  /** Sends bytes as they are, never to be changed again; answers whether more may come at once (see `onDrain`). */
  pass(bytes: Buffer): boolean {
    if (this.signal.aborted) return true; // nobody reads: the statement runs to its end all the same
    if (bytes.length + this.#waitingBytes < FLUSH_AT_BYTES) {
      this.send(bytes);
      return true;
    }
    this.flush();
    this.#socket.write(bytes, () => {
      if (this.#resting && this.#socket.writableLength <= LOW_WATER_BYTES) this.#wakeProducer();
    });
    this.#resting = this.#socket.writableLength > HIGH_WATER_BYTES;
    return !this.#resting;
  }

  #wakeProducer(): void {
    this.#resting = false;
    this.#onDrain?.();
  }

  flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = this.#waiting.length === 1 ? this.#waiting[0] : Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    if (!this.signal.aborted && this.#socket.writable) this.#socket.write(bytes);
  }

  /** Calls back when more may be passed after a rest, and when the client is gone. One listener. */
  onDrain(listener: () => void): void {
    this.#onDrain = listener;
    this.signal.addEventListener('abort', listener);
  }

  /** Sends what is queued, then closes. */
  async end(): Promise<void> {
    this.flush();
    if (this.#socket.destroyed) return;
    this.#socket.end();
    await Promise.race([
      once(this.#socket, 'close').catch(() => undefined),
      new Promise((done) => setTimeout(done, 500).unref()),
    ]);
    this.#socket.destroy();
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#waiting.length = 0;
    this.#socket.destroy();
  }
}
