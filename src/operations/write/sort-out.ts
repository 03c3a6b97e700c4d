import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import { changeOf } from '../../sql/apply.ts';
import { identifier, integer, join, type Sql, sql } from '../../sql/sql.ts';
import type { StagingTable } from '../../sql/staging-table.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import { mendRows } from './too-many-rejects.ts';

/** Rows of a data driven input that were loaded and will not be applied. */
export interface SortedOut {
  readonly removed: number;
  /** Of the first hundred thousand, from 1. */
  readonly rowNumbers: readonly number[];
  readonly rejects: readonly LoadReject[];
}

const NOTHING: SortedOut = { removed: 0, rowNumbers: [], rejects: [] };
const MOST_ROWS = 100_000;

/**
 * Takes the rows out that reject themselves (R), and those that cannot be applied: without a letter that is known, or
 * with a NULL where the table takes none. The latter are refused rows like those that COPY refuses: `refusedBefore` and
 * they are at most the plan's `rejectLimit`, else RS_LOAD_REJECTED.
 */
export async function sortOut(
  session: Session,
  plan: WritePlan,
  { name, rowColumn }: StagingTable,
  refusedBefore: number,
  run: Run,
): Promise<SortedOut> {
  const { changeColumn, requiredColumns, rejectLimit, targetName } = plan;
  if (changeColumn === undefined) return NOTHING;
  const change = sql`COALESCE(${changeOf(changeColumn)}, '')`;
  const reason = reasonOf(change, requiredColumns);
  const table = identifier(name);
  const row = identifier(rowColumn);
  const counted = await session.run(
    sql`SELECT COUNT(*), SUM(CASE WHEN ${reason} > 0 THEN 1 ELSE 0 END) FROM ${table} WHERE ${reason} >= 0`,
    run,
  );
  const [removed = 0, refused = 0] = (counted.rows[0] ?? []).map(Number);
  if (removed === 0) return NOTHING;
  const found = await session.run(
    sql`SELECT ${row}, ${reason} FROM ${table} WHERE ${reason} >= 0 ORDER BY CASE WHEN ${reason} = 0 THEN 1 ELSE 0 END, ${row} LIMIT ${integer(MOST_ROWS)}`,
    run,
  );
  const numbers = found.rows.map((each) => each.map(Number));
  const rejects = numbers.map(([number = 0, why = 0]) => rejectOf(plan, number, why));
  if (refused + refusedBefore > rejectLimit) {
    const [first] = rejects;
    throw new ConnectorError(
      'RS_LOAD_REJECTED',
      `${refused + refusedBefore} rows cannot be loaded into ${targetName}; row ${first?.row}, column ${JSON.stringify(first?.column)}: ${first?.reason}`,
      {
        action: mendRows(rejectLimit),
        details: {
          rejectLimit,
          refused,
          row: first?.row ?? 0,
          column: first?.column ?? '',
          reason: first?.reason ?? '',
        },
      },
    );
  }
  await session.run(sql`DELETE FROM ${table} WHERE ${reason} >= 0`, run);
  return { removed, rowNumbers: numbers.map(([number = 0]) => number), rejects };
}

/** -1 for a row that is fine, 0 for one that rejects itself, 1 for an unknown letter, 2 and up for a NULL: in which column. */
function reasonOf(change: Sql, required: readonly string[]): Sql {
  const missing = required.map(
    (column, index) => sql`WHEN ${change} <> 'D' AND ${identifier(column)} IS NULL THEN ${integer(index + 2)}`,
  );
  const cases = [sql`WHEN ${change} = 'R' THEN 0`, sql`WHEN ${change} NOT IN ('I', 'U', 'D') THEN 1`, ...missing];
  return sql`CASE ${join(cases, sql` `)} ELSE -1 END`;
}

function rejectOf({ requiredColumns, columns, changeColumn }: WritePlan, row: number, reason: number): LoadReject {
  const missing = requiredColumns[reason - 2];
  if (missing !== undefined) return { row, column: missing, code: '1213', reason: 'NULL in a column that takes none' };
  const column = columns.find(({ name }) => name === changeColumn)?.inputName ?? '';
  return reason === 0
    ? { row, column, code: 'rejected', reason: 'the row says itself that it is rejected' }
    : { row, column, code: 'change', reason: 'the row says none of I, U, D and R' };
}
