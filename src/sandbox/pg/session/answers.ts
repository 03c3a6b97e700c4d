import type { ErrorFields } from '../backend-session.ts';
import type { SourcePosition } from '../sql/source-position.ts';
import {
  type ColumnDescription,
  noticeResponse,
  readErrorFields,
  readRowDescription,
  rowDescription,
} from '../wire/messages.ts';
import type { ClusterCore } from './cluster-core.ts';

/** What the statement was about, for wording its refusal. */
export interface FailureContext {
  readonly core: Pick<ClusterCore, 'names' | 'init'>;
  /** The table written to, as PostgreSQL text. */
  readonly table?: string | undefined;
  readonly sourcePosition?: SourcePosition | undefined;
}

const BYTE_LENGTH_CHECK = /^rs~([vc])(\d+)~/;

/** A refusal of PostgreSQL in the words of Redshift. */
export function asRedshift(fields: ErrorFields, { core, table, sourcePosition }: FailureContext): ErrorFields {
  const check = BYTE_LENGTH_CHECK.exec(fields.constraint ?? '');
  if (fields.code === '23514' && check) {
    return {
      ...lengthRefusal(check[1], check[2] ?? ''),
      ...(fields.where === undefined ? {} : { where: fields.where }),
    };
  }
  if (fields.code === '23505' && /^pg_(?:type_typname|class_relname)_nsp_index$/.test(fields.constraint ?? '')) {
    return { code: '42P07', message: 'Relation already exists' }; // two made it at once
  }
  switch (fields.code) {
    case '40001':
      return core.init.cluster.isolation === 'serializable'
        ? serializableViolation(table ?? 'unknown', [])
        : { code: 'XX000', message: 'could not complete because of conflict with concurrent transaction' };
    case '21000':
      if (/MERGE/.test(fields.message))
        return { code: 'XX000', message: 'Found multiple matches to update the same tuple.' };
      break;
    case '57014':
      if (/user request/.test(fields.message)) return { code: '57014', message: "Query cancelled on user's request" };
      break;
    case '428C9':
      return { code: '0A000', message: 'cannot set an identity column to a value' };
  }
  const { names } = core;
  const position = fields.position === undefined ? undefined : sourcePosition?.(fields.position);
  // File, line and routine speak of PostgreSQL.
  return {
    severity: fields.severity ?? 'ERROR',
    code: fields.code,
    message: names.restore(fields.message),
    ...(fields.detail === undefined ? {} : { detail: names.restore(fields.detail) }),
    ...(fields.hint === undefined ? {} : { hint: fields.hint }),
    ...(fields.where === undefined ? {} : { where: names.restore(fields.where) }),
    ...(position === undefined ? {} : { position }),
    ...(fields.column === undefined ? {} : { column: names.fromPostgres(fields.column) }),
  };
}

function lengthRefusal(kind: string | undefined, length: string): ErrorFields {
  if (kind === 'v') return { code: '22001', message: `value too long for type character varying(${length})` };
  return {
    code: '22001',
    message: "CHAR string contains invalid ASCII character; check 'stl_load_errors' or use VARCHAR",
    detail: `A column of type character(${length}) holds single-byte characters only.`,
  };
}

/** The refusal of a transaction that closes a cycle. */
export function serializableViolation(table: string, cycle: readonly { xid: number; pid: number }[]): ErrorFields {
  const members = cycle.map(({ xid, pid }) => `${xid} (pid:${pid})`).join(', ');
  return {
    code: 'XX000',
    message: '1023',
    detail: `Serializable isolation violation on table - ${table}, transactions forming the cycle are: ${members}`,
  };
}

/** A RowDescription as Redshift sends it: whole names, its own type ids. */
export function describeRows(body: Buffer, core: Pick<ClusterCore, 'names' | 'typeOids'>): Buffer {
  const columns = readRowDescription(body).map((column) => ({
    ...column,
    name: core.names.fromPostgres(column.name),
    typeOid: core.typeOids.get(column.typeOid) ?? intervalOid(column) ?? column.typeOid,
  }));
  return rowDescription(columns);
}

const INTERVAL = 1186;
const YEAR_TO_MONTH = 0x06;

/** Intervals of years to months and of days to seconds are two types; what PostgreSQL does not qualify is the old one. */
function intervalOid({ typeOid, typeModifier }: ColumnDescription): number | undefined {
  if (typeOid !== INTERVAL || typeModifier < 0) return undefined;
  return ((typeModifier >> 16) & 0x7fff & ~YEAR_TO_MONTH) === 0 ? 1188 : 1190;
}

// What Redshift reports of itself at the start and on change; PostgreSQL reports more.
const REPORTED: ReadonlySet<string> = new Set([
  'client_encoding',
  'DateStyle',
  'integer_datetimes',
  'is_superuser',
  'session_authorization',
  'TimeZone',
]);

/** Whether a parameter is one that clients of Redshift are told about. */
export function isReported(name: string): boolean {
  return REPORTED.has(name);
}

/** A notice as Redshift sends it. */
export function passNotice(body: Buffer): Buffer {
  const fields = readErrorFields(body);
  return noticeResponse(fields.notice ?? 'INFO', fields.message);
}
