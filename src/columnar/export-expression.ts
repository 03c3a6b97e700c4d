import type { SupportedType } from '../core/redshift-type.ts';
import { duckName, duckText, duckType } from '../sql/duckdb.ts';
import { integer, join, type Sql, sql } from '../sql/sql.ts';
import type { SupportedField } from '../types/field.ts';
import { cast, spelled, withEra } from './conversion.ts';
import { BEFORE_CHRIST } from './conversion-datetime.ts';
import { stagedColumnName } from './read-parquet.ts';

export type ExportFormat = 'parquet' | 'csv' | 'jsonl';

/** What lies in a file to convert: Parquet as UNLOAD wrote it, or the values of the API as text. */
export type ExportSource = 'unloaded' | 'values';

/** The selected columns of an export, in the form that the format takes. JSON Lines are one column, the line. */
export function exportColumns(
  fields: readonly SupportedField[],
  source: ExportSource,
  format: ExportFormat,
  acceptLoss: readonly string[],
): Sql {
  const columns = fields.map(({ name, type }, position) => {
    const staged = duckName(stagedColumnName(position));
    const value = source === 'unloaded' ? unloadedValue(type, staged) : typed(type, staged);
    return { name, type, value, as: staged };
  });
  switch (format) {
    case 'parquet':
      return join(
        columns.map(({ type, value, as }) => {
          return sql`${source === 'unloaded' ? parquetColumn(type, as) : parquetValue(type, value)} AS ${as}`;
        }),
      );
    case 'csv':
      return join(columns.map(({ type, value, as }) => sql`${csvValue(type, value)} AS ${as}`));
    case 'jsonl': {
      const members = columns.map(({ name, type, value }, position) => {
        const opening = duckText(`${position === 0 ? '{' : ','}${JSON.stringify(name)}:`);
        return sql`${opening} || coalesce(${jsonValue(type, value, position, acceptLoss.includes(name))}, 'null')`;
      });
      return sql`${join(members, sql` || `)} || '}' AS line`;
    }
  }
}

/** Marks the error that a JSON null raises in JSON Lines; the column's position follows. */
export const JSON_NULL = 'roleshift-json-null-';

/** A column of an unloaded file as one of a written Parquet file. */
export function parquetColumn(type: SupportedType, column: Sql): Sql {
  // A moment needs no detour over the text that the API gives.
  return parquetValue(type, type.kind === 'timestamptz' ? cast(column, 'VARCHAR') : unloadedValue(type, column));
}

/** A column in its own type, values as the API gives them. */
function unloadedValue(type: SupportedType, column: Sql): Sql {
  const text = cast(column, 'VARCHAR');
  if (type.kind === 'char') return sql`rpad(${text}, ${integer(type.bytes)}, ' ')`;
  if (type.kind === 'varbyte') return sql`lower(${text})`;
  if (type.kind !== 'timestamptz') return typed(type, column);
  const inUtc = withEra(cast(cast(engineMoment(text), 'TIMESTAMPTZ'), 'VARCHAR'));
  return sql`CASE WHEN ends_with(${text}, '+00') THEN ${text} ELSE ${inUtc} END`;
}

/** Types of the engine that hold every value; anything else is text. */
const ENGINE_TYPE: Readonly<Partial<Record<SupportedType['kind'], string>>> = {
  smallint: 'SMALLINT',
  integer: 'INTEGER',
  bigint: 'BIGINT',
  boolean: 'BOOLEAN',
  real: 'FLOAT',
  double: 'DOUBLE',
};

function typed(type: SupportedType, column: Sql): Sql {
  return cast(column, type.kind === 'decimal' ? decimalType(type) : (ENGINE_TYPE[type.kind] ?? 'VARCHAR'));
}

/** Types of a written Parquet file that the engine makes of text. Parquet has none for the others that are text. */
const PARQUET_MOMENT: Readonly<Partial<Record<SupportedType['kind'], string>>> = {
  date: 'DATE',
  time: 'TIME',
  timestamp: 'TIMESTAMP',
  timestamptz: 'TIMESTAMPTZ',
};

function parquetValue({ kind }: SupportedType, value: Sql): Sql {
  const moment = PARQUET_MOMENT[kind];
  if (moment !== undefined) {
    // Few values are of that era, and looking for it closely costs more than all the rest.
    return sql`CASE WHEN ends_with(${value}, 'BC') THEN ${cast(engineMoment(value), moment)} ELSE ${cast(value, moment)} END`;
  }
  return kind === 'varbyte' || kind === 'geometry' || kind === 'geography' ? sql`from_hex(${value})` : value;
}

function csvValue({ kind }: SupportedType, value: Sql): Sql {
  return kind === 'real' || kind === 'double' ? spelled(cast(value, 'DOUBLE')) : cast(value, 'VARCHAR');
}

function jsonValue({ kind }: SupportedType, value: Sql, position: number, mayLose: boolean): Sql {
  if (kind === 'real' || kind === 'double') {
    const number = cast(value, 'DOUBLE');
    return sql`CASE WHEN isfinite(${number}) THEN CAST(${number} AS VARCHAR) ELSE '"' || ${spelled(number)} || '"' END`;
  }
  if (kind === 'super') {
    const json = sql`translate(${value}, ${duckText('\r\n')}, '  ')`;
    if (mayLose) return json;
    return sql`CASE WHEN ${value} = 'null' THEN error(${duckText(`${JSON_NULL}${position}`)}) ELSE ${json} END`;
  }
  const text = cast(value, 'VARCHAR');
  return ENGINE_TYPE[kind] === undefined ? sql`CAST(to_json(${text}) AS VARCHAR)` : text;
}

/** Redshift puts the era at the end, the engine behind the day. */
function engineMoment(text: Sql): Sql {
  return sql`regexp_replace(${text}, ${duckText(BEFORE_CHRIST)}, ${duckText(String.raw`\1 (BC)\2`)}, 'i')`;
}

function decimalType({ precision, scale }: { readonly precision?: number; readonly scale?: number }): string {
  return precision === undefined ? 'VARCHAR' : String(duckType(`DECIMAL(${precision},${scale ?? 0})`));
}
