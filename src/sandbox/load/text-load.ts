import { isUtf8 } from 'node:buffer';
import type { PlainScanner } from './plain-scan.ts';
import type { ReadRecord } from './record.ts';
import { internalFailure } from './refusal.ts';
import type { RowLoader } from './row-loader.ts';

/** One file of the load: its URL and its bytes, decompressed. */
export interface LoadFile {
  readonly url: string;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export interface TextLoad {
  readonly files: AsyncIterable<LoadFile>;
  /** Absent: every row is looked at closely. */
  readonly scanner: PlainScanner | undefined;
  readonly readRecord: ReadRecord;
  readonly loader: RowLoader;
  readonly ignoreHeader: number;
  readonly ignoreBlankLines: boolean;
  /** Told of rows as they are handed on. */
  readonly onRows: (rows: number) => void;
}

/** Rows rendered one by one before the scanner has another try. */
const CLOSE_LOOK_ROWS = 256;
const MIN_CHUNK_BYTES = 256 * 1024;
/** The documentation's limit of an input row. */
const MAX_ROW_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;

/**
 * The rows of the files as the database shall read them. Plain ones pass as the bytes they are; the others are taken
 * apart, checked, rendered. Throws `TooManyErrors` when the ledger is full.
 */
export async function* loadText(load: TextLoad): AsyncGenerator<Buffer, void, undefined> {
  for await (const file of load.files) yield* loadFile(load, file);
}

async function* loadFile(load: TextLoad, file: LoadFile): AsyncGenerator<Buffer, void, undefined> {
  const state: FileState = { url: file.url, line: 1, headerLines: load.ignoreHeader };
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  for await (const chunk of file.bytes) {
    pending.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    pendingBytes += chunk.byteLength;
    if (pendingBytes < MIN_CHUNK_BYTES) continue;
    const bytes = Buffer.concat(pending);
    const done = yield* loadChunk(load, state, bytes, false);
    const rest = bytes.subarray(done);
    if (rest.length > MAX_ROW_BYTES) {
      throw internalFailure(`Input row of ${file.url} is longer than ${MAX_ROW_BYTES} bytes`, { code: 8001 });
    }
    pending = rest.length === 0 ? [] : [rest];
    // A long row: wait for as much again, so that its bytes are not scanned over and over.
    pendingBytes = rest.length > MIN_CHUNK_BYTES ? 0 : rest.length;
  }
  yield* loadChunk(load, state, Buffer.concat(pending), true);
}

interface FileState {
  readonly url: string;
  line: number;
  headerLines: number;
}

/** Loads the whole rows of `bytes`; answers how far it came. */
function* loadChunk(
  load: TextLoad,
  state: FileState,
  given: Buffer,
  isLast: boolean,
): Generator<Buffer, number, undefined> {
  let at = 0;
  while (state.headerLines > 0) {
    const end = given.indexOf(NEWLINE, at);
    if (end < 0) return isLast ? given.length : at;
    at = end + 1;
    state.headerLines -= 1;
    state.line += 1;
  }
  // The scanner wants a line end after the last row, too.
  const bytes =
    isLast && given.length > at && given.at(-1) !== NEWLINE && load.scanner !== undefined
      ? Buffer.concat([given, Buffer.from('\n')])
      : given;
  while (at < bytes.length) {
    const run = load.scanner?.scan(bytes, at);
    if (run !== undefined && run.end > at) {
      const plain = bytes.subarray(at, run.end);
      if (run.hasHighBytes && !isUtf8(plain)) {
        at = yield* lookClosely(load, state, bytes, at, { isLast, until: run.end });
        continue;
      }
      yield plain;
      load.onRows(run.records);
      at = run.end;
      state.line += run.lineBreaks;
    }
    if (run !== undefined && !run.isOdd && !isLast) return at;
    if (at >= bytes.length) break;
    const reached = yield* lookClosely(load, state, bytes, at, { isLast, until: bytes.length });
    if (reached === at) return at;
    at = reached;
  }
  return Math.min(at, given.length);
}

/** Renders rows one by one, some hundreds or up to `until`. */
function* lookClosely(
  load: TextLoad,
  state: FileState,
  bytes: Buffer,
  start: number,
  { isLast, until }: { readonly isLast: boolean; readonly until: number },
): Generator<Buffer, number, undefined> {
  const rendered: Buffer[] = [];
  let at = start;
  for (let rows = 0; at < until && (rows < CLOSE_LOOK_ROWS || load.scanner === undefined); rows += 1) {
    const record = load.readRecord(bytes, at, isLast);
    if (record === undefined) break;
    const [first] = record.fields;
    const isBlank = record.fields.length === 1 && first?.length === 0;
    if (!(isBlank && load.ignoreBlankLines)) {
      const place = { file: state.url, line: state.line, raw: bytes.subarray(at, record.next) };
      const row = load.loader.render(record.fields, place, record.fault);
      if (row !== undefined) rendered.push(row);
    }
    state.line += record.lineBreaks;
    at = record.next;
  }
  if (rendered.length > 0) yield Buffer.concat(rendered);
  load.onRows(rendered.length);
  return at;
}
