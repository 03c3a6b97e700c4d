import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { adoptFile, type InputFile, lookAtFile } from '../../columnar/input-file.ts';
import { ConnectorError } from '../../core/errors.ts';
import { classifyFileError } from '../../core/file-error.ts';
import { invalidField } from '../../core/invalid-field.ts';
import { abandonOnAbort, type Run } from '../../core/run.ts';
import type { EngineForm, InputPart } from './input-part.ts';

/** A source that is itself waiting cannot be closed: it is given this long. */
const CLOSE_MS = 2_000;

export interface StreamPartInit {
  readonly stream: AsyncIterable<unknown>;
  readonly name: string;
  readonly form: EngineForm;
  /** Where its bytes go. */
  readonly folder: string;
  /** Most of them. */
  readonly spoolBytes: number;
  /** Whether they stay there until the folder goes: lines are looked for in them when the input was read through. */
  readonly keep: boolean;
}

/**
 * Bytes of a program, or of standard input: kept in a file of the run's folder, since they come once and are looked at more
 * than once. Throws RS_CONFIG_INVALID where no format is given.
 */
export function streamPart({ stream, name, form, folder, spoolBytes, keep }: StreamPartInit): InputPart {
  if (form.format === undefined) {
    throw invalidField(
      'format',
      `Nothing tells which format ${name} has`,
      'Give format: parquet, csv, jsonl or arrow.',
    );
  }
  let position = 0;
  let opened: InputFile | undefined;
  return {
    name,
    bytesToFetch: 0,
    admit: async (_engine, given) => {
      position = given;
    },
    fetch: () => undefined,
    bytes: (run) => bytesOf(stream, name, run),
    open: async (engine, run) => {
      if (opened !== undefined) return opened;
      const path = join(folder, `stream-${position}`);
      await spool(bytesOf(stream, name, run), path, name, spoolBytes);
      opened = await lookAtFile(engine, await adoptFile(engine, path, name, form, position), run);
      return opened;
    },
    release: async () => {
      if (opened !== undefined && !keep) await rm(opened.path, { force: true });
    },
  };
}

async function spool(bytes: AsyncIterable<Buffer>, path: string, name: string, maxBytes: number): Promise<number> {
  try {
    await using file = await open(path, 'wx', 0o600);
    let written = 0;
    for await (const chunk of bytes) {
      written += chunk.length;
      if (written > maxBytes) throw tooMuch(name, maxBytes);
      await file.writeFile(chunk);
    }
    return written;
  } catch (error) {
    const action = 'Make room in the work directory, or choose another one.';
    throw classifyFileError(error, 'What comes as a stream', action);
  }
}

/** The bytes as they come; an abort ends a wait for them. Whoever leaves early closes the source. */
async function* bytesOf(
  stream: AsyncIterable<unknown>,
  name: string,
  { signal, publish }: Run,
): AsyncGenerator<Buffer, void, undefined> {
  const source = stream[Symbol.asyncIterator]();
  let isOver = false;
  try {
    for (;;) {
      const next = await abandonOnAbort(Promise.resolve(source.next()), signal);
      isOver = next.done === true;
      if (isOver) return;
      yield asBytes(next.value, name);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof ConnectorError ? error : brokeOff(name, error);
  } finally {
    if (!isOver) {
      try {
        await abandonOnAbort(Promise.resolve(source.return?.()), AbortSignal.timeout(CLOSE_MS));
      } catch (error) {
        const message = error instanceof Error ? error.name : 'unknown error';
        publish({ type: 'suppressed', reason: 'closing the stream of an input', message });
      }
    }
  }
}

function asBytes(chunk: unknown, name: string): Buffer {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (typeof chunk === 'string') return Buffer.from(chunk);
  throw invalid(`${name} yields something that is no bytes`, 'Give a stream of bytes; rows are an input of their own.');
}

function brokeOff(name: string, cause: unknown): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', `${name} broke off`, {
    action: 'Nothing was committed. Look at what it comes from, and run again.',
    details: { source: name },
    cause,
  });
}

function tooMuch(name: string, maxBytes: number): ConnectorError {
  const mib = maxBytes / (1024 * 1024);
  return invalidField('spoolMib', `${name} has more than ${mib} MiB`, 'Raise spoolMib, or give it as files.');
}

function invalid(message: string, action: string): ConnectorError {
  return new ConnectorError('RS_INPUT_INVALID', message, { action });
}
