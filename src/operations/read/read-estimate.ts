import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { sql } from '../../sql/sql.ts';
import { askOrNothing, tableSize } from '../table-size.ts';
import { plainSelect } from './read-select.ts';
import type { ReadSource } from './read-source.ts';

/** How much a read will give, before it is done. */
export interface Estimate {
  readonly rows: number;
  /** Rows times their width as the server estimates it. */
  readonly bytes: number;
  /** Where the number of rows comes from: the server's query plan, or its count for the table. */
  readonly from: 'EXPLAIN' | 'SVV_TABLE_INFO';
}

const UNKNOWN = 'The size of the read stays unknown';

/**
 * Asks the server for its estimate; `undefined` where it gives none. A table without conditions is looked up where the
 * user may see SVV_TABLE_INFO: the plan knows no better than the last ANALYZE. Reads no rows of the source.
 */
export async function estimateRead(session: Session, source: ReadSource, run: Run): Promise<Estimate | undefined> {
  const planned = await explained(session, source, run);
  if (planned === undefined) return undefined;
  const counted = await countOfTable(session, source, run);
  const limit = source.limit ?? Number.POSITIVE_INFINITY;
  const rows = Math.min(counted ?? planned.rows, limit);
  return { rows, bytes: rows * planned.width, from: counted === undefined ? 'EXPLAIN' : 'SVV_TABLE_INFO' };
}

async function explained(
  session: Session,
  source: ReadSource,
  run: Run,
): Promise<{ readonly rows: number; readonly width: number } | undefined> {
  const { statement } = plainSelect(source);
  const answer = await askOrNothing(() => session.run(sql`EXPLAIN ${statement}`, run), UNKNOWN, run);
  return answer && readPlanLine(answer.rows[0]?.[0] ?? '');
}

/** Rows and width of the first line of a plan, which speaks of the result: `... (cost=0.00..1.00 rows=100 width=33)`. Pure. */
export function readPlanLine(line: string): { readonly rows: number; readonly width: number } | undefined {
  const match = /rows=(\d+)\s+width=(\d+)/.exec(line);
  return match ? { rows: Number(match[1]), width: Number(match[2]) } : undefined;
}

async function countOfTable(session: Session, source: ReadSource, run: Run): Promise<number | undefined> {
  if (source.kind !== 'object' || source.objects.length > 1 || source.conditions.length > 0 || source.distinct) {
    return undefined;
  }
  const [{ database, path }] = source.objects;
  if (database !== undefined) return undefined;
  return (await tableSize(session, path, UNKNOWN, run))?.rows;
}
