import { ConnectorError } from '../../core/errors.ts';
import { LIMITS } from '../../core/redshift-limits.ts';
import type { Run } from '../../core/run.ts';
import type { Session } from '../../db/session.ts';
import type { TablePath } from '../../sql/copy.ts';
import { type InsertColumn, renderInsert } from '../../sql/insert.ts';
import type { Sql } from '../../sql/sql.ts';
import { codecFor } from '../../types/codec.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import { checkSpooledRow } from './insert-check.ts';
import type { SpooledRow } from './spool-rows.ts';

/** Rows to be inserted. */
export interface InsertedRows {
  readonly rows: (run: Run) => AsyncIterable<SpooledRow>;
  /** Rows that were refused before these. */
  readonly rowsRefused: number;
}

/** What INSERTs did with the rows of a spool. */
export interface Inserted {
  readonly rows: number;
  /** Rows that were refused before they were sent, within the plan's limit. */
  readonly rejects: readonly LoadReject[];
}

/** Text of the values of one statement, and of the statement around them: half of what Redshift takes. */
const BATCH_BYTES = LIMITS.statementBytes / 2;

/**
 * Writes the rows of a spool into a table, statement by statement. What can
 * be known of a value is checked before it is sent. Throws RS_VALUE_UNREPRESENTABLE, RS_LOAD_REJECTED.
 */
export async function insertSpool(
  session: Session,
  plan: WritePlan,
  target: TablePath,
  { rows, rowsRefused }: InsertedRows,
  run: Run,
): Promise<Inserted> {
  const columns = insertColumns(plan);
  const statementOf = statements(target, columns);
  const rejects: LoadReject[] = [];
  let inserted = 0;
  let number = 0;
  let batch: SpooledRow[] = [];
  let bytes = 0;

  const send = async (): Promise<void> => {
    if (batch.length === 0) return;
    const { rowCount } = await session.run(statementOf(batch.length), run, { parameters: batch.flat() });
    requireAll(plan, rowCount, batch.length);
    inserted += rowCount;
    batch = [];
    bytes = 0;
  };
  for await (const row of rows(run)) {
    number += 1;
    const refused = checkSpooledRow(plan, row, number, rowsRefused + rejects.length);
    if (refused !== undefined) {
      rejects.push(refused);
      continue;
    }
    const size = sizeOf(row, columns.length);
    if (batch.length * columns.length + row.length > LIMITS.parameters || bytes + size > BATCH_BYTES) await send();
    batch.push(row);
    bytes += size;
  }
  await send();
  return { rows: inserted, rejects };
}

/** The columns of a row as it is spooled. */
function insertColumns({ columns, load }: WritePlan): readonly InsertColumn[] {
  const own = columns.map(({ name, type }): InsertColumn => {
    const { insertAs } = codecFor(type);
    return { name, type, ...(insertAs === undefined ? {} : { form: insertAs }) };
  });
  return load.kind === 'staged' ? [...own, { name: load.table.rowColumn, type: { kind: 'bigint' } }] : own;
}

/** Full statements are all alike: the last one is kept. */
function statements(target: TablePath, columns: readonly InsertColumn[]): (rows: number) => Sql {
  let last: { readonly rows: number; readonly statement: Sql } | undefined;
  return (rows) => {
    if (last?.rows !== rows) last = { rows, statement: renderInsert({ target, columns, rows }) };
    return last.statement;
  };
}

/** Room that one value takes in the statement itself: its cast, its number. */
const VALUE_BYTES = 64;

function sizeOf(row: SpooledRow, columns: number): number {
  return row.reduce((sum, text) => sum + (text === null ? 0 : Buffer.byteLength(text)), columns * VALUE_BYTES);
}

function requireAll({ targetName }: WritePlan, found: number, sent: number): void {
  if (found === sent) return;
  throw new ConnectorError('RS_COUNT_MISMATCH', `INSERT of ${sent} rows for ${targetName} added ${found}`, {
    action: 'Nothing was committed. Run it again; if it repeats, report it with the counts in the details.',
    details: { sent, found },
  });
}
