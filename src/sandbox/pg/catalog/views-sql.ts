import { INFORMATION_SCHEMA_SQL } from './information-schema-sql.ts';
import { PG_CATALOG_SQL } from './pg-catalog-sql.ts';
import { SHOW_SQL } from './show-sql.ts';

const RELATIONS = `
CREATE VIEW pg_catalog.rs_relations AS
SELECT c.oid, n.oid AS schema_oid, rs_full(n.nspname) AS schema_name, rs_full(c.relname) AS table_name,
  CASE WHEN c.oid IN (SELECT relid FROM rs_external_tables) THEN 'EXTERNAL TABLE' WHEN c.relkind = 'r' THEN 'TABLE' ELSE 'VIEW' END AS table_type,
  array_to_string(c.relacl, E'\\n') AS table_acl, obj_description(c.oid, 'pg_class') AS remarks,
  pg_get_userbyid(c.relowner)::text AS owner, coalesce(f.facts, '{}') AS facts, c.relpersistence = 't' AS temporary,
  CASE WHEN c.relkind = 'm' THEN 'MATERIALIZED VIEW' WHEN c.relkind = 'r' THEN 'REGULAR TABLE'
    WHEN EXISTS (SELECT 1 FROM rs_late_views l WHERE l.view_oid = c.oid) THEN 'LATE BINDING VIEW' ELSE 'REGULAR VIEW' END AS subtype,
  CASE
    WHEN c.relkind <> 'r' THEN NULL
    WHEN f.facts->>'distStyle' = 'KEY' THEN format('KEY(%s)', rs_full(f.facts->>'distKey'))
    WHEN f.facts->>'distStyle' IN ('EVEN', 'ALL') THEN f.facts->>'distStyle'
    ELSE 'AUTO(ALL)' END AS dist_style
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN rs_table_facts f ON f.relid = c.oid
WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
  AND n.nspname NOT LIKE 'pg\\_toast%'
  AND (n.nspname NOT LIKE 'pg\\_temp%' OR n.oid = pg_my_temp_schema())
  AND has_schema_privilege(n.oid, 'USAGE')
  AND (has_table_privilege(c.oid, 'SELECT, INSERT, UPDATE, DELETE, REFERENCES') OR has_any_column_privilege(c.oid, 'SELECT'))`;

const COLUMNS = `
CREATE VIEW pg_catalog.rs_columns AS
SELECT r.oid AS relid, r.schema_name, r.table_name, rs_full(a.attname) AS column_name,
  row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum)::int AS ordinal_position,
  CASE WHEN a.attidentity <> '' THEN
      (SELECT format('"%s"(%s, 0, %s)', CASE a.attidentity WHEN 'd' THEN 'default_identity' ELSE 'identity' END, r.oid, quote_literal(s.seqstart || ',' || s.seqincrement)) FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
       WHERE d.refobjid = r.oid AND d.refobjsubid = a.attnum AND d.deptype = 'i' AND d.classid = 'pg_class'::regclass)
    ELSE pg_get_expr(d.adbin, d.adrelid) END AS column_default,
  NOT a.attnotnull AS nullable,
  CASE WHEN a.atttypid IN ('text'::regtype, 'name'::regtype) THEN 'character varying' WHEN a.atttypid = 'varbyte'::regtype THEN 'binary varying'
    WHEN a.atttypid = 'interval'::regtype THEN regexp_replace(format_type(a.atttypid, a.atttypmod), '\\(\\d\\)$', '')
    ELSE format_type(a.atttypid, NULL) END AS data_type,
  CASE WHEN a.atttypid IN ('text'::regtype, 'name'::regtype) THEN 'character varying'
    WHEN a.atttypid = 'varbyte'::regtype THEN replace(format_type(a.atttypid, a.atttypmod), 'varbyte', 'binary varying')
    ELSE format_type(a.atttypid, a.atttypmod) END AS full_type,
  CASE WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype, 'varbyte'::regtype) AND a.atttypmod > 0 THEN a.atttypmod - 4 END AS character_maximum_length,
  CASE a.atttypid WHEN 'numeric'::regtype THEN CASE WHEN a.atttypmod > 0 THEN ((a.atttypmod - 4) >> 16) & 65535 END
    WHEN 'int2'::regtype THEN 16 WHEN 'int4'::regtype THEN 32 WHEN 'int8'::regtype THEN 64
    WHEN 'float4'::regtype THEN 24 WHEN 'float8'::regtype THEN 53 END AS numeric_precision,
  CASE a.atttypid WHEN 'numeric'::regtype THEN CASE WHEN a.atttypmod > 0 THEN (a.atttypmod - 4) & 2047 END
    WHEN 'int2'::regtype THEN 0 WHEN 'int4'::regtype THEN 0 WHEN 'int8'::regtype THEN 0 END AS numeric_scale,
  col_description(r.oid, a.attnum) AS remarks,
  coalesce(r.facts->>'distKey' = a.attname, false) AS distkey,
  coalesce(k.position * CASE WHEN r.facts->>'sortStyle' = 'INTERLEAVED' AND k.position % 2 = 0 THEN -1 ELSE 1 END, 0)::int AS sortkey,
  CASE WHEN k.position IS NULL THEN NULL ELSE coalesce(r.facts->>'sortStyle', 'COMPOUND') END AS sort_key_type,
  coalesce(r.facts->'encodings'->>a.attname, CASE
    WHEN r.temporary OR r.table_type <> 'TABLE' OR k.position = 1 THEN 'none'
    WHEN a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype, 'date'::regtype,
      'timestamp'::regtype, 'timestamptz'::regtype, 'time'::regtype, 'timetz'::regtype) THEN 'az64'
    WHEN a.atttypid IN ('varchar'::regtype, 'bpchar'::regtype) THEN 'lzo' ELSE 'none' END) AS encoding
FROM rs_relations r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN LATERAL (SELECT p.position FROM jsonb_array_elements_text(coalesce(r.facts->'sortKeys', '[]')) WITH ORDINALITY p(name, position)
  WHERE p.name = a.attname) k ON true`;

