/** What one session remembers between statements. */
export interface SessionState {
  /** For `pg_last_copy_count()`: rows loaded by the last COPY of the session. */
  lastCopyCount: number;
  /** For `pg_last_copy_id()`: query id of the last COPY; 0 while there was none. */
  lastCopyId: number;
  /** For `pg_last_unload_count()`. */
  lastUnloadCount: number;
  /** For `pg_last_unload_id()`. */
  lastUnloadId: number;
  /** For `pg_last_query_id()`: of the statement before this one; 0 while there was none. */
  lastQueryId: number;
  /** The running statement's query id, unique and rising within the cluster. */
  nextQueryId(): number;
}
