import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FaultClass } from './fault-classes.ts';
import type { FaultWorld } from './fault-world.ts';
import { type Cell, type CellResult, checkRun, runAgain, tableOf } from './run-cell.ts';
import type { Step } from './steps.ts';

/** What a process of its own is told to do. */
export interface HostOrder {
  readonly operation: string;
  readonly values: FaultWorld['values'];
  readonly workDirectory: string;
  readonly output: string;
  readonly table: string;
  readonly runId: string;
}

const HOST = fileURLToPath(new URL('killed-host.ts', import.meta.url));
const HOUR = 3600;

/** Kills the process that does the operation while the step is under way: before its work, or after it and before the answer. */
export const KILLS: readonly FaultClass[] = (['before', 'after'] as const).map((when) => ({
  name: `process killed ${when === 'before' ? 'before it' : 'after it'}`,
  nature: 'given up',
  strikes: ({ on }: Step) => !/^(?:pg:lock|pg:accept|pg:loadErrors|copy:|unload:|pg:copy|pg:unload)/.test(on),
  effect: () => ({ kind: 'silence', when }),
}));

/** A process that waits for its order: made ahead, since a start takes a second. */
export function startHost(): ChildProcess {
  return fork(HOST, [], { execArgv: ['--import', 'tsx/esm'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
}

/** One operation that is killed at one step, and done again by another process with the same run id. */
export async function runKill(on: FaultWorld, host: ChildProcess, cell: Cell): Promise<CellResult> {
  const startedMs = performance.now();
  const { operation, step, fault } = cell;
  const table = tableOf(on);
  const runId = `run of ${table}`;
  if (operation.before !== undefined) await on.makeTable(table);
  try {
    await on.world.clearFaults();
    await on.world.faults({ on: step.on, after: step.after, effect: fault.effect(step) });
    const order: HostOrder = {
      operation: operation.name,
      values: on.values,
      workDirectory: on.folder,
      output: on.output,
      table,
      runId,
    };
    const exited = once(host, 'exit') as Promise<[code: number | null, signal: string | null]>;
    host.send(order);
    const isStruck = await untilStruck(on, host);
    host.kill('SIGKILL');
    await exited;
    await on.world.clearFaults();
    const wrong: string[] = [];
    if (!isStruck) return resultOf(cell, 'not struck', ['the process ended before it was killed'], startedMs);
    // What is in the table: the rows of before, or those of after where COMMIT was sent.
    wrong.push(...(await checkRun(on, operation, table, { ending: 'given up', announced: true, isKilled: true })));
    // A host repeats a call of its own only knowingly.
    if (operation.kind !== 'call')
      wrong.push(...(await runAgain(on, operation, table, { ending: 'given up', announced: true })));
    // What is left of the killed one lies in a folder with a lease, until that has lapsed and somebody sweeps.
    await on.world.advance(26 * HOUR);
    await on.sweep();
    wrong.push(...(await on.leftovers()).map((what) => `left behind by the killed process: ${what}`));
    return resultOf(cell, 'given up', wrong, startedMs);
  } finally {
    if (host.exitCode === null) host.kill('SIGKILL');
    await on.world.clearFaults();
    await on.clear(table);
  }
}

function resultOf(cell: Cell, ending: CellResult['ending'], wrong: readonly string[], startedMs: number): CellResult {
  return { cell, ending, wrong, ms: performance.now() - startedMs };
}

async function untilStruck(on: FaultWorld, host: ChildProcess): Promise<boolean> {
  for (let tries = 0; tries < 1500 && host.exitCode === null; tries += 1) {
    if ((await on.world.points()).some(({ struck }) => struck !== undefined)) return true;
    await wait(20);
  }
  return false;
}
