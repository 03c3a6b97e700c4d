import { createHash, type Hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { BodyDigests, DigestName } from './store.ts';

/** A file of the store, or the piece of an object that it holds. */
export interface Segment {
  readonly path: string;
  readonly size: number;
}

export interface WrittenBody extends BodyDigests {
  readonly segment: Segment;
  readonly md5: string;
}

interface Digester {
  update(part: Uint8Array): void;
  hex(): string;
}

function crcDigester(): Digester {
  let value = 0;
  return {
    update: (part) => {
      value = crc32(part, value);
    },
    hex: () => value.toString(16).padStart(8, '0'),
  };
}

function hashDigester(name: 'md5' | 'sha1' | 'sha256'): Digester {
  const hash: Hash = createHash(name);
  return { update: (part) => void hash.update(part), hex: () => hash.digest('hex') };
}

const digesterOf = (name: DigestName): Digester => (name === 'crc32' ? crcDigester() : hashDigester(name));

/** Streams a body into a new file of `folder`; a failure, of the source as well, leaves no file behind. */
export async function writeBody(
  folder: string,
  body: AsyncIterable<Uint8Array>,
  wanted: readonly DigestName[] = [],
): Promise<WrittenBody> {
  const path = join(folder, randomUUID());
  const digesters = new Map([...new Set<DigestName>(['md5', ...wanted])].map((name) => [name, digesterOf(name)]));
  let size = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const part of body) {
      for (const digester of digesters.values()) digester.update(part);
      size += part.length;
      await file.appendFile(part);
    }
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    throw error;
  }
  await file.close();
  const hex = Object.fromEntries([...digesters].map(([name, digester]) => [name, digester.hex()]));
  return { segment: { path, size }, size, hex, md5: hex['md5'] ?? '' };
}

/** The digests of a body that is in memory already. */
export function digestsOf(data: Uint8Array, wanted: readonly DigestName[]): BodyDigests {
  const names = [...new Set<DigestName>(['md5', ...wanted])];
  const entries = names.map((name) => {
    const digester = digesterOf(name);
    digester.update(data);
    return [name, digester.hex()] as const;
  });
  return { size: data.length, hex: Object.fromEntries(entries) };
}

const READ_AHEAD_BYTES = 262_144;

async function* readPieces(pieces: readonly { path: string; start: number; end: number }[]): AsyncGenerator<Buffer> {
  for (const { path, start, end } of pieces) {
    yield* createReadStream(path, { start, end, highWaterMark: READ_AHEAD_BYTES }) as AsyncIterable<Buffer>;
  }
}

/** The bytes from `start` to `end`, both inclusive, across the files of an object. */
export function readSegments(segments: readonly Segment[], start: number, end: number): Readable {
  const pieces: { path: string; start: number; end: number }[] = [];
  let offset = 0;
  for (const { path, size } of segments) {
    const from = Math.max(start - offset, 0);
    const to = Math.min(end - offset, size - 1);
    if (from <= to) pieces.push({ path, start: from, end: to });
    offset += size;
  }
  const [only] = pieces;
  if (only === undefined) return Readable.from([], { objectMode: false });
  if (pieces.length > 1) return Readable.from(readPieces(pieces), { objectMode: false });
  return createReadStream(only.path, { start: only.start, end: only.end, highWaterMark: READ_AHEAD_BYTES });
}
