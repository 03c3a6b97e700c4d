import type { DuckDBDataChunk, DuckDBValue } from '@duckdb/node-api';
import { ConnectorError } from '../core/errors.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import { duckName, duckType } from '../sql/duckdb.ts';
import { type Sql, sql } from '../sql/sql.ts';
import { type Batch, openBatch, type Value } from '../types/batch.ts';
import { codecFor } from '../types/codec.ts';
import type { Codec, StagedKind } from '../types/codec-shape.ts';
import type { SupportedField } from '../types/field.ts';

export interface BatchOptions {
  /** Most rows of a batch. */
  readonly batchRows: number;
  /** About how many characters of text a batch may hold; wide rows then come in smaller batches. */
  readonly batchChars?: number;
}

const DEFAULT_BATCH_CHARS = 2_000_000;

/** The expression for a staged column, in the type that JavaScript gets. */
export function stagedColumn({ kind }: SupportedType, stagedAs: StagedKind, name: string): Sql {
  const column = sql`CAST(${duckName(name)} AS ${duckType(stagedAs)})`;
  if (kind !== 'varchar') return column;
  // The binding's decoder takes a byte order mark off the front of each text: one more, and the right one stays.
  return sql`CASE WHEN starts_with(${column}, chr(65279)) THEN chr(65279) || ${column} ELSE ${column} END`;
}

/** Chunks of the engine as batches of bounded size. `allText`: every column came as text, whatever its type. */
export async function* batchesOf(
  chunks: AsyncIterable<DuckDBDataChunk>,
  fields: readonly SupportedField[],
  { batchRows, batchChars = DEFAULT_BATCH_CHARS, allText = false }: BatchOptions & { readonly allText?: boolean },
): AsyncGenerator<Batch, void, undefined> {
  const codecs = fields.map(({ type }) => codecFor(type));
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
    const values = codecs.map((codec, position) => columnOf(chunk, position, codec, allText));
    for (let start = 0; start < chunk.rowCount; ) {
      const end = Math.min(chunk.rowCount, start + batchRows - rows);
      for (const [position, column] of values.entries()) {
        const target = pending[position];
        for (let index = start; index < end; index += 1) target?.push(column[index] ?? null);
      }
      rows += end - start;
      start = end;
      if (rows >= batchRows) yield flush();
    }
    chars += charsOf(values);
    if (chars >= batchChars && rows > 0) yield flush();
  }
  if (rows > 0) yield flush();
}

function columnOf(chunk: DuckDBDataChunk, position: number, { stagedAs, fromText }: Codec, allText: boolean): Value[] {
  const values = chunk.getColumnValues(position);
  if (stagedAs !== 'VARCHAR' && !allText) return values.map(plain);
  return values.map((value) => (typeof value === 'string' ? fromText(value) : plain(value)));
}

function charsOf(columns: readonly (readonly Value[])[]): number {
  let chars = 0;
  for (const column of columns) for (const value of column) if (typeof value === 'string') chars += value.length;
  return chars;
}

/** The checked border: casts in the query leave nothing else. */
function plain(value: DuckDBValue): Value {
  if (typeof value === 'object' && value !== null) {
    throw new ConnectorError('RS_INTERNAL', 'The columnar engine gave a value that is not plain');
  }
  return value;
}
