import { RedshiftError } from '../backend-session.ts';
import type { BackendClient } from './backend-client.ts';
import { BodyReader, cstring, frame, REQUEST, readErrorFields, TYPE } from './messages.ts';
import { countOf } from './results.ts';

const UNTIL_COPYING = new Set<number>([TYPE.copyInResponse, TYPE.ready]);

/** Feeds `source` to a `COPY .. FROM STDIN`; answers the number of rows. Throws what the source throws, or `RedshiftError`. */
export async function copyIn(backend: BackendClient, sql: string, source: AsyncIterable<Uint8Array>): Promise<number> {
  let refused: RedshiftError | undefined;
  let rows = 0;
  const sink = {
    message: (type: number, body: Buffer): void => {
      if (type === TYPE.error) refused ??= new RedshiftError(readErrorFields(body));
      if (type === TYPE.commandComplete) rows = countOf(new BodyReader(body).cstring());
    },
  };
  let copying = false;
  await backend.exchange(
    [frame(REQUEST.query, cstring(sql))],
    {
      message: (type, body) => {
        copying ||= type === TYPE.copyInResponse;
        sink.message(type, body);
      },
    },
    UNTIL_COPYING,
  );
  if (refused) throw refused;
  if (!copying) throw new RedshiftError({ code: '0A000', message: 'Not a COPY FROM STDIN' });
  const ended = backend.exchange([], sink);
  ended.catch(() => undefined); // awaited below; a connection lost meanwhile must not be an unhandled rejection
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const chunk of source) {
      if (refused || backend.closed) break;
      if (chunk.length > 0 && !backend.write([copyHeader(chunk.length), chunk])) await backend.drained();
    }
  } catch (error) {
    failure = { error };
  }
  backend.write([failure ? frame(TYPE.copyFail, cstring('the source failed')) : frame(TYPE.copyDone)]);
  await ended;
  if (failure) throw failure.error;
  if (refused) throw refused;
  return rows;
}

function copyHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(5);
  header[0] = TYPE.copyData;
  header.writeUInt32BE(length + 4, 1);
  return header;
}

const HIGH_WATER_BYTES = 1 << 20;

/** Rows of a `COPY .. TO STDOUT`, without the protocol's framing. Ended early, the rest is read and dropped. */
export async function* copyOut(backend: BackendClient, sql: string): AsyncGenerator<Buffer, void, undefined> {
  const queue: Buffer[] = [];
  let queued = 0;
  let refused: RedshiftError | undefined;
  let done = false;
  let dropping = false;
  let wake: (() => void) | undefined;
  const strip = createUnframer();
  const ended = backend
    .exchange([frame(REQUEST.query, cstring(sql))], {
      data: (bytes) => {
        if (dropping) return true;
        const part = strip(bytes);
        queue.push(part);
        queued += part.length;
        wake?.();
        return queued < HIGH_WATER_BYTES;
      },
      message: (type, body) => {
        if (type === TYPE.error) refused ??= new RedshiftError(readErrorFields(body));
      },
    })
    .finally(() => {
      done = true;
      wake?.();
    });
  ended.catch(() => undefined); // awaited in the finally block
  try {
    for (;;) {
      const parts = queue.splice(0);
      queued = 0;
      backend.resume();
      if (parts.length > 0) yield parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts);
      else if (done) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        wake = undefined;
      }
    }
  } finally {
    dropping = true;
    backend.resume();
    await ended;
  }
  if (refused) throw refused;
}

/** Takes CopyData headers out of raw bytes that may be cut anywhere. */
function createUnframer(): (bytes: Buffer) => Buffer {
  let remaining = 0;
  let header = Buffer.alloc(0);
  return (bytes) => {
    const result = Buffer.allocUnsafe(bytes.length);
    let filled = 0;
    let offset = 0;
    while (offset < bytes.length) {
      if (remaining > 0) {
        const end = Math.min(bytes.length, offset + remaining);
        filled += bytes.copy(result, filled, offset, end);
        remaining -= end - offset;
        offset = end;
      } else if (header.length === 0 && bytes.length - offset >= 5) {
        remaining = bytes.readUInt32BE(offset + 1) - 4;
        offset += 5;
      } else {
        const piece = bytes.subarray(offset, offset + 5 - header.length);
        header = Buffer.concat([header, piece]);
        offset += piece.length;
        if (header.length < 5) break;
        remaining = header.readUInt32BE(1) - 4;
        header = Buffer.alloc(0);
      }
    }
    return result.subarray(0, filled);
  };
}
