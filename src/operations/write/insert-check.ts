import { ConnectorError } from '../../core/errors.ts';
import { LIMITS } from '../../core/redshift-limits.ts';
import { renderType } from '../../core/redshift-type.ts';
import { codecFor } from '../../types/codec.ts';
import { Unfit } from '../../types/codec-shape.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import type { FilledColumn } from './match-columns.ts';
import type { SpooledRow } from './spool-rows.ts';
import { rowsOf } from './too-many-rejects.ts';

/**
 * What would have Redshift refuse a row, and with it the whole statement: a NULL where the column takes none, a value past
 * what a parameter holds, and, where rejects are allowed, a value that its column cannot hold. `undefined` for a row that
 * is fine, its reject within the plan's limit, else RS_VALUE_UNREPRESENTABLE or RS_LOAD_REJECTED.
 */
export function checkSpooledRow(
  plan: WritePlan,
  row: SpooledRow,
  position: number,
  refusedBefore: number,
): LoadReject | undefined {
  const { columns, rejectLimit, load } = plan;
  for (const [at, column] of columns.entries()) {
    const problem = problemOf(column, row[at] ?? null, rejectLimit > 0 && !plan.acceptLoss.includes(column.name));
    if (problem === undefined) continue;
    const number = load.kind === 'staged' ? Number(row[columns.length]) : position;
    if (rejectLimit === 0) throw unrepresentable(column, number, problem);
    const reject: LoadReject = {
      row: number,
      column: column.name,
      code: 'RS_VALUE_UNREPRESENTABLE',
      reason: `the value ${problem}`,
    };
    if (refusedBefore + 1 > rejectLimit) throw tooMany(plan, reject);
    return reject;
  }
  return undefined;
}

/** Completes "the value ...". */
function problemOf({ type, nullable }: FilledColumn, text: string | null, isChecked: boolean): string | undefined {
  if (text === null) return nullable ? undefined : 'is NULL where the column takes none';
  if (isLong(text)) {
    return `takes more than the ${LIMITS.varcharBytes} bytes of text that an INSERT carries`;
  }
  if (!isChecked) return undefined;
  const checked = codecFor(type).toText(text);
  return checked instanceof Unfit ? checked.problem : undefined;
}

function isLong(text: string): boolean {
  return text.length * 3 > LIMITS.varcharBytes && Buffer.byteLength(text) > LIMITS.varcharBytes;
}

function unrepresentable({ name, type }: FilledColumn, row: number, problem: string): ConnectorError {
  const shown = renderType(type);
  return new ConnectorError(
    'RS_VALUE_UNREPRESENTABLE',
    `Row ${row}, column ${JSON.stringify(name)} (${shown}): the value ${problem}`,
    {
      action: 'Mend the value, or write by way of S3: useStaging, and path auto or staged.',
      details: { row, column: name, type: shown, problem },
    },
  );
}

function tooMany({ rejectLimit, targetName }: WritePlan, { row = 0, column, reason }: LoadReject): ConnectorError {
  return new ConnectorError(
    'RS_LOAD_REJECTED',
    `More than ${rowsOf(rejectLimit)} cannot be loaded into ${targetName}; row ${row}, column ${JSON.stringify(column)}: ${reason}`,
    {
      action: 'Mend the rows, or raise rejectLimit.',
      details: { rejectLimit, row, column, reason },
    },
  );
}

/** Whether INSERT can carry every value of a spool: one that is too long has to go by way of S3. */
export async function fitsInsert(
  rows: AsyncIterable<SpooledRow>,
  { columns }: Pick<WritePlan, 'columns'>,
): Promise<boolean> {
  for await (const row of rows) {
    if (columns.some((_, at) => isLong(row[at] ?? ''))) return false;
  }
  return true;
}
