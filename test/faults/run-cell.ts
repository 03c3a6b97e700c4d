import { setTimeout as wait } from 'node:timers/promises';
import { ConnectorError } from '../../src/core/errors.ts';
import type { WriteReport } from '../../src/operations/write-report.ts';
import type { PassedPoint } from '../../src/sandbox/faults.ts';
import { ledgerPath } from '../../src/sql/ledger.ts';
import { type Ending, expectedEndings } from './expected.ts';
import { type FaultClass, scriptOf } from './fault-classes.ts';
import type { FaultWorld } from './fault-world.ts';
import { type Row, SOURCE } from './model.ts';
import type { Given, Operation } from './operations.ts';
import { nameOf, type Step } from './steps.ts';

/** One cell of the matrix. */
export interface Cell {
  readonly operation: Operation;
  readonly step: Step;
  readonly fault: FaultClass;
}

/** What became of a cell; `wrong`: what should not be, empty where all is well. */
export interface CellResult {
  readonly cell: Cell;
  readonly ending: Ending | 'not struck' | 'no end' | 'foreign error';
  readonly wrong: readonly string[];
  readonly ms: number;
}

/** How one try ended. */
export interface Attempted {
  readonly ending: Ending | 'no end' | 'foreign error';
  readonly error?: unknown;
  readonly given?: Given;
  readonly report?: WriteReport;
  /** It said that staged files are left, or keeps them on purpose. */
  readonly announced: boolean;
  readonly isKilled?: boolean;
}

/** The longest that an operation of the matrix may take: the product's own bounds, as they are set here, are all shorter. */
export const BOUND_MS = 45_000;

const GIVEN_UP = new Error('the user gave up');
const NO_END = new Error('it did not end');

export const titleOf = ({ operation, step, fault }: Cell): string =>
  `${operation.name} | ${nameOf(step)} | ${fault.name}`;

let number = 0;

/** A name for a cell's own table. */
export function tableOf(on: FaultWorld): string {
  number += 1;
  return `c${number}_${on.isolation}`;
}

export async function runCell(on: FaultWorld, cell: Cell): Promise<CellResult> {
  const startedMs = performance.now();
  const { operation, fault, step } = cell;
  const table = tableOf(on);
  if (operation.before !== undefined) await on.makeTable(table);
  const wrong: string[] = [];
  let ending: CellResult['ending'];
  try {
    await on.world.clearFaults();
    const ledger = ledgerPath(['sales', table])
      .map((part) => `"${part}"`)
      .join('.');
    await on.world.faults(scriptOf(fault, step, ledger));
    const first = await attempt(on, operation, table, fault.nature === 'given up');
    const points = await on.world.points();
    await on.world.clearFaults();
    if (fault.lastsSeconds !== undefined) await on.world.advance(fault.lastsSeconds + 1);
    const struck = points.find((point) => point.struck !== undefined);
    ending = struck === undefined ? 'not struck' : first.ending;
    wrong.push(...judge(cell, struck, first));
    wrong.push(...(await checkRun(on, operation, table, first)));
    wrong.push(...(await runAgain(on, operation, table, first)));
    if (first.announced) await on.world.advance(0);
  } finally {
    await on.world.clearFaults();
    await on.clear(table);
  }
  return { cell, ending, wrong, ms: performance.now() - startedMs };
}

async function attempt(on: FaultWorld, operation: Operation, table: string, givesUp: boolean): Promise<Attempted> {
  const controller = new AbortController();
  const bound = setTimeout(() => controller.abort(NO_END), BOUND_MS);
  let announced = false;
  const connector = on.connect((event) => {
    announced ||= event.type === 'warning' && event.code === 'STAGED_FILES_LEFT';
  });
  const ended = new AbortController();
  const giving = givesUp ? giveUp(on, controller, ended.signal) : undefined;
  try {
    const given = await operation.run({ on, connector, table, runId: `run of ${table}`, signal: controller.signal });
    return { ending: 'done', given, announced, ...(given.report && { report: given.report }) };
  } catch (error) {
    const report = error instanceof ConnectorError ? (error.report as WriteReport | undefined) : undefined;
    announced ||= report?.stagedFilesKept !== undefined;
    return { ending: endingOf(error), error, announced, ...(report && { report }) };
  } finally {
    clearTimeout(bound);
    ended.abort();
    await giving;
    await connector[Symbol.asyncDispose]();
  }
}

