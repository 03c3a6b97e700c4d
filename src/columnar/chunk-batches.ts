import type { DuckDBDataChunk } from '@duckdb/node-api';
import { duckName, duckType } from '../sql/duckdb.ts';
import { type Sql, sql } from '../sql/sql.ts';
import { type Batch, openBatch, type Value } from '../types/batch.ts';
import { codecFor } from '../types/codec.ts';
import type { StagedKind } from '../types/codec-shape.ts';
import type { SupportedField } from '../types/field.ts';
import { type ColumnReader, columnReader } from './vector-values.ts';

export interface BatchOptions {
  /** Most rows of a batch. */
  readonly batchRows: number;
  /** About how many characters of text a batch may hold; wide rows then come in smaller batches. */
  readonly batchChars?: number;
}

const DEFAULT_BATCH_CHARS = 2_000_000;

/** The expression for a staged column, in the type that JavaScript gets. */
export function stagedColumn(stagedAs: StagedKind, name: string): Sql {
  return sql`CAST(${duckName(name)} AS ${duckType(stagedAs)})`;
}

/** Chunks of the engine as batches of bounded size. `allText`: every column came as text, whatever its type. */
export async function* batchesOf(
  chunks: AsyncIterable<DuckDBDataChunk>,
  fields: readonly SupportedField[],
  { batchRows, batchChars = DEFAULT_BATCH_CHARS, allText = false }: BatchOptions & { readonly allText?: boolean },
): AsyncGenerator<Batch, void, undefined> {
  const readers = fields.map(({ type }): ColumnReader => {
    const { stagedAs, fromText } = codecFor(type);
    return columnReader(allText ? 'VARCHAR' : stagedAs, fromText);
  });
  let pending = fields.map((): Value[] => []);
  let rows = 0;
  let chars = 0;
  const flush = (): Batch => {
    const batch = openBatch(fields, pending, rows);
    pending = fields.map((): Value[] => []);
    rows = 0;
    chars = 0;
    return batch;
  };
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.rowCount; ) {
      const end = Math.min(chunk.rowCount, start + batchRows - rows);
      for (const [position, read] of readers.entries())
        chars += read(chunk, position, start, end, pending[position] ?? []);
      rows += end - start;
      start = end;
      if (rows >= batchRows) yield flush();
    }
    if (chars >= batchChars && rows > 0) yield flush();
  }
  if (rows > 0) yield flush();
}
