import type { TablePath } from './copy.ts';
import { identifier, integer, type Sql, sql } from './sql.ts';

export type AnalyzeColumns = 'predicateColumns' | 'allColumns';
export type VacuumKind = 'full' | 'sortOnly' | 'deleteOnly' | 'reindex' | 'recluster';

/** ANALYZE. https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html */
export function renderAnalyze(table: TablePath, columns: AnalyzeColumns): Sql {
  const which = columns === 'allColumns' ? sql`ALL COLUMNS` : sql`PREDICATE COLUMNS`;
  return sql`ANALYZE ${identifier(...table)} ${which}`;
}

const KINDS: Readonly<Record<VacuumKind, Sql>> = {
  full: sql`FULL`,
  sortOnly: sql`SORT ONLY`,
  deleteOnly: sql`DELETE ONLY`,
  reindex: sql`REINDEX`,
  recluster: sql`RECLUSTER`,
};

/**
 * VACUUM, which runs by itself only. A threshold says how much of the table need be in order; REINDEX and RECLUSTER take
 * none. https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html
 */
export function renderVacuum(table: TablePath, kind: VacuumKind, thresholdPercent?: number): Sql {
  const takesThreshold = kind !== 'reindex' && kind !== 'recluster' && thresholdPercent !== undefined;
  const to = takesThreshold ? sql` TO ${integer(thresholdPercent)} PERCENT` : sql``;
  return sql`VACUUM ${KINDS[kind]} ${identifier(...table)}${to}`;
}
