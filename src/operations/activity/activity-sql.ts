import type { Blocker, ProgressEvent } from '../../core/events.ts';
import { integer, type Sql, sql } from '../../sql/sql.ts';
import { sanitizeQuery } from './blocker.ts';

type Row = readonly (string | null)[];
/** What a poll adds to a progress event. */
export type Counted = Pick<
  ProgressEvent,
  'rows' | 'bytes' | 'files' | 'totalFiles' | 'totalBytes' | 'queuedMs' | 'runningMs'
>;

const MOST_BLOCKERS = 5;

/** How far the COPY of a session is, as SYS_LOAD_HISTORY tells it. */
export function renderLoadProgress(pid: number): Sql {
  return sql`SELECT loaded_rows, file_bytes_scanned, file_count_scanned, source_file_count, source_file_bytes FROM sys_load_history WHERE session_id = ${integer(pid)} AND status = 'running' ORDER BY query_id DESC LIMIT 1`;
}

export function readLoadProgress(rows: readonly Row[]): Counted | undefined {
  const [row] = rows;
  if (row === undefined) return undefined;
  const [loaded, bytes, files, totalFiles, totalBytes] = row.map(Number);
  return counted({ rows: loaded, bytes, files, totalFiles, totalBytes });
}

/** How far the UNLOAD of a session is, as SYS_UNLOAD_HISTORY tells it. */
export function renderUnloadProgress(pid: number): Sql {
  return sql`SELECT unloaded_rows, unloaded_files_size, unloaded_files_count FROM sys_unload_history WHERE session_id = ${integer(pid)} AND status = 'running' ORDER BY query_id DESC LIMIT 1`;
}

export function readUnloadProgress(rows: readonly Row[]): Counted | undefined {
  const [row] = rows;
  if (row === undefined) return undefined;
  const [unloaded, bytes, files] = row.map(Number);
  return counted({ rows: unloaded, bytes, files });
}

/** The statement that a session runs, as SYS_QUERY_HISTORY tells it: its id, and its times in microseconds. */
export function renderRunningQuery(pid: number): Sql {
  return sql`SELECT query_id, queue_time, execution_time FROM sys_query_history WHERE session_id = ${integer(pid)} AND end_time IS NULL ORDER BY start_time DESC, query_id DESC LIMIT 1`;
}

export interface RunningQuery {
  readonly queryId: number;
  readonly counted: Counted;
}

export function readRunningQuery(rows: readonly Row[]): RunningQuery | undefined {
  const [[id, queued, running] = []] = rows;
  if (id === null || id === undefined || !Number.isSafeInteger(Number(id))) return undefined;
  const [queuedMs, runningMs] = [queued, running].map((micros) => Math.round(Number(micros ?? -1) / 1000));
  return { queryId: Number(id), counted: counted({ queuedMs, runningMs }) };
}

/** How many rows the statement has changed by now: those that its last steps put out, as SYS_QUERY_DETAIL tells them. */
export function renderChangedRows(queryId: number): Sql {
  return sql`SELECT MAX(output_rows) FROM sys_query_detail WHERE query_id = ${integer(queryId)} AND TRIM(step_name) IN ('insert', 'delete')`;
}

export function readChangedRows(rows: readonly Row[]): Counted {
  const [[changed] = []] = rows;
  return changed === null || changed === undefined ? {} : counted({ rows: Number(changed) });
}

/** Figures that the view does not have yet come as NULL, or as -1. */
function counted(
  figures: Readonly<Record<keyof Counted, number | undefined>> | Readonly<Record<string, number | undefined>>,
): Counted {
  return Object.fromEntries(
    Object.entries(figures).filter(([, figure]) => figure !== undefined && Number.isSafeInteger(figure) && figure >= 0),
  );
}

/** The sessions that hold what a session waits for. A user who is no superuser sees those of his own only. */
export function renderBlockers(pid: number): Sql {
  return sql`SELECT DISTINCT held.pid, held.txn_owner, held.txn_start FROM svv_transactions AS held JOIN svv_transactions AS wanted ON wanted.relation = held.relation WHERE wanted.pid = ${integer(pid)} AND NOT wanted.granted AND held.granted AND held.pid <> wanted.pid ORDER BY held.txn_start LIMIT ${integer(MOST_BLOCKERS)}`;
}

export function readBlockers(rows: readonly Row[]): readonly Blocker[] {
  return rows.map(([pid, user, since]) => ({
    pid: Number(pid),
    user: (user ?? '').trim(),
    since:
      since === null || since === undefined
        ? ''
        : `${since
            .trim()
            .replace(' ', 'T')
            .replace(/\.\d+$/, '')}Z`,
  }));
}

/** The last statement of a session, running or not: apart from the others, since leader views join no other ones. */
export function renderLastQuery(pid: number): Sql {
  return sql`SELECT query_text FROM sys_query_history WHERE session_id = ${integer(pid)} ORDER BY start_time DESC, query_id DESC LIMIT 1`;
}

export function readLastQuery(rows: readonly Row[]): string | undefined {
  const text = rows[0]?.[0];
  return text === null || text === undefined ? undefined : sanitizeQuery(text);
}
