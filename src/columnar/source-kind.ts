/** What a column of an input file holds, as far as loading it differs. */
export type SourceKind =
  | 'text'
  | 'integer'
  | 'decimal'
  | 'floating'
  | 'boolean'
  | 'date'
  | 'time'
  | 'timetz'
  | 'timestamp'
  | 'timestampNs'
  | 'timestamptz'
  | 'uuid'
  | 'interval'
  | 'binary'
  /** STRUCT, MAP, lists. */
  | 'nested'
  | 'other';

const KINDS: Readonly<Record<string, SourceKind>> = {
  VARCHAR: 'text',
  JSON: 'text',
  TINYINT: 'integer',
  SMALLINT: 'integer',
  INTEGER: 'integer',
  BIGINT: 'integer',
  HUGEINT: 'integer',
  UTINYINT: 'integer',
  USMALLINT: 'integer',
  UINTEGER: 'integer',
  UBIGINT: 'integer',
  UHUGEINT: 'integer',
  FLOAT: 'floating',
  DOUBLE: 'floating',
  BOOLEAN: 'boolean',
  DATE: 'date',
  TIME: 'time',
  TIME_NS: 'time',
  'TIME WITH TIME ZONE': 'timetz',
  TIMESTAMP: 'timestamp',
  TIMESTAMP_S: 'timestamp',
  TIMESTAMP_MS: 'timestamp',
  TIMESTAMP_NS: 'timestampNs',
  'TIMESTAMP WITH TIME ZONE': 'timestamptz',
  UUID: 'uuid',
  INTERVAL: 'interval',
  BLOB: 'binary',
};

/** The kind of a column, from the name of its type in the engine. */
export function sourceKind(engineType: string): SourceKind {
  if (/^DECIMAL\(\d+,\s*\d+\)$/.test(engineType)) return 'decimal';
  if (/^(?:STRUCT|MAP)\(|\[\d*\]$/.test(engineType)) return 'nested';
  return KINDS[engineType] ?? 'other';
}
