import type { BackendSession } from '../pg/backend-session.ts';
import { type ColumnKind, KIND_BY_OID, kindOf, quoteIdentifier } from './columns.ts';
import { notImitated, refuse } from './refusal.ts';
import type { UnloadStatement } from './statement.ts';
import { wholeNames } from './whole-names.ts';

/** A column of the query that UNLOAD writes. */
export interface UnloadColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Characters of CHAR and VARCHAR; 0 where the query does not tell. */
  readonly length: number;
  /** Of DECIMAL; 0 where the query does not tell. */
  readonly precision: number;
  readonly scale: number;
}

/** The query in PostgreSQL's words, and what it gives. */
export interface UnloadQuery {
  readonly sql: string;
  readonly columns: readonly UnloadColumn[];
}

/** What also comes out of queries: text, unknown literals, names. */
const TEXT_LIKE = new Set(['25', '705', '19']);
const NOT_DOCUMENTED: readonly ColumnKind[] = ['time', 'timetz', 'intervalY2m', 'intervalD2s'];
const NOT_IN_PARQUET: readonly ColumnKind[] = ['varbyte', 'geometry', 'geography', 'hllsketch'];

export async function openQuery(backend: BackendSession, statement: UnloadStatement): Promise<UnloadQuery> {
  const sql = backend.translate(statement.query);
  const { columns } = await backend.query(`SELECT * FROM (${sql}\n) AS unloaded LIMIT 0`);
  if (columns.length === 0) throw refuse('XX000', 'UNLOAD needs at least one column');
  const names = await wholeNames(
    backend,
    columns.map(({ name }) => name),
  );
  const typeNames = await unknownTypes(backend, columns);
  const found = columns.map(({ name: short, typeOid, typeModifier }, index): UnloadColumn => {
    const name = names[index] ?? short;
    const typeName = typeNames[index] ?? '';
    const kind = TEXT_LIKE.has(String(typeOid)) ? 'varchar' : kindOf(String(typeOid), typeModifier, typeName);
    if (kind === undefined) throw notImitated(`UNLOAD of column "${name}" of type ${typeName}`);
    const size = typeModifier - 4;
    const isDecimal = kind === 'decimal' && size >= 0;
    return {
      name,
      kind,
      length: (kind === 'char' || kind === 'varchar') && size > 0 ? size : 0,
      precision: isDecimal ? (size >> 16) & 0xffff : 0,
      scale: isDecimal ? size & 0x7ff : 0,
    };
  });
  if (statement.format === 'parquet') checkParquet(found);
  if (statement.format === 'json') checkNames(found);
  return { sql, columns: found };
}

/** Names of the types that have no place in a file; the others are not asked for. */
async function unknownTypes(
  backend: BackendSession,
  columns: readonly { readonly typeOid: number }[],
): Promise<readonly string[]> {
  if (columns.every(({ typeOid }) => KIND_BY_OID[typeOid] !== undefined || TEXT_LIKE.has(String(typeOid)))) return [];
  const list = columns.map(({ typeOid }) => `pg_catalog.format_type(${typeOid}, NULL)`).join(', ');
  const { rows } = await backend.query(`SELECT ${list}`);
  return (rows[0] ?? []).map((name) => name ?? 'unknown');
}

function checkParquet(columns: readonly UnloadColumn[]): void {
  const never = columns.find(({ kind }) => NOT_IN_PARQUET.includes(kind));
  if (never !== undefined) {
    throw refuse(
      '0A000',
      `UNLOAD to PARQUET does not support column "${never.name}" of type ${never.kind.toUpperCase()}`,
    );
  }
  const time = columns.find(({ kind }) => NOT_DOCUMENTED.includes(kind));
  if (time !== undefined) {
    throw notImitated(
      `UNLOAD to PARQUET of column "${time.name}": how ${time.kind.toUpperCase()} is written is not documented`,
    );
  }
  checkNames(columns);
}

function checkNames(columns: readonly UnloadColumn[]): void {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse('XX000', `Duplicate column name "${twice}" in the UNLOAD query`);
}

/** Never comes out of a query: PostgreSQL quotes what looks like its NULL, Redshift does not. */
const NEVER = '\u0002roleshift null\u0002';
/** PostgreSQL insists on a quote character. */
const NO_QUOTE = '\u0001';

/** The quote character of the rows that the database gives. */
export function quoteByte({ format }: UnloadStatement): number {
  return (format === 'delimited' || format === 'json' ? NO_QUOTE : '"').charCodeAt(0);
}

/** The database's COPY that writes the query's rows as Redshift's text or CSV files hold them. */
export function textCopySql({ sql, columns }: UnloadQuery, statement: UnloadStatement): string {
  const names = columns.map((_column, index) => `c${index}`).join(', ');
  const isBare = hasBareMarker(statement);
  const list = columns.map((column, index) =>
    isBare ? bareExpression(column, `c${index}`, statement) : wrappedExpression(column, `c${index}`, statement),
  );
  const quote = statement.format === 'csv' ? '"' : NO_QUOTE;
  const options = [
    'FORMAT csv',
    `DELIMITER ${literal(statement.delimiter)}`,
    `QUOTE ${literal(quote)}`,
    `NULL ${literal(isBare ? statement.nullAs : NEVER)}`,
    `ENCODING 'UTF8'`,
  ];
  return `COPY (SELECT ${list.join(', ')} FROM (${sql}\n) AS unloaded(${names})) TO STDOUT (${options.join(', ')})`;
}

