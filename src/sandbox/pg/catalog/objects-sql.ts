// Drops and makes anew: columns may be others. Rights and owner are kept. What cannot be bound gets one column that fails.
const BIND = `
CREATE FUNCTION pg_catalog.rs_bind_late_view(view_name text, column_list text, query text) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  reason text;
BEGIN
  BEGIN
    EXECUTE format('CREATE VIEW %s %s AS %s', view_name, column_list, query);
  EXCEPTION WHEN undefined_table OR undefined_column OR invalid_schema_name OR undefined_function OR insufficient_privilege THEN
    GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT;
    EXECUTE format('CREATE VIEW %s AS SELECT pg_catalog.rs_unbound(%L, %L) AS unbound', view_name, SQLSTATE, reason);
  END;
END $body$`;

const UNBOUND = `
CREATE FUNCTION pg_catalog.rs_unbound(state text, reason text) RETURNS text LANGUAGE plpgsql AS $body$
BEGIN RAISE EXCEPTION '%', reason USING ERRCODE = state; END $body$`;

const CREATE_LATE_VIEW = `
CREATE FUNCTION pg_catalog.rs_create_late_view(view_name text, column_list text, query text, replaces boolean) RETURNS void LANGUAGE plpgsql AS $body$
DECLARE
  old oid := to_regclass(view_name);
BEGIN
  IF old IS NOT NULL AND NOT replaces THEN
    RAISE EXCEPTION 'relation "%" already exists', (SELECT rs_full(relname) FROM pg_class WHERE oid = old) USING ERRCODE = '42P07';
  END IF;
  IF old IS NOT NULL THEN EXECUTE format('DROP VIEW %s', view_name); END IF;
  PERFORM rs_bind_late_view(view_name, column_list, query);
  PERFORM rs_note_late_view(view_name::regclass, column_list, query);
END $body$`;

// Without its dependencies nothing keeps the tables below from being dropped.
const NOTE_LATE_VIEW = `
CREATE FUNCTION pg_catalog.rs_note_late_view(view_oid oid, column_list text, query text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $body$
BEGIN
  DELETE FROM pg_depend WHERE classid = 'pg_rewrite'::regclass AND objid IN (SELECT oid FROM pg_rewrite WHERE ev_class = view_oid)
    AND NOT (refclassid = 'pg_class'::regclass AND refobjid = view_oid);
  DELETE FROM rs_late_views l WHERE NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = l.view_oid);
  INSERT INTO rs_late_views VALUES (view_oid, column_list, query);
END $body$`;

// A view that would be made alike is left alone: nobody has to wait for its lock.
const REBIND = `
CREATE FUNCTION pg_catalog.rs_rebind_late_views() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE
  late record;
  is_fresh boolean;
  rights aclitem[];
  view_owner name;
BEGIN
  FOR late IN SELECT l.*, format('%I.%I', n.nspname, c.relname) AS view_name FROM rs_late_views l
    JOIN pg_class c ON c.oid = l.view_oid JOIN pg_namespace n ON n.oid = c.relnamespace LOOP
    BEGIN
      EXECUTE format('CREATE TEMP VIEW rs_probe %s AS %s', late.column_list, late.query);
      is_fresh := pg_get_viewdef('pg_temp.rs_probe'::regclass) = pg_get_viewdef(late.view_oid);
      DROP VIEW pg_temp.rs_probe;
    EXCEPTION WHEN OTHERS THEN
      is_fresh := false;
    END;
    CONTINUE WHEN is_fresh;
    SELECT relacl, pg_get_userbyid(relowner) INTO rights, view_owner FROM pg_class WHERE oid = late.view_oid;
    EXECUTE format('DROP VIEW %s', late.view_name);
    PERFORM rs_bind_late_view(late.view_name, late.column_list, late.query);
    EXECUTE format('ALTER VIEW %s OWNER TO %I', late.view_name, view_owner);
    UPDATE pg_class SET relacl = rights WHERE oid = late.view_name::regclass;
    PERFORM rs_note_late_view(late.view_name::regclass, late.column_list, late.query);
  END LOOP;
END $body$`;

const COLUMNS_OF = `SELECT schema_name::name, table_name::name, column_name::name, full_type::varchar, ordinal_position FROM rs_columns`;

// Only the owner and superusers may call a new procedure.
const OWN_PROCEDURES = `
CREATE FUNCTION pg_catalog.rs_own_procedures() RETURNS void LANGUAGE sql SECURITY DEFINER AS $body$
  UPDATE pg_proc SET proacl = ARRAY[makeaclitem(proowner, proowner, 'EXECUTE', false)] WHERE prokind = 'p' AND proacl IS NULL
$body$`;

