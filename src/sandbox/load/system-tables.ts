import type { BackendSession } from '../pg/backend-session.ts';
import type { LoadError } from './load-errors.ts';

const SCHEMA = 'sandbox_load';

/** Of each base table: name, columns. Times are UTC. */
const TABLES = {
  load_errors:
    'userid int, slice int, tbl int, starttime timestamp, session int, query bigint, transaction_id bigint, database_name text, filename text, line_number bigint, colname text, type text, col_length text, position int, raw_line text, raw_field_value text, err_code int, err_reason text',
  loads:
    'user_id int, query_id bigint, transaction_id bigint, session_id int, database_name text, status text, table_name text, start_time timestamp, end_time timestamp, duration bigint, data_source text, file_format text, loaded_rows bigint, loaded_bytes bigint, source_file_count int, source_file_bytes bigint, file_count_scanned int, file_bytes_scanned bigint, error_count int, copy_job_id bigint',
  unloads:
    'user_id int, query_id bigint, transaction_id bigint, session_id int, database_name text, status text, start_time timestamp, end_time timestamp, duration bigint, file_format text, compression_type text, unloaded_location text, unloaded_rows bigint, unloaded_files_count int, unloaded_files_size bigint, error_message text',
} as const;

/** Superusers see every row, others their own. */
const OWN = (column: string): string =>
  `(SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) OR ${column} = (SELECT oid::int FROM pg_catalog.pg_roles WHERE rolname = current_user)`;

const VIEWS: Readonly<Record<string, string>> = {
  stl_load_errors: `SELECT userid, slice, tbl, starttime, session, query, filename::char(256), line_number, colname::char(127), type::char(10), col_length::char(10), position, raw_line::char(1024), raw_field_value::char(1024), err_code, err_reason::char(100), 0 AS is_partial, 0::bigint AS start_offset, (-1)::bigint AS copy_job_id FROM ${SCHEMA}.load_errors WHERE ${OWN('userid')}`,
  sys_load_error_detail: `SELECT userid AS user_id, query AS query_id, transaction_id, session AS session_id, database_name::char(64), tbl AS table_id, starttime AS start_time, filename::char(256) AS file_name, line_number, colname::char(127) AS column_name, type::char(10) AS column_type, col_length::char(10) AS column_length, position, err_code AS error_code, err_reason::char(512) AS error_message FROM ${SCHEMA}.load_errors WHERE ${OWN('userid')}`,
  sys_load_history: `SELECT * FROM ${SCHEMA}.loads WHERE ${OWN('user_id')}`,
  sys_unload_history: `SELECT * FROM ${SCHEMA}.unloads WHERE ${OWN('user_id')}`,
};

/**
 * Creates what COPY and UNLOAD write down, and the views over it: STL_LOAD_ERRORS, SYS_LOAD_ERROR_DETAIL,
 * SYS_LOAD_HISTORY, SYS_UNLOAD_HISTORY. For the superuser, once a database; running it again changes nothing.
 */
export const LOAD_CATALOG_SQL: readonly string[] = [
  `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`,
  ...Object.entries(TABLES).map(([name, columns]) => `CREATE TABLE IF NOT EXISTS ${SCHEMA}.${name} (${columns})`),
  'SET allow_system_table_mods = on',
  ...Object.entries(VIEWS).flatMap(([name, query]) => [
    `CREATE OR REPLACE VIEW pg_catalog.${name} AS ${query}`,
    `GRANT SELECT ON pg_catalog.${name} TO PUBLIC`,
  ]),
  'RESET allow_system_table_mods',
];

/** For a database whose catalog was made without them. */
async function ensureTables(backend: BackendSession): Promise<void> {
  const { rows } = await backend.admin(`SELECT to_regclass('pg_catalog.sys_unload_history')`);
  if (typeof rows[0]?.[0] === 'string') return;
  await backend.admin(LOAD_CATALOG_SQL.join(';\n'));
}

/** Who ran a statement, where and when: the first columns of every system view. */
export interface StatementMark {
  readonly userId: string;
  readonly queryId: number;
  readonly transactionId: string;
  readonly sessionId: number;
  readonly database: string;
  /** World time. */
  readonly startMs: number;
}

/** Marks the statement that now runs on the session. */
export async function markStatement(
  backend: BackendSession,
  init: { readonly queryId: number; readonly startMs: number },
): Promise<StatementMark> {
  await ensureTables(backend);
  const { rows } = await backend.admin(`SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(backend.user)}`);
  return {
    userId: rows[0]?.[0] ?? '0',
    transactionId: String(init.queryId),
    sessionId: backend.pid,
    database: backend.database,
    ...init,
  };
}

/** Writes refused rows, outside the transaction of the load. */
export async function recordLoadErrors(
  backend: BackendSession,
  mark: StatementMark,
  tableOid: string,
  errors: readonly LoadError[],
): Promise<void> {
  const { userId, startMs, sessionId, queryId, transactionId, database } = mark;
  for (let at = 0; at < errors.length; at += 500) {
    const values = errors
      .slice(at, at + 500)
      .map((error) =>
        row([
          userId,
          0,
          tableOid,
          time(startMs),
          sessionId,
          queryId,
          transactionId,
          database,
          error.file,
          error.line,
          error.column,
          error.type,
          error.length,
          error.position,
          error.rawLine,
          error.rawField,
          error.code,
          error.reason.slice(0, 100),
        ]),
      );
    await backend.admin(`INSERT INTO ${SCHEMA}.load_errors VALUES ${values.join(', ')}`);
  }
}

export interface LoadOutcome {
  readonly status: 'completed' | 'aborted';
  readonly table: string;
  readonly source: string;
  readonly format: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly errors: number;
}

/** Writes the line of SYS_LOAD_HISTORY. */
export async function recordLoad(
  backend: BackendSession,
  mark: StatementMark,
  endMs: number,
  outcome: LoadOutcome,
): Promise<void> {
  const { status, table, source, format, rows, files, bytes, errors } = outcome;
  await backend.admin(
    `INSERT INTO ${SCHEMA}.loads VALUES ${row([
      ...head(mark),
      status,
      table,
      time(mark.startMs),
      time(endMs),
      (endMs - mark.startMs) * 1000,
      source,
      format,
      rows,
      bytes,
      files,
      bytes,
      files,
      bytes,
      errors,
      -1,
    ])}`,
  );
}

export interface UnloadOutcome {
  readonly status: 'completed' | 'aborted';
  readonly format: string;
  readonly compression: string;
  readonly location: string;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly errorMessage: string;
}

/** Writes the line of SYS_UNLOAD_HISTORY. */
export async function recordUnload(
  backend: BackendSession,
  mark: StatementMark,
  endMs: number,
  outcome: UnloadOutcome,
): Promise<void> {
  const { status, format, compression, location, rows, files, bytes, errorMessage } = outcome;
  await backend.admin(
    `INSERT INTO ${SCHEMA}.unloads VALUES ${row([
      ...head(mark),
      status,
      time(mark.startMs),
      time(endMs),
      (endMs - mark.startMs) * 1000,
      format,
      compression,
      location,
      rows,
      files,
      bytes,
      errorMessage,
    ])}`,
  );
}

function head(mark: StatementMark): readonly (string | number)[] {
  return [mark.userId, mark.queryId, mark.transactionId, mark.sessionId, mark.database];
}

function time(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
}

function row(values: readonly (string | number)[]): string {
  return `(${values.map((value) => (typeof value === 'number' ? String(value) : literal(value))).join(', ')})`;
}

function literal(text: string): string {
  const clean = Buffer.from(text.replaceAll('\0', '')).toString();
  return `E'${clean.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
