import type { Batch, Value } from '../../types/batch.ts';

/** A count and a digest of rows that do not depend on their order. */
export interface Digest {
  readonly rows: number;
  readonly text: string;
}

/** Adds up a digest of rows in any order, NULL told from the empty string: FNV-1a over the values of a row, then a sum. */
export class RowDigest {
  #rows = 0;
  #sum = 0;

  /** `values(column)` gives one value of the row. */
  add(columns: number, values: (column: number) => Value): void {
    let hash = 0x811c9dc5;
    for (let column = 0; column < columns; column += 1) hash = mix(hash, values(column));
    this.#sum = (this.#sum + (hash >>> 0)) % Number.MAX_SAFE_INTEGER;
    this.#rows += 1;
  }

  result(): Digest {
    return { rows: this.#rows, text: this.#sum.toString(16).padStart(14, '0') };
  }
}

/** Digest of all that a read yields. */
export async function digestBatches(batches: AsyncIterable<Batch>): Promise<Digest> {
  const digest = new RowDigest();
  for await (const { columns, rowCount } of batches) {
    for (let row = 0; row < rowCount; row += 1) digest.add(columns.length, (column) => columns[column]?.[row] ?? null);
  }
  return digest.result();
}

/** Digest of rows of text. */
export function digestText(rows: readonly (readonly (string | null)[])[]): Digest {
  const digest = new RowDigest();
  for (const row of rows) digest.add(row.length, (column) => row[column] ?? null);
  return digest.result();
}

function mix(start: number, value: Value): number {
  let hash = Math.imul(start ^ (value === null ? 1 : 2), 0x01000193);
  if (value === null) return hash;
  const text = String(value);
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}
