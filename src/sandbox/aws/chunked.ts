import { createHash, timingSafeEqual } from 'node:crypto';
import { type CredentialScope, EMPTY_SHA256, scopeText, sha256, signatureOf } from './sigv4.ts';

/** What chunk signatures chain from: the verified signature of the request itself. */
export interface ChunkSeed {
  readonly key: Buffer;
  readonly scope: CredentialScope;
  readonly timestamp: string;
  readonly signature: string;
}

/** Raised when an aws-chunked body is not well formed (`malformed`), cut short, or a signature in it does not stand. */
export class ChunkFailure extends Error {
  override readonly name = 'ChunkFailure';
  constructor(readonly problem: 'malformed' | 'incomplete' | 'signature') {
    super(`aws-chunked body: ${problem}`);
  }
}

const MAX_LINE_BYTES = 16_384;

/** Reads lines and exact byte counts from a stream of buffers. */
class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #buffer: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #fill(): Promise<boolean> {
    const next = await this.#source.next();
    if (next.done) return false;
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(next.value) : Buffer.concat([this.#buffer, next.value]);
    return true;
  }

  /** The next line without its end; undefined at the end of the body. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const at = this.#buffer.indexOf('\n');
      if (at >= 0) {
        const line = this.#buffer.subarray(0, at).toString('latin1').replace(/\r$/, '');
        this.#buffer = this.#buffer.subarray(at + 1);
        return line;
      }
      if (this.#buffer.length > MAX_LINE_BYTES) throw new ChunkFailure('malformed');
      if (await this.#fill()) continue;
      if (this.#buffer.length === 0) return undefined;
      const rest = this.#buffer.toString('latin1');
      this.#buffer = Buffer.alloc(0);
      return rest;
    }
  }

  /** Exactly `count` bytes, as they come. */
  async *bytes(count: number): AsyncGenerator<Buffer> {
    let left = count;
    while (left > 0) {
      if (this.#buffer.length === 0 && !(await this.#fill())) throw new ChunkFailure('incomplete');
      const part = this.#buffer.subarray(0, left);
      this.#buffer = this.#buffer.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }
}

/** Signatures of chunks and trailers, each built on the one before. */
class SignatureChain {
  readonly #seed: ChunkSeed;
  #previous: string;

  constructor(seed: ChunkSeed) {
    this.#seed = seed;
    this.#previous = seed.signature;
  }

  #check(lines: readonly string[], given: string | undefined): void {
    const { key, timestamp, scope } = this.#seed;
    const [algorithm = '', ...rest] = lines;
    const expected = signatureOf(key, [algorithm, timestamp, scopeText(scope), this.#previous, ...rest].join('\n'));
    if (given?.length !== expected.length || !timingSafeEqual(Buffer.from(given), Buffer.from(expected))) {
      throw new ChunkFailure('signature');
    }
    this.#previous = expected;
  }

  chunk(bodySha256: string, given: string | undefined): void {
    this.#check(['AWS4-HMAC-SHA256-PAYLOAD', EMPTY_SHA256, bodySha256], given);
  }

  trailer(canonical: string, given: string | undefined): void {
    this.#check(['AWS4-HMAC-SHA256-TRAILER', sha256(canonical)], given);
  }
}

export interface ChunkedOptions {
  /** Absent: chunks are not signed (`STREAMING-UNSIGNED-PAYLOAD-TRAILER`). */
  readonly seed?: ChunkSeed;
  /** Trailers end the body. */
  readonly trailers: boolean;
  /** Told every trailer, name in lower case, once its signature stood. */
  readonly onTrailer: (name: string, value: string) => void;
}

async function readTrailers(
  reader: ByteReader,
  chain: SignatureChain | undefined,
  options: ChunkedOptions,
): Promise<void> {
  const trailers: [string, string][] = [];
  let signature: string | undefined;
  for (let line = await reader.line(); line !== undefined; line = await reader.line()) {
    if (line === '') continue;
    const at = line.indexOf(':');
    if (at < 1) throw new ChunkFailure('malformed');
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === 'x-amz-trailer-signature') signature = value;
    else trailers.push([name, value]);
  }
  if (options.trailers) {
    const sorted = [...trailers].sort(([a], [b]) => (a < b ? -1 : 1));
    chain?.trailer(sorted.map(([name, value]) => `${name}:${value}\n`).join(''), signature);
  }
  for (const [name, value] of trailers) options.onTrailer(name, value);
}

/**
 * The data inside an aws-chunked body. Parts are handed on as they come, and their signature is checked at the end of
 * their chunk: a consumer keeps nothing for good before the end of the iteration. Throws `ChunkFailure`.
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  options: ChunkedOptions,
): AsyncGenerator<Buffer> {
  const reader = new ByteReader(source);
  const chain = options.seed && new SignatureChain(options.seed);
  for (;;) {
    const header = await reader.line();
    if (header === undefined) throw new ChunkFailure('incomplete');
    const [sizeText = '', ...extensions] = header.split(';');
    if (!/^[0-9a-fA-F]{1,8}$/.test(sizeText.trim())) throw new ChunkFailure('malformed');
    const size = Number.parseInt(sizeText, 16);
    const signature = extensions.find((text) => text.startsWith('chunk-signature='))?.slice('chunk-signature='.length);
    const hash = createHash('sha256');
    for await (const part of reader.bytes(size)) {
      if (chain) hash.update(part);
      yield part;
    }
    chain?.chunk(hash.digest('hex'), signature);
    if (size === 0) break;
    if ((await reader.line()) !== '') throw new ChunkFailure('malformed');
  }
  await readTrailers(reader, chain, options);
}
