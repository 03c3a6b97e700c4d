const MAY = `SELECT pg_has_role(who, 'pg_read_all_data', 'MEMBER') OR EXISTS (
    SELECT 1 FROM pg_catalog.rs_iam_privileges p
    WHERE p.iam_arn IN ('*', arn) AND p.command_type = upper(command) AND CASE p.identity_type
      WHEN 'public' THEN true
      WHEN 'user' THEN p.identity_name = who
      ELSE EXISTS (SELECT 1 FROM pg_roles g WHERE g.rolname = p.identity_name AND pg_has_role(who, g.oid, 'MEMBER')) END)`;

/**
 * Which database users may use which roles in COPY and UNLOAD. As in a new cluster everybody may use all, which
 * SVV_IAM_PRIVILEGES does not show.
 */
export const IAM_PRIVILEGES_SQL: readonly string[] = [
  `CREATE TABLE pg_catalog.rs_iam_privileges (iam_arn text, command_type text, identity_type text, identity_name text,
    PRIMARY KEY (iam_arn, command_type, identity_type, identity_name))`,
  `INSERT INTO pg_catalog.rs_iam_privileges
    SELECT '*', command, 'public', 'public' FROM unnest(ARRAY['COPY', 'UNLOAD', 'EXTERNAL FUNCTION', 'CREATE MODEL']) command`,
  `CREATE FUNCTION pg_catalog.has_assumerole_privilege(who text, arn text, command text) RETURNS boolean
   LANGUAGE sql STABLE SECURITY DEFINER AS $body$ ${MAY} $body$`,
  `CREATE FUNCTION pg_catalog.has_assumerole_privilege(arn text, command text) RETURNS boolean
   LANGUAGE sql STABLE AS $body$ SELECT has_assumerole_privilege(session_user::text, arn, command) $body$`,
  `CREATE FUNCTION pg_catalog.rs_shown_iam_privileges() RETURNS SETOF pg_catalog.rs_iam_privileges
   LANGUAGE sql STABLE SECURITY DEFINER AS $body$
     SELECT * FROM pg_catalog.rs_iam_privileges p
     WHERE NOT (iam_arn = '*' AND identity_type = 'public') AND (
       pg_has_role(session_user, 'pg_read_all_data', 'MEMBER') OR identity_type = 'public' OR identity_name = session_user
       OR EXISTS (SELECT 1 FROM pg_roles g WHERE g.rolname = p.identity_name AND pg_has_role(session_user, g.oid, 'MEMBER')))
   $body$`,
  `CREATE VIEW pg_catalog.svv_iam_privileges AS
    SELECT CASE iam_arn WHEN '*' THEN 'default-aws-iam-role' ELSE iam_arn END::text AS iam_arn, command_type::text,
      coalesce((SELECT oid::int FROM pg_roles WHERE rolname = identity_name), 0) AS identity_id,
      rs_full(identity_name)::text AS identity_name, identity_type::text
    FROM pg_catalog.rs_shown_iam_privileges()`,
  'GRANT SELECT ON pg_catalog.svv_iam_privileges TO PUBLIC',
];
