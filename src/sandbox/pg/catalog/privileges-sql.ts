// Rights that PostgreSQL does not have: DROP and ALTER of a table. They are shown, and not enforced.
const GRANTS = `CREATE TABLE pg_catalog.rs_relation_grants (relid oid, privilege text, grantee text, admin_option boolean,
  PRIMARY KEY (relid, privilege, grantee))`;

const CHANGE_GRANTS = `
CREATE FUNCTION pg_catalog.rs_change_grants(gives boolean, rels text[], privileges text[], grantees text[], admin_option boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER AS $body$
DECLARE rel oid;
BEGIN
  FOREACH rel IN ARRAY (SELECT array_agg(r::regclass::oid) FROM unnest(rels) r) LOOP
    IF NOT pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = rel), 'USAGE') THEN
      RAISE EXCEPTION 'must be owner of relation %', (SELECT rs_full(relname) FROM pg_class WHERE oid = rel) USING ERRCODE = '42501';
    END IF;
    IF gives THEN
      INSERT INTO rs_relation_grants SELECT rel, p, g, admin_option FROM unnest(privileges) p, unnest(grantees) g ON CONFLICT DO NOTHING;
    ELSE
      DELETE FROM rs_relation_grants WHERE relid = rel AND privilege = ANY (privileges) AND grantee = ANY (grantees);
    END IF;
  END LOOP;
END $body$`;

const IDENTITY = (oid: string): string => `coalesce(${oid}::int, 0) AS identity_id,
  coalesce(rs_full(i.rolname), 'public')::text AS identity_name,
  CASE WHEN ${oid} = 0 THEN 'public' WHEN i.rolcanlogin THEN 'user' ELSE 'group' END::text AS identity_type`;

// Superusers see all; others what is theirs, by grant or as the one who granted.
const VISIBLE = `(pg_has_role(session_user, 'pg_read_all_data', 'MEMBER') OR i.rolname IS NULL OR pg_has_role(session_user, i.oid, 'MEMBER')
  OR pg_has_role(session_user, c.relowner, 'USAGE'))`;

const KNOWN = "('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES', 'TRUNCATE')";

const VIEWS: Readonly<Record<string, string>> = {
  svv_relation_privileges: `SELECT rs_full(n.nspname)::text AS namespace_name, rs_full(c.relname)::text AS relation_name, a.privilege_type::text AS privilege_type,
      ${IDENTITY('a.grantee')}, (a.is_grantable AND a.grantee <> 0) AS admin_option
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL (
      SELECT grantee, privilege_type, is_grantable FROM aclexplode(c.relacl) WHERE privilege_type IN ${KNOWN}
      UNION ALL SELECT coalesce(r.oid, 0), privilege, admin_option FROM rs_relation_grants g LEFT JOIN pg_roles r ON r.rolname = g.grantee WHERE g.relid = c.oid
    ) a LEFT JOIN pg_roles i ON i.oid = a.grantee
    WHERE c.relkind IN ('r', 'v', 'm') AND a.grantee <> c.relowner AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND ${VISIBLE}`,
  svv_column_privileges: `SELECT rs_full(n.nspname)::text AS namespace_name, rs_full(c.relname)::text AS relation_name, rs_full(t.attname)::text AS column_name,
      a.privilege_type::text AS privilege_type, ${IDENTITY('a.grantee')}
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute t ON t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped,
      LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles i ON i.oid = a.grantee
    WHERE c.relkind IN ('r', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND a.privilege_type IN ('SELECT', 'UPDATE') AND ${VISIBLE}`,
  svv_schema_privileges: `SELECT rs_full(c.nspname)::text AS namespace_name, a.privilege_type::text AS privilege_type, ${IDENTITY('a.grantee')},
      (a.is_grantable AND a.grantee <> 0) AS admin_option, 'SCHEMA'::text AS privilege_scope
    FROM (SELECT *, nspowner AS relowner FROM pg_namespace) c, LATERAL aclexplode(c.nspacl) a LEFT JOIN pg_roles i ON i.oid = a.grantee
    WHERE c.nspname NOT IN ('pg_catalog', 'information_schema') AND a.grantee <> c.nspowner AND ${VISIBLE}`,
  svv_default_privileges: `SELECT rs_full(n.nspname)::text AS schema_name,
      CASE c.defaclobjtype WHEN 'r' THEN 'RELATION' WHEN 'f' THEN 'FUNCTION' ELSE c.defaclobjtype::text END::text AS object_type,
      c.relowner::int AS owner_id, rs_full(pg_get_userbyid(c.relowner))::text AS owner_name, 'user'::text AS owner_type, a.privilege_type::text AS privilege_type,
      coalesce(a.grantee::int, 0) AS grantee_id, coalesce(rs_full(i.rolname), 'public')::text AS grantee_name,
      CASE WHEN a.grantee = 0 THEN 'public' WHEN i.rolcanlogin THEN 'user' ELSE 'group' END::text AS grantee_type, a.is_grantable AS admin_option
    FROM (SELECT *, defaclrole AS relowner FROM pg_default_acl) c LEFT JOIN pg_namespace n ON n.oid = c.defaclnamespace,
      LATERAL aclexplode(c.defaclacl) a LEFT JOIN pg_roles i ON i.oid = a.grantee WHERE a.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'REFERENCES', 'TRUNCATE', 'EXECUTE') AND ${VISIBLE}`,
};

/** Who may do what with relations, columns and schemas. https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_RELATION_PRIVILEGES.html */
export const PRIVILEGES_SQL: readonly string[] = [
  GRANTS,
  CHANGE_GRANTS,
  'GRANT SELECT ON pg_catalog.rs_relation_grants TO PUBLIC',
  ...Object.entries(VIEWS).flatMap(([name, query]) => [
    `CREATE VIEW pg_catalog.${name} AS ${query}`,
    `GRANT SELECT ON pg_catalog.${name} TO PUBLIC`,
  ]),
];
