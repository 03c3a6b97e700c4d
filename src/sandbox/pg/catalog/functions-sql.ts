import { quoteLiteral } from '../sql/names.ts';
import { FIXED_SETTINGS, NATIVE_SETTINGS, OWN_SETTINGS } from '../sql/settings.ts';

const VERSION =
  'PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.117891';

const DATE_PART_ALIASES = `CASE
  WHEN part IN ('year', 'years', 'y', 'yr', 'yrs') THEN 'year'
  WHEN part IN ('quarter', 'quarters', 'qtr', 'qtrs') THEN 'quarter'
  WHEN part IN ('month', 'months', 'mon', 'mons') THEN 'month'
  WHEN part IN ('week', 'weeks', 'w') THEN 'week'
  WHEN part IN ('day', 'days', 'd') THEN 'day'
  WHEN part IN ('hour', 'hours', 'h', 'hr', 'hrs') THEN 'hour'
  WHEN part IN ('minute', 'minutes', 'm', 'min', 'mins') THEN 'minute'
  WHEN part IN ('second', 'seconds', 's', 'sec', 'secs') THEN 'second'
  WHEN part IN ('millisecond', 'milliseconds', 'ms', 'msec', 'msecs', 'msecond', 'mseconds', 'millisec', 'millisecs', 'millisecon') THEN 'millisecond'
  WHEN part IN ('microsecond', 'microseconds', 'us', 'usec', 'usecs', 'usecond', 'useconds', 'microsec', 'microsecs', 'microsecond') THEN 'microsecond'
  END`;

function immutable(signature: string, returns: string, body: string): string {
  return `CREATE FUNCTION pg_catalog.${signature} RETURNS ${returns} LANGUAGE sql IMMUTABLE AS $body$ ${body} $body$`;
}

function stable(signature: string, returns: string, body: string): string {
  return `CREATE FUNCTION pg_catalog.${signature} RETURNS ${returns} LANGUAGE sql STABLE AS $body$ ${body} $body$`;
}

function dateadd(type: string): string {
  const body = `SELECT moment + n * CASE rs_date_part(part)
    WHEN 'quarter' THEN interval '3 months' WHEN 'millisecond' THEN interval '1 millisecond'
    WHEN 'microsecond' THEN interval '1 microsecond' ELSE ('1 ' || rs_date_part(part))::interval END`;
  const define = type === 'timestamptz' ? stable : immutable;
  return define(`dateadd(part text, n bigint, moment ${type})`, type === 'date' ? 'timestamp' : type, body);
}

function datediff(type: string): string {
  const body = `SELECT CASE rs_date_part(part)
    WHEN 'year' THEN extract(year FROM b) - extract(year FROM a)
    WHEN 'quarter' THEN (extract(year FROM b) * 4 + extract(quarter FROM b)) - (extract(year FROM a) * 4 + extract(quarter FROM a))
    WHEN 'month' THEN (extract(year FROM b) * 12 + extract(month FROM b)) - (extract(year FROM a) * 12 + extract(month FROM a))
    WHEN 'week' THEN (date_trunc('week', b + interval '1 day')::date - date_trunc('week', a + interval '1 day')::date) / 7
    WHEN 'day' THEN b::date - a::date
    WHEN 'hour' THEN floor(extract(epoch FROM b) / 3600) - floor(extract(epoch FROM a) / 3600)
    WHEN 'minute' THEN floor(extract(epoch FROM b) / 60) - floor(extract(epoch FROM a) / 60)
    WHEN 'second' THEN floor(extract(epoch FROM b)) - floor(extract(epoch FROM a))
    WHEN 'millisecond' THEN floor(extract(epoch FROM b) * 1000) - floor(extract(epoch FROM a) * 1000)
    WHEN 'microsecond' THEN (extract(epoch FROM b) - extract(epoch FROM a)) * 1000000
    END::bigint`;
  const define = type === 'timestamptz' ? stable : immutable;
  return define(`datediff(part text, a ${type}, b ${type})`, 'bigint', body);
}

