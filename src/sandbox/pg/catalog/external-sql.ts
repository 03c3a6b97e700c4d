const NOTE_SCHEMA = `
CREATE FUNCTION pg_catalog.rs_note_external_schema(schema_name text, database_name text, role text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $body$
  INSERT INTO rs_external_schemas VALUES (schema_name::regnamespace, database_name, role) ON CONFLICT DO NOTHING
$body$`;

// Who may use the schema may read its tables.
const NOTE_TABLE = `
CREATE FUNCTION pg_catalog.rs_note_external_table(rel oid, location text, format text, copy_text text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM rs_external_schemas s JOIN pg_class c ON c.relnamespace = s.schema_oid WHERE c.oid = rel) THEN
    RAISE EXCEPTION 'schema "%" is not an external schema', (SELECT relnamespace::regnamespace FROM pg_class WHERE oid = rel) USING ERRCODE = '42P17';
  END IF;
  INSERT INTO rs_external_tables VALUES (rel, location, format, copy_text);
  EXECUTE format('GRANT SELECT ON %s TO PUBLIC', rel::regclass);
  EXECUTE format('CREATE TRIGGER rs_read_only BEFORE INSERT OR UPDATE OR DELETE ON %s FOR EACH STATEMENT EXECUTE FUNCTION pg_catalog.rs_read_only()', rel::regclass);
END $body$`;

const READ_ONLY = `
CREATE FUNCTION pg_catalog.rs_read_only() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF session_user = 'rdsdb' THEN RETURN NULL; END IF;
  RAISE EXCEPTION 'Operations on external tables other than SELECT are not covered by the sandbox' USING ERRCODE = '0A000';
END $body$`;

const HIVE_TYPE = `CASE data_type WHEN 'character varying' THEN 'varchar(' || character_maximum_length || ')' WHEN 'character' THEN 'char(' || character_maximum_length || ')'
  WHEN 'integer' THEN 'int' WHEN 'double precision' THEN 'double' WHEN 'real' THEN 'float' WHEN 'numeric' THEN 'decimal(' || numeric_precision || ',' || numeric_scale || ')'
  WHEN 'timestamp without time zone' THEN 'timestamp' ELSE data_type END`;

const FORMATS = (text: string, parquet: string): string =>
  `CASE t.format WHEN 'parquet' THEN '${parquet}' ELSE '${text}' END::text`;

const VIEWS: Readonly<Record<string, string>> = {
  svv_external_schemas: `SELECT n.oid::int AS esoid, 1::smallint AS eskind, rs_full(n.nspname)::name AS schemaname, n.nspowner::int AS esowner, s.database_name::text AS databasename,
    json_build_object('IAM_ROLE', s.role)::text AS esoptions FROM rs_external_schemas s JOIN pg_namespace n ON n.oid = s.schema_oid WHERE has_schema_privilege(n.oid, 'USAGE')`,
  svv_external_tables: `SELECT current_database()::text AS redshift_database_name, r.schema_name::text AS schemaname, r.table_name::text AS tablename, 'TABLE'::text AS tabletype, t.location,
    ${FORMATS('org.apache.hadoop.mapred.TextInputFormat', 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat')} AS input_format,
    ${FORMATS('org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat', 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat')} AS output_format,
    ${FORMATS('org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe', 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe')} AS serialization_lib,
    '{}'::text AS serde_parameters, 0 AS compressed, '{}'::text AS parameters FROM rs_external_tables t JOIN rs_relations r ON r.oid = t.relid`,
  svv_external_columns: `SELECT current_database()::text AS redshift_database_name, c.schema_name::text AS schemaname, c.table_name::text AS tablename, c.column_name::text AS columnname,
    (${HIVE_TYPE})::text AS external_type, c.ordinal_position AS columnnum, 0 AS part_key, ''::text AS is_nullable
    FROM rs_columns c JOIN rs_external_tables t ON t.relid = c.relid`,
};

/** Where external tables are noted; run ahead of the views that tell tables apart. */
export const EXTERNAL_TABLES_SQL: readonly string[] = [
  'CREATE TABLE pg_catalog.rs_external_schemas (schema_oid oid PRIMARY KEY, database_name text NOT NULL, role text NOT NULL)',
  'CREATE TABLE pg_catalog.rs_external_tables (relid oid PRIMARY KEY, location text NOT NULL, format text NOT NULL, copy_text text NOT NULL)',
  'GRANT SELECT ON pg_catalog.rs_external_schemas, pg_catalog.rs_external_tables TO PUBLIC',
];

/** External schemas and tables, and Redshift's views of them. */
export const EXTERNAL_SQL: readonly string[] = [
  READ_ONLY,
  NOTE_SCHEMA,
  NOTE_TABLE,
  ...Object.entries(VIEWS).flatMap(([name, query]) => [
    `CREATE VIEW pg_catalog.${name} AS ${query}`,
    `GRANT SELECT ON pg_catalog.${name} TO PUBLIC`,
  ]),
];
