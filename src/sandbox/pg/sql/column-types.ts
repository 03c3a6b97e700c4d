import { RedshiftError } from '../backend-session.ts';
import { syntaxError, type TokenCursor } from './cursor.ts';

const VARCHAR_LIMIT = 65_535;
const CHAR_LIMIT = 4096;
const VARBYTE_LIMIT = 16_777_216;
/** The longest that PostgreSQL keeps of a type: longer ones are not checked. */
const POSTGRES_LENGTH = 10_485_760;

const PLAIN: Readonly<Record<string, string>> = {
  smallint: 'smallint',
  int2: 'smallint',
  integer: 'integer',
  int: 'integer',
  int4: 'integer',
  bigint: 'bigint',
  int8: 'bigint',
  real: 'real',
  float4: 'real',
  float8: 'double precision',
  boolean: 'boolean',
  bool: 'boolean',
  date: 'date',
  timetz: 'time with time zone',
  timestamptz: 'timestamp with time zone',
  super: 'super',
  geometry: 'geometry',
  geography: 'geography',
  hllsketch: 'hllsketch',
};

/** Types PostgreSQL has and Redshift has not. */
export const FOREIGN_TYPES: ReadonlySet<string> = new Set(
  'bigserial bit box bytea cidr circle citext hstore inet int4range int8range json jsonb line lseg macaddr money numrange path point polygon serial serial4 serial8 smallserial tsquery tsrange tsvector uuid xml'.split(
    ' ',
  ),
);

/** Reads a column's type and answers PostgreSQL's text for it: lengths filled in, bounds checked, aliases resolved. */
export function takeColumnType(cursor: TokenCursor): string {
  const token = cursor.next();
  if (token?.kind !== 'word' && token?.kind !== 'quoted') throw syntaxError(token);
  const type = renderType(token.value, cursor);
  if (cursor.seesSymbol('[') || cursor.sees('array')) throw missingType(`${token.value}[]`);
  return type;
}

function renderType(name: string, cursor: TokenCursor): string {
  const plain = PLAIN[name];
  if (plain !== undefined) return plain;
  switch (name) {
    case 'varchar':
    case 'nvarchar':
    case 'text':
      return varchar(takeLength(cursor) ?? 256);
    case 'character':
    case 'char':
    case 'nchar':
      return cursor.take('varying') ? varchar(takeLength(cursor) ?? 256) : char(takeLength(cursor) ?? 1);
    case 'bpchar':
      return char(takeLength(cursor) ?? 256);
    case 'decimal':
    case 'numeric':
    case 'dec':
      return decimal(takeNumbers(cursor));
    case 'double':
      if (!cursor.take('precision')) throw syntaxError(cursor.peek());
      return 'double precision';
    case 'float':
      return (takeNumbers(cursor)[0] ?? 53) <= 24 ? 'real' : 'double precision';
    case 'timestamp':
    case 'time':
      takeNumbers(cursor);
      if (cursor.take('with', 'time', 'zone')) return `${name} with time zone`;
      cursor.take('without', 'time', 'zone');
      return `${name} without time zone`;
    case 'interval':
      if (cursor.take('year', 'to', 'month')) return 'interval year to month';
      if (cursor.take('day', 'to', 'second')) return `interval day to second(${takeNumbers(cursor)[0] ?? 6})`;
      throw new RedshiftError({ code: '42601', message: 'Interval type must be YEAR TO MONTH or DAY TO SECOND' });
    case 'varbyte':
    case 'varbinary':
      return varbyte(cursor);
    case 'binary':
      if (!cursor.take('varying')) throw syntaxError(cursor.peek());
      return varbyte(cursor);
    default:
      throw missingType(name);
  }
}

function missingType(name: string): RedshiftError {
  const serial = /serial/.test(name);
  return new RedshiftError({
    code: '42704',
    message: `Column type "${name}" is not supported.`,
    ...(serial ? { hint: 'Use IDENTITY(seed, step).' } : {}),
  });
}

function varchar(length: number): string {
  if (length < 1 || length > VARCHAR_LIMIT) {
    throw new RedshiftError({ code: '22023', message: `length for type varchar cannot exceed ${VARCHAR_LIMIT}` });
  }
  return `character varying(${length})`;
}

function char(length: number): string {
  if (length < 1 || length > CHAR_LIMIT) {
    throw new RedshiftError({ code: '22023', message: `length for type char cannot exceed ${CHAR_LIMIT}` });
  }
  return `character(${length})`;
}

function decimal([precision = 18, scale = 0]: readonly number[]): string {
  if (precision < 1 || precision > 38) {
    throw new RedshiftError({ code: '22023', message: `DECIMAL precision ${precision} must be between 1 and 38` });
  }
  if (scale > Math.min(precision, 37)) {
    throw new RedshiftError({
      code: '22023',
      message: `DECIMAL scale ${scale} must be between 0 and ${Math.min(precision, 37)}`,
    });
  }
  return `numeric(${precision},${scale})`;
}

function varbyte(cursor: TokenCursor): string {
  const length = takeLength(cursor) ?? 64_000;
  if (length < 1 || length > VARBYTE_LIMIT) {
    throw new RedshiftError({ code: '22023', message: `length for type varbyte cannot exceed ${VARBYTE_LIMIT}` });
  }
  return length > POSTGRES_LENGTH ? 'varbyte' : `varbyte(${length})`;
}

function takeLength(cursor: TokenCursor): number | undefined {
  if (!cursor.seesSymbol('(')) return undefined;
  const [token, more] = cursor.takeGroup();
  if (token === undefined || more !== undefined) throw syntaxError(more);
  if (token.kind === 'word' && token.value === 'max') return VARCHAR_LIMIT;
  if (token.kind !== 'number') throw syntaxError(token);
  return Number(token.value);
}

function takeNumbers(cursor: TokenCursor): number[] {
  if (!cursor.seesSymbol('(')) return [];
  return cursor
    .takeGroup()
    .filter(({ kind }) => kind === 'number')
    .map(({ value }) => Number(value));
}
