import { LIMITS } from '../core/redshift-limits.ts';
import type { SupportedType } from '../core/redshift-type.ts';
import type { Run } from '../core/run.ts';
import { duckName, duckText } from '../sql/duckdb.ts';
import { join, type Sql, sql } from '../sql/sql.ts';
import type { Engine } from './engine.ts';
import { type InputFile, jsonObjects } from './input-file.ts';
import { mergeTypes } from './merge-types.ts';
import { sourceKind } from './source-kind.ts';
import { mergeFacts, roomyVarchar, type TextFacts, typeOfTexts } from './text-type.ts';

/** A column of a file with the type of Redshift that fits it. */
export interface InferredColumn {
  readonly name: string;
  /** What a new column for it is made as; absent where nothing fits. */
  readonly type?: SupportedType;
  /** The narrowest type that holds what is there, where that is another. */
  readonly least?: SupportedType;
}

/** Columns that one pass over the file looks at. */
const COLUMNS_A_PASS = 64;

/** What was learned of a column of one file, to be put together with that of others. */
export type ColumnFacts =
  | { readonly name: string; readonly text: TextFacts }
  | { readonly name: string; readonly engineType: string; readonly bytes: number };

/**
 * What the columns of files are, in Redshift's types: one that holds the values of all files. Absent where there is none.
 */
export function typesOf(files: readonly (readonly ColumnFacts[])[]): readonly InferredColumn[] {
  const inferred = new Map<string, InferredColumn>();
  const names = new Set(files.flatMap((columns) => columns.map(({ name }) => name)));
  for (const name of names) {
    const facts = files.flatMap((columns) => columns.find((column) => column.name === name) ?? []);
    const texts = facts.flatMap((one) => ('text' in one ? one.text : []));
    const types = facts.flatMap((one) => ('text' in one ? [] : typeOfParquet(one.engineType, one.bytes)));
    if (texts.length > 0) types.push(typeOfTexts(texts.reduce(mergeFacts)));
    inferred.set(name, { name, ...types.reduce(mergeTypes) });
  }
  return [...inferred.values()];
}

/**
 * Looks at the values of a file's columns. Parquet tells its types, but for the length of its texts; CSV and JSON Lines
 * are read through, every value of them, so that no value lies outside. Throws RS_INPUT_INVALID for a file that is broken.
 */
export async function measureColumns(engine: Engine, input: InputFile, run: Run): Promise<readonly ColumnFacts[]> {
  if (input.format === 'parquet') return parquetFacts(engine, input, run);
  const measured: ColumnFacts[] = [];
  for (let from = 0; from < input.columns.length; from += COLUMNS_A_PASS) {
    const columns = input.columns
      .slice(from, from + COLUMNS_A_PASS)
      .map(({ name }, index) => ({ name, index: from + index }));
    const rows = await engine.query(statistics(input, columns), run);
    measured.push(...columns.map(({ name }, index) => ({ name, text: factsOf(rows[0] ?? [], index) })));
  }
  return measured;
}

const FACTS = ['kinds', 'bytes', 'whole', 'scale', 'lowest', 'highest'] as const;

function factsOf(row: readonly (string | null)[], index: number): TextFacts {
  const [kinds, bytes, whole, scale, lowest, highest] = row.slice(index * FACTS.length);
  return {
    kinds: kinds ?? '',
    bytes: Number(bytes ?? 0),
    whole: Number(whole ?? 0),
    scale: Number(scale ?? 0),
    lowest: BigInt(lowest ?? 0),
    highest: BigInt(highest ?? 0),
  };
}

