const fails = (message: string, code: string): string => `RAISE EXCEPTION ${message} USING ERRCODE = '${code}';`;

// Facts name columns: they follow a new name.
const RENAME = `
CREATE FUNCTION pg_catalog.rs_rename_column(rel oid, old_name text, new_name text) RETURNS void LANGUAGE sql SECURITY DEFINER AS $body$
  UPDATE pg_catalog.rs_table_facts SET facts = regexp_replace(facts::text, '"' || regexp_replace(regexp_replace(to_json(old_name)::text, '^"|"$', '', 'g'), '([^[:alnum:]_ ])', E'[\\\\1]', 'g') || '"',
    replace(to_json(new_name)::text, E'\\\\', E'\\\\\\\\'), 'g')::jsonb WHERE relid = rel
$body$`;

const DROP_COLUMN = `
CREATE FUNCTION pg_catalog.rs_check_drop(rel oid, dropped text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE known jsonb := (SELECT facts FROM rs_table_facts WHERE relid = rel);
BEGIN
  IF known->>'distKey' = dropped THEN ${fails('\'cannot drop distkey column "%"\', dropped', '0A000')} END IF;
  IF known->'sortKeys' ? dropped THEN ${fails('\'cannot drop sortkey column "%"\', dropped', '0A000')} END IF;
  UPDATE rs_table_facts SET facts = facts #- ARRAY['encodings', dropped] WHERE relid = rel;
END $body$`;

// https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
const CHECK_TYPE = `
CREATE FUNCTION pg_catalog.rs_check_alter_type(rel oid, altered text, new_length int) RETURNS void LANGUAGE plpgsql STABLE AS $body$
DECLARE
  known jsonb := (SELECT facts FROM rs_table_facts WHERE relid = rel);
  present record;
BEGIN
  SELECT atttypid, atttypmod - 4 AS length, atthasdef INTO present FROM pg_attribute
  WHERE attrelid = rel AND attname = altered AND attnum > 0 AND NOT attisdropped;
  IF NOT FOUND THEN ${fails('\'column "%" of relation "%" does not exist\', rs_full(altered), rs_full((SELECT relname FROM pg_class WHERE oid = rel))', '42703')} END IF;
  IF present.atttypid <> 'varchar'::regtype THEN ${fails("'ALTER COLUMN TYPE is only supported for VARCHAR columns'", '0A000')} END IF;
  IF present.length = new_length THEN ${fails("'target column size should be different'", '0A000')} END IF;
  IF present.atthasdef THEN ${fails('\'cannot alter column "%": it has a default expression\', altered', '0A000')} END IF;
  IF known->'primaryKey'->'columns' ? altered OR EXISTS (SELECT 1 FROM jsonb_array_elements(known->'uniques') u WHERE u ? altered)
    OR EXISTS (SELECT 1 FROM jsonb_array_elements(known->'foreignKeys') f WHERE f->'columns' ? altered) THEN
    ${fails('\'cannot alter column "%": it is part of a key\', altered', '0A000')}
  END IF;
  IF known->'encodings'->>altered IN ('bytedict', 'runlength', 'text255', 'text32k') THEN
    ${fails("'cannot alter column \"%\" with encoding %', altered, known->'encodings'->>altered", '0A000')}
  END IF;
END $body$`;

const CHECK_COLUMNS = `
CREATE FUNCTION pg_catalog.rs_check_columns(rel oid, wanted text[]) RETURNS void LANGUAGE plpgsql STABLE AS $body$
DECLARE missing text := (SELECT w FROM unnest(wanted) w WHERE NOT EXISTS (
  SELECT 1 FROM pg_attribute WHERE attrelid = rel AND attname = w AND attnum > 0 AND NOT attisdropped) LIMIT 1);
BEGIN
  IF NOT pg_has_role((SELECT relowner FROM pg_class WHERE oid = rel), 'USAGE') THEN
    ${fails("'must be owner of relation %', rs_full((SELECT relname FROM pg_class WHERE oid = rel))", '42501')}
  END IF;
  IF missing IS NOT NULL THEN ${fails('\'column "%" does not exist\', rs_full(missing)', '42703')} END IF;
END $body$`;