const CURRENT_SETTING = `
CREATE FUNCTION pg_catalog.current_setting(text) RETURNS text LANGUAGE plpgsql STABLE AS $body$
DECLARE
  fixed text := ${lookUp(FIXED_SETTINGS)} ->> lower($1);
  unset text := ${lookUp(OWN_SETTINGS)} ->> lower($1);
  given text;
BEGIN
  IF fixed IS NOT NULL THEN RETURN fixed; END IF;
  IF unset IS NOT NULL THEN
    given := nullif(current_setting('roleshift.' || lower($1), true), '');
    IF given IS NULL AND lower($1) = 'enable_case_sensitive_identifier' THEN
      RAISE EXCEPTION 'current_setting of % is not covered by the sandbox: SHOW tells it', $1 USING ERRCODE = '0A000';
    END IF;
    RETURN coalesce(given, unset);
  END IF;
  IF session_user <> 'rdsdb' AND lower($1) <> ALL (ARRAY[${[...NATIVE_SETTINGS].map(quoteLiteral).join(', ')}]) THEN
    RAISE EXCEPTION 'unrecognized configuration parameter "%"', $1 USING ERRCODE = '42704';
  END IF;
  RETURN current_setting($1, false);
END $body$`;

function lookUp(settings: Readonly<Record<string, string>>): string {
  return `${quoteLiteral(JSON.stringify(settings))}::json`;
}

// The digits of a number in another base, as C's function of that name reads them.
const STRTOL = `
CREATE FUNCTION pg_catalog.strtol(written text, base int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
DECLARE
  digits text := lower(regexp_replace(written, CASE WHEN base = 16 THEN '^([-+]?)0[xX]' ELSE '^([-+]?)' END, E'\\\\1'));
  result numeric := 0;
  digit int;
BEGIN
  IF base NOT BETWEEN 2 AND 36 OR digits !~ '^[-+]?[0-9a-z]+$' THEN
    RAISE EXCEPTION 'The input % is not valid to be converted to base %', written, base USING ERRCODE = '22P02';
  END IF;
  FOREACH digit IN ARRAY (SELECT array_agg(strpos('0123456789abcdefghijklmnopqrstuvwxyz', d) - 1) FROM regexp_split_to_table(ltrim(digits, '+-'), '') d) LOOP
    IF digit >= base THEN
      RAISE EXCEPTION 'The input % is not valid to be converted to base %', written, base USING ERRCODE = '22P02';
    END IF;
    result := result * base + digit;
  END LOOP;
  RETURN CASE WHEN digits LIKE '-%' THEN -result ELSE result END;
END $body$`;

const SHA2 = `
CREATE FUNCTION pg_catalog.sha2(whole text, bits int) RETURNS varchar LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
  CASE bits
    WHEN 0, 256 THEN RETURN encode(sha256(convert_to(whole, 'UTF8')), 'hex');
    WHEN 224 THEN RETURN encode(sha224(convert_to(whole, 'UTF8')), 'hex');
    WHEN 384 THEN RETURN encode(sha384(convert_to(whole, 'UTF8')), 'hex');
    WHEN 512 THEN RETURN encode(sha512(convert_to(whole, 'UTF8')), 'hex');
    ELSE RAISE EXCEPTION 'SHA2 of % bits is not covered by the sandbox', bits USING ERRCODE = '0A000';
  END CASE;
END $body$`;

const LISTAGG = `
CREATE AGGREGATE pg_catalog.listagg(text, text) (SFUNC = string_agg_transfn, STYPE = internal, FINALFUNC = string_agg_finalfn)`;