const SYSTEM_VIEWS: Readonly<Record<string, string>> = {
  svv_all_tables: `SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128), table_name::varchar(128),
    table_type::varchar(128), table_acl::varchar(128), remarks::varchar(128) FROM rs_relations`,
  svv_redshift_tables: "SELECT * FROM svv_all_tables WHERE table_type <> 'EXTERNAL TABLE'",
  svv_tables: `SELECT database_name AS table_catalog, schema_name AS table_schema, table_name,
    CASE table_type WHEN 'TABLE' THEN 'BASE TABLE' ELSE table_type END AS table_type, remarks FROM svv_all_tables`,
  svv_all_columns: `SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128), table_name::varchar(128),
    column_name::varchar(128), ordinal_position, column_default::varchar(4000),
    CASE WHEN nullable THEN 'YES' ELSE 'NO' END::varchar(3) AS is_nullable, data_type::varchar(128),
    character_maximum_length::int, numeric_precision::int, numeric_scale::int, remarks::varchar(256) FROM rs_columns`,
  svv_columns: `SELECT database_name AS table_catalog, schema_name AS table_schema, table_name, column_name, ordinal_position,
    column_default, is_nullable, data_type, character_maximum_length, numeric_precision, NULL::int AS numeric_precision_radix,
    numeric_scale, NULL::int AS datetime_precision, NULL::text AS interval_type, NULL::text AS interval_precision,
    NULL::text AS character_set_catalog, NULL::text AS character_set_schema, NULL::text AS character_set_name,
    NULL::text AS collation_catalog, NULL::text AS collation_schema, NULL::text AS collation_name, NULL::text AS domain_name,
    remarks FROM svv_all_columns`,
  svv_redshift_columns: `SELECT current_database()::varchar(128) AS database_name, schema_name::varchar(128),
    table_name::varchar(128), column_name::varchar(128), ordinal_position, full_type::varchar(128) AS data_type,
    column_default::varchar(4000), CASE WHEN nullable THEN 'YES' ELSE 'NO' END::varchar(3) AS is_nullable,
    encoding::varchar(128), distkey, sortkey, NULL::varchar(128) AS column_acl, remarks::varchar(256) FROM rs_columns`,
  pg_table_def: `SELECT schema_name::name AS schemaname, table_name::text AS tablename, column_name::text AS "column",
    full_type AS type, encoding::text, distkey, sortkey, NOT nullable AS "notnull" FROM rs_columns
    WHERE schema_name = ANY (current_schemas(true)) AND relid NOT IN (SELECT view_oid FROM rs_late_views)`,
  svv_redshift_schemas: `SELECT current_database()::varchar(128) AS database_name, rs_full(nspname)::varchar(128) AS schema_name,
    nspowner::int AS schema_owner, CASE WHEN oid IN (SELECT schema_oid FROM rs_external_schemas) THEN 'external' ELSE 'local' END::varchar(128) AS schema_type, array_to_string(nspacl, E'\\n')::varchar(128) AS schema_acl,
    NULL::varchar(128) AS schema_option FROM pg_namespace
    WHERE nspname NOT LIKE 'pg\\_toast%' AND nspname NOT LIKE 'pg\\_temp%' AND has_schema_privilege(oid, 'USAGE')`,
  svv_all_schemas: 'SELECT *, NULL::varchar(128) AS source_database FROM svv_redshift_schemas',
  svv_redshift_databases: `SELECT datname::varchar(128) AS database_name, datdba::int AS database_owner,
    'local'::varchar(32) AS database_type, array_to_string(datacl, E'\\n')::varchar(128) AS database_acl,
    NULL::varchar(128) AS database_options,
    (SELECT CASE isolation WHEN 'serializable' THEN 'Serializable' ELSE 'Snapshot Isolation' END FROM rs_cluster)::varchar(128)
      AS database_isolation_level
    FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'`,
  stv_slices: `SELECT (s / 2)::int AS node, s::int AS slice, (s % 2)::int AS localslice, 'D'::char(1) AS type
    FROM rs_cluster, generate_series(0, slices - 1) s`,
  stv_db_isolation_level: `SELECT d.oid::int AS db_id, datname::char(128) AS db_name,
    CASE isolation WHEN 'serializable' THEN 'Serializable' ELSE 'Snapshot Isolation' END::char(20) AS isolation_level
    FROM pg_database d, rs_cluster WHERE NOT datistemplate AND datname <> 'postgres'`,
  stv_sessions: 'SELECT * FROM rs_sessions()',
  svv_table_info: `SELECT current_database()::text AS database, schema_name::text AS schema, r.oid AS table_id, table_name::text AS "table",
    'Y'::text AS encoded, dist_style::text AS diststyle,
    coalesce(rs_full(r.facts->'sortKeys'->>0), 'AUTO(SORTKEY)')::text AS sortkey1,
    (SELECT coalesce(max(character_maximum_length), 0) FROM rs_columns c WHERE c.relid = r.oid AND c.data_type = 'character varying')::int AS max_varchar,
    (SELECT encoding FROM rs_columns c WHERE c.relid = r.oid AND c.sortkey = 1)::char(32) AS sortkey1_enc,
    coalesce(jsonb_array_length(r.facts->'sortKeys'), 0)::int AS sortkey_num,
    greatest(1, pg_total_relation_size(r.oid) / 1048576)::bigint AS size, 0::numeric(10,4) AS pct_used, 0::bigint AS empty,
    CASE WHEN jsonb_array_length(r.facts->'sortKeys') > 0 THEN
      100 * greatest(0, n.tbl_rows - coalesce((r.facts->>'vacuumedRows')::bigint, 0)) / n.tbl_rows::numeric END::numeric(5,2) AS unsorted,
    least(100, 100 * abs(n.tbl_rows - coalesce((r.facts->>'analyzedRows')::bigint, 0)) / n.tbl_rows::numeric)::numeric(5,2) AS stats_off,
    n.tbl_rows::numeric(38,0) AS tbl_rows, NULL::numeric(19,2) AS skew_sortkey1, NULL::numeric(19,2) AS skew_rows,
    n.tbl_rows::numeric(38,0) AS estimated_visible_rows, NULL::text AS risk_event, NULL::numeric(12,2) AS vacuum_sort_benefit, NULL::timestamp AS create_time
    FROM rs_relations r, LATERAL (SELECT rs_count(r.oid) AS tbl_rows) n WHERE table_type = 'TABLE' AND n.tbl_rows > 0`,
};

