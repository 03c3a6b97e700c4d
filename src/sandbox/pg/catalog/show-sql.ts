function show(signature: string, columns: string, query: string): string {
  return `CREATE FUNCTION pg_catalog.${signature} RETURNS TABLE (${columns}) LANGUAGE plpgsql STABLE AS $body$
    #variable_conflict use_column
    BEGIN ${query} END $body$`;
}

const text = (...names: readonly string[]): string => names.map((name) => `${name} varchar`).join(', ');

/** The functions behind SHOW DATABASES, SCHEMAS, TABLES, COLUMNS and CONSTRAINTS. */
export const SHOW_SQL: readonly string[] = [
  show(
    'rs_show_databases()',
    text('database_name', 'database_owner', 'database_type', 'database_acl', 'parameters', 'database_isolation_level'),
    `RETURN QUERY SELECT database_name, pg_get_userbyid(database_owner::oid)::varchar, database_type, database_acl, NULL::varchar,
      database_isolation_level FROM svv_redshift_databases;`,
  ),
  show(
    'rs_show_schemas(in_database text)',
    text(
      'database_name',
      'schema_name',
      'schema_owner',
      'schema_type',
      'schema_acl',
      'source_database',
      'schema_option',
    ),
    `PERFORM rs_here(in_database);
     RETURN QUERY SELECT database_name, schema_name, pg_get_userbyid(schema_owner::oid)::varchar, schema_type, schema_acl,
      NULL::varchar, schema_option FROM svv_redshift_schemas;`,
  ),
  show(
    'rs_show_tables(in_database text, in_schema text)',
    `${text('database_name', 'schema_name', 'table_name', 'table_type', 'table_acl', 'remarks', 'owner')},
     last_altered_time timestamp, last_modified_time timestamp, ${text('dist_style', 'table_subtype')}`,
    `PERFORM rs_here(in_database);
     IF NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = in_schema) THEN
       RAISE EXCEPTION 'schema "%" does not exist', rs_full(in_schema) USING ERRCODE = '3F000';
     END IF;
     RETURN QUERY SELECT current_database()::varchar, r.schema_name::varchar, r.table_name::varchar, r.table_type::varchar,
      r.table_acl::varchar, r.remarks::varchar, r.owner::varchar, NULL::timestamp, NULL::timestamp, r.dist_style::varchar,
      r.subtype::varchar FROM rs_relations r WHERE r.schema_name = rs_full(in_schema);`,
  ),
  show(
    'rs_show_columns(in_database text, in_schema text, in_table text)',
    `${text('database_name', 'schema_name', 'table_name', 'column_name')}, ordinal_position int,
     ${text('column_default', 'is_nullable', 'data_type')}, character_maximum_length int, numeric_precision int,
     numeric_scale int, ${text('remarks', 'sort_key_type')}, sort_key int, dist_key int, ${text('encoding', 'collation')}`,
    `RETURN QUERY SELECT current_database()::varchar, c.schema_name::varchar, c.table_name::varchar, c.column_name::varchar,
      c.ordinal_position, c.column_default::varchar, CASE WHEN c.nullable THEN 'YES' ELSE 'NO' END::varchar, c.data_type::varchar,
      c.character_maximum_length::int, c.numeric_precision::int, c.numeric_scale::int, c.remarks::varchar,
      c.sort_key_type::varchar, CASE WHEN c.sortkey <> 0 THEN c.sortkey END, CASE WHEN c.distkey THEN 1 END,
      c.encoding::varchar, NULL::varchar
      FROM rs_columns c WHERE c.relid = rs_relation(in_database, in_schema, in_table);`,
  ),
  show(
    'rs_show_primary_keys(in_database text, in_schema text, in_table text)',
    `${text('database_name', 'schema_name', 'table_name', 'pk_name', 'column_name')}, key_seq int`,
    `RETURN QUERY SELECT current_database()::varchar, r.schema_name::varchar, r.table_name::varchar,
      rs_full(coalesce(r.facts->'primaryKey'->>'name', r.table_name || '_pkey'))::varchar, rs_full(k.name)::varchar, k.position::int
      FROM rs_relations r, jsonb_array_elements_text(r.facts->'primaryKey'->'columns') WITH ORDINALITY k(name, position)
      WHERE r.oid = rs_relation(in_database, in_schema, in_table);`,
  ),
  show(
    'rs_show_foreign_keys(in_database text, in_schema text, in_table text, exported boolean)',
    `${text('pk_database_name', 'pk_schema_name', 'pk_table_name', 'pk_column_name', 'fk_database_name', 'fk_schema_name', 'fk_table_name', 'fk_column_name')},
     key_seq int, ${text('fk_name', 'pk_name')}, update_rule smallint, delete_rule smallint, deferrability smallint`,
    `RETURN QUERY SELECT current_database()::varchar, p.schema_name::varchar, p.table_name::varchar,
      rs_full(coalesce(f->'references'->>(k.position - 1)::int, p.facts->'primaryKey'->'columns'->>(k.position - 1)::int))::varchar,
      current_database()::varchar, r.schema_name::varchar, r.table_name::varchar, rs_full(k.name)::varchar, k.position::int,
      rs_full(coalesce(f->>'name', r.table_name || '_' || k.name || '_fkey'))::varchar,
      rs_full(coalesce(p.facts->'primaryKey'->>'name', p.table_name || '_pkey'))::varchar, 3::smallint, 3::smallint, 7::smallint
      FROM rs_relations r, jsonb_array_elements(r.facts->'foreignKeys') f,
        jsonb_array_elements_text(f->'columns') WITH ORDINALITY k(name, position), rs_relations p
      WHERE p.oid = to_regclass(f->>'table')
        AND CASE WHEN exported THEN p.oid ELSE r.oid END = rs_relation(in_database, in_schema, in_table);`,
  ),
];
