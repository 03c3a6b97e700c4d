import type { SupportedType } from '../core/redshift-type.ts';
import type { TablePath } from './copy.ts';
import { identifier, integer, join, literal, Sql, sql } from './sql.ts';
import { typeSql } from './staging-table.ts';

/** Column encodings that Redshift has. https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html */
export const ENCODINGS = [
  'az64',
  'bytedict',
  'delta',
  'delta32k',
  'lzo',
  'mostly8',
  'mostly16',
  'mostly32',
  'raw',
  'runlength',
  'text255',
  'text32k',
  'zstd',
] as const;

export type Encoding = (typeof ENCODINGS)[number];

/** A column as DDL declares it. */
export interface ColumnDefinition {
  readonly name: string;
  readonly type: SupportedType;
  readonly nullable: boolean;
  readonly encoding?: Encoding;
  readonly identity?: IdentityDefinition;
  /** Compared without regard to case. */
  readonly isCaseInsensitive?: boolean;
  /** As the catalog has it, or as a person wrote it. */
  readonly defaultExpression?: Sql;
  readonly comment?: string;
}

export interface IdentityDefinition {
  readonly seed: number;
  readonly step: number;
  /** Numbered only where a row gives no value. */
  readonly byDefault: boolean;
}

export type Distribution =
  | { readonly style: 'auto' | 'even' | 'all' }
  | { readonly style: 'key'; readonly column: string };
export type Sorting =
  | { readonly style: 'auto' }
  | { readonly style: 'compound' | 'interleaved'; readonly columns: readonly string[] };

/** A table as DDL declares it. */
export interface TableDefinition {
  readonly path: TablePath;
  readonly columns: readonly ColumnDefinition[];
  /** Declared; Redshift does not enforce it. Empty for none. */
  readonly primaryKey: readonly string[];
  readonly distribution: Distribution;
  readonly sorting: Sorting;
  readonly comment?: string;
}

/** CREATE TABLE. `ifAbsent`: a table that is there already is no failure. */
export function renderCreateTable(table: TableDefinition, { ifAbsent = false } = {}): Sql {
  const { path, columns, primaryKey } = table;
  const parts = [
    ...columns.map(columnSql),
    ...(primaryKey.length === 0 ? [] : [sql`PRIMARY KEY (${names(primaryKey)})`]),
  ];
  const exists = ifAbsent ? sql`IF NOT EXISTS ` : sql``;
  return sql`CREATE TABLE ${exists}${identifier(...path)} (${join(parts)})${distributionSql(table.distribution)}${sortingSql(table.sorting)}`;
}

/** COMMENT ON for the table and each column that has one. */
export function renderComments({ path, columns, comment }: TableDefinition): readonly Sql[] {
  return [
    ...(comment === undefined ? [] : [renderTableComment(path, comment)]),
    ...columns.flatMap((column) =>
      column.comment === undefined ? [] : [renderColumnComment(path, column.name, column.comment)],
    ),
  ];
}

/** COMMENT ON TABLE; an empty text removes it. */
export function renderTableComment(path: TablePath, comment: string): Sql {
  return sql`COMMENT ON TABLE ${identifier(...path)} IS ${comment === '' ? sql`NULL` : literal(comment)}`;
}

/** COMMENT ON COLUMN; an empty text removes it. */
export function renderColumnComment(path: TablePath, column: string, comment: string): Sql {
  const text = comment === '' ? sql`NULL` : literal(comment);
  return sql`COMMENT ON COLUMN ${identifier(...path, column)} IS ${text}`;
}

/** ALTER TABLE ADD COLUMN: Redshift adds one a statement. The column takes NULLs, or has a default. */
export function renderAddColumn(path: TablePath, column: ColumnDefinition): Sql {
  return sql`ALTER TABLE ${identifier(...path)} ADD COLUMN ${columnSql(column)}`;
}

/** ALTER COLUMN TYPE, which Redshift knows for the length of a VARCHAR; not inside a transaction. */
export function renderWidenColumn(path: TablePath, column: string, bytes: number): Sql {
  return sql`ALTER TABLE ${identifier(...path)} ALTER COLUMN ${identifier(column)} TYPE VARCHAR(${integer(bytes)})`;
}

/** ALTER TABLE RENAME COLUMN. */
export function renderRenameColumn(path: TablePath, from: string, to: string): Sql {
  return sql`ALTER TABLE ${identifier(...path)} RENAME COLUMN ${identifier(from)} TO ${identifier(to)}`;
}

/** ALTER TABLE RENAME TO: the table stays in its schema. */
export function renderRenameTable(path: TablePath, to: string): Sql {
  return sql`ALTER TABLE ${identifier(...path)} RENAME TO ${identifier(to)}`;
}

/** DROP COLUMN, refused by Redshift while something depends on it: never CASCADE. */
export function renderDropColumn(path: TablePath, column: string): Sql {
  return sql`ALTER TABLE ${identifier(...path)} DROP COLUMN ${identifier(column)} RESTRICT`;
}

/** ALTER TABLE OWNER TO. */
export function renderOwner(path: TablePath, owner: string): Sql {
  return sql`ALTER TABLE ${identifier(...path)} OWNER TO ${identifier(owner)}`;
}

function columnSql({
  name,
  type,
  nullable,
  encoding,
  identity,
  isCaseInsensitive,
  defaultExpression,
}: ColumnDefinition): Sql {
  const parts = [
    identifier(name),
    typeSql(type),
    ...(identity === undefined ? [] : [identitySql(identity)]),
    ...(defaultExpression === undefined ? [] : [sql`DEFAULT ${defaultExpression}`]),
    ...(isCaseInsensitive === true ? [sql`COLLATE CASE_INSENSITIVE`] : []),
    ...(encoding === undefined ? [] : [sql`ENCODE ${Sql.trusted(encoding.toUpperCase())}`]),
    ...(nullable ? [] : [sql`NOT NULL`]),
  ];
  return join(parts, sql` `);
}

function identitySql({ seed, step, byDefault }: IdentityDefinition): Sql {
  const numbers = sql`(${integer(seed)}, ${integer(step)})`;
  return byDefault ? sql`GENERATED BY DEFAULT AS IDENTITY${numbers}` : sql`IDENTITY${numbers}`;
}

/** AUTO is what Redshift does unless told, so nothing is said. */
function distributionSql(distribution: Distribution): Sql {
  switch (distribution.style) {
    case 'auto':
      return sql``;
    case 'even':
      return sql` DISTSTYLE EVEN`;
    case 'all':
      return sql` DISTSTYLE ALL`;
    case 'key':
      return sql` DISTSTYLE KEY DISTKEY (${identifier(distribution.column)})`;
  }
}

function sortingSql(sorting: Sorting): Sql {
  switch (sorting.style) {
    case 'auto':
      return sql``;
    case 'compound':
      return sql` COMPOUND SORTKEY (${names(sorting.columns)})`;
    case 'interleaved':
      return sql` INTERLEAVED SORTKEY (${names(sorting.columns)})`;
  }
}

function names(columns: readonly string[]): Sql {
  return join(columns.map((name) => identifier(name)));
}

/** A default's expression as the catalog gave it: the server's own text. */
export function catalogExpression(text: string): Sql {
  return Sql.trusted(text);
}

/** CREATE VIEW from its definition as SHOW VIEW gave it: the query alone. */
export function renderCreateView(path: TablePath, query: string): Sql {
  return sql`CREATE VIEW ${identifier(...path)} AS ${Sql.trusted(query.trim().replace(/;\s*$/, ''))}`;
}