/** Whether PostgreSQL can write the marker of NULL by itself, and no number or truth value looks like it. */
function hasBareMarker({ nullAs, delimiter, escape: hasEscape, addQuotes }: UnloadStatement): boolean {
  if (hasEscape || addQuotes || nullAs.includes(delimiter)) return false;
  const isAwkward = ['"', '\r', '\n', '\0', NO_QUOTE].some((character) => nullAs.includes(character));
  return !isAwkward && !/^[-+.\dtfni]/i.test(nullAs);
}

/** Redshift does not quote a text that looks like its marker: so it is one. Cheap: the value goes out as it is. */
function bareExpression(column: UnloadColumn, name: string, { nullAs }: UnloadStatement): string {
  if (column.kind === 'varchar') return `nullif(${name}, ${literal(nullAs)})`;
  if (column.kind === 'super') return plainText(column, name);
  return column.kind === 'real' || column.kind === 'double' ? plainText(column, name) : name;
}

function wrappedExpression(column: UnloadColumn, name: string, statement: UnloadStatement): string {
  const text = escaped(plainText(column, name), statement);
  return `coalesce(${text}, ${literal(statement.nullAs)})`;
}

function plainText({ kind, length }: UnloadColumn, name: string): string {
  // The marker of NULL is not for SUPER: it is written as JSON has it.
  if (kind === 'super') return `coalesce(pg_catalog.rs_text(${name}), 'null')`;
  // Its cast to a text would be the text that its bytes are.
  if (kind === 'varbyte') return `pg_catalog.rs_text(${name})`;
  if (kind === 'boolean') return `CASE WHEN ${name} THEN 't' WHEN NOT ${name} THEN 'f' END`;
  // A CHAR is written with its blanks.
  if (kind === 'char' && length > 0) return `rpad(${name}::text, ${length})`;
  if (kind === 'real' || kind === 'double') {
    return `CASE ${name}::text WHEN 'NaN' THEN 'nan' WHEN 'Infinity' THEN 'inf' WHEN '-Infinity' THEN '-inf' ELSE ${name}::text END`;
  }
  return `${name}::text`;
}

/** The database's COPY that writes each row as a JSON object on a line of its own. Truth values are `t` and `f`. */
export function jsonCopySql({ sql, columns }: UnloadQuery): string {
  const names = columns.map((_column, index) => `c${index}`).join(', ');
  const members = columns.map((column, index) => {
    const key = literal(`${index === 0 ? '' : ','}${JSON.stringify(column.name)}:`);
    return `${key} || ${jsonValue(column, `c${index}`)}`;
  });
  const options = ['FORMAT csv', `DELIMITER ${literal('\u0002')}`, `QUOTE ${literal(NO_QUOTE)}`, `ENCODING 'UTF8'`];
  const list = `'{' || ${members.join(' || ')} || '}'`;
  return `COPY (SELECT ${list} FROM (${sql}\n) AS unloaded(${names})) TO STDOUT (${options.join(', ')})`;
}

const JSON_NUMBERS: readonly ColumnKind[] = ['smallint', 'integer', 'bigint', 'decimal', 'real', 'double'];

function jsonValue(column: UnloadColumn, name: string): string {
  if (column.kind === 'super') return plainText(column, name);
  if (!JSON_NUMBERS.includes(column.kind)) return `coalesce(to_json(${plainText(column, name)})::text, 'null')`;
  const isFloat = column.kind === 'real' || column.kind === 'double';
  // JSON has no number for them.
  const text = isFloat
    ? `CASE WHEN ${name}::text ~ '[a-z]{3}' THEN '"' || (${plainText(column, name)}) || '"' ELSE ${name}::text END`
    : `${name}::text`;
  return `coalesce(${text}, 'null')`;
}

/** ESCAPE and ADDQUOTES of delimited text. */
function escaped(text: string, { escape: hasEscape, addQuotes, delimiter }: UnloadStatement): string {
  const special = `[\\\\\\n\\r${/[\\\]^-]/.test(delimiter) ? `\\${delimiter}` : delimiter}${addQuotes ? `"'` : ''}]`;
  const inside = hasEscape ? `regexp_replace(${text}, ${literal(`(${special})`)}, ${literal('\\\\\\1')}, 'g')` : text;
  return addQuotes ? `'"' || ${inside} || '"'` : inside;
}

/** The database's COPY whose rows DuckDB turns into Parquet: exact, texts quoted, NULL as bare `\N`. */
export function parquetCopySql({ sql, columns }: UnloadQuery): string {
  const list = columns
    .map(({ kind }, index) => (kind === 'timestamptz' ? `c${index} AT TIME ZONE 'UTC' AS c${index}` : `c${index}`))
    .join(', ');
  const texts = columns.flatMap(({ kind }, index) => (kind === 'char' || kind === 'varchar' ? [`c${index}`] : []));
  const quoting = texts.length === 0 ? '' : `, FORCE_QUOTE (${texts.join(', ')})`;
  const names = columns.map((_column, index) => `c${index}`).join(', ');
  return `COPY (SELECT ${list} FROM (${sql}\n) AS unloaded(${names})) TO STDOUT (FORMAT csv, NULL ${literal('\\N')}, ENCODING 'UTF8'${quoting})`;
}

/** Column names as a HEADER line. */
export function headerLine(columns: readonly UnloadColumn[], { delimiter, format }: UnloadStatement): string {
  const cells = columns.map(({ name }) => (format === 'csv' && /[",\r\n]/.test(name) ? quoteIdentifier(name) : name));
  return `${cells.join(delimiter)}\n`;
}

function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
}
