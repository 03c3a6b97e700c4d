import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type BackendResult, type ErrorFields, RedshiftError } from '../backend-session.ts';
import {
  BodyReader,
  cstring,
  frame,
  int32,
  REQUEST,
  readErrorFields,
  type TransactionStatus,
  TYPE,
} from './messages.ts';
import { collectResults } from './results.ts';

export interface BackendAddress {
  /** Folder of the unix socket. */
  readonly socketDir: string;
  readonly user: string;
  readonly database: string;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Takes what the database answers. Bodies are views of a shared buffer: copy what is kept. */
export interface BackendSink {
  /** A whole message. */
  message(type: number, body: Buffer): void;
  /**
   * Rows and COPY data as raw bytes, headers included, frames possibly cut anywhere. Answers whether more may come at
   * once; after a false the connection rests until `resume()`. Without it rows come through `message`.
   */
  data?(bytes: Buffer): boolean;
}

/** The end of an exchange: the types of which the first seen ends it. */
export type Until = ReadonlySet<number>;
export const UNTIL_READY: Until = new Set([TYPE.ready]);

/** Opens a connection to the database behind a cluster. Throws `RedshiftError` when it is refused. */
export async function connectBackend(address: BackendAddress): Promise<BackendClient> {
  const socket = connect(join(address.socketDir, '.s.PGSQL.5432'));
  await once(socket, 'connect');
  const client = new BackendClient(socket);
  try {
    await client.start(address);
  } catch (error) {
    client.destroy();
    throw error;
  }
  return client;
}

/** The database ended the connection. */
export class BackendLost extends Error {
  override readonly name = 'BackendLost';
  /** What the database said at the end: it was told to. Undefined: it died. */
  readonly farewell: ErrorFields | undefined;

  constructor(farewell: ErrorFields | undefined, cause?: Error) {
    super('The database connection was closed', { cause });
    this.farewell = farewell;
  }
}

/** One connection to PostgreSQL that relays raw bytes: rows never become objects here unless asked for. */
export class BackendClient {
  readonly parameters = new Map<string, string>();
  pid = 0;
  secret = 0;
  status: TransactionStatus = 'I';
  readonly #socket: Socket;
  #held: Buffer = Buffer.alloc(0);
  #passing = 0;
  #exchange: { sink: BackendSink; until: Until; resolve: () => void; reject: (error: Error) => void } | undefined;
  #failure: BackendLost | undefined;
  #farewell: ErrorFields | undefined;
  #onClose: ((failure: BackendLost) => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(new BackendLost(this.#farewell, error)));
    socket.on('close', () => this.#fail(new BackendLost(this.#farewell)));
  }

  get closed(): boolean {
    return this.#failure !== undefined;
  }

  async start({ user, database, parameters = {} }: BackendAddress): Promise<void> {
    const pairs = Object.entries({ user, database, ...parameters })
      .flat()
      .map(cstring);
    const body = Buffer.concat([int32(196_608), ...pairs, Buffer.from([0])]);
    let refused: RedshiftError | undefined;
    await this.exchange(
      [Buffer.concat([int32(body.length + 4), body])],
      {
        message: (type, message) => {
          if (type === TYPE.error) refused = new RedshiftError(readErrorFields(message));
          if (type === TYPE.backendKey) {
            this.pid = message.readInt32BE(0);
            this.secret = message.readInt32BE(4);
          }
        },
      },
      new Set([TYPE.ready, TYPE.error]),
    );
    if (refused) throw refused;
  }

  /** Sends `requests` and hands every answer to `sink`, up to and with the first of a type in `until`. */
  exchange(requests: readonly Uint8Array[], sink: BackendSink, until: Until = UNTIL_READY): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#exchange) return Promise.reject(new Error('The database connection is in use'));
    return new Promise((resolve, reject) => {
      this.#exchange = { sink, until, resolve, reject };
      this.write(requests);
    });
  }

  /** Sends bytes; answers whether more may be sent at once (`drain` otherwise). */
  write(requests: readonly Uint8Array[]): boolean {
    if (requests.length === 0) return true;
    if (requests.length === 1) return this.#socket.write(requests[0] ?? '');
    this.#socket.cork();
    let free = true;
    for (const request of requests) free = this.#socket.write(request);
    this.#socket.uncork();
    return free;
  }

  /** Resolves when more may be written, or the connection is gone. */
  async drained(): Promise<void> {
    if (this.#failure || !this.#socket.writableNeedDrain) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.on('drain', done).on('close', done);
    });
  }

  /** Calls back when the database ends the connection, not when `destroy` does. */
  onClose(listener: (failure: BackendLost) => void): void {
    this.#onClose = listener;
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Runs SQL by the simple protocol and answers the last result. Throws `RedshiftError`. */
  async query(sql: string): Promise<BackendResult> {
    const results = collectResults();
    await this.exchange([frame(REQUEST.query, cstring(sql))], results.sink);
    return results.last();
  }

  destroy(): void {
    this.#onClose = undefined;
    if (!this.#failure) this.#socket.end(frame(REQUEST.terminate));
    this.#socket.destroySoon();
  }

  #fail(error: BackendLost): void {
    this.#failure ??= error;
    this.#onClose?.(this.#failure);
    this.#onClose = undefined;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.reject(this.#failure);
  }

  #receive(received: Buffer): void {
    const chunk = this.#held.length === 0 ? received : Buffer.concat([this.#held, received]);
    let offset = this.#continuePassing(chunk);
    let runStart = offset;
    while (chunk.length - offset >= 5) {
      const type = chunk[offset] ?? 0;
      const end = offset + 1 + chunk.readUInt32BE(offset + 1);
      if ((type === TYPE.dataRow || type === TYPE.copyData) && this.#exchange?.sink.data) {
        this.#passing = Math.max(0, end - chunk.length);
        offset = Math.min(end, chunk.length);
        continue;
      }
      this.#pass(chunk, runStart, offset);
      runStart = offset;
      if (end > chunk.length) break;
      this.#deliver(type, chunk.subarray(offset + 5, end));
      offset = end;
      runStart = offset;
    }
    this.#pass(chunk, runStart, offset);
    this.#held = offset === chunk.length ? EMPTY : chunk.subarray(offset);
  }

  #continuePassing(chunk: Buffer): number {
    if (this.#passing === 0) return 0;
    const count = Math.min(this.#passing, chunk.length);
    this.#passing -= count;
    this.#pass(chunk, 0, count);
    return count;
  }

  #pass(chunk: Buffer, start: number, end: number): void {
    if (start === end) return;
    const whole = start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end);
    if (this.#exchange?.sink.data?.(whole) === false) this.#socket.pause();
  }

  #noteFarewell(fields: ErrorFields): void {
    if (fields.severity === 'FATAL') this.#farewell = fields;
  }

  #deliver(type: number, body: Buffer): void {
    if (type === TYPE.ready) this.status = String.fromCharCode(body[0] ?? 0x49) as TransactionStatus;
    if (type === TYPE.parameterStatus) {
      const reader = new BodyReader(body);
      this.parameters.set(reader.cstring(), reader.cstring());
    }
    if (type === TYPE.error) this.#noteFarewell(readErrorFields(body));
    const exchange = this.#exchange;
    if (!exchange) return; // a notice between two exchanges: nobody asked
    const last = exchange.until.has(type);
    if (last) this.#exchange = undefined;
    exchange.sink.message(type, body);
    if (last) exchange.resolve();
  }
}

const EMPTY = Buffer.alloc(0);
