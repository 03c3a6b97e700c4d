import { RedshiftError } from '../backend-session.ts';
import { isWord, splitAtCommas, TokenCursor } from './cursor.ts';
import { notCovered } from './not-covered.ts';
import type { Token } from './tokens.ts';

const words = (...lines: readonly string[]): readonly string[] => lines.flatMap((line) => line.split(' '));

/**
 * Functions of PostgreSQL that Redshift has, too: those it documents, types that are called, and what its leader node has
 * from PostgreSQL 8 and drivers ask. Functions the sandbox adds are not here: see `catalog/functions-sql.ts`.
 */
const SHARED_FUNCTIONS: ReadonlySet<string> = new Set(
  words(
    // aggregates and window functions
    'any_value avg count max min sum stddev stddev_pop stddev_samp variance var_pop var_samp bool_and bool_or bit_and bit_or',
    'percentile_cont percentile_disc cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number',
    // numbers
    'abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees dexp dlog1 dlog10 exp factorial floor ln log mod pi pow power radians random',
    'round sign sin sqrt tan trunc',
    // text
    'ascii bpcharcmp btrim bttext_pattern_cmp char_length character_length chr concat initcap left length lower lpad ltrim md5',
    'octet_length position quote_ident quote_literal regexp_count regexp_instr repeat replace reverse right rpad rtrim split_part',
    'strpos substr substring textlen to_hex translate upper like json_typeof',
    // dates, formats
    'age date_cmp date_cmp_timestamp date_cmp_timestamptz date_part date_trunc extract interval_cmp isfinite now overlaps timeofday',
    'timestamp_cmp timestamp_cmp_date timestamp_cmp_timestamptz timestamptz_cmp timestamptz_cmp_date timestamptz_cmp_timestamp',
    'timezone to_char to_date to_number to_timestamp',
    // types
    'bool bpchar char date float4 float8 int2 int4 int8 interval name numeric oid regclass text time timestamp timestamptz timetz',
    'varchar',
    // the session and the catalog
    'array_dims array_lower array_to_string array_upper col_description current_database current_schema current_schemas',
    'current_setting current_user format_type generate_series getdatabaseencoding has_database_privilege has_function_privilege',
    'has_language_privilege has_schema_privilege has_table_privilege has_tablespace_privilege inet_client_addr inet_client_port',
    'inet_server_addr inet_server_port obj_description oidvectortypes pg_backend_pid pg_cancel_backend pg_char_to_encoding',
    'pg_client_encoding pg_conversion_is_visible pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr',
    'pg_get_indexdef pg_get_ruledef pg_get_serial_sequence pg_get_triggerdef pg_get_userbyid pg_get_viewdef',
    'pg_opclass_is_visible pg_operator_is_visible pg_show_all_settings pg_table_is_visible pg_tablespace_databases',
    'pg_terminate_backend pg_type_is_visible session_user set_config version',
  ),
);

// Words of PostgreSQL's grammar: no function has their name, and they are called like one.
const GRAMMAR =
  /^(?:json_(?:array|arrayagg|exists|object|objectagg|query|scalar|table|value)|xml\w+|normalize|merge_action)$/;

// Those that PostgreSQL also takes with other numbers of arguments.
const ARITY: Readonly<Record<string, number>> = { concat: 2, current_setting: 1 };

/** Which of PostgreSQL's functions Redshift does not have. */
export function foreignFunctions(names: Iterable<string>): ReadonlySet<string> {
  return new Set([...names].filter((name) => !SHARED_FUNCTIONS.has(name)));
}

/** Refuses the call at `index` of a function that Redshift has not, or that it has and the sandbox has not. */
export function refuseFunction(tokens: readonly Token[], index: number, foreign: ReadonlySet<string>): void {
  const { value } = tokens[index] ?? { value: '' };
  if (!isCall(tokens, index)) return;
  // ARRAY(SELECT ..) is no function, and the leader node has it.
  const uncovered = value === 'array' && isWord(tokens[index + 2], 'select') ? undefined : notCovered(value);
  if (uncovered) throw uncovered;
  if (foreign.has(value) || GRAMMAR.test(value)) throw missingFunction(value);
  const arity = ARITY[value];
  if (arity === undefined) return;
  const given = splitAtCommas(new TokenCursor(tokens, index + 1).takeGroup()).length;
  if (given !== arity) throw missingFunction(value, `Arguments of ${value}: ${arity}, not ${given}.`);
}

// What stands ahead of a name with columns in brackets: a table, a common table expression, an alias.
const NAMING: ReadonlySet<string> = new Set([
  'into',
  'table',
  'exists',
  'view',
  'as',
  'with',
  'recursive',
  'references',
  'procedure',
  'call',
]);

function isCall(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (before?.kind === 'word' && NAMING.has(before.value)) return false;
  if (before?.kind === 'symbol' && before.value === ')') return false;
  if (before?.kind === 'symbol' && before.value === '.') return isWord(tokens[index - 2], 'pg_catalog');
  const cursor = new TokenCursor(tokens, index + 1);
  cursor.takeGroup();
  return !(cursor.take('as') && cursor.seesSymbol('('));
}

function missingFunction(name: string, hint?: string): RedshiftError {
  return new RedshiftError({
    code: '42883',
    message: `function ${name}() does not exist`,
    hint: hint ?? 'No function matches the given name and argument types. You may need to add explicit type casts.',
  });
}