/** Functions Redshift has and PostgreSQL has not, or answers otherwise. */
export const FUNCTIONS_SQL: readonly string[] = [
  `CREATE OR REPLACE FUNCTION pg_catalog.version() RETURNS text LANGUAGE sql STABLE AS $body$ SELECT '${VERSION}' $body$`,
  immutable('rs_date_part(part text)', 'text', `SELECT ${DATE_PART_ALIASES}`),
  stable('getdate()', 'timestamp', "SELECT date_trunc('second', statement_timestamp() AT TIME ZONE 'UTC')"),
  stable('sysdate()', 'timestamp', "SELECT transaction_timestamp() AT TIME ZONE 'UTC'"),
  dateadd('timestamp'),
  dateadd('timestamptz'),
  dateadd('date'),
  // A literal without a type goes to the function of text, and there becomes a timestamp.
  immutable('dateadd(part text, n bigint, moment text)', 'timestamp', 'SELECT dateadd(part, n, moment::timestamp)'),
  datediff('timestamp'),
  datediff('timestamptz'),
  datediff('date'),
  immutable('datediff(part text, a text, b text)', 'bigint', 'SELECT datediff(part, a::timestamp, b::timestamp)'),
  immutable(
    'nvl2(a anyelement, b anycompatible, c anycompatible)',
    'anycompatible',
    'SELECT CASE WHEN a IS NULL THEN c ELSE b END',
  ),
  immutable('len(a text)', 'int', 'SELECT length(a)'),
  immutable('charindex(piece text, whole text)', 'int', 'SELECT strpos(whole, piece)'),
  immutable('trunc(moment timestamp)', 'date', 'SELECT moment::date'),
  immutable(
    'last_day(moment timestamp)',
    'date',
    "SELECT (date_trunc('month', moment) + interval '1 month - 1 day')::date",
  ),
  immutable('add_months(moment timestamp, n int)', 'timestamp', "SELECT moment + n * interval '1 month'"),
  // Replaced, a function of C would go on answering: PostgreSQL finds those by their number.
  'ALTER FUNCTION pg_catalog.current_setting(text) RENAME TO rs_native_setting',
  CURRENT_SETTING,
  STRTOL,
  SHA2,
  LISTAGG,
  // PostgreSQL's own takes a NULL for nothing.
  'CREATE FUNCTION pg_catalog.concat(text, text) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $body$ SELECT $1 || $2 $body$',
  stable(
    'convert_timezone(target text, moment timestamp)',
    'timestamp',
    "SELECT moment AT TIME ZONE 'UTC' AT TIME ZONE target",
  ),
  stable(
    'convert_timezone(source text, target text, moment timestamp)',
    'timestamp',
    'SELECT moment AT TIME ZONE source AT TIME ZONE target',
  ),
  stable(
    'user_is_member_of(who text, what text)',
    'boolean',
    "SELECT lower(what) = 'public' OR EXISTS (SELECT 1 FROM pg_auth_members m WHERE m.roleid = (SELECT oid FROM pg_roles WHERE rolname = what) AND m.member = (SELECT oid FROM pg_roles WHERE rolname = who))",
  ),
  immutable('pg_last_copy_count(n bigint)', 'bigint', 'SELECT n'),
  immutable('pg_last_copy_id(n bigint)', 'int', 'SELECT n::int'),
  immutable('pg_last_query_id(n bigint)', 'int', 'SELECT n::int'),
  immutable('pg_last_unload_count(n bigint)', 'bigint', 'SELECT n'),
  immutable('pg_last_unload_id(n bigint)', 'int', 'SELECT n::int'),
  stable(
    'rs_full(short text)',
    'text',
    'SELECT coalesce((SELECT whole FROM pg_catalog.rs_names n WHERE n.short = $1), $1)',
  ),
  `CREATE FUNCTION pg_catalog.rs_count(rel oid) RETURNS bigint LANGUAGE plpgsql STABLE SECURITY DEFINER AS $body$
   DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM %s', rel::regclass) INTO n; RETURN n; END $body$`,
  `CREATE FUNCTION pg_catalog.rs_here(database_name text) RETURNS void LANGUAGE plpgsql STABLE AS $body$
   BEGIN
     IF database_name IS NULL OR database_name = current_database() THEN RETURN; END IF;
     IF NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = database_name) THEN
       RAISE EXCEPTION 'database "%" does not exist', database_name USING ERRCODE = '3D000';
     END IF;
     RAISE EXCEPTION 'SHOW of another database is not covered by the sandbox' USING ERRCODE = '0A000';
   END $body$`,
  `CREATE FUNCTION pg_catalog.rs_relation(database_name text, schema_name text, table_name text) RETURNS oid
   LANGUAGE plpgsql STABLE AS $body$
   DECLARE found oid;
   BEGIN
     PERFORM rs_here(database_name);
     IF schema_name IS NOT NULL AND NOT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = schema_name) THEN
       RAISE EXCEPTION 'schema "%" does not exist', rs_full(schema_name) USING ERRCODE = '3F000';
     END IF;
     found := to_regclass(CASE WHEN schema_name IS NULL THEN '' ELSE quote_ident(schema_name) || '.' END || quote_ident(table_name));
     IF found IS NULL THEN
       RAISE EXCEPTION 'relation "%" does not exist', rs_full(table_name) USING ERRCODE = '42P01';
     END IF;
     RETURN found;
   END $body$`,
];
