import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText } from '../sql/duckdb.ts';
import { join, type Sql, sql } from '../sql/sql.ts';
import type { Checksum } from '../types/checksum.ts';
import type { SupportedField } from '../types/field.ts';
import { checksumOfFiles } from './checksums.ts';
import { cast, withEra } from './conversion.ts';
import type { Engine } from './engine.ts';
import type { ExportForm } from './export-file.ts';
import { stagedColumnName } from './read-parquet.ts';

/** The checksum of a piece that `exportFile` wrote: read back as any reader would, and not what was meant to be written. */
export function checksumOfExported(
  engine: Engine,
  path: string,
  { fields, form }: { readonly fields: readonly SupportedField[]; readonly form: ExportForm },
  run: Pick<Run, 'signal'>,
): Promise<Checksum> {
  const columns = fields.map(({ name, type }, position) => {
    const staged = duckName(stagedColumnName(position));
    return sql`${readBack(form.format, name, type, staged)} AS ${staged}`;
  });
  const from = sql`(SELECT ${join(columns)} FROM ${sourceOf(path, fields, form)})`;
  const named = fields.map(({ type }, position) => ({ name: stagedColumnName(position), type }));
  return checksumOfFiles(engine, from, named, run);
}

function readBack(format: ExportForm['format'], name: string, { kind }: SupportedType, column: Sql): Sql {
  if (format === 'csv') return column;
  if (format === 'jsonl') {
    const pointer = `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return sql`json_extract_string(line, ${duckText(pointer)})`;
  }
  if (kind === 'varbyte' || kind === 'geometry' || kind === 'geography') return sql`hex(${column})`;
  if (kind === 'time') return cast(column, 'VARCHAR');
  const isDay = kind === 'date' || kind === 'timestamp' || kind === 'timestamptz';
  return isDay ? withEra(cast(column, 'VARCHAR')) : column;
}

function sourceOf(path: string, fields: readonly SupportedField[], form: ExportForm): Sql {
  if (form.format === 'parquet') return sql`read_parquet(${duckText(path)})`;
  const isCsv = form.format === 'csv';
  const names = isCsv ? fields.map((_, position) => stagedColumnName(position)) : ['line'];
  const types = join(names.map((name) => sql`${duckText(name)}: 'VARCHAR'`));
  const [delimiter, quote, nullMarker] = isCsv ? [form.delimiter, '"', form.nullMarker] : ['\x01', '\x02', '\x03'];
  return sql`read_csv(${duckText(path)}, auto_detect = false, header = false, columns = {${types}}, delim = ${duckText(delimiter)}, quote = ${duckText(quote)}, escape = ${duckText(quote)}, new_line = '\\n', nullstr = ${duckText(nullMarker)}, allow_quoted_nulls = false, strict_mode = true, parallel = false, compression = ${duckText(form.compression)}, max_line_size = 33554432, buffer_size = 67108864)`;
}
