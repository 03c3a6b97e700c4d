import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { ExportInput } from '../../columnar/export-file.ts';
import type { Batch, Value } from '../../types/batch.ts';

export type ValuesInput = Extract<ExportInput, { readonly kind: 'values' }>;

const PIECE_BYTES = 16 * 1024 * 1024;
/** With a row this long the engine holds few of them at once. */
const WIDE_ROW_BYTES = 16 * 1024;
const WIDE_PIECE_BYTES = 2 * 1024 * 1024;
const WRITE_CHARS = 1024 * 1024;

/**
 * Writes rows of the API as text into one local file after the other, the same file each time: it is for the caller until
 * the next one is asked for. `room` says how many rows the next may have.
 */
export async function* valuePieces(
  batches: AsyncIterable<Batch>,
  path: string,
  { room, maxBytes = PIECE_BYTES }: { readonly room: () => number; readonly maxBytes?: number },
): AsyncGenerator<{ readonly input: ValuesInput; readonly rows: number }, void, undefined> {
  const nullMarker = `null-${randomBytes(12).toString('hex')}`;
  let piece = await openPiece(path, nullMarker);
  try {
    let limit = room();
    for await (const { columns, rowCount } of batches) {
      for (let row = 0; row < rowCount; row += 1) {
        await piece.add(columns, row);
        const mostBytes = piece.longest < WIDE_ROW_BYTES ? maxBytes : Math.min(maxBytes, WIDE_PIECE_BYTES);
        if (piece.rows < limit && piece.bytes < mostBytes) continue;
        yield await piece.end();
        piece = await openPiece(path, nullMarker);
        limit = room();
      }
    }
    if (piece.rows > 0) yield await piece.end();
  } finally {
    await piece.close();
  }
}

/** A file of no values, which tells the columns all the same. */
export async function noValues(path: string): Promise<ValuesInput> {
  await using file = await open(path, 'w', 0o600);
  await file.sync();
  return { kind: 'values', path, nullMarker: 'null', longestLine: 0 };
}

async function openPiece(path: string, nullMarker: string) {
  const file = await open(path, 'w', 0o600);
  const piece = {
    rows: 0,
    bytes: 0,
    /** Of a line, in bytes, at least. */
    longest: 0,
    async add(columns: Batch['columns'], row: number): Promise<void> {
      const line = `${columns.map((column) => textOf(column[row] ?? null, nullMarker)).join(',')}\n`;
      piece.rows += 1;
      pending.push(line);
      pendingChars += line.length;
      if (pendingChars >= WRITE_CHARS) await flush();
      // A character has one to three bytes of UTF-8; exactly, once it is written.
      piece.longest = Math.max(piece.longest, line.length * 3);
    },
    async end() {
      await flush();
      await file.close();
      return { input: { kind: 'values', path, nullMarker, longestLine: piece.longest } as const, rows: piece.rows };
    },
    close: () => file.close().catch(() => undefined),
  };
  let pending: string[] = [];
  let pendingChars = 0;
  async function flush(): Promise<void> {
    const bytes = Buffer.from(pending.join(''));
    pending = [];
    pendingChars = 0;
    piece.bytes += bytes.length;
    await file.writeFile(bytes);
  }
  return piece;
}

// A byte order mark at the front of a file would be taken off, were it not behind a quote.
const NEEDS_QUOTES = /[",\r\n\uFEFF]|^\s|\s$|^$/;

function textOf(value: Value, nullMarker: string): string {
  if (value === null) return nullMarker;
  if (typeof value !== 'string') return Object.is(value, -0) ? '-0' : String(value);
  return NEEDS_QUOTES.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
