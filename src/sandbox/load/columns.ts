import { type BackendSession, RedshiftError } from '../pg/backend-session.ts';
import { quoteLiteral } from '../pg/sql/names.ts';
import { notImitated, refuse } from './refusal.ts';
import type { CopyStatement } from './statement.ts';
import { wholeNames } from './whole-names.ts';

export type ColumnKind =
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'decimal'
  | 'real'
  | 'double'
  | 'boolean'
  | 'char'
  | 'varchar'
  | 'date'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestamptz'
  | 'intervalY2m'
  | 'intervalD2s'
  | 'super'
  | 'varbyte'
  | 'geometry'
  | 'geography'
  | 'hllsketch';

/** A column of the table that COPY fills. */
export interface TargetColumn {
  /** As the database has it. */
  readonly name: string;
  /** As messages and views show it. */
  readonly shownName: string;
  readonly kind: ColumnKind;
  readonly isNotNull: boolean;
  readonly identity: 'none' | 'always' | 'byDefault';
  /** Bytes of CHAR, VARCHAR and VARBYTE. */
  readonly maxBytes: number;
  readonly precision: number;
  readonly scale: number;
}

/** The table as COPY sees it. */
export interface CopyTarget {
  readonly oid: string;
  /** As messages name it. */
  readonly name: string;
  /** PostgreSQL text. */
  readonly sqlName: string;
  /** In the order of the fields of a file. */
  readonly columns: readonly TargetColumn[];
}

/** PostgreSQL's type OIDs that stand for Redshift's. */
export const KIND_BY_OID: Readonly<Record<string, ColumnKind>> = {
  '21': 'smallint',
  '23': 'integer',
  '20': 'bigint',
  '1700': 'decimal',
  '700': 'real',
  '701': 'double',
  '16': 'boolean',
  '1042': 'char',
  '1043': 'varchar',
  '25': 'varchar',
  '1082': 'date',
  '1083': 'time',
  '1266': 'timetz',
  '1114': 'timestamp',
  '1184': 'timestamptz',
};

/** Types that have another object id in each cluster, by name. */
const KIND_BY_NAME: Readonly<Record<string, ColumnKind>> = {
  super: 'super',
  varbyte: 'varbyte',
  geometry: 'geometry',
  geography: 'geography',
  hllsketch: 'hllsketch',
};

const INTERVAL = '1186';
const YEAR_TO_MONTH = 0x06;

/** The kind of a type by its object id in PostgreSQL, its modifier and its name; undefined: it has no place in a file. */
export function kindOf(typeOid: string, modifier: number, typeName: string): ColumnKind | undefined {
  if (typeOid !== INTERVAL) return KIND_BY_OID[typeOid] ?? KIND_BY_NAME[typeName];
  if (modifier < 0) return undefined;
  return ((modifier >> 16) & 0x7fff & ~YEAR_TO_MONTH) === 0 ? 'intervalY2m' : 'intervalD2s';
}

/** Type name and length as the load-error views show them. */
export const SHOWN_TYPES: Readonly<Record<ColumnKind, string>> = {
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  decimal: 'numeric',
  real: 'float4',
  double: 'float8',
  boolean: 'bool',
  char: 'char',
  varchar: 'varchar',
  date: 'date',
  time: 'time',
  timetz: 'timetz',
  timestamp: 'timestamp',
  timestamptz: 'timestamptz',
  intervalY2m: 'intervaly2',
  intervalD2s: 'intervald2',
  super: 'super',
  varbyte: 'varbyte',
  geometry: 'geometry',
  geography: 'geography',
  hllsketch: 'hllsketch',
};

export function shownLength({ kind, maxBytes, precision, scale }: TargetColumn): string {
  if (kind === 'char' || kind === 'varchar' || kind === 'varbyte') return String(maxBytes);
  return kind === 'decimal' ? `${precision},${scale}` : '0';
}

const MAX_VARBYTE = 16_777_216;

