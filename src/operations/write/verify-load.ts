import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { identifier } from '../../sql/sql.ts';
import type { Checksum } from '../../types/checksum.ts';
import { compareChecksums, type Verification } from '../verify/compare.ts';
import { checksumOnServer } from '../verify/server-checksum.ts';
import type { WritePlan } from '../write-plan.ts';

const SIDES = { here: 'the rows sent', there: 'the rows that Redshift loaded' };

/**
 * Compares the rows that were sent with those in the staging table, as COPY left them: before any row of it is sorted
 * out, deduplicated or applied. Columns whose loss was accepted are left out. Throws RS_COUNT_MISMATCH.
 */
export async function verifyLoad(
  session: Session,
  { columns, acceptLoss }: Pick<WritePlan, 'columns' | 'acceptLoss'>,
  table: string,
  sent: Checksum,
  run: Run,
): Promise<Verification> {
  const isCompared = columns.map(({ name }) => !acceptLoss.includes(name));
  const fields = columns.filter((_, position) => isCompared[position]);
  const here = { rows: sent.rows, columns: sent.columns.filter((_, position) => isCompared[position]) };
  const there = await checksumOnServer(session, identifier(table), fields, run);
  return compareChecksums(fields, here, there, SIDES);
}