function statistics(input: InputFile, columns: readonly { readonly name: string; readonly index: number }[]): Sql {
  const isCsv = input.format === 'csv';
  const value = ({ index }: { readonly index: number }): Sql => duckName(`c${index}`);
  const kinds = columns.map(
    (column) => sql`${isCsv ? kindOf(value(column)) : jsonKindOf(value(column))} AS ${duckName(`k${column.index}`)}`,
  );
  const texts = columns.map(
    (column) => sql`${isCsv ? value(column) : sql`(${value(column)} ->> '$')`} AS ${duckName(`v${column.index}`)}`,
  );
  const facts = columns.map(({ index }) => {
    const [kind, text] = [duckName(`k${index}`), duckName(`v${index}`)];
    const whole = sql`TRY_CAST(${text} AS HUGEINT)`;
    const digits = sql`regexp_extract(${text}, '^-?(\\d+)', 1)`;
    return join([
      sql`array_to_string(list_sort(list(DISTINCT ${kind})), '')`,
      sql`max(strlen(${text}))`,
      sql`max(length(${digits})) FILTER (${kind} IN ('i', 'n'))`,
      sql`max(length(regexp_extract(${text}, '\\.(\\d+)$', 1))) FILTER (${kind} = 'n')`,
      sql`min(${whole}) FILTER (${kind} = 'i')`,
      sql`max(${whole}) FILTER (${kind} = 'i')`,
    ]);
  });
  const source = isCsv ? csvTexts(input) : jsonValues(input, columns);
  return sql`SELECT ${join(facts)} FROM (SELECT ${join([...kinds, ...texts])} FROM ${source})`;
}

/** Every column as text. A quoted empty field is a text, one without quotes is none. */
function csvTexts({ columns, delimiter, path, compression }: InputFile): Sql {
  const types = join(columns.map((_, index) => sql`${duckText(`c${index}`)}: 'VARCHAR'`));
  return sql`read_csv(${duckText(path)}, auto_detect = false, header = true, columns = {${types}}, delim = ${duckText(delimiter)}, quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, strict_mode = true, compression = ${duckText(compression)}, max_line_size = 4194304, buffer_size = 16777216)`;
}

