import { FAULT_CLASSES, type Nature } from './fault-classes.ts';
import { type FaultWorld, type Isolation, openFaultWorld } from './fault-world.ts';
import { OPERATIONS, type Operation } from './operations.ts';
import { type Cell, type CellResult, runCell, tableOf } from './run-cell.ts';
import { nameOf, type Step, stepsOf } from './steps.ts';

/** The steps of an operation, as a run without faults comes by them. Throws where that run fails. */
export async function recordSteps(on: FaultWorld, operation: Operation): Promise<readonly Step[]> {
  const table = tableOf(on);
  if (operation.before !== undefined) await on.makeTable(table);
  await on.world.clearFaults();
  const connector = on.connect();
  try {
    await operation.run({ on, connector, table, runId: `recording of ${table}`, signal: new AbortController().signal });
  } finally {
    await connector[Symbol.asyncDispose]();
  }
  const steps = stepsOf(await on.world.points());
  await on.clear(table);
  return steps;
}

/** Every operation with every step and every fault that can strike it. */
export async function allCells(on: FaultWorld): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  for (const operation of OPERATIONS) {
    for (const step of await recordSteps(on, operation)) {
      for (const fault of FAULT_CLASSES) if (fault.strikes(step)) cells.push({ operation, step, fault });
    }
  }
  return cells;
}

/** Random numbers from 0 to 1 that a seed decides. https://github.com/bryc/code/blob/master/jshash/PRNGs.md (mulberry32) */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Faults that leave open what was done, or have it done again. */
const DECISIVE: ReadonlySet<Nature> = new Set<Nature>(['connection lost', 'conflict once']);

export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const at = Math.floor(random() * (last + 1));
    [order[last], order[at]] = [order[at] as T, order[last] as T];
  }
  return order;
}

/**
 * Fewer cells, in which every pair of step and fault, of operation and step, and of operation and nature of fault is
 * there all the same; and those inside the transaction that writes in which rows may be lost or doubled.
 */
export function covering(cells: readonly Cell[], random: () => number): readonly Cell[] {
  const seen = new Set<string>();
  return shuffled(cells, random).filter(({ operation, step, fault }) => {
    const pairs = [
      `${nameOf(step)} / ${fault.name}`,
      `${operation.name} / ${nameOf(step)}`,
      `${operation.name} / ${fault.nature}`,
    ];
    const isNew = pairs.some((pair) => !seen.has(pair));
    for (const pair of pairs) seen.add(pair);
    return isNew || (operation.kind === 'write' && step.inTransaction && DECISIVE.has(fault.nature));
  });
}

/** Runs cells in several worlds at once, of both isolation levels by turns: most of a cell is waiting. */
export async function runCells(
  worlds: readonly FaultWorld[],
  cells: readonly Cell[],
  onResult: (result: CellResult) => void,
): Promise<void> {
  const waiting = [...cells];
  await Promise.all(
    worlds.map(async (on) => {
      for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) onResult(await runCell(on, cell));
    }),
  );
}

export function openWorlds(count: number): Promise<readonly FaultWorld[]> {
  const isolation = (at: number): Isolation => (at % 2 === 0 ? 'snapshot' : 'serializable');
  return Promise.all(Array.from({ length: count }, (_, at) => openFaultWorld(isolation(at))));
}
