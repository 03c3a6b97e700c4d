import { stat } from 'node:fs/promises';
import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { duckText, duckType } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { SupportedField } from '../types/field.ts';
import type { Engine } from './engine.ts';
import { type ExportFormat, exportColumns, JSON_NULL } from './export-expression.ts';
import { stagedColumnName, unloadedRows } from './read-parquet.ts';

export type ExportCompression = 'none' | 'gzip' | 'zstd' | 'snappy';

/** What an export's files are like. */
export interface ExportForm {
  readonly format: ExportFormat;
  readonly compression: ExportCompression;
  readonly delimiter: string;
  /** What stands for NULL in CSV; a value that reads the same is quoted. */
  readonly nullMarker: string;
}

/** A file to convert. Both kinds must lie in the engine's folder. */
export type ExportInput =
  | { readonly kind: 'unloaded'; readonly path: string }
  /** Values of the API as text in CSV. `longestLine`: in bytes, at least. */
  | { readonly kind: 'values'; readonly path: string; readonly nullMarker: string; readonly longestLine: number };

export interface ExportPiece {
  readonly rows: number;
  readonly bytes: number;
}

/** Row groups of this size bound what a writer, and later a reader, holds of wide rows. */
const ROW_GROUP_BYTES = 16 * 1024 * 1024;
const ROW_GROUP_ROWS = 122_880;

/**
 * Writes rows of one file in another form, in native code. Pieces of text can be put one after the other; so can those of
 * Parquet by `ParquetParts`, which gives the columns their names. Throws RS_VALUE_UNREPRESENTABLE.
 */
export async function exportFile(
  engine: Engine,
  input: ExportInput,
  { fields, form, acceptLoss, range, to }: ExportFileInit,
  run: Run,
): Promise<ExportPiece> {
  const columns = exportColumns(fields, input.kind, form.format, acceptLoss);
  const statement = sql`COPY (SELECT ${columns} FROM ${sourceOf(input, fields, range)}) TO ${duckText(to)} (${writerOf(form)})`;
  const rows = await engine.copy(statement, run, (message) => jsonNull(message, fields));
  return { rows, bytes: (await stat(to)).size };
}

export interface ExportFileInit {
  readonly fields: readonly SupportedField[];
  readonly form: ExportForm;
  readonly acceptLoss: readonly string[];
  /** Rows of an unloaded file, from 0, the end left out; all without it. */
  readonly range?: { readonly start: number; readonly end: number } | undefined;
  readonly to: string;
}

function sourceOf(input: ExportInput, fields: readonly SupportedField[], range: ExportFileInit['range']): Sql {
  if (input.kind === 'unloaded') {
    const rows = unloadedRows(input.path);
    if (range === undefined) return rows;
    const { start, end } = range;
    return sql`${rows} WHERE file_row_number >= ${integer(start)} AND file_row_number < ${integer(end)}`;
  }
  const types = join(fields.map((_, position) => sql`${duckText(stagedColumnName(position))}: 'VARCHAR'`));
  const line = Math.max(input.longestLine + 64, 2 * 1024 * 1024);
  return sql`read_csv(${duckText(input.path)}, auto_detect = false, header = false, columns = {${types}}, delim = ',', quote = '"', escape = '"', new_line = '\\n', nullstr = ${duckText(input.nullMarker)}, allow_quoted_nulls = false, strict_mode = true, parallel = false, max_line_size = ${integer(line)}, buffer_size = ${integer(line * 2)})`;
}

function writerOf({ format, compression, delimiter, nullMarker }: ExportForm): Sql {
  const packed = duckText(compression);
  switch (format) {
    case 'parquet': {
      const codec = duckType(compression === 'none' ? 'UNCOMPRESSED' : compression.toUpperCase());
      return sql`FORMAT parquet, COMPRESSION ${codec}, ROW_GROUP_SIZE ${integer(ROW_GROUP_ROWS)}, ROW_GROUP_SIZE_BYTES ${integer(ROW_GROUP_BYTES)}`;
    }
    case 'csv':
      return sql`FORMAT csv, HEADER false, DELIMITER ${duckText(delimiter)}, QUOTE '"', ESCAPE '"', NULLSTR ${duckText(nullMarker)}, COMPRESSION ${packed}`;
    case 'jsonl':
      // JSON escapes control characters, so these marks are in no line; with a quote the engine would put it around each # too.
      return sql`FORMAT csv, HEADER false, DELIMITER ${duckText('\x01')}, QUOTE '', ESCAPE '', NULLSTR ${duckText('\x03')}, COMPRESSION ${packed}`;
  }
}

function jsonNull(message: string, fields: readonly SupportedField[]): ConnectorError | undefined {
  const [, position] = new RegExp(`${JSON_NULL}(\\d+)`).exec(message) ?? [];
  const field = fields[Number(position)];
  if (field === undefined) return undefined;
  const problem = "is JSON's own null, which JSON Lines cannot tell from SQL's NULL";
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Column ${JSON.stringify(field.name)} (SUPER): a value ${problem}`,
    {
      action: 'Write Parquet or CSV, or accept the loss by naming the column in acceptLoss.',
      details: { column: field.name, type: 'SUPER', problem },
    },
  );
}