function jsonValues({ path }: InputFile, columns: readonly { readonly name: string; readonly index: number }[]): Sql {
  const values = columns.map(({ name, index }) => {
    const key = duckText(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    return sql`json_extract(json, ${key}) AS ${duckName(`c${index}`)}`;
  });
  return sql`(SELECT ${join(values)} FROM ${jsonObjects(path)})`;
}

/**
 * What a text looks like: `i` whole number, `n` number with a point, `f` one with an exponent, `b` true or false, `d` date, `t`
 * timestamp, `z` one with a zone, `s` other text. NULL for none. A number with a leading zero or a plus is a text.
 */
function kindOf(text: Sql): Sql {
  const matches = (pattern: string): Sql => sql`regexp_full_match(${text}, ${duckText(pattern)})`;
  const day = String.raw`\d{4}-\d\d-\d\d`;
  const moment = String.raw`${day}[ T]\d\d:\d\d:\d\d(\.\d{1,6})?`;
  const zone = String.raw`(Z|[+-]\d\d(:?\d\d)?)`;
  return sql`CASE WHEN ${text} IS NULL THEN NULL WHEN lower(${text}) IN ('true', 'false') THEN 'b' WHEN NOT ${matches(String.raw`-?\d[\s\S]*`)} THEN 's' WHEN ${matches(String.raw`-?(0|[1-9]\d{0,37})`)} THEN 'i' WHEN ${matches(String.raw`-?(0|[1-9]\d{0,37})\.\d{1,37}`)} THEN 'n' WHEN ${matches(String.raw`-?(0|[1-9]\d*)(\.\d+)?[eE][+-]?\d{1,3}`)} AND isfinite(TRY_CAST(${text} AS DOUBLE)) THEN 'f' WHEN ${matches(day)} AND TRY_CAST(${text} AS DATE) IS NOT NULL THEN 'd' WHEN ${matches(moment)} AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL THEN 't' WHEN ${matches(moment + zone)} AND TRY_CAST(regexp_extract(${text}, ${duckText(`^${moment}`)}) AS TIMESTAMP) IS NOT NULL THEN 'z' ELSE 's' END`;
}

/** The same of a JSON value: a string is a text whatever it looks like, but for dates; `o` is an object or a list. */
function jsonKindOf(json: Sql): Sql {
  const text = sql`(${json} ->> '$')`;
  const ofText = sql`CASE WHEN ${kindOf(text)} IN ('d', 't', 'z') THEN ${kindOf(text)} ELSE 's' END`;
  return sql`CASE json_type(${json}) WHEN 'VARCHAR' THEN ${ofText} WHEN 'BOOLEAN' THEN 'b' WHEN 'OBJECT' THEN 'o' WHEN 'ARRAY' THEN 'o' WHEN 'NULL' THEN NULL ELSE ${kindOf(text)} END`;
}

async function parquetFacts(engine: Engine, input: InputFile, run: Run): Promise<readonly ColumnFacts[]> {
  const measured = input.columns.filter(({ type }) => ['text', 'binary'].includes(sourceKind(type)) && type !== 'JSON');
  const lengths = new Map<string, number>();
  if (measured.length > 0) {
    const asked = join(
      measured.map(({ name, type }) =>
        type === 'BLOB' ? sql`max(octet_length(${duckName(name)}))` : sql`max(strlen(${duckName(name)}))`,
      ),
    );
    const rows = await engine.query(sql`SELECT ${asked} FROM read_parquet(${duckText(input.path)})`, run);
    for (const [index, { name }] of measured.entries()) lengths.set(name, Number(rows[0]?.[index] ?? 0));
  }
  return input.columns.map(({ name, type }) => ({ name, engineType: type, bytes: lengths.get(name) ?? 0 }));
}

const BY_ENGINE: Readonly<Record<string, SupportedType>> = {
  TINYINT: { kind: 'smallint' },
  UTINYINT: { kind: 'smallint' },
  SMALLINT: { kind: 'smallint' },
  USMALLINT: { kind: 'integer' },
  INTEGER: { kind: 'integer' },
  UINTEGER: { kind: 'bigint' },
  BIGINT: { kind: 'bigint' },
  UBIGINT: { kind: 'decimal', precision: 20, scale: 0 },
  HUGEINT: { kind: 'decimal', precision: 38, scale: 0 },
  UHUGEINT: { kind: 'decimal', precision: 38, scale: 0 },
  FLOAT: { kind: 'real' },
  DOUBLE: { kind: 'double' },
  UUID: { kind: 'varchar', bytes: 36 },
  JSON: { kind: 'super' },
};

function typeOfParquet(type: string, bytes: number): Omit<InferredColumn, 'name'> {
  const known = BY_ENGINE[type];
  if (known !== undefined) return { type: known };
  const [, precision, scale] = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type) ?? [];
  if (precision !== undefined) return { type: { kind: 'decimal', precision: Number(precision), scale: Number(scale) } };
  const kind = sourceKind(type);
  switch (kind) {
    case 'text':
      return {
        type: roomyVarchar(bytes),
        least: { kind: 'varchar', bytes: Math.min(Math.max(1, bytes), LIMITS.varcharBytes) },
      };
    case 'binary':
      return {
        type: {
          kind: 'varbyte',
          bytes: Math.min(2 ** Math.max(8, Math.ceil(Math.log2(Math.max(1, bytes)))), LIMITS.varbyteBytes.max),
        },
        least: { kind: 'varbyte', bytes: Math.max(1, bytes) },
      };
    case 'boolean':
    case 'date':
    case 'time':
    case 'timetz':
    case 'timestamp':
    case 'timestamptz':
      return { type: { kind } };
    case 'timestampNs':
      return { type: { kind: 'timestamp' } };
    case 'nested':
      return { type: { kind: 'super' } };
    case 'integer':
    case 'decimal':
    case 'floating':
    case 'uuid':
    case 'interval':
    case 'other':
      return {};
  }
}