const SHOW_PROCEDURE = `
CREATE FUNCTION pg_catalog.rs_show_procedure(in_schema text, in_name text, in_types text) RETURNS varchar LANGUAGE plpgsql STABLE AS $body$
DECLARE found oid[];
BEGIN
  SELECT array_agg(p.oid) INTO found FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prokind = 'p' AND p.proname = in_name AND CASE WHEN in_schema IS NULL THEN pg_function_is_visible(p.oid) ELSE n.nspname = in_schema END
    AND (in_types IS NULL OR p.oid = to_regprocedure(format('%I.%I(%s)', n.nspname, p.proname, in_types)));
  IF found IS NULL THEN RAISE EXCEPTION 'procedure % does not exist', in_name USING ERRCODE = '42883'; END IF;
  IF cardinality(found) > 1 THEN RAISE EXCEPTION 'procedure name "%" is not unique', in_name USING ERRCODE = '42725'; END IF;
  RETURN pg_get_functiondef(found[1]);
END $body$`;

/** Late-binding and materialized views, stored procedures, and the views that tell of them. */
export const OBJECTS_SQL: readonly string[] = [
  UNBOUND,
  BIND,
  CREATE_LATE_VIEW,
  NOTE_LATE_VIEW,
  REBIND,
  `CREATE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record LANGUAGE plpgsql STABLE AS $body$
    BEGIN RETURN QUERY ${COLUMNS_OF} WHERE relid IN (SELECT view_oid FROM rs_late_views); END $body$`,
  `CREATE FUNCTION pg_catalog.pg_get_cols(relation text) RETURNS SETOF record LANGUAGE plpgsql STABLE AS $body$
    BEGIN RETURN QUERY ${COLUMNS_OF} WHERE relid = relation::regclass; END $body$`,
  OWN_PROCEDURES,
  SHOW_PROCEDURE,
  `CREATE VIEW pg_catalog.pg_proc_info AS SELECT oid AS prooid, proname, pronamespace, proowner, prolang, false AS proisagg, prosecdef AS prosecdef,
    proisstrict, proretset, provolatile, pronargs, prorettype, proargtypes, proargnames, prosrc, probin, proacl, prokind,
    proargmodes, proallargtypes FROM pg_proc`,
  `CREATE VIEW pg_catalog.svv_redshift_functions AS SELECT current_database()::varchar(128) AS database_name,
    rs_full(n.nspname)::varchar(128) AS schema_name, rs_full(p.proname)::varchar(128) AS function_name,
    CASE p.prokind WHEN 'p' THEN 'STORED PROCEDURE' WHEN 'a' THEN 'AGGREGATED FUNCTION' ELSE 'REGULAR FUNCTION' END::varchar(128) AS function_type,
    pg_get_function_identity_arguments(p.oid)::varchar(512) AS argument_type,
    coalesce(pg_get_function_result(p.oid), '')::varchar(128) AS result_type
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_' AND has_schema_privilege(n.oid, 'USAGE')`,
  `CREATE VIEW pg_catalog.svv_mv_dependency AS SELECT DISTINCT current_database()::char(128) AS database_name, n.nspname::char(128) AS schema_name,
    c.relname::char(128) AS name, current_database()::char(128) AS dependent_database_name, bn.nspname::char(128) AS dependent_schema_name,
    b.relname::char(128) AS dependent_name
    FROM pg_depend d JOIN pg_rewrite w ON w.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class b ON b.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass AND b.oid <> c.oid JOIN pg_namespace bn ON bn.oid = b.relnamespace
    WHERE c.relkind = 'm' AND b.relkind = 'm'`,
  `CREATE VIEW pg_catalog.stv_mv_info AS SELECT current_database()::char(128) AS db_name, n.nspname::char(128) AS schema, c.relname::char(128) AS name,
    0::bigint AS updated_upto_xid, false AS is_stale, pg_get_userbyid(c.relowner)::char(128) AS owner_user_name, 0 AS state, false AS autorefresh,
    false AS autorewrite FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' AND has_table_privilege(c.oid, 'SELECT')`,
  `CREATE VIEW pg_catalog.svv_mv_info AS SELECT db_name AS database_name, schema AS schema_name, owner_user_name AS user_name, name, is_stale,
    state, autorewrite, autorefresh FROM stv_mv_info`,
  'GRANT SELECT ON pg_catalog.rs_late_views, pg_catalog.pg_proc_info, pg_catalog.svv_redshift_functions, pg_catalog.svv_mv_dependency, pg_catalog.stv_mv_info, pg_catalog.svv_mv_info TO PUBLIC',
];