const SESSIONS = `
CREATE FUNCTION pg_catalog.rs_sessions() RETURNS TABLE (starttime timestamp, process int, user_name char(50), db_name char(50), timeout_sec int)
LANGUAGE sql STABLE SECURITY DEFINER AS $body$
  SELECT backend_start AT TIME ZONE 'UTC', pid, usename::char(50), datname::char(50), 0 FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND usename <> 'rdsdb' AND (usename = session_user OR pg_has_role(session_user, 'pg_read_all_data', 'MEMBER'))
$body$`;

// A user sees the lines of the user's own statements; a superuser, who may read all data, everybody's.
const OWN_LINES = (table: string, user: string): string =>
  `SELECT * FROM ${table} WHERE pg_has_role(session_user, 'pg_read_all_data', 'MEMBER') OR ${user}::oid = (SELECT oid FROM pg_roles WHERE rolname = session_user)`;

const OWN_VIEWS: Readonly<Record<string, string>> = {
  stl_load_errors: OWN_LINES('rs_stl_load_errors', 'userid'),
  sys_load_error_detail: OWN_LINES('rs_sys_load_error_detail', 'user_id'),
};

const ALL_VIEWS = { ...SYSTEM_VIEWS, ...OWN_VIEWS };

/** Redshift's system views, as far as the sandbox has them. */
export const VIEWS_SQL: readonly string[] = [
  SESSIONS,
  RELATIONS,
  COLUMNS,
  ...Object.entries(ALL_VIEWS).map(([name, query]) => `CREATE VIEW pg_catalog.${name} AS ${query}`),
  ...['rs_relations', 'rs_columns', ...Object.keys(ALL_VIEWS)].map(
    (name) => `GRANT SELECT ON pg_catalog.${name} TO PUBLIC`,
  ),
  'REVOKE SELECT ON pg_catalog.svv_table_info FROM PUBLIC',
  ...SHOW_SQL,
  ...PG_CATALOG_SQL,
  ...INFORMATION_SCHEMA_SQL,
];
