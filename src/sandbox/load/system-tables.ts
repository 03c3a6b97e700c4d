import type { LoadedFile } from '../pg/activity.ts';
import type { BackendSession } from '../pg/backend-session.ts';
import type { LoadError } from './load-errors.ts';

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
  init: { readonly queryId: number; readonly transactionId: number; readonly startMs: number },
): Promise<StatementMark> {
  const { rows } = await backend.admin(`SELECT oid FROM pg_catalog.pg_roles WHERE rolname = ${literal(backend.user)}`);
  return {
    userId: rows[0]?.[0] ?? '0',
    sessionId: backend.pid,
    database: backend.database,
    ...init,
    transactionId: String(init.transactionId),
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
    const batch = errors.slice(at, at + 500);
    const start = time(startMs);
    const legacy = batch.map((error) =>
      row([
        userId,
        0,
        tableOid,
        start,
        sessionId,
        queryId,
        error.file.slice(0, 256),
        error.line,
        error.column,
        error.type.slice(0, 10),
        error.length,
        error.position,
        error.rawLine,
        error.rawField,
        error.code,
        error.reason.slice(0, 100),
        0,
        0,
        -1,
      ]),
    );
    const detail = batch.map((error) =>
      row([
        userId,
        queryId,
        transactionId,
        sessionId,
        database,
        tableOid,
        start,
        error.file.slice(0, 256),
        error.line,
        error.column,
        error.type.slice(0, 10),
        error.length,
        error.position,
        error.code,
        error.reason.slice(0, 512),
      ]),
    );
    await backend.admin(`INSERT INTO pg_catalog.rs_stl_load_errors VALUES ${legacy.join(', ')}`);
    await backend.admin(`INSERT INTO pg_catalog.rs_sys_load_error_detail VALUES ${detail.join(', ')}`);
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
    `INSERT INTO pg_catalog.rs_sys_load_history VALUES ${row([
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

/** Writes a line of SYS_LOAD_DETAIL for each file. */
export async function recordLoadFiles(
  backend: BackendSession,
  mark: StatementMark,
  files: readonly LoadedFile[],
  endMs: number,
): Promise<void> {
  for (let at = 0; at < files.length; at += 500) {
    const rows = files.slice(at, at + 500).map((file) => {
      const end = time(file.endMs ?? endMs);
      return row([
        mark.userId,
        mark.queryId,
        file.url.slice(0, 256),
        file.bytes,
        file.lines,
        end,
        time(file.startMs),
        end,
      ]);
    });
    await backend.admin(`INSERT INTO pg_catalog.rs_sys_load_detail VALUES ${rows.join(', ')}`);
  }
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
    `INSERT INTO pg_catalog.rs_sys_unload_history VALUES ${row([
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
