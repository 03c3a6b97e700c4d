import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { literal, sql } from '../../sql/sql.ts';
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
  const answer = await askOrNothing(() => session.run(sql`EXPLAIN ${statement}`, run), run);
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
  const [schema, name] = path;
  if (database !== undefined || /\\/.test(schema + name)) return undefined;
  const counting = sql`SELECT tbl_rows FROM svv_table_info WHERE "schema" = ${literal(schema)} AND "table" = ${literal(name)}`;
  const answer = await askOrNothing(() => session.run(counting, run), run);
  const rows = answer?.rows[0]?.[0];
  return rows === undefined || rows === null ? undefined : Number(rows);
}

/** An estimate is worth no failure: what is wrong with the source shows when it is read. */
async function askOrNothing<T>(ask: () => Promise<T>, run: Run): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code === 'RS_CONN_LOST') throw error;
    run.publish({ type: 'suppressed', reason: 'The size of the read stays unknown', message: error.message });
    return undefined;
  }
}
