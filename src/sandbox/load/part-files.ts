import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { S3Location } from './authorization.ts';
import { DuckDb, duckLiteral } from './duckdb.ts';
import type { S3Access } from './s3-access.ts';
import type { Compression } from './statement.ts';

/** A file that UNLOAD has written. */
export interface WrittenPart {
  readonly key: string;
  readonly bytes: number;
  readonly rows: number;
}

/** One file being written. */
export interface OpenPart {
  readonly rawBytes: number;
  write(bytes: Buffer, rows: number): Promise<void>;
  finish(): Promise<WrittenPart>;
  /** What was written so far stays, as it does in Redshift: UNLOAD is not atomic. */
  abandon(): Promise<void>;
}

export interface PartStore {
  readonly access: S3Access;
  readonly headers: Readonly<Record<string, string>>;
  /** A folder for files on their way. */
  readonly folder: string;
}

/** A text file that flows to S3 as it is written. */
export function openTextPart(store: PartStore, location: S3Location, compression: Compression): OpenPart {
  const entry = new PassThrough({ highWaterMark: 1024 * 1024 });
  const body = compressed(entry, compression, store.folder);
  const stored = store.access.put(location, body, store.headers);
  let failure: unknown;
  // A refusal may come while nobody waits for it.
  stored.catch((error: unknown) => {
    failure = error;
    entry.destroy();
  });
  let rawBytes = 0;
  let rows = 0;
  return {
    get rawBytes() {
      return rawBytes;
    },
    write: async (bytes, count) => {
      if (failure !== undefined) throw failure;
      rawBytes += bytes.length;
      rows += count;
      if (!entry.write(bytes)) await Promise.race([drained(entry), stored]);
    },
    finish: async () => {
      entry.end();
      const { size } = await stored;
      return { key: location.key, bytes: size, rows };
    },
    abandon: async () => {
      entry.end();
      await Promise.allSettled([stored]);
    },
  };
}

function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
  });
}

function compressed(source: Readable, compression: Compression, folder: string): AsyncIterable<Uint8Array> {
  switch (compression) {
    case 'none':
      return source;
    case 'gzip': {
      const encoder = createGzip({ level: 1, chunkSize: 256 * 1024 });
      source.on('close', () => {
        if (!source.readableEnded) encoder.destroy();
      });
      return source.pipe(encoder);
    }
    case 'zstd':
      return zstdFrames(source, folder);
  }
}

const FRAME_BYTES = 8 * 1024 * 1024;

/** Node 20 has no zstd encoder; DuckDB writes one frame at a time, and frames one after another are a zstd file. */
async function* zstdFrames(source: Readable, parentFolder: string): AsyncGenerator<Uint8Array, void, undefined> {
  await using duck = await DuckDb.open(parentFolder);
  let pending: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    pending.push(bytes);
    size += bytes.length;
    if (size < FRAME_BYTES) continue;
    yield* await zstdFrame(duck, Buffer.concat(pending));
    pending = [];
    size = 0;
  }
  if (size > 0) yield* await zstdFrame(duck, Buffer.concat(pending));
}

async function zstdFrame(duck: DuckDb, bytes: Buffer): Promise<Readable> {
  const raw = join(duck.folder, `${randomUUID()}.raw`);
  const frame = join(duck.folder, `${randomUUID()}.zst`);
  await writeAll(raw, bytes);
  await duck.run(
    `COPY (SELECT content FROM read_blob(${duckLiteral(raw)})) TO ${duckLiteral(frame)} (FORMAT BLOB, COMPRESSION zstd)`,
  );
  await rm(raw);
  return createReadStream(frame);
}

async function writeAll(path: string, bytes: Buffer): Promise<void> {
  await using file = await open(path, 'w');
  await file.writeFile(bytes);
}

/** Turns the rows of a local text file into a Parquet file. */
export type ToParquet = (textFile: string, parquetFile: string) => Promise<number>;

/** A Parquet file: rows are kept in a local text file, converted and stored at the end. */
export async function openParquetPart(store: PartStore, location: S3Location, convert: ToParquet): Promise<OpenPart> {
  const path = join(store.folder, `${randomUUID()}.csv`);
  const file = await open(path, 'w');
  let rawBytes = 0;
  return {
    get rawBytes() {
      return rawBytes;
    },
    write: async (bytes) => {
      rawBytes += bytes.length;
      await file.write(bytes);
    },
    finish: async () => {
      await file.close();
      const parquet = `${path}.parquet`;
      const rows = await convert(path, parquet);
      await rm(path);
      const { size } = await store.access.put(location, createReadStream(parquet), store.headers);
      await rm(parquet);
      return { key: location.key, bytes: size, rows };
    },
    abandon: async () => {
      await file.close();
    },
  };
}
