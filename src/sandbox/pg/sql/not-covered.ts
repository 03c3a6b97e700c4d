import { RedshiftError } from '../backend-session.ts';
import type { Token } from './tokens.ts';

/** Functions that Redshift has and the sandbox has not, PostgreSQL's of the same name included where they differ. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  [
    'array array_concat array_contains array_distinct array_except array_flatten array_intersection array_position',
    'array_positions array_sort array_union get_array_length split_to_array subarray object object_transform',
    'json_array_length json_extract_array_element_text json_extract_path_text',
    'is_bigint is_boolean is_char is_decimal is_float is_integer is_smallint is_varchar',
    'lower_attribute_names upper_attribute_names',
    'checksum collate convert crc32 decode difference farmfingerprint64 farmhash64 fnv_hash func_sha1 murmur3_32_hash',
    'regexp_replace regexp_substr sha sha1 soundex text_to_int_alt text_to_numeric_alt',
    'getbit try_cast',
    'date_part_year months_between next_day',
    'hll hll_cardinality hll_combine hll_combine_sketches hll_create_sketch',
    'median ratio_to_report',
    'current_aws_account current_namespace current_session_arn current_user_id default_iam_role explain_model',
    'pg_get_grantee_by_iam_role',
    'pg_get_iam_role_by_user pg_get_session_roles role_is_member_of slice_num',
  ].flatMap((line) => line.split(' ')),
);
const SPATIAL = /^(?:st_|h3_|addbbox$|dropbbox$|supportsbbox$|geometrytype$)/;
const SPATIAL_COVERED: ReadonlySet<string> = new Set([
  'st_asewkb',
  'st_ashexewkb',
  'st_geomfromewkb',
  'st_geogfromwkb',
]);

/** The refusal of a function that Redshift has and the sandbox has not. */
export function notCovered(name: string): RedshiftError | undefined {
  if (!FUNCTIONS.has(name) && (!SPATIAL.test(name) || SPATIAL_COVERED.has(name))) return undefined;
  return refusal(name.toUpperCase());
}

// Words after which a name stands, and no clause begins.
const AHEAD_OF_A_NAME: ReadonlySet<string> = new Set(['as', 'select', 'distinct', 'by', 'on', 'where', 'and', 'or']);

/** Refuses the clause of Redshift that begins at `index` when the sandbox does not have it. */
export function refuseClause(tokens: readonly Token[], index: number): void {
  const [before, token, next] = [tokens[index - 1], tokens[index], tokens[index + 1]];
  if (token?.kind !== 'word' || !next || !before) return;
  const begins = before.kind === 'symbol' ? before.value === ')' : !AHEAD_OF_A_NAME.has(before.value);
  const bracket = next.kind === 'symbol' && next.value === '(';
  const word = next.kind === 'word' ? next.value : '';
  switch (token.value) {
    case 'qualify':
      if (begins && (bracket || next.kind !== 'symbol')) throw refusal('QUALIFY');
      return;
    case 'pivot':
    case 'unpivot':
      if (begins && (bracket || /^(?:include|exclude)$/.test(word))) throw refusal(token.value.toUpperCase());
      return;
    case 'approximate':
      if (/^(?:count|percentile_disc)$/.test(word)) throw refusal('APPROXIMATE');
      return;
    case 'connect':
      if (begins && word === 'by') throw refusal('CONNECT BY');
      return;
    case 'group':
      if (word === 'by' && tokens[index + 2]?.value === 'all') throw refusal('GROUP BY ALL');
      return;
    case 'exclude':
      if (before.kind === 'symbol' && before.value === '*') throw refusal('EXCLUDE');
  }
}

function refusal(what: string): RedshiftError {
  return new RedshiftError({ code: '0A000', message: `${what} is not covered by the sandbox` });
}
