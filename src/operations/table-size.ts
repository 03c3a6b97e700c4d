import { ConnectorError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import type { ObjectPath } from '../db/object-descriptor.ts';
import type { Session } from '../db/session.ts';
import { literal, sql } from '../sql/sql.ts';

/** What a table holds, as Redshift counts it. */
export interface TableSize {
  /** Those that were deleted and not yet vacuumed are among them. */
  readonly rows: number;
  /** On the cluster's disks. */
  readonly bytes: number;
}

const BLOCK_BYTES = 1024 * 1024;

/**
 * Looks a table up in SVV_TABLE_INFO; `undefined` for an empty one, and where the user may not see that view. Not for use
 * inside a transaction. https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_TABLE_INFO.html
 */
export async function tableSize(
  session: Session,
  [schema, name]: ObjectPath,
  reason: string,
  run: Run,
): Promise<TableSize | undefined> {
  if (/\\/.test(schema + name)) return undefined;
  const counting = sql`SELECT tbl_rows, size FROM svv_table_info WHERE "schema" = ${literal(schema)} AND "table" = ${literal(name)}`;
  const answer = await askOrNothing(() => session.run(counting, run), reason, run);
  const [rows, blocks] = answer?.rows[0] ?? [];
  return rows === undefined || rows === null ? undefined : { rows: Number(rows), bytes: Number(blocks) * BLOCK_BYTES };
}

/** An estimate is worth no failure: what is wrong shows when the work is done. `reason`: what stays unknown. */
export async function askOrNothing<T>(ask: () => Promise<T>, reason: string, run: Run): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code === 'RS_CONN_LOST') throw error;
    run.publish({ type: 'suppressed', reason, message: error.message });
    return undefined;
  }
}