const CHECK_ENCODING = `
CREATE FUNCTION pg_catalog.rs_set_encoding(rel oid, altered text, encoding text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE known jsonb := (SELECT facts FROM rs_table_facts WHERE relid = rel);
BEGIN
  IF known->>'sortStyle' = 'INTERLEAVED' THEN ${fails("'cannot alter encoding of a table with an interleaved sortkey'", '0A000')} END IF;
  IF known->'encodings'->>altered = encoding THEN ${fails('\'the encoding of column "%" is % already\', altered, encoding', '0A000')} END IF;
  INSERT INTO rs_table_facts VALUES (rel, jsonb_build_object('encodings', jsonb_build_object(altered, encoding)))
  ON CONFLICT (relid) DO UPDATE SET facts = jsonb_set(rs_table_facts.facts, '{encodings}', coalesce(rs_table_facts.facts->'encodings', '{}') || jsonb_build_object(altered, encoding));
END $body$`;

const ADD_KEY = `
CREATE FUNCTION pg_catalog.rs_add_key(rel oid, kind text, fact jsonb) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
  known jsonb := coalesce((SELECT facts FROM rs_table_facts WHERE relid = rel), '{}');
  nullable text;
BEGIN
  IF kind = 'primaryKey' THEN
    IF known ? 'primaryKey' THEN ${fails('\'multiple primary keys for table "%" are not allowed\', rs_full((SELECT relname FROM pg_class WHERE oid = rel))', '42P16')} END IF;
    SELECT attname INTO nullable FROM pg_attribute WHERE attrelid = rel AND fact->'columns' ? attname::text AND NOT attnotnull;
    IF nullable IS NOT NULL THEN ${fails('\'ALTER TABLE ADD PRIMARY KEY: column "%" is nullable\', rs_full(nullable)', '0A000')} END IF;
    known := known || jsonb_build_object(kind, fact);
  ELSE
    known := known || jsonb_build_object(kind, coalesce(known->kind, '[]') || jsonb_build_array(fact));
  END IF;
  INSERT INTO rs_table_facts VALUES (rel, known) ON CONFLICT (relid) DO UPDATE SET facts = excluded.facts;
END $body$`;

const DROP_KEY = `
CREATE FUNCTION pg_catalog.rs_drop_constraint(rel oid, dropped text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
  known jsonb := coalesce((SELECT facts FROM rs_table_facts WHERE relid = rel), '{}');
  changed jsonb := known;
  own text := (SELECT relname FROM pg_class WHERE oid = rel);
BEGIN
  IF coalesce(known->'primaryKey'->>'name', own || '_pkey') = dropped THEN changed := changed - 'primaryKey'; END IF;
  IF known ? 'uniques' THEN changed := changed || jsonb_build_object('uniques', coalesce((SELECT jsonb_agg(u) FROM jsonb_array_elements(known->'uniques') u
    WHERE own || '_' || array_to_string(ARRAY(SELECT jsonb_array_elements_text(u)), '_') || '_key' <> dropped), '[]')); END IF;
  IF known ? 'foreignKeys' THEN changed := changed || jsonb_build_object('foreignKeys', coalesce((SELECT jsonb_agg(f) FROM jsonb_array_elements(known->'foreignKeys') f
    WHERE coalesce(f->>'name', own || '_' || (f->'columns'->>0) || '_fkey') <> dropped), '[]')); END IF;
  IF changed = known THEN ${fails('\'constraint "%" does not exist\', dropped', '42704')} END IF;
  UPDATE rs_table_facts SET facts = changed WHERE relid = rel;
END $body$`;

// How many rows there were tells how stale statistics and sorting are.
const NOTE_MAINTENANCE = `
CREATE FUNCTION pg_catalog.rs_maintain(rel oid, fact text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE own record;
BEGIN
  SELECT relowner, rs_full(relname) AS name INTO own FROM pg_class WHERE oid = rel;
  IF NOT pg_has_role(session_user, own.relowner, 'USAGE') AND NOT pg_has_role(session_user, 'pg_read_all_data', 'MEMBER') THEN
    RAISE WARNING 'skipping "%" --- only table or database owner can % it', own.name, CASE fact WHEN 'analyzedRows' THEN 'analyze' ELSE 'vacuum' END;
    RETURN;
  END IF;
  PERFORM rs_amend_table(rel, jsonb_build_object(fact, rs_count(rel))::text);
END $body$`;

/** What changes the facts of tables, after the rules of ALTER TABLE. */
export const TABLE_FACTS_SQL: readonly string[] = [
  RENAME,
  DROP_COLUMN,
  CHECK_TYPE,
  CHECK_COLUMNS,
  CHECK_ENCODING,
  ADD_KEY,
  DROP_KEY,
  NOTE_MAINTENANCE,
];
