/** Settings that PostgreSQL has under the same name and meaning. */
export const NATIVE_SETTINGS: ReadonlySet<string> = new Set([
  'application_name',
  'client_encoding',
  'datestyle',
  'extra_float_digits',
  'search_path',
  'statement_timeout',
  'timezone',
]);

/** Settings of Redshift alone, with what SHOW answers while nobody set them. Kept as `roleshift.NAME`. */
export const OWN_SETTINGS: Readonly<Record<string, string>> = {
  analyze_threshold_percent: '10',
  cast_super_null_on_error: 'on',
  datashare_break_glass_session_var: '',
  default_geometry_encoding: '1',
  describe_field_name_in_uppercase: 'off',
  downcase_delimited_identifier: 'on',
  enable_case_sensitive_identifier: 'off',
  enable_case_sensitive_super_attribute: 'off',
  enable_numeric_rounding: 'on',
  enable_result_cache_for_session: 'on',
  enable_vacuum_boost: 'off',
  error_on_nondeterministic_update: 'off',
  interval_forbid_composite_literals: 'off',
  json_serialization_enable: 'off',
  json_serialization_parse_nested_strings: 'off',
  max_concurrency_scaling_clusters: '1',
  max_cursor_result_set_size: '0',
  mv_enable_aqmv_for_session: 'on',
  navigate_super_null_on_error: 'on',
  parse_super_null_on_error: 'off',
  query_group: 'unset',
  spectrum_enable_pseudo_columns: 'on',
  spectrum_query_maxerror: '-1',
  stored_proc_log_min_messages: 'LOG',
  use_fips_ssl: 'off',
  wlm_query_slot_count: '1',
};

/** Settings that exist in PostgreSQL's SHOW and that Redshift answers otherwise. */
export const FIXED_SETTINGS: Readonly<Record<string, string>> = {
  server_version: '8.0.2',
  server_encoding: 'UTF8',
  transaction_isolation: 'serializable',
  default_transaction_isolation: 'serializable',
  standard_conforming_strings: 'off',
};

/** Whether a setting's text means true. */
export function isOn(value: string | undefined): boolean {
  return /^(?:on|true|t|yes|y|1)$/i.test(value ?? '');
}
