import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { StageSink } from '../../staging/stage-sink.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { WritePlan } from '../write-plan.ts';
import type { OpenRows } from './input-rows.ts';
import type { WriteRecorder } from './recorder.ts';
import { openRowLines, type RowLines } from './row-lines.ts';
import type { StagedInput } from './staged-input.ts';

/** Text of a file before compression: some 4 MB of it are in a file of the first round, and 30 MB in the largest. */
const FIRST_TEXT_BYTES = 16 * 1024 * 1024;
const FILE_TEXT_BYTES = 128 * 1024 * 1024;
/** Text that goes to the compressor at once, and what may wait for it meanwhile: rows are encoded while it works. */
const CHUNK_BYTES = 256 * 1024;
const WAITING_BYTES = 1024 * 1024;
// The fastest level: the network to S3 is rarely slower than a harder one.
const GZIP = { level: 1, chunkSize: CHUNK_BYTES, writableHighWaterMark: WAITING_BYTES };
/** Files are named by number, so that their order is that of the rows. */
const NAME_DIGITS = 5;

/**
 * Streams rows from the program through CSV and gzip into S3. Rows are pulled no faster than S3 takes them, and memory
 * does not grow with their number. Throws RS_VALUE_UNREPRESENTABLE with row and column, RS_INPUT_INVALID.
 */
export async function stageRows(
  area: StageSink,
  plan: WritePlan,
  rows: OpenRows,
  recorder: WriteRecorder,
  run: Run,
): Promise<StagedInput> {
  const lines = openRowLines(plan, recorder);
  const stop = new AbortController();
  const flush = async (): Promise<void> => recorder.rejects?.flush();
  const chunks = cutIntoChunks(rows, lines, AbortSignal.any([run.signal, stop.signal]), flush);
  const puts: Promise<StagedFile>[] = [];
  let [done, bytes] = [0, 0];
  const report = (): void => {
    Object.assign(recorder, { bytes, files: done });
    recorder.count({ read: lines.rowsRead(), staged: lines.rowsStaged(), rejected: lines.rowsRefused() });
    run.publish({ type: 'progress', phase: 'stage', rows: lines.rowsRead(), bytes, files: done });
  };
  const onBytes = (sent: number): void => {
    bytes += sent;
    report();
  };
  const put = async (name: string, file: AsyncGenerator<Buffer, void, undefined>): Promise<StagedFile> => {
    try {
      const staged = await area.put(name, gzipped(file), onBytes);
      done += 1;
      return staged;
    } catch (error) {
      stop.abort(error); // wakes a source that is waiting for rows nobody wants any more
      throw error;
    }
  };
  try {
    for (let chunk = await chunks.next(); !chunk.done; chunk = await chunks.next()) {
      const name = `part-${String(puts.length + 1).padStart(NAME_DIGITS, '0')}.csv.gz`;
      let letGo = (): void => undefined;
      const isRead = new Promise<void>((resolve) => {
        letGo = resolve;
      });
      const before = puts.at(-1);
      const file = oneFile(chunk.value, chunks, fileBytes(puts.length, plan), report);
      const staged = put(name, ending(file, letGo));
      puts.push(staged);
      // The rows of the next file are encoded while the end of this one goes up; no more than two are on their way.
      await Promise.race([isRead, staged]);
      await before;
    }
    const files = await Promise.all(puts);
    return {
      files,
      rowsRead: lines.rowsRead(),
      rowsStaged: lines.rowsStaged(),
      rowsRefused: lines.rowsRefused(),
      bytes,
      ...defined({ checksum: lines.checksum() }),
    };
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    await Promise.allSettled(puts);
    await chunks.return();
    report();
  }
}

/** The same chunks; `ended` is called when there are no more, or nobody wants more. */
async function* ending(
  chunks: AsyncGenerator<Buffer, void, undefined>,
  ended: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* chunks;
  } finally {
    ended();
  }
}

/** A slice of the cluster reads a compressed file alone: each gets a small one, then each one twice as large, and so on. */
function fileBytes(files: number, { slices }: WritePlan): number {
  return Math.min(FILE_TEXT_BYTES, FIRST_TEXT_BYTES * 2 ** Math.floor(files / slices));
}

async function* cutIntoChunks(
  rows: OpenRows,
  lines: RowLines,
  signal: AbortSignal,
  flush: () => Promise<void>,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const group of rows.groups(signal)) {
    signal.throwIfAborted();
    await flush();
    for (const row of group) {
      lines.encode(row);
      if (lines.waitingBytes() < CHUNK_BYTES) continue;
      yield lines.take();
      signal.throwIfAborted();
    }
  }
  if (lines.waitingBytes() > 0) yield lines.take();
}

/** The chunks of one file: `first`, and as many more as fit; `report` is called as they are taken. */
async function* oneFile(
  first: Buffer,
  more: AsyncGenerator<Buffer, void, undefined>,
  maxBytes: number,
  report: () => void,
): AsyncGenerator<Buffer, void, undefined> {
  let size = first.length;
  yield first;
  while (size < maxBytes) {
    const next = await more.next();
    if (next.done === true) return;
    size += next.value.length;
    report();
    yield next.value;
  }
}

/** Compresses outside the main thread, chunk by chunk, as fast as the reader asks. */
async function* gzipped(text: AsyncGenerator<Buffer, void, undefined>): AsyncGenerator<Buffer, void, undefined> {
  const gzip = createGzip(GZIP);
  let failure: unknown;
  pipeline(text, gzip, (error) => {
    failure = error;
  });
  try {
    for await (const chunk of gzip) {
      if (!Buffer.isBuffer(chunk)) throw new ConnectorError('RS_INTERNAL', 'The compressor gave no bytes');
      yield chunk;
    }
  } catch (error) {
    throw failure ?? error;
  }
}
