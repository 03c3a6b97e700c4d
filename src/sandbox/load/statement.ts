import type { Authorization } from './authorization.ts';

/** What a COPY reads. */
export type CopyFormat = 'delimited' | 'csv' | 'json' | 'parquet';
/** What an UNLOAD writes. */
export type UnloadFormat = 'delimited' | 'csv' | 'json' | 'parquet';
export type Compression = 'none' | 'gzip' | 'zstd';

/** A COPY statement, its options resolved to their defaults. Names are as written, quotes included. */
export interface CopyStatement {
  readonly kind: 'copy';
  readonly table: readonly string[];
  readonly columns?: readonly string[];
  readonly source: string;
  readonly authorization: Authorization;
  readonly format: CopyFormat;
  readonly compression: Compression;
  readonly manifest: boolean;
  readonly region?: string;
  /** One byte. */
  readonly delimiter: string;
  /** CSV only. */
  readonly quote: string;
  readonly nullAs: string;
  readonly ignoreHeader: number;
  /** 0 means as 1: the first error fails the load. */
  readonly maxErrors: number;
  readonly ignoreAllErrors: boolean;
  readonly jsonIgnoreCase: boolean;
  readonly emptyAsNull: boolean;
  readonly blanksAsNull: boolean;
  readonly trimBlanks: boolean;
  readonly truncateColumns: boolean;
  /** The replacement of an invalid character; absent: they are refused. */
  readonly acceptInvalidChars?: string;
  readonly acceptAnyDate: boolean;
  /** A pattern or `auto`; absent: `YYYY-MM-DD`. */
  readonly dateFormat?: string;
  /** A pattern, `auto`, `epochsecs` or `epochmillisecs`; absent: `YYYY-MM-DD HH:MI:SS`. */
  readonly timeFormat?: string;
  readonly escape: boolean;
  readonly removeQuotes: boolean;
  readonly fillRecord: boolean;
  readonly ignoreBlankLines: boolean;
  readonly roundDecimals: boolean;
  readonly explicitIds: boolean;
  readonly noLoad: boolean;
  /** Of columnar files: nested values become SUPER. */
  readonly serializeToJson: boolean;
}

/** An UNLOAD statement, its options resolved to their defaults. */
export interface UnloadStatement {
  readonly kind: 'unload';
  readonly query: string;
  readonly target: string;
  readonly authorization: Authorization;
  readonly format: UnloadFormat;
  readonly compression: Compression;
  readonly manifest: 'none' | 'plain' | 'verbose';
  readonly header: boolean;
  readonly delimiter: string;
  readonly nullAs: string;
  readonly addQuotes: boolean;
  readonly escape: boolean;
  readonly allowOverwrite: boolean;
  readonly cleanPath: boolean;
  readonly parallel: boolean;
  readonly maxFileBytes: number;
  /** Of Parquet. */
  readonly rowGroupBytes: number;
  readonly region?: string;
  readonly extension?: string;
  /** `ENCRYPTED` was said; `KMS_KEY_ID` with it. */
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
}
