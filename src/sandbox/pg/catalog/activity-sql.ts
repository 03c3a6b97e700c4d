const TABLES: readonly string[] = [
  `CREATE TABLE pg_catalog.rs_queries (query_id bigint, user_name text, database_name text, session_id int, transaction_id bigint, query_type text,
    status text, start_time timestamp, end_time timestamp, elapsed_time bigint, query_text text, query_label text, error_message text)`,
  `CREATE TABLE pg_catalog.rs_live_loads (user_name text, query_id bigint, transaction_id bigint, session_id int, database_name text, table_name text,
    start_time timestamp, duration bigint, data_source text, file_format text, loaded_rows bigint, loaded_bytes bigint, source_file_count int,
    source_file_bytes bigint, file_count_scanned int, file_bytes_scanned bigint, error_count bigint)`,
  `CREATE TABLE pg_catalog.rs_live_load_files (user_name text, query_id bigint, file_name text, bytes_scanned bigint, lines_scanned bigint,
    record_time timestamp, start_time timestamp, end_time timestamp)`,
  `CREATE TABLE pg_catalog.rs_sys_load_detail (user_id int, query_id bigint, file_name char(256), bytes_scanned bigint, lines_scanned bigint,
    record_time timestamp, start_time timestamp, end_time timestamp)`,
  `CREATE TABLE pg_catalog.rs_live_unloads (user_name text, query_id bigint, transaction_id bigint, session_id int, database_name text,
    start_time timestamp, duration bigint, file_format text, compression_type text, unloaded_location text, unloaded_rows bigint,
    unloaded_files_count bigint, unloaded_files_size bigint)`,
  `CREATE TABLE pg_catalog.rs_rls_attached_policy (relschema char(128), relname char(128), relkind char(128), polname char(128), grantor char(128),
    grantee char(128), granteekind char(128), is_pol_on boolean, is_rls_on boolean, rls_conjunction_type char(3))`,
  `CREATE TABLE pg_catalog.rs_attached_masking_policy (policy_name text, schema_name text, table_name text, table_type text, grantor text, grantee text,
    grantee_type text, priority int, input_columns text, output_columns text)`,
  `CREATE TABLE pg_catalog.rs_datashare_objects (share_type varchar(8), share_name varchar(128), object_type varchar(64), object_name varchar(512),
    producer_account varchar(16), producer_namespace varchar(64), include_new boolean)`,
];

const USER_ID = '(SELECT oid::int FROM pg_roles WHERE rolname = user_name)';

// A user sees the lines of the user's own statements, a superuser everybody's.
const MINE = `(pg_has_role(session_user, 'pg_read_all_data', 'MEMBER') OR user_name = session_user)`;
const MY_ID = `(pg_has_role(session_user, 'pg_read_all_data', 'MEMBER') OR user_id::oid = (SELECT oid FROM pg_roles WHERE rolname = session_user))`;

// PostgreSQL shows a session's transaction to its user only, so the function looks as superuser and leaves out what is not to be seen.
const TRANSACTIONS = `
CREATE FUNCTION pg_catalog.rs_transactions() RETURNS TABLE (txn_owner text, txn_db text, xid bigint, pid int, txn_start timestamp, lock_mode text,
  lockable_object_type text, relation int, granted boolean) LANGUAGE sql STABLE SECURITY DEFINER AS $body$
  WITH session AS (
    SELECT a.pid, a.usename::text AS owner, a.datname::text AS db, (a.xact_start AT TIME ZONE 'UTC') AS since, a.datid, coalesce(
      (SELECT max(q.transaction_id) FROM rs_queries q WHERE q.session_id = a.pid AND q.start_time >= (SELECT max(b.start_time) FROM rs_queries b WHERE b.session_id = a.pid)),
      a.backend_xid::text::bigint, a.pid) AS xid
    FROM pg_stat_activity a WHERE a.backend_type = 'client backend' AND a.usename <> 'rdsdb' AND a.xact_start IS NOT NULL
      AND (a.usename = session_user OR pg_has_role(session_user, 'pg_read_all_data', 'MEMBER'))
  )
  SELECT s.owner, s.db, s.xid, s.pid, s.since, l.mode, 'relation', l.relation::int, l.granted
  FROM session s JOIN pg_locks l ON l.pid = s.pid AND l.locktype = 'relation' AND l.database = s.datid
  LEFT JOIN pg_class c ON c.oid = l.relation
  WHERE c.oid IS NULL OR c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  UNION ALL
  SELECT s.owner, s.db, s.xid, s.pid, s.since, 'ExclusiveLock', 'transactionid', NULL, true FROM session s
$body$`;

