/**
 * Types PostgreSQL lacks, with the object ids clients know them by. Their text goes in and out as it is: JSON of SUPER, hex
 * of VARBYTE, GEOMETRY and GEOGRAPHY. https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
 */
const EXTRA_TYPES = [
  { name: 'super', oid: 4000 },
  // Its length is PostgreSQL's of a varchar, in bytes.
  { name: 'varbyte', oid: 6551, more: ', TYPMOD_IN = varchartypmodin, TYPMOD_OUT = varchartypmodout' },
  { name: 'geometry', oid: 3000 },
  { name: 'geography', oid: 3001 },
  { name: 'hllsketch', oid: 2935 },
] as const;

/** Types that may be compared, sorted and grouped by. */
const ORDERED = ['super', 'varbyte'];

function createType(name: string, more = ''): string[] {
  return [
    `CREATE TYPE pg_catalog.${name}`,
    `CREATE FUNCTION pg_catalog.${name}_in(cstring) RETURNS pg_catalog.${name} LANGUAGE internal IMMUTABLE STRICT AS 'textin'`,
    `CREATE FUNCTION pg_catalog.${name}_out(pg_catalog.${name}) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout'`,
    `CREATE TYPE pg_catalog.${name} (INPUT = ${name}_in, OUTPUT = ${name}_out, LIKE = text, CATEGORY = 'U', PREFERRED = false${more})`,
    // The same bytes under another name, for the functions below.
    `CREATE FUNCTION pg_catalog.rs_${name}(text, int DEFAULT -1, bool DEFAULT true) RETURNS pg_catalog.${name} LANGUAGE internal IMMUTABLE STRICT AS 'varchar'`,
    `CREATE FUNCTION pg_catalog.rs_text(pg_catalog.${name}, int DEFAULT -1, bool DEFAULT true) RETURNS text LANGUAGE internal IMMUTABLE STRICT AS 'varchar'`,
  ];
}

const COMPARISONS = [
  [
    '=',
    'eq',
    'byteaeq',
    'COMMUTATOR = OPERATOR(pg_catalog.=), NEGATOR = OPERATOR(pg_catalog.<>), RESTRICT = eqsel, JOIN = eqjoinsel, HASHES, MERGES',
  ],
  [
    '<>',
    'ne',
    'byteane',
    'COMMUTATOR = OPERATOR(pg_catalog.<>), NEGATOR = OPERATOR(pg_catalog.=), RESTRICT = neqsel, JOIN = neqjoinsel',
  ],
  ['<', 'lt', 'bytealt', 'COMMUTATOR = OPERATOR(pg_catalog.>), NEGATOR = OPERATOR(pg_catalog.>=)'],
  ['<=', 'le', 'byteale', 'COMMUTATOR = OPERATOR(pg_catalog.>=), NEGATOR = OPERATOR(pg_catalog.>)'],
  ['>', 'gt', 'byteagt', 'COMMUTATOR = OPERATOR(pg_catalog.<), NEGATOR = OPERATOR(pg_catalog.<=)'],
  ['>=', 'ge', 'byteage', 'COMMUTATOR = OPERATOR(pg_catalog.<=), NEGATOR = OPERATOR(pg_catalog.<)'],
] as const;

function createOrder(type: string): string[] {
  const internal = (name: string, returns: string, source: string, args = `pg_catalog.${type}, pg_catalog.${type}`) =>
    `CREATE FUNCTION pg_catalog.rs_${type}_${name}(${args}) RETURNS ${returns} LANGUAGE internal IMMUTABLE STRICT AS '${source}'`;
  return [
    ...COMPARISONS.flatMap(([operator, name, source, more]) => [
      internal(name, 'boolean', source),
      `CREATE OPERATOR pg_catalog.${operator} (LEFTARG = pg_catalog.${type}, RIGHTARG = pg_catalog.${type}, FUNCTION = pg_catalog.rs_${type}_${name}, ${more})`,
    ]),
    internal('cmp', 'int', 'byteacmp'),
    internal('hash', 'int', 'hashvarlena', `pg_catalog.${type}`),
    `CREATE OPERATOR CLASS pg_catalog.rs_${type}_btree DEFAULT FOR TYPE pg_catalog.${type} USING btree AS OPERATOR 1 <, OPERATOR 2 <=,
      OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 pg_catalog.rs_${type}_cmp(pg_catalog.${type}, pg_catalog.${type})`,
    `CREATE OPERATOR CLASS pg_catalog.rs_${type}_hash DEFAULT FOR TYPE pg_catalog.${type} USING hash AS OPERATOR 1 =,
      FUNCTION 1 pg_catalog.rs_${type}_hash(pg_catalog.${type})`,
  ];
}

/** The types; run ahead of what uses them. */
export const TYPES_SQL: readonly string[] = [
  'CREATE TABLE pg_catalog.rs_type_oids (typ oid, redshift_oid bigint)',
  ...EXTRA_TYPES.flatMap((type) => createType(type.name, 'more' in type ? type.more : '')),
  ...EXTRA_TYPES.map(
    ({ name, oid }) => `INSERT INTO pg_catalog.rs_type_oids VALUES ('pg_catalog.${name}'::regtype, ${oid})`,
  ),
  ...ORDERED.flatMap(createOrder),
];
