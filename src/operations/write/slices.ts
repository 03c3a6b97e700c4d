import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Database } from '../../db/database.ts';
import type { Session } from '../../db/session.ts';
import { sql } from '../../sql/sql.ts';

/** Where the number cannot be had: serverless, or a view that the user may not read. */
const UNKNOWN = 4;
/** What a count is believed up to: more files than that are not worth their requests. */
const MOST = 128;

const known = new WeakMap<Database, number>();

/**
 * In how many slices the cluster loads files at once; asked once a connector, and a guess where it does not tell.
 * https://docs.aws.amazon.com/redshift/latest/dg/r_STV_SLICES.html
 */
export async function slicesOf(database: Database, session: Session, run: Run): Promise<number> {
  const before = known.get(database);
  if (before !== undefined) return before;
  const slices = session.capabilities().isServerless ? UNKNOWN : await ask(session, run);
  known.set(database, slices);
  return slices;
}

async function ask(session: Session, run: Run): Promise<number> {
  try {
    const { rows } = await session.run(sql`SELECT COUNT(*) FROM stv_slices`, run);
    const slices = Number(rows[0]?.[0]);
    return slices >= 1 ? Math.min(slices, MOST) : UNKNOWN;
  } catch (error) {
    if (error instanceof ConnectorError && error.code !== 'RS_CONN_LOST') return UNKNOWN;
    throw error;
  }
}
