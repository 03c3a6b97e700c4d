/** PostgreSQL's functions of text, and those of CHAR that do the same and leave trailing blanks out of account. */
const OPERATORS = [
  ['texteq', 'bpchareq'],
  ['textne', 'bpcharne'],
  ['text_lt', 'bpcharlt'],
  ['text_le', 'bpcharle'],
  ['text_gt', 'bpchargt'],
  ['text_ge', 'bpcharge'],
] as const;

const SUPPORT = [
  ['bttextcmp', 'bpcharcmp'],
  ['bttextsortsupport', 'bpchar_sortsupport'],
  ['hashtext', 'hashbpchar'],
  ['hashtextextended', 'hashbpcharextended'],
] as const;

/**
 * Trailing blanks are insignificant in comparisons of VARCHAR: also in joins, GROUP BY, DISTINCT, ORDER BY and PARTITION BY.
 * What is behind the operators and operator classes of text becomes what is behind those of CHAR; both are the same bytes inside.
 * https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
 */
export const EQUALITY_SQL: readonly string[] = [
  ...OPERATORS.map(
    ([ofText, ofChar]) =>
      `UPDATE pg_catalog.pg_operator SET oprcode = '${ofChar}' WHERE oprcode = '${ofText}'::regproc AND oprleft = 'text'::regtype AND oprright = 'text'::regtype`,
  ),
  ...SUPPORT.map(
    ([ofText, ofChar]) =>
      `UPDATE pg_catalog.pg_amproc SET amproc = '${ofChar}' WHERE amproc = '${ofText}'::regproc AND amproclefttype = 'text'::regtype AND amprocrighttype = 'text'::regtype`,
  ),
];
