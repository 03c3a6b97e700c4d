import { ConnectorError } from '../core/errors.ts';
import { LIMITS } from '../core/redshift-limits.ts';
import { type CopyRole, renderCopyRole } from './role.ts';
import { s3Url } from './s3-url.ts';
import { identifier, integer, join, literal, type Sql, sql } from './sql.ts';

/** A table, by schema and name; a temporary table has no schema of its own. */
export type TablePath = readonly [string, ...string[]];

export type CopyFormat =
  /** Files as `types/csv.ts` and `columnar/` write them. The marker stands for NULL. */
  | { readonly kind: 'csv'; readonly compression: 'zstd' | 'gzip' | 'none'; readonly nullMarker: string }
  /** By position; any bad row fails the load. */
  | { readonly kind: 'parquet' };

/** COPY from a manifest. Nothing in it can change the authorisation. */
export interface CopyCommand {
  readonly target: TablePath;
  /** Columns in the order of the files. */
  readonly columns: readonly string[];
  readonly manifestUrl: string;
  readonly role: CopyRole;
  readonly format: CopyFormat;
  /** The bucket's region where it differs from the cluster's; impossible with Parquet. */
  readonly region?: string;
  /** Rows that may be refused before the load fails: 0 means none. */
  readonly maxRejects?: number;
  /** Leaves encodings and statistics alone, as a table that lives for one run wants it. */
  readonly temporary?: boolean;
  /** Identity columns among `columns` keep the values of the files. */
  readonly explicitIds?: boolean;
}

/** The COPY statement. Throws RS_CONFIG_INVALID or RS_FEATURE_UNSUPPORTED for what COPY cannot do. */
export function renderCopy(command: CopyCommand): Sql {
  const { target, columns, manifestUrl, role, format, region, maxRejects = 0, temporary, explicitIds } = command;
  if (columns.length === 0) throw new ConnectorError('RS_INTERNAL', 'COPY needs at least one column');
  const list = join(columns.map((name) => identifier(name)));
  const clauses = [
    sql`COPY ${identifier(...target)} (${list}) FROM ${s3Url(manifestUrl)}`,
    renderCopyRole(role),
    sql`MANIFEST`,
    ...renderFormat(format),
    ...renderRegion(format, region),
    ...renderRejects(format, maxRejects),
    ...renderUpkeep(format, temporary),
    ...(explicitIds ? [sql`EXPLICIT_IDS`] : []),
  ];
  return join(clauses, sql` `);
}

function renderFormat(format: CopyFormat): readonly Sql[] {
  switch (format.kind) {
    case 'parquet':
      return [sql`FORMAT AS PARQUET`];
    case 'csv': {
      const compression = { zstd: [sql`ZSTD`], gzip: [sql`GZIP`], none: [] }[format.compression];
      // 'auto' also reads years before Christ and past 9999, which the default forms do not promise.
      const conversions = sql`NULL AS ${literal(format.nullMarker)} DATEFORMAT 'auto' TIMEFORMAT 'auto'`;
      return [sql`FORMAT AS CSV DELIMITER ',' QUOTE '"'`, ...compression, conversions];
    }
  }
}

function renderRegion(format: CopyFormat, region: string | undefined): readonly Sql[] {
  if (region === undefined) return [];
  if (format.kind === 'parquet') {
    throw new ConnectorError('RS_FEATURE_UNSUPPORTED', 'COPY of Parquet cannot read a bucket in another region', {
      action: 'Use a staging bucket in the region of the cluster.',
    });
  }
  return [sql`REGION ${literal(region)}`];
}

function renderRejects(format: CopyFormat, maxRejects: number): readonly Sql[] {
  if (maxRejects === 0) return [];
  if (format.kind === 'parquet') {
    throw new ConnectorError('RS_FEATURE_UNSUPPORTED', 'COPY of Parquet tolerates no rejected row', {
      action: 'Stage CSV, or allow no rejects.',
    });
  }
  if (maxRejects >= LIMITS.maxErrors) {
    throw new ConnectorError('RS_CONFIG_INVALID', `COPY tolerates at most ${LIMITS.maxErrors - 1} rejected rows`, {
      action: 'Allow fewer rejected rows.',
    });
  }
  // COPY fails at the first error that reaches MAXERROR, so N tolerated rejects are N + 1.
  return [sql`MAXERROR ${integer(maxRejects + 1)}`];
}

function renderUpkeep(format: CopyFormat, temporary: boolean | undefined): readonly Sql[] {
  if (!temporary) return [];
  return format.kind === 'parquet' ? [sql`STATUPDATE OFF`] : [sql`COMPUPDATE OFF`, sql`STATUPDATE OFF`];
}