const VIEWS: Readonly<Record<string, string>> = {
  sys_query_history: `SELECT ${USER_ID} AS user_id, query_id, query_label::char(320) AS query_label, transaction_id, session_id, database_name::char(128) AS database_name,
    query_type::char(32) AS query_type, status::char(10) AS status, false AS result_cache_hit, start_time, end_time, elapsed_time, 0::bigint AS queue_time,
    elapsed_time AS execution_time, error_message::char(512) AS error_message, NULL::bigint AS returned_rows, NULL::bigint AS returned_bytes,
    query_text::char(4000) AS query_text, '1.0.117891'::char(256) AS redshift_version, NULL::char(150) AS usage_limit, 'primary'::varchar(50) AS compute_type,
    0::bigint AS compile_time, 0::bigint AS planning_time, 0::bigint AS lock_wait_time, 100 AS service_class_id, 'Default queue'::char(64) AS service_class_name,
    'Normal'::varchar(20) AS query_priority, 'false'::varchar(5) AS short_query_accelerated FROM rs_queries WHERE ${MINE}`,
  // Redshift's steps of a plan, which the database here does not have: never a line.
  sys_query_detail: `SELECT ${USER_ID} AS user_id, query_id, 0 AS stream_id, 0 AS segment_id, 0 AS step_id, NULL::char(128) AS step_name, start_time, end_time,
    0::bigint AS duration, NULL::bigint AS input_bytes, NULL::bigint AS input_rows, NULL::bigint AS output_bytes, NULL::bigint AS output_rows,
    NULL::char(1) AS is_active FROM rs_queries WHERE false`,
  // What hangs on tables that the sandbox cannot carry out: a test puts lines into the tables below.
  svv_rls_attached_policy: 'SELECT * FROM rs_rls_attached_policy',
  svv_attached_masking_policy: 'SELECT * FROM rs_attached_masking_policy',
  svv_datashare_objects: 'SELECT * FROM rs_datashare_objects',
  sys_query_text: `SELECT ${USER_ID} AS user_id, query_id, transaction_id, session_id, start_time, 0 AS sequence, left(query_text, 200)::char(200) AS text FROM rs_queries WHERE ${MINE}`,
  stv_recents: `SELECT ${USER_ID} AS userid, CASE status WHEN 'running' THEN 'Running' ELSE 'Done' END::char(20) AS status, start_time AS starttime,
    least(elapsed_time, 2147483647)::int AS duration, user_name::char(50) AS user_name, database_name::char(50) AS db_name, query_text::char(600) AS query,
    CASE status WHEN 'running' THEN session_id ELSE -1 END AS pid FROM rs_queries WHERE ${MINE}`,
  stv_inflight: `SELECT ${USER_ID} AS userid, 0 AS slice, query_id::int AS query, query_label::char(320) AS label, transaction_id AS xid, session_id AS pid,
    start_time AS starttime, query_text::char(100) AS text, 0 AS suspended, 0 AS insert_pristine, 0 AS concurrency_scaling_status
    FROM rs_queries WHERE status = 'running' AND query_type <> 'UTILITY' AND ${MINE}`,
  stl_query: `SELECT ${USER_ID} AS userid, query_id::int AS query, query_label::char(320) AS label, transaction_id AS xid, session_id AS pid,
    database_name::char(32) AS database, query_text::char(4000) AS querytxt, start_time AS starttime, end_time AS endtime,
    CASE status WHEN 'success' THEN 0 ELSE 1 END AS aborted, 0 AS insert_pristine, 0 AS concurrency_scaling_status
    FROM rs_queries WHERE status <> 'running' AND ${MINE}`,
  sys_load_history: `SELECT * FROM rs_sys_load_history WHERE ${MY_ID} UNION ALL
    SELECT ${USER_ID}, query_id, transaction_id, session_id, database_name, 'running', table_name, start_time, NULL, duration, data_source, file_format, loaded_rows,
    loaded_bytes, source_file_count, source_file_bytes, file_count_scanned, file_bytes_scanned, error_count, -1 FROM rs_live_loads WHERE ${MINE}`,
  sys_load_detail: `SELECT user_id, query_id, file_name, bytes_scanned, lines_scanned, record_time, 1 AS splits_scanned, start_time, end_time
    FROM rs_sys_load_detail WHERE ${MY_ID} UNION ALL
    SELECT ${USER_ID}, query_id, file_name::char(256), bytes_scanned, lines_scanned, record_time, 1, start_time, end_time FROM rs_live_load_files WHERE ${MINE}`,
  sys_unload_history: `SELECT * FROM rs_sys_unload_history WHERE ${MY_ID} UNION ALL
    SELECT ${USER_ID}, query_id, transaction_id, session_id, database_name, 'running', start_time, NULL, duration, file_format, compression_type, unloaded_location,
    unloaded_rows, unloaded_files_count, unloaded_files_size, '' FROM rs_live_unloads WHERE ${MINE}`,
  svv_transactions: 'SELECT * FROM rs_transactions()',
};

/** What runs and ran on the cluster: tables that are written when somebody asks, and Redshift's views of them. */
export const ACTIVITY_SQL: readonly string[] = [
  ...TABLES,
  TRANSACTIONS,
  ...Object.entries(VIEWS).flatMap(([name, query]) => [
    `CREATE VIEW pg_catalog.${name} AS ${query}`,
    `GRANT SELECT ON pg_catalog.${name} TO PUBLIC`,
  ]),
];
