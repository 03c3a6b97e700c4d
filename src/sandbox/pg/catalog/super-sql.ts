import { quoteLiteral } from '../sql/names.ts';
import { sqlFunction } from './sql-function.ts';

const STRING = String.raw`("(?:[^"\\]|\\.)*")`;
const BLANKS = quoteLiteral(String.raw`${STRING}|\s+`);
const PIECES = quoteLiteral(`${STRING}|([^"]+)`);
const BACKSLASH = quoteLiteral('\\');
const FIRST_GROUP = quoteLiteral(String.raw`\1`);
const DETAIL = quoteLiteral('\n  error:  JSON parsing error\n  code:      8001');

// JSON without blanks, its strings written in one way, its numbers as they were given.
const JSON_PARSE = `
CREATE FUNCTION pg_catalog.json_parse(written text) RETURNS pg_catalog.super LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
DECLARE compact text;
BEGIN
  BEGIN
    PERFORM written::json;
  EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION 'JSON parsing error' USING ERRCODE = 'XX000', DETAIL = ${DETAIL};
  END;
  compact := regexp_replace(written, ${BLANKS}, ${FIRST_GROUP}, 'g');
  IF strpos(compact, ${BACKSLASH}) > 0 THEN
    SELECT string_agg(CASE WHEN piece[1] IS NULL THEN piece[2] ELSE to_json((piece[1]::json #>> '{}')::text)::text END, '' ORDER BY n) INTO compact
    FROM regexp_matches(compact, ${PIECES}, 'g') WITH ORDINALITY AS pieces(piece, n);
  END IF;
  RETURN rs_super(compact);
END $body$`;

const JSON_SERIALIZE = `
CREATE FUNCTION pg_catalog.json_serialize(value pg_catalog.super) RETURNS varchar LANGUAGE plpgsql IMMUTABLE AS $body$
BEGIN
  IF value IS NULL THEN RETURN 'null'; END IF;
  IF octet_length(rs_text(value)) > 65535 THEN
    RAISE EXCEPTION 'JSON string exceeds the maximum length of VARCHAR (65535)' USING ERRCODE = 'XX000';
  END IF;
  RETURN rs_text(value);
END $body$`;

// An object or an array has no text: JSON_SERIALIZE gives it.
const SCALAR_TEXT = `SELECT CASE left(rs_text(value), 1)
  WHEN '"' THEN (rs_text(value)::json #>> '{}') WHEN '{' THEN NULL WHEN '[' THEN NULL
  WHEN 'n' THEN NULL ELSE rs_text(value) END::varchar`;

const TYPEOF = 'SELECT json_typeof(rs_text(value)::json)::varchar';

const NUMBERS = ['smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision', 'boolean'];

// What cannot be cast is NULL, as cast_super_null_on_error has it.
function castTo(type: string): string[] {
  const name = `rs_super_${type.replace(' ', '_')}`;
  return [
    `CREATE FUNCTION pg_catalog.${name}(value pg_catalog.super) RETURNS ${type} LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
     BEGIN RETURN rs_super_scalar(value)::${type}; EXCEPTION WHEN data_exception THEN RETURN NULL; END $body$`,
    `CREATE CAST (pg_catalog.super AS ${type}) WITH FUNCTION pg_catalog.${name}(pg_catalog.super)`,
  ];
}

function castFrom(type: string): string[] {
  const name = `rs_${type.replace(' ', '_')}_super`;
  return [
    sqlFunction(`${name}(value ${type})`, 'pg_catalog.super', 'SELECT rs_super(to_json(value)::text)'),
    `CREATE CAST (${type} AS pg_catalog.super) WITH FUNCTION pg_catalog.${name}(${type}) AS ASSIGNMENT`,
  ];
}

/** What SUPER values are made of and taken apart with. https://docs.aws.amazon.com/redshift/latest/dg/r_SUPER_type.html */
export const SUPER_SQL: readonly string[] = [
  JSON_PARSE,
  JSON_SERIALIZE,
  sqlFunction(
    'json_serialize_to_varbyte(value pg_catalog.super)',
    'pg_catalog.varbyte',
    `SELECT rs_varbyte(encode(convert_to(coalesce(rs_text(value), 'null'), 'UTF8'), 'hex'))`,
  ),
  sqlFunction('rs_super_scalar(value pg_catalog.super)', 'varchar', SCALAR_TEXT),
  sqlFunction('json_typeof(value pg_catalog.super)', 'varchar', TYPEOF),
  sqlFunction('json_size(value pg_catalog.super)', 'bigint', 'SELECT octet_length(rs_text(value))::bigint'),
  sqlFunction('can_json_parse(written text)', 'boolean', 'SELECT written IS JSON'),
  sqlFunction('is_valid_json(written text)', 'boolean', 'SELECT written IS JSON OBJECT'),
  sqlFunction('is_valid_json_array(written text)', 'boolean', 'SELECT written IS JSON ARRAY'),
  sqlFunction('is_object(value pg_catalog.super)', 'boolean', `SELECT left(rs_text(value), 1) = '{'`),
  sqlFunction('is_array(value pg_catalog.super)', 'boolean', `SELECT left(rs_text(value), 1) = '['`),
  sqlFunction('is_scalar(value pg_catalog.super)', 'boolean', `SELECT left(rs_text(value), 1) NOT IN ('{', '[')`),
  // A text that JSON_PARSE did not read is one string.
  sqlFunction('rs_super_string(value text)', 'pg_catalog.super', 'SELECT rs_super(to_json(value)::text)'),
  ...[
    'varchar',
    'text',
    'bpchar',
    'smallint',
    'integer',
    'bigint',
    'numeric',
    'real',
    'double precision',
    'boolean',
  ].flatMap(castFrom),
  ...['varchar', 'text', 'bpchar'].map(
    (type) =>
      `CREATE FUNCTION pg_catalog.rs_super_${type}(value pg_catalog.super) RETURNS ${type} LANGUAGE sql IMMUTABLE STRICT AS $body$ SELECT rs_super_scalar(value)::${type} $body$`,
  ),
  ...['varchar', 'text', 'bpchar'].map(
    (type) => `CREATE CAST (pg_catalog.super AS ${type}) WITH FUNCTION pg_catalog.rs_super_${type}(pg_catalog.super)`,
  ),
  ...NUMBERS.flatMap(castTo),
];
