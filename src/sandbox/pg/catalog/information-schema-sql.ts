// Declared keys: one line for a key, or for each of its columns.
const KEYS = `
CREATE VIEW pg_catalog.rs_declared_keys AS
SELECT r.oid AS relid, r.schema_name, r.table_name, k.type,
  coalesce(k.name, r.table_name || k.suffix) AS constraint_name, k.columns
FROM rs_relations r, LATERAL (
  SELECT 'PRIMARY KEY' AS type, r.facts->'primaryKey'->>'name' AS name, '_pkey' AS suffix, r.facts->'primaryKey'->'columns' AS columns
  WHERE r.facts ? 'primaryKey'
  UNION ALL
  SELECT 'UNIQUE', NULL, '_' || array_to_string(ARRAY(SELECT jsonb_array_elements_text(u)), '_') || '_key', u
  FROM jsonb_array_elements(coalesce(r.facts->'uniques', '[]')) u
) k`;

const REAL = "constraint_name NOT LIKE 'rs~%' AND constraint_name NOT LIKE '%\\_not\\_null'";

/** The views of the information schema that tell of keys: with those that are declared and, as in Redshift, not enforced. */
export const INFORMATION_SCHEMA_SQL: readonly string[] = [
  KEYS,
  'ALTER VIEW information_schema.table_constraints RENAME TO rs_table_constraints',
  `CREATE VIEW information_schema.table_constraints AS
  SELECT * FROM information_schema.rs_table_constraints WHERE ${REAL}
  UNION ALL
  SELECT current_database()::name, schema_name::name, constraint_name::name, current_database()::name, schema_name::name,
    table_name::name, type::varchar, 'NO', 'NO', 'NO', NULL FROM pg_catalog.rs_declared_keys`,
  'ALTER VIEW information_schema.key_column_usage RENAME TO rs_key_column_usage',
  `CREATE VIEW information_schema.key_column_usage AS
  SELECT * FROM information_schema.rs_key_column_usage
  UNION ALL
  SELECT current_database()::name, schema_name::name, constraint_name::name, current_database()::name, schema_name::name,
    table_name::name, pg_catalog.rs_full(c.name)::name, c.position::int, NULL::int
  FROM pg_catalog.rs_declared_keys, jsonb_array_elements_text(columns) WITH ORDINALITY c(name, position)`,
  'GRANT SELECT ON pg_catalog.rs_declared_keys, information_schema.table_constraints, information_schema.key_column_usage TO PUBLIC',
];
