const LENGTH_CHECKS = `
CREATE FUNCTION pg_catalog.rs_check_lengths() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
  command record;
  changes text;
BEGIN
  IF current_setting('roleshift.checking', true) = 'on' THEN RETURN; END IF;
  FOR command IN
    SELECT DISTINCT d.objid, d.command_tag, c.relname, n.nspname
    FROM pg_event_trigger_ddl_commands() d
    JOIN pg_class c ON c.oid = d.objid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE d.classid = 'pg_class'::regclass AND c.relkind = 'r'
  LOOP
    -- The result of a query has columns of type text where Redshift has varchar.
    IF command.command_tag IN ('CREATE TABLE AS', 'SELECT INTO') THEN
      SELECT string_agg(format('ALTER COLUMN %I TYPE character varying(65535)', attname), ', ') INTO changes
      FROM pg_attribute
      WHERE attrelid = command.objid AND attnum > 0 AND NOT attisdropped
        AND (atttypid IN ('text'::regtype, 'name'::regtype) OR (atttypid = 'varchar'::regtype AND atttypmod < 0));
      PERFORM set_config('roleshift.checking', 'on', true);
      IF changes IS NOT NULL THEN EXECUTE format('ALTER TABLE %I.%I %s', command.nspname, command.relname, changes); END IF;
      PERFORM set_config('roleshift.checking', 'off', true);
    END IF;
    WITH wanted AS (
      SELECT format('rs~%s%s~%s', CASE WHEN atttypid = 'varchar'::regtype THEN 'v' ELSE 'c' END, atttypmod - 4, attnum) AS name,
        CASE WHEN atttypid = 'varchar'::regtype THEN format('octet_length(%I) <= %s', attname, atttypmod - 4)
          ELSE format('octet_length(%I::text) = length(%1$I::text)', attname) END AS condition
      FROM pg_attribute
      WHERE attrelid = command.objid AND attnum > 0 AND NOT attisdropped AND atttypmod > 4
        AND atttypid IN ('varchar'::regtype, 'bpchar'::regtype)
    ), present AS (
      SELECT conname AS name FROM pg_constraint WHERE conrelid = command.objid AND conname LIKE 'rs~%'
    )
    SELECT string_agg(change, ', ') INTO changes FROM (
      SELECT format('DROP CONSTRAINT %I', name) AS change FROM present WHERE name NOT IN (SELECT name FROM wanted)
      UNION ALL
      SELECT format('ADD CONSTRAINT %I CHECK (%s)', name, condition) FROM wanted WHERE name NOT IN (SELECT name FROM present)
    ) c;
    IF changes IS NOT NULL THEN
      PERFORM set_config('roleshift.checking', 'on', true);
      EXECUTE format('ALTER TABLE %I.%I %s', command.nspname, command.relname, changes);
      PERFORM set_config('roleshift.checking', 'off', true);
    END IF;
  END LOOP;
END $body$`;

const DECLARE_TABLE = `
CREATE FUNCTION pg_catalog.rs_declare_table(rel oid, new_facts text, source oid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
  inherited jsonb := '{}';
BEGIN
  IF source IS NOT NULL THEN
    SELECT facts - 'primaryKey' - 'uniques' - 'foreignKeys' INTO inherited
    FROM pg_catalog.rs_table_facts WHERE relid = source;
  END IF;
  INSERT INTO pg_catalog.rs_table_facts
  VALUES (rel, jsonb_strip_nulls(coalesce(inherited, '{}') || (new_facts::jsonb - CASE WHEN source IS NULL THEN '' ELSE 'encodings' END)))
  ON CONFLICT DO NOTHING;
END $body$`;

const AMEND_TABLE = `
CREATE FUNCTION pg_catalog.rs_amend_table(rel oid, new_facts text) RETURNS void
LANGUAGE sql SECURITY DEFINER AS $body$
  INSERT INTO pg_catalog.rs_table_facts AS t VALUES (rel, new_facts::jsonb)
  ON CONFLICT (relid) DO UPDATE SET facts = jsonb_strip_nulls(t.facts || excluded.facts)
$body$`;

/** Tables that hold what PostgreSQL has no place for, and the trigger that counts bytes. */
export const STORAGE_SQL: readonly string[] = [
  'GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC',
  'CREATE TABLE pg_catalog.rs_names (short text PRIMARY KEY, whole text NOT NULL)',
  'CREATE TABLE pg_catalog.rs_cluster (isolation text, slices int, id text)',
  'CREATE TABLE pg_catalog.rs_table_facts (relid oid PRIMARY KEY, facts jsonb NOT NULL)',
  'CREATE TABLE pg_catalog.rs_late_views (view_oid oid PRIMARY KEY, column_list text NOT NULL, query text NOT NULL)',
  `CREATE TABLE pg_catalog.rs_stl_load_errors (userid int, slice int, tbl int, starttime timestamp, session int, query int,
    filename char(256), line_number bigint, colname char(127), type char(10), col_length char(10), position int,
    raw_line char(1024), raw_field_value char(1024), err_code int, err_reason char(100), is_partial int, start_offset bigint,
    copy_job_id bigint)`,
  `CREATE TABLE pg_catalog.rs_sys_load_error_detail (user_id int, query_id bigint, transaction_id bigint, session_id int,
    database_name char(64), table_id int, start_time timestamp, file_name varchar(256), line_number bigint,
    column_name varchar(127), column_type varchar(10), column_length varchar(10), position int, error_code int,
    error_message varchar(512))`,
  `CREATE TABLE pg_catalog.rs_sys_load_history (user_id int, query_id bigint, transaction_id bigint, session_id int,
    database_name text, status text, table_name text, start_time timestamp, end_time timestamp, duration bigint,
    data_source text, file_format text, loaded_rows bigint, loaded_bytes bigint, source_file_count int,
    source_file_bytes bigint, file_count_scanned int, file_bytes_scanned bigint, error_count bigint, copy_job_id bigint)`,
  `CREATE TABLE pg_catalog.rs_sys_unload_history (user_id int, query_id bigint, transaction_id bigint, session_id int,
    database_name text, status text, start_time timestamp, end_time timestamp, duration bigint, file_format text,
    compression_type text, unloaded_location text, unloaded_rows bigint, unloaded_files_count bigint,
    unloaded_files_size bigint, error_message text)`,
  'GRANT SELECT ON pg_catalog.rs_names, pg_catalog.rs_cluster, pg_catalog.rs_table_facts TO PUBLIC',
  LENGTH_CHECKS,
  `CREATE EVENT TRIGGER rs_check_lengths ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE') EXECUTE FUNCTION pg_catalog.rs_check_lengths()`,
  DECLARE_TABLE,
  AMEND_TABLE,
];
