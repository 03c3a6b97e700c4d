import { openRun, type Run } from '../../core/run.ts';
import type { Capabilities } from '../../db/capabilities.ts';
import { type Answer, RehearsedSession } from '../../db/rehearsed-session.ts';
import type { TablePath } from '../../sql/copy.ts';

import { identifier, type Sql, sql } from '../../sql/sql.ts';
import { checksumOnServer } from '../verify/server-checksum.ts';
import { applyOnce } from '../write/apply.ts';
import { type LoadedTable, loadStagingTable } from '../write/load-staging.ts';
import type { StagedLoad } from '../write/staged-load.ts';
import { truncateTarget } from '../write/truncate.ts';
import type { WritePlan } from '../write-plan.ts';

/** What Redshift would be sent, step by step. */
export interface RehearsedWrite {
  readonly load: readonly string[];
  readonly truncate: readonly string[];
  readonly apply: readonly string[];
}

export interface RehearsalInit {
  readonly capabilities: Capabilities;
  readonly plan: WritePlan;
  /** Rows go by INSERT: there is no manifest. */
  readonly isInsert: boolean;
  /** Of Parquet files that go as they are. */
  readonly parquetColumns?: readonly string[] | undefined;
  readonly manifestUrl: string;
  readonly folderName: string;
  readonly statementTimeoutMs: number;
}

/** Rows of each change. */
const EACH = 1;
const LETTERS = ['I', 'U', 'D', 'X'];

/**
 * The statements of a write, by running the code that sends them on sessions that send nothing and answer as if all went
 * well: every row new or found, none refused, no NULL among keys. Counts in the ledger's row become `<rows>`.
 */
export async function rehearseWrite(init: RehearsalInit): Promise<RehearsedWrite> {
  // Values are made up, so they are not held against their columns.
  const plan = init.isInsert ? { ...init.plan, rejectLimit: 0 } : init.plan;
  const run: Run = { ...openRun({ runId: plan.runId }), publish: () => undefined };
  const staged = await stagedRows(init, plan, run);
  const loading = new RehearsedSession(init.capabilities, answersOf(plan));
  const { load } = plan;
  const loaded: LoadedTable | undefined =
    load.kind === 'staged' ? await loadStagingTable(loading, plan, load, staged, run) : undefined;
  const limits = { statementTimeoutMs: init.statementTimeoutMs };
  const emptying = new RehearsedSession(init.capabilities, answersOf(plan));
  if (plan.before === 'truncate') await truncateTarget(emptying, plan, limits, () => undefined, run);
  const applying = new RehearsedSession(init.capabilities, answersOf(plan));
  await applyOnce(applying, plan, { staged, ...(loaded === undefined ? {} : { loaded }) }, limits, run);
  const text = (statement: Sql): string => withoutNumbers(statement, plan.ledger);
  return {
    load: loading.statements.map(text),
    truncate: emptying.statements.map(text),
    apply: applying.statements.map(text),
  };
}

async function stagedRows(
  { capabilities, isInsert, parquetColumns, manifestUrl, folderName }: RehearsalInit,
  plan: WritePlan,
  run: Run,
): Promise<StagedLoad> {
  const rows = rowsOf(plan);
  const nothing = new RehearsedSession(capabilities, answersOf(plan));
  return {
    files: [],
    rowsRead: rows,
    rowsStaged: rows,
    rowsRefused: 0,
    bytes: 0,
    manifestUrl,
    manifestSha256: DIGEST,
    folderName,
    ...(parquetColumns === undefined ? {} : { parquetColumns }),
    ...(isInsert ? { insertRows: () => madeUp(plan) } : {}),
    ...(plan.verify ? { checksum: await checksumOnServer(nothing, sql`nothing`, plan.columns, run) } : {}),
  };
}

/** Rows of texts that nobody looks at. */
async function* madeUp(plan: WritePlan): AsyncGenerator<readonly string[]> {
  const width = plan.columns.length + (plan.load.kind === 'staged' ? 1 : 0);
  for (let number = 1; number <= rowsOf(plan); number += 1)
    yield await Promise.resolve(Array(width).fill(String(number)));
}

const ZEROS = ['0', '0', '0', '0'];
const DIGEST = 'd'.repeat(64);

function rowsOf({ operation }: WritePlan): number {
  return operation === 'dataDriven' ? EACH * LETTERS.length : EACH;
}

/** Answers as if every row went its way. */
function answersOf(plan: WritePlan): (statement: Sql) => Answer {
  const all = String(rowsOf(plan));
  return (statement) => {
    const text = String(statement);
    if (/\bGROUP BY CASE WHEN\b|\bGROUP BY UPPER\b/.test(text)) return { rows: groupsOf(plan) };
    if (plan.ledger !== undefined && text.includes(` FROM ${String(identifier(...plan.ledger))} `)) return {};
    if (/roleshift_amount/.test(text) || text.startsWith('SELECT COUNT(*), SUM(')) return { rows: [['0', '0']] };
    if (text.includes(' AS roleshift_rank ')) return { rowCount: 0 };
    if (text.startsWith('SELECT COUNT(*) FROM') && text.includes(' WHERE ')) return { rows: [[String(EACH)]] };
    if (text.startsWith('SELECT CAST(COUNT(*)')) return { rows: [['0', ...plan.columns.flatMap(() => ZEROS)]] };
    if (text.startsWith('SELECT')) return { rows: [[all]] };
    if (text.includes('($1') || text.includes('CAST($1')) return { rowCount: rowsOf(plan) };
    return { rowCount: plan.changeColumn === undefined ? rowsOf(plan) : EACH };
  };
}

/** One group a change: flags of its keys, none of them NULL, then its rows, then its letter. */
function groupsOf({ keys, changeColumn }: WritePlan): readonly (readonly string[])[] {
  const flags = keys.map(() => '0');
  if (changeColumn === undefined) return [[...flags, String(EACH)]];
  return LETTERS.map((letter) => [...flags, String(EACH), letter]);
}

/** The ledger's row tells counts, which nobody knows yet. */
function withoutNumbers(statement: Sql, ledger: TablePath | undefined): string {
  const text = String(statement);
  if (ledger === undefined || !text.startsWith(`INSERT INTO ${String(identifier(...ledger))} `)) {
    return text;
  }
  return text.replaceAll(/, \d+(?=,)/g, ', <rows>').replaceAll(DIGEST, '<digest>');
}
