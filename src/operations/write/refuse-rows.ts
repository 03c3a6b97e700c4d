import type { RefusedRow } from '../../columnar/stage-file.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import type { WriteRecorder } from './recorder.ts';
import { tooManyRejects } from './too-many-rejects.ts';

const CODE = 'RS_VALUE_UNREPRESENTABLE';

/**
 * Counts rows of a file that are left out when it is staged, as rejected. Throws RS_LOAD_REJECTED once there are more of
 * them than the plan's limit.
 */
export function refuseRows(
  { rejectLimit }: WritePlan,
  refused: readonly RefusedRow[],
  { before, source }: { readonly before: number; readonly source?: string | undefined },
  recorder: WriteRecorder,
): void {
  for (const [index, row] of refused.entries()) {
    recorder.reject({ ...rejectOf(row), ...defined({ source }) });
    recorder.rejectRows(row.row);
    if (before + index < rejectLimit) continue;
    const { column, problem } = row;
    const details = { row: row.row, column, problem, reason: `the value ${problem}` };
    const message = `Row ${row.row}, column ${JSON.stringify(column)}: the value ${problem}`;
    throw tooManyRejects(rejectLimit, message, { details, cause: new ConnectorError(CODE, message, { details }) });
  }
}

/** Keeps such rows in the reject file, where there is one; `lines` by the numbers of the rows. */
export function keepRefused(
  plan: WritePlan,
  refused: readonly RefusedRow[],
  lines: ReadonlyMap<number, number>,
  recorder: WriteRecorder,
): void {
  for (const row of refused) recorder.rejects?.refused(plan, row.row, row.values, rejectOf(row), lines.get(row.row));
}

function rejectOf({ row, column, problem }: RefusedRow): LoadReject {
  return { row, column, code: CODE, reason: `the value ${problem}` };
}
