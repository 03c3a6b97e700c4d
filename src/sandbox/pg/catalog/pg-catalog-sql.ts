import { quoteLiteral } from '../sql/names.ts';
import { FIXED_SETTINGS, NATIVE_SETTINGS } from '../sql/settings.ts';

const ENCODINGS =
  "ARRAY['none','bytedict','delta','delta32k','lzo','mostly8','mostly16','mostly32','runlength','text255','text32k','zstd','az64','raw']";

// A materialized view counts as a view.
const CLASS_COLUMNS =
  'oid relname relnamespace reltype reloftype relowner relam relfilenode reltablespace relpages reltuples relallvisible relallfrozen reltoastrelid relhasindex relisshared relpersistence relkind relnatts relchecks relhasrules relhastriggers relhassubclass relrowsecurity relforcerowsecurity relispopulated relreplident relispartition relrewrite relfrozenxid relminmxid relacl reloptions relpartbound'
    .split(' ')
    .map((name) =>
      name === 'relkind' ? `CASE c.relkind WHEN 'm' THEN 'v' ELSE c.relkind END::"char" AS relkind` : `c.${name}`,
    )
    .join(', ');

const PG_CLASS = `
CREATE VIEW pg_catalog.rs_pg_class AS
SELECT ${CLASS_COLUMNS}, false AS relhasoids, 0::smallint AS reltriggers, 0::smallint AS relukeys, 0::smallint AS relfkeys, 0::smallint AS relrefs,
  (CASE coalesce(f.facts->>'distStyle', 'AUTO') WHEN 'EVEN' THEN 0 WHEN 'KEY' THEN 1 WHEN 'ALL' THEN 8 ELSE 9 END)::smallint AS reldiststyle,
  f.facts ? 'primaryKey' AS relhaspkey
FROM pg_class c LEFT JOIN rs_table_facts f ON f.relid = c.oid
WHERE c.relnamespace <> 'pg_catalog'::regnamespace OR c.relname NOT LIKE 'rs\\_%'`;

const PG_ATTRIBUTE = `
CREATE VIEW pg_catalog.rs_pg_attribute AS
SELECT a.*, coalesce(f.facts->>'distKey' = a.attname, false) AS attisdistkey,
  coalesce((SELECT p.position * CASE WHEN f.facts->>'sortStyle' = 'INTERLEAVED' AND p.position % 2 = 0 THEN -1 ELSE 1 END
    FROM jsonb_array_elements_text(f.facts->'sortKeys') WITH ORDINALITY p(name, position) WHERE p.name = a.attname), 0)::int AS attsortkeyord,
  coalesce(array_position(${ENCODINGS}, (SELECT c.encoding FROM rs_columns c WHERE c.relid = a.attrelid AND c.column_name = a.attname)) - 1, 0)
    AS attencodingtype
FROM pg_attribute a LEFT JOIN rs_table_facts f ON f.relid = a.attrelid
WHERE NOT EXISTS (SELECT 1 FROM rs_late_views l WHERE l.view_oid = a.attrelid)`;

const PG_CONSTRAINT = `
CREATE VIEW pg_catalog.rs_pg_constraint AS
SELECT oid, conname, connamespace, contype, condeferrable, condeferred, conrelid, contypid, confrelid, confupdtype, confdeltype,
  confmatchtype, conkey, confkey FROM pg_constraint WHERE conname NOT LIKE 'rs~%' AND contype <> 'n' AND connamespace <> 'pg_catalog'::regnamespace
UNION ALL
SELECT r.oid, coalesce(r.facts->'primaryKey'->>'name', r.table_name || '_pkey')::name, r.schema_oid, 'p'::"char", false, false, r.oid,
  0::oid, 0::oid, ' '::"char", ' '::"char", ' '::"char",
  (SELECT array_agg(a.attnum ORDER BY k.position) FROM jsonb_array_elements_text(r.facts->'primaryKey'->'columns')
    WITH ORDINALITY k(name, position) JOIN pg_attribute a ON a.attrelid = r.oid AND a.attname = k.name), NULL
FROM rs_relations r WHERE r.facts ? 'primaryKey'`;

// The columns of PostgreSQL 8.0, and the settings that SHOW tells alike.
const PG_SETTINGS = `
CREATE VIEW pg_catalog.rs_pg_settings AS
SELECT name, current_setting(name) AS setting, category, short_desc, extra_desc, context, vartype, source, min_val, max_val
FROM pg_settings WHERE name IN (${[...NATIVE_SETTINGS, ...Object.keys(FIXED_SETTINGS)].map(quoteLiteral).join(', ')})`;

// What runs is PostgreSQL's rewritten text: it is not shown.
const PG_STAT_ACTIVITY = `
CREATE VIEW pg_catalog.rs_pg_stat_activity AS
SELECT datid, datname, pid AS procpid, usesysid, usename, '<command string not enabled>'::text AS current_query, query_start
FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'rdsdb'`;

const VIEWS = [
  'rs_pg_class',
  'rs_pg_attribute',
  'rs_pg_constraint',
  'rs_pg_database',
  'rs_pg_roles',
  'rs_pg_settings',
  'rs_pg_stat_activity',
];

/** What stands for PostgreSQL's own catalog tables: with the columns Redshift has besides, and with declared keys. */
export const PG_CATALOG_SQL: readonly string[] = [
  PG_CLASS,
  PG_ATTRIBUTE,
  PG_CONSTRAINT,
  PG_SETTINGS,
  "CREATE VIEW pg_catalog.rs_pg_roles AS SELECT * FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'rdsdb'",
  PG_STAT_ACTIVITY,
  "CREATE VIEW pg_catalog.rs_pg_database AS SELECT * FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres'",
  ...VIEWS.map((name) => `GRANT SELECT ON pg_catalog.${name} TO PUBLIC`),
  `CREATE FUNCTION pg_catalog.format_encoding(encoding int) RETURNS text LANGUAGE sql IMMUTABLE AS $body$
    SELECT (${ENCODINGS})[encoding + 1] $body$`,
];
