import type { ColumnKind } from './columns.ts';
import type { WrittenPart } from './part-files.ts';
import type { UnloadStatement } from './statement.ts';
import type { UnloadColumn } from './unload-query.ts';

const BASE: Readonly<Record<ColumnKind, string>> = {
  smallint: 'smallint',
  integer: 'integer',
  bigint: 'bigint',
  decimal: 'numeric',
  real: 'real',
  double: 'double precision',
  boolean: 'boolean',
  char: 'character',
  varchar: 'character varying',
  date: 'date',
  time: 'time without time zone',
  timetz: 'time with time zone',
  timestamp: 'timestamp without time zone',
  timestamptz: 'timestamp with time zone',
  intervalY2m: 'interval year to month',
  intervalD2s: 'interval day to second',
  super: 'super',
  varbyte: 'binary varying',
  geometry: 'geometry',
  geography: 'geography',
  hllsketch: 'hllsketch',
};

/** The manifest of an UNLOAD. The documented key names of lengths are not JSON; these are a guess, only `base` is sure. */
export function manifestText(
  statement: UnloadStatement,
  columns: readonly UnloadColumn[],
  bucket: string,
  parts: readonly WrittenPart[],
): string {
  const header = statement.header ? 1 : 0;
  const isVerbose = statement.manifest === 'verbose';
  const entries = parts.map(({ key, bytes, rows }) => {
    const url = `s3://${bucket}/${key}`;
    if (isVerbose) return { url, meta: { content_length: bytes, record_count: rows + header } };
    return statement.format === 'parquet' ? { url, meta: { content_length: bytes } } : { url };
  });
  if (!isVerbose) return JSON.stringify({ entries });
  return JSON.stringify({
    entries,
    schema: { elements: columns.map((column) => ({ name: column.name, type: typeOf(column) })) },
    meta: {
      content_length: parts.reduce((sum, { bytes }) => sum + bytes, 0),
      record_count: parts.reduce((sum, { rows }) => sum + rows + header, 0),
    },
    author: { name: 'Amazon Redshift', version: '1.0.0' },
  });
}

function typeOf({ kind, length, precision, scale }: UnloadColumn): Readonly<Record<string, string | number>> {
  const base = BASE[kind];
  if (kind === 'char' || kind === 'varchar') return length > 0 ? { base, length } : { base };
  return kind === 'decimal' && precision > 0 ? { base, precision, scale } : { base };
}
