import type { Batch, Value } from '../../types/batch.ts';

/** A count and a digest of rows that do not depend on their order. */
export interface Digest {
  readonly rows: number;
  readonly text: string;
}

/** FNV-1a over every value of a row, NULL told from the empty string; rows add up, so their order does not matter. */
export async function digestRows(batches: AsyncIterable<Batch>, onRows: (rows: number) => void): Promise<Digest> {
  let rows = 0;
  let sum = 0;
  for await (const { columns, rowCount } of batches) {
    for (let row = 0; row < rowCount; row += 1) {
      let hash = 0x811c9dc5;
      for (const column of columns) hash = mix(hash, column[row] ?? null);
      sum = (sum + (hash >>> 0)) % Number.MAX_SAFE_INTEGER;
    }
    rows += rowCount;
    onRows(rows);
  }
  return { rows, text: sum.toString(16).padStart(14, '0') };
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
