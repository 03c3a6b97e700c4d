import { ConnectorError } from '../core/errors.ts';
import type { Sql } from '../sql/sql.ts';
import { namedRows } from './rows.ts';
import type { Session, StatementRun } from './session.ts';

/** A row of the catalog by column name in lower case. Which columns there are differs between patch levels. */
export type CatalogRow = ReadonlyMap<string, string | null>;

/** Failures that another way of asking cannot cure. */
const FINAL: ReadonlySet<string> = new Set([
  'RS_AUTH_LOGIN_REJECTED',
  'RS_CONFIG_INVALID',
  'RS_CONFIG_OBJECT_MISSING',
  'RS_CONN_LOST',
  'RS_INTERNAL',
  'RS_TIMEOUT',
]);

/**
 * Asks the catalog in the first way that the server understands: SHOW, then system views. Throws the first failure when
 * none is understood. Not for use inside a transaction: a way that fails would end it.
 */
export async function askCatalog(
  session: Session,
  run: StatementRun,
  ways: readonly (() => Sql)[],
): Promise<readonly CatalogRow[]> {
  let first: unknown;
  for (const way of ways) {
    try {
      return namedRows(await session.run(way(), run));
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof ConnectorError) || FINAL.has(error.code)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** A name as the catalog spells it: the server folds capitals, quoted or not, unless it was told to keep them. */
export function foldName(name: string, session: Session): string {
  return session.capabilities().caseSensitiveNames ? name : name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function textOf(row: CatalogRow, column: string): string {
  return row.get(column) ?? '';
}

export function numberOf(row: CatalogRow, column: string): number | undefined {
  const text = row.get(column);
  return text === null || text === undefined || text === '' ? undefined : Number(text);
}

/** Whether a flag of the catalog is set, in any of its spellings. */
export function flagOf(row: CatalogRow, column: string): boolean {
  return /^(?:t|true|y|yes|on|[1-9]\d*)$/i.test(textOf(row, column));
}
