/**
 * Bounds that Redshift sets on text and names, in one place.
 * https://docs.aws.amazon.com/redshift/latest/mgmt/amazon-redshift-limits.html
 */
export const LIMITS = {
  /** Longest name; longer ones are cut by the server without a word. */
  nameBytes: 127,
  /** Longest statement. */
  statementBytes: 16 * 1024 * 1024,
  /** Most parameters of a statement: their number is sent as a signed integer of 16 bits. */
  parameters: 32_767,
  /** Longest VARCHAR, and what VARCHAR(MAX) means. */
  varcharBytes: 65_535,
  /** Longest CHAR. */
  charBytes: 4_096,
  /** Longest VARBYTE, and the length of one that is declared without. */
  varbyteBytes: { max: 16_777_216, default: 64_000 },
  /** Largest SUPER value, as JSON text. */
  superBytes: 16 * 1024 * 1024,
  /** Largest GEOMETRY or GEOGRAPHY, as EWKB. */
  geometryBytes: 1_048_447,
  /** Digits of a DECIMAL. */
  decimalDigits: 38,
  /** Columns of a local table. */
  columns: 1_600,
  /** Most rejects that COPY can tolerate. */
  maxErrors: 100_000,
  /** Longest input row that every version of the documentation allows. */
  copyRowBytes: 4 * 1024 * 1024,
  /** Roles in a chain given to COPY or UNLOAD. */
  chainedRoles: 10,
  /** Smallest and largest file that UNLOAD can be told to write, in MB. */
  unloadFileMb: { min: 5, max: 6_200 },
  /** Rows of one FETCH on a single-node cluster. */
  singleNodeFetchRows: 1_000,
} as const;

/**
 * What the results of all open cursors may take together, in MB: on the smallest node types that there are, and serverless.
 * https://docs.aws.amazon.com/redshift/latest/dg/declare.html
 */
export const CURSOR_MB = { smallest: 8_000, serverless: 150_000 } as const;

/** Half of a UTF-16 pair: it has no UTF-8 form. */
export const LONE_SURROGATE = /\p{Surrogate}/u;
