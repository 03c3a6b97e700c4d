import { sqlFunction } from './sql-function.ts';

// What is no hex is refused; digits are kept in lower case, as they are shown.
const FROM_HEX = `
CREATE FUNCTION pg_catalog.from_hex(digits text) RETURNS pg_catalog.varbyte LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
  IF digits !~ '^([0-9A-Fa-f]{2})*$' THEN
    RAISE EXCEPTION 'Invalid hexadecimal string' USING ERRCODE = '22023';
  END IF;
  RETURN rs_varbyte(lower(digits));
END $body$`;

const TO_VARBYTE = `
CREATE FUNCTION pg_catalog.to_varbyte(value text, format text) RETURNS pg_catalog.varbyte LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
  CASE lower(replace(format, '-', ''))
    WHEN 'utf8' THEN RETURN rs_varbyte(encode(convert_to(value, 'UTF8'), 'hex'));
    WHEN 'hex' THEN RETURN from_hex(value);
    WHEN 'base64' THEN RETURN rs_varbyte(encode(decode(value, 'base64'), 'hex'));
    WHEN 'binary' THEN RETURN rs_varbyte(encode(decode(string_agg(lpad(to_hex(b::bit(8)::int), 2, '0'), '' ORDER BY n), 'hex'), 'hex'))
      FROM regexp_matches(value, '[01]{8}', 'g') WITH ORDINALITY AS m(bits, n), unnest(bits) b;
    ELSE RAISE EXCEPTION 'Invalid format for TO_VARBYTE: %', format USING ERRCODE = '22023';
  END CASE;
END $body$`;

const FROM_VARBYTE = `
CREATE FUNCTION pg_catalog.from_varbyte(value pg_catalog.varbyte, format text) RETURNS varchar LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
  CASE lower(replace(format, '-', ''))
    WHEN 'utf8' THEN RETURN convert_from(decode(rs_text(value), 'hex'), 'UTF8');
    WHEN 'hex' THEN RETURN rs_text(value);
    WHEN 'base64' THEN RETURN replace(encode(decode(rs_text(value), 'hex'), 'base64'), E'\\n', '');
    ELSE RAISE EXCEPTION 'Invalid format for FROM_VARBYTE: %', format USING ERRCODE = '22023';
  END CASE;
EXCEPTION WHEN character_not_in_repertoire THEN
  RAISE EXCEPTION 'The varbyte value is not valid UTF-8' USING ERRCODE = '22021';
END $body$`;

// A cast cuts, an assignment refuses.
const LENGTH = `
CREATE FUNCTION pg_catalog.rs_varbyte_length(value pg_catalog.varbyte, modifier int, is_explicit boolean) RETURNS pg_catalog.varbyte
LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
  IF modifier < 4 OR octet_length(rs_text(value)) <= 2 * (modifier - 4) THEN RETURN value; END IF;
  IF is_explicit THEN RETURN rs_varbyte(left(rs_text(value), 2 * (modifier - 4))); END IF;
  RAISE EXCEPTION 'value too long for type varbyte(%)', modifier - 4 USING ERRCODE = '22001';
END $body$`;

function castOf(type: string, toHex: string): string[] {
  return [
    sqlFunction(`rs_${type}_varbyte(value ${type})`, 'pg_catalog.varbyte', `SELECT rs_varbyte(${toHex})`),
    `CREATE CAST (${type} AS pg_catalog.varbyte) WITH FUNCTION pg_catalog.rs_${type}_varbyte(${type}) AS ASSIGNMENT`,
  ];
}

const UTF8_HEX = "encode(convert_to(value::text, 'UTF8'), 'hex')";
const PADDED_HEX = "encode(convert_to(rpad(value::text, greatest(octet_length(value), 1)), 'UTF8'), 'hex')";

/** VARBYTE and its functions, GEOMETRY and GEOGRAPHY as far as EWKB goes. */
export const BINARY_SQL: readonly string[] = [
  FROM_HEX,
  TO_VARBYTE,
  FROM_VARBYTE,
  sqlFunction('to_hex(value pg_catalog.varbyte)', 'varchar', 'SELECT rs_text(value)::varchar'),
  sqlFunction('to_hex(value text)', 'varchar', `SELECT ${UTF8_HEX}::varchar`),
  ...['len', 'length', 'octet_length'].map((name) =>
    sqlFunction(`${name}(value pg_catalog.varbyte)`, 'int', 'SELECT octet_length(rs_text(value)) / 2'),
  ),
  LENGTH,
  'CREATE CAST (pg_catalog.varbyte AS pg_catalog.varbyte) WITH FUNCTION pg_catalog.rs_varbyte_length(pg_catalog.varbyte, int, boolean) AS IMPLICIT',
  ...castOf('varchar', UTF8_HEX),
  ...castOf('text', UTF8_HEX),
  ...castOf('bpchar', PADDED_HEX),
  ...castOf('smallint', "lpad(right(to_hex(value::int), 4), 4, '0')"),
  ...castOf('integer', "lpad(to_hex(value), 8, '0')"),
  ...castOf('bigint', "lpad(to_hex(value), 16, '0')"),
  ...['varchar', 'text'].flatMap((type) => [
    `CREATE FUNCTION pg_catalog.rs_varbyte_${type}(value pg_catalog.varbyte) RETURNS ${type} LANGUAGE sql IMMUTABLE STRICT AS $body$ SELECT from_varbyte(value, 'utf8')::${type} $body$`,
    `CREATE CAST (pg_catalog.varbyte AS ${type}) WITH FUNCTION pg_catalog.rs_varbyte_${type}(pg_catalog.varbyte)`,
  ]),
  ...['geometry', 'geography'].flatMap((type) => [
    sqlFunction(
      `st_asewkb(shape pg_catalog.${type})`,
      'pg_catalog.varbyte',
      'SELECT rs_varbyte(lower(rs_text(shape)))',
    ),
    sqlFunction(`st_ashexewkb(shape pg_catalog.${type})`, 'varchar', 'SELECT upper(rs_text(shape))::varchar'),
  ]),
  sqlFunction(
    'st_geomfromewkb(ewkb text)',
    'pg_catalog.geometry',
    'SELECT rs_geometry(upper(rs_text(from_hex(ewkb))))',
  ),
  sqlFunction(
    'st_geomfromewkb(ewkb pg_catalog.varbyte)',
    'pg_catalog.geometry',
    'SELECT rs_geometry(upper(rs_text(ewkb)))',
  ),
  sqlFunction('st_geogfromwkb(wkb text)', 'pg_catalog.geography', 'SELECT rs_geography(upper(rs_text(from_hex(wkb))))'),
  sqlFunction(
    'st_geogfromwkb(wkb pg_catalog.varbyte)',
    'pg_catalog.geography',
    'SELECT rs_geography(upper(rs_text(wkb)))',
  ),
];