/** A PostgreSQL identifier. */
export const quoteIdentifier = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Takes the write lock of the target and reads its columns. Throws as Redshift does for a table or column that is not there. */
export async function openTarget(backend: BackendSession, statement: CopyStatement): Promise<CopyTarget> {
  const written = statement.table.join('.');
  const sqlName = tableText(backend.translate(`SELECT 1 FROM ${written}`));
  await lockTable(backend, sqlName, written);
  const { rows } = await backend.query(
    `SELECT a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attidentity, c.oid, c.relkind, c.relname,
       pg_catalog.format_type(a.atttypid, NULL)
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
     WHERE c.oid = ${quoteLiteral(sqlName)}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
  );
  const [first] = rows;
  const shown = await wholeNames(backend, [first?.[7] ?? written, ...rows.map(([column]) => column ?? '')]);
  const [name = written, ...columnNames] = shown;
  if (first?.[6] !== 'r' && first?.[6] !== 'p') throw refuse('42809', `cannot copy to non-table relation "${name}"`);
  const all = rows.map((row, index) => toColumn(row, columnNames[index] ?? ''));
  return {
    oid: first[5] ?? '0',
    name,
    sqlName,
    columns: chosen(all, listedNames(backend, statement), statement.explicitIds),
  };
}

async function lockTable(backend: BackendSession, sqlName: string, written: string): Promise<void> {
  try {
    await backend.lockForWrite(sqlName);
  } catch (error) {
    if (!(error instanceof RedshiftError) || error.fields.code !== '42P01') throw error;
    throw refuse('42P01', `Cannot COPY into nonexistent table ${written.replaceAll('"', '')}`);
  }
}

/** The table's name in `SELECT 1 FROM name`, as the cluster has rewritten it. */
function tableText(translated: string): string {
  const text = /\bfrom\s+([\s\S]+?)[\s;]*$/i.exec(translated)?.[1];
  if (text === undefined) throw refuse('XX000', 'The name of the table cannot be resolved');
  return text;
}

/** The listed columns as the database names them. Nothing is read: COPY needs no right to select. */
function listedNames(backend: BackendSession, { columns }: CopyStatement): readonly string[] | undefined {
  const names = columns?.map((written) => {
    const text = /^\s*select\s+([\s\S]+?)\s+from\s+t\s*$/i.exec(backend.translate(`SELECT ${written} FROM t`))?.[1];
    const quoted = /^"((?:[^"]|"")*)"$/.exec(text ?? '')?.[1];
    return quoted === undefined ? (text ?? written).toLowerCase() : quoted.replaceAll('""', '"');
  });
  const twice = names?.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse('42701', `column "${twice}" specified more than once`);
  return names;
}

function toColumn(
  [name, typeOid, modifier, notNull, identity, , , , typeName]: readonly (string | null)[],
  shownName: string,
): TargetColumn {
  const kind = kindOf(typeOid ?? '', Number(modifier), typeName ?? '');
  if (kind === undefined) throw notImitated(`COPY into column "${shownName}" of type ${typeName}`);
  const size = Number(modifier) - 4;
  return {
    name: name ?? '',
    shownName,
    kind,
    isNotNull: notNull === 't',
    identity: identity === 'a' ? 'always' : identity === 'd' ? 'byDefault' : 'none',
    maxBytes: size > 0 ? size : kind === 'varbyte' ? MAX_VARBYTE : 65_535,
    precision: size >= 0 ? (size >> 16) & 0xffff : 38,
    scale: size >= 0 ? size & 0x7ff : 37,
  };
}

/** The documentation's rules on IDENTITY columns and EXPLICIT_IDS. */
function chosen(
  all: readonly TargetColumn[],
  listed: readonly string[] | undefined,
  explicitIds: boolean,
): readonly TargetColumn[] {
  if (listed === undefined) return all.filter(({ identity }) => identity !== 'always' || explicitIds);
  const columns = listed.map((name) => {
    const column = all.find((candidate) => candidate.name === name);
    if (column === undefined) throw refuse('42703', `column "${name}" does not exist`);
    return column;
  });
  if (columns.some(({ identity }) => identity === 'always') && !explicitIds) {
    throw refuse('0A000', 'cannot set an identity column to a value');
  }
  const missing = all.find(({ identity, name }) => identity === 'always' && !listed.includes(name));
  if (explicitIds && missing !== undefined) {
    throw refuse('XX000', `EXPLICIT_IDS needs the identity column "${missing.name}" in the column list`);
  }
  return columns;
}