function endingOf(error: unknown): Attempted['ending'] {
  if (error instanceof ConnectorError) return error.code;
  if (error === GIVEN_UP) return 'given up';
  return error === NO_END ? 'no end' : 'foreign error';
}

/** Aborts a moment after the fault has struck. */
async function giveUp(on: FaultWorld, controller: AbortController, ended: AbortSignal): Promise<void> {
  while (!ended.aborted) {
    const points = await on.world.points();
    if (points.some(({ struck }) => struck !== undefined)) {
      await wait(30);
      controller.abort(GIVEN_UP);
      return;
    }
    await wait(15);
  }
}

/** The ending against the expected ones. */
function judge({ operation, step, fault }: Cell, struck: PassedPoint | undefined, first: Attempted): readonly string[] {
  if (first.ending === 'no end') return [`it did not end within ${BOUND_MS / 1000} s`];
  if (struck === undefined) return first.ending === 'done' ? [] : [`nothing struck, and it ended with ${tell(first)}`];
  const expected = expectedEndings(fault.nature, { ...struck, inTransaction: step.inTransaction }, operation);
  return first.ending !== 'foreign error' && expected.includes(first.ending)
    ? []
    : [`ended with ${tell(first)} instead of ${expected.join(' or ')}`];
}

const tell = ({ ending, error }: Attempted): string =>
  error instanceof Error ? `${ending} (${error.message.slice(0, 160)})` : ending;

/** What is in the table, what was given, what is left. */
export async function checkRun(
  on: FaultWorld,
  operation: Operation,
  table: string,
  tried: Attempted,
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const { kind } = operation;
  if (kind === 'write') {
    const rows = await on.rows(table);
    const models = tablesAfter(operation, tried);
    if (!models.some((model) => same(rows, model))) wrong.push(`the table holds ${show(rows)}`);
  }
  if (kind === 'call' && tried.ending === 'done') {
    const { rows } = await on.world.sql('SELECT count(*) FROM sales.calls');
    if (rows[0]?.[0] !== '1') wrong.push(`the procedure ran ${rows[0]?.[0]} times`);
  }
  const given = tried.given?.rows;
  if (
    given !== undefined &&
    !same(
      [...given].sort(([a], [b]) => a - b),
      SOURCE,
    )
  )
    wrong.push(`the read gave ${show(given)}`);
  if (tried.ending === 'done') wrong.push(...((await operation.check?.(on)) ?? []));
  const left = await on.leftovers();
  const allowed = tried.isKilled === true ? /^(?:object|upload|file) / : tried.announced ? /^object / : undefined;
  const unexpected = left.filter((what) => allowed?.test(what) !== true);
  wrong.push(...unexpected.map((what) => `left behind: ${what}`));
  if (kind === 'export' && tried.ending !== 'done' && tried.isKilled !== true) {
    for (const key of await on.exported()) wrong.push(`left behind: ${key}`);
  }
  return wrong;
}

function tablesAfter(
  { before, after, between }: Operation,
  { ending, report }: Attempted,
): readonly (readonly Row[] | undefined)[] {
  if (ending === 'done') return [after];
  switch (report?.outcome ?? 'nothing written') {
    case 'committed':
      return [after];
    case 'unknown':
      return [before, after, between];
    case 'table emptied':
      return [between, before]; // "TRUNCATE was done, or may have been"
    case 'nothing written':
      // Who gave up, or was killed, has no report. A table that was made for the write may be there, and empty.
      return [
        before,
        ...(ending === 'given up' ? [after] : []),
        ...(between && (before === undefined || ending === 'given up') ? [between] : []),
      ];
  }
}

/** The same run once more, on a good day and by a connector that remembers nothing. */
export async function runAgain(
  on: FaultWorld,
  operation: Operation,
  table: string,
  first: Attempted,
): Promise<readonly string[]> {
  if (operation.kind === 'call' && first.ending !== 'done') return []; // whether it may be called again is the user's to say
  if (operation.kind !== 'write' && first.ending === 'done') return [];
  const second = await attempt(on, operation, table, false);
  if (second.ending !== 'done') return [`the next attempt ended with ${tell(second)}`];
  const wrong = (await checkRun(on, operation, table, { ...second, announced: first.announced })).map(
    (what) => `after the next attempt: ${what}`,
  );
  if (first.ending === 'done' && second.report?.alreadyApplied === false)
    wrong.push('the next attempt wrote once more');
  return wrong;
}

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
const show = (rows: unknown): string => (JSON.stringify(rows) ?? 'nothing: it is not there').slice(0, 200);
