import { ConnectorError } from '../core/errors.ts';

/** One message of Arrow IPC: https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format */
export interface ArrowMessage {
  readonly kind: 'schema' | 'dictionary' | 'batch';
  /** All of it, its length in front. */
  readonly bytes: Uint8Array;
}

/** A batch of records is in memory as a whole. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;
const MAGIC = 'ARROW1';
const PREFIX_BYTES = 8;
const KINDS: Readonly<Record<number, ArrowMessage['kind']>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };

/**
 * The messages of an Arrow stream, or of an Arrow file from its front, one at a time. Throws RS_INPUT_INVALID for one that
 * has no end: without it nothing would tell that the rest is missing.
 */
export async function* arrowMessages(source: AsyncIterable<Buffer>): AsyncGenerator<ArrowMessage, void, undefined> {
  const reader = new Reader(source);
  try {
    const isFile = (await reader.peek(MAGIC.length))?.toString('latin1') === MAGIC;
    if (isFile) await reader.take(PREFIX_BYTES);
    for (;;) {
      const prefix = await reader.take(PREFIX_BYTES);
      if (prefix.readInt32LE(0) !== -1) throw damaged();
      const headBytes = prefix.readInt32LE(4);
      if (headBytes === 0) break;
      if (headBytes < 0 || headBytes > MAX_MESSAGE_BYTES) throw damaged();
      const head = await reader.take(headBytes);
      const { kind, bodyBytes } = readHead(head);
      if (bodyBytes > MAX_MESSAGE_BYTES) throw tooLarge();
      const body = await reader.take(bodyBytes);
      // Buffers within are read as numbers of eight bytes: the whole begins at a place of its own.
      const bytes = new Uint8Array(PREFIX_BYTES + headBytes + bodyBytes);
      bytes.set(prefix);
      bytes.set(head, PREFIX_BYTES);
      bytes.set(body, PREFIX_BYTES + headBytes);
      yield { kind, bytes };
    }
    if (isFile && (await reader.last(MAGIC.length)) !== MAGIC) throw damaged();
  } finally {
    await reader.close();
  }
}

/**
 * The same schema, with each column of text as one of bytes: so that the bytes of texts can be read as they are. Answers
 * a copy.
 */
export function textsAsBytes(schema: Uint8Array): Uint8Array {
  const copy = Buffer.from(schema);
  const head = copy.subarray(PREFIX_BYTES);
  const message = root(head);
  const table = follow(head, slot(head, message, 2));
  for (const field of vector(head, slot(head, table, 1))) asBytes(head, field);
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.byteLength);
}

/** Utf8, LargeUtf8 and Utf8View, and the types of bytes that lie in the same form. */
const BYTES_FOR: Readonly<Record<number, number>> = { 5: 4, 20: 19, 24: 23 };

function asBytes(head: Buffer, field: number): void {
  const at = slot(head, field, 2);
  const bytes = at === 0 ? undefined : BYTES_FOR[head.readUInt8(at)];
  if (bytes !== undefined) head.writeUInt8(bytes, at);
  for (const child of vector(head, slot(head, field, 5))) asBytes(head, child);
}

/** Table `Message`: https://github.com/apache/arrow/blob/main/format/Message.fbs */
function readHead(head: Buffer): { readonly kind: ArrowMessage['kind']; readonly bodyBytes: number } {
  try {
    const message = root(head);
    const type = slot(head, message, 1);
    const kind = type === 0 ? undefined : KINDS[head.readUInt8(type)];
    const length = slot(head, message, 3);
    const bodyBytes = length === 0 ? 0 : Number(head.readBigInt64LE(length));
    if (kind === undefined || bodyBytes < 0) throw damaged();
    return { kind, bodyBytes };
  } catch (error) {
    throw error instanceof ConnectorError ? error : damaged(error);
  }
}

function root(head: Buffer): number {
  return follow(head, 0);
}

function follow(head: Buffer, at: number): number {
  return at + head.readUInt32LE(at);
}

/** Where a table has its field of this number; 0 where it has none. */
function slot(head: Buffer, table: number, number: number): number {
  const layout = table - head.readInt32LE(table);
  const at = 4 + 2 * number;
  const offset = at < head.readUInt16LE(layout) ? head.readUInt16LE(layout + at) : 0;
  return offset === 0 ? 0 : table + offset;
}

function vector(head: Buffer, at: number): readonly number[] {
  if (at === 0) return [];
  const start = follow(head, at);
  return Array.from({ length: head.readUInt32LE(start) }, (_, index) => follow(head, start + 4 + 4 * index));
}

/** Takes bytes off a stream in the sizes that are asked for. */
class Reader {
  readonly #chunks: AsyncIterator<Buffer>;
  #held: Buffer[] = [];
  #size = 0;
  #isOver = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** The next bytes, which stay; `undefined` where there are not as many. */
  async peek(bytes: number): Promise<Buffer | undefined> {
    await this.#fill(bytes);
    return this.#size < bytes ? undefined : this.#joined().subarray(0, bytes);
  }

  async take(bytes: number): Promise<Buffer> {
    await this.#fill(bytes);
    if (this.#size < bytes) throw damaged();
    const all = this.#joined();
    this.#held = [all.subarray(bytes)];
    this.#size -= bytes;
    return all.subarray(0, bytes);
  }

  /** Reads on to the end, and answers the last bytes as text. */
  async last(bytes: number): Promise<string> {
    while (await this.#more()) {
      const kept = this.#joined();
      this.#held = [kept.subarray(Math.max(0, kept.length - bytes))];
      this.#size = this.#held[0]?.length ?? 0;
    }
    return this.#joined().subarray(-bytes).toString('latin1');
  }

  async close(): Promise<void> {
    if (!this.#isOver) await this.#chunks.return?.();
  }

  async #fill(bytes: number): Promise<void> {
    while (this.#size < bytes && (await this.#more())) {
      // one more chunk was taken
    }
  }

  async #more(): Promise<boolean> {
    if (this.#isOver) return false;
    const next = await this.#chunks.next();
    this.#isOver = next.done === true;
    if (next.done === true) return false;
    this.#held.push(next.value);
    this.#size += next.value.length;
    return true;
  }

  #joined(): Buffer {
    const all = this.#held.length === 1 ? this.#held[0] : undefined;
    if (all !== undefined) return all;
    const joined = Buffer.concat(this.#held);
    this.#held = [joined];
    return joined;
  }
}

/** What cannot be read as Arrow. Its own words may hold values, so that they are left out. */
export function damaged(cause?: unknown): ConnectorError {
  return new ConnectorError(
    'RS_INPUT_INVALID',
    'It is no whole Arrow stream or file: it is damaged, or its end is missing',
    {
      action: 'Write it again, in the format of Arrow 0.15 or later, and close the writer.',
      ...(cause instanceof Error ? { cause: new Error(`Arrow: ${cause.name}`) } : {}),
    },
  );
}

function tooLarge(): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', 'A batch of the Arrow input has more than 256 MiB', {
    action: 'Write smaller batches of records.',
  });
}
