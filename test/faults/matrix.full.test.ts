import { expect } from 'chai';
import type { FaultWorld } from './fault-world.ts';
import { KILLS, runKill, startHost } from './killed.ts';
import { allCells, covering, openWorlds, randomFrom, recordSteps, runCells, shuffled } from './matrix.ts';
import { OPERATIONS } from './operations.ts';
import { renderReport } from './report.ts';
import { type Cell, type CellResult, titleOf } from './run-cell.ts';

// `all` runs every cell, which takes the better part of an hour; `covering` every pair. The seed draws others in their place.
const EXTENT = process.env['ROLESHIFT_FAULTS'] ?? 'sample';
const RUNS_ALL = EXTENT === 'all';
/** Cells of a sample, out of those that cover every pair. */
const SAMPLE = 800;
const SEED = Number(process.env['ROLESHIFT_FAULTS_SEED'] ?? 1);
/** Worlds at once: a cell mostly waits. */
const LANES = 12;
/** Processes that are killed: a start takes a second. */
const KILLED = 40;

describe('faults: the matrix', function () {
  this.timeout(90 * 60_000);
  let worlds: readonly FaultWorld[];
  before(async () => {
    worlds = await openWorlds(LANES);
  });
  after(async () => {
    for (const on of worlds ?? []) await on[Symbol.asyncDispose]();
  });

  const told = ({ cell }: CellResult): string => titleOf(cell);

  function tellProgress(results: readonly CellResult[], total: number): void {
    const wrong = results.filter((result) => result.wrong.length > 0).length;
    console.log(`    ${results.length} of ${total} cells, ${wrong} wrong`);
  }

  function report(results: readonly CellResult[], all: number): void {
    console.log(renderReport(results, all, told));
    expect(results.filter(({ wrong }) => wrong.length > 0).map(told)).to.deep.equal([]);
  }

  it('faults x steps x operations: bounded, with the right code, nothing lost, doubled or left, and a retry completes', async () => {
    const every = await allCells(worlds[0]!);
    const random = randomFrom(SEED);
    const results: CellResult[] = [];
    const pairs = covering(every, random);
    const cells = RUNS_ALL ? shuffled(every, random) : EXTENT === 'covering' ? pairs : pairs.slice(0, SAMPLE);
    await runCells(worlds, cells, (result) => {
      results.push(result);
      if (result.wrong.length > 0) console.log(`    ${told(result)}: ${result.wrong.join('; ')}`);
      if (results.length % 200 === 0) tellProgress(results, cells.length);
    });
    report(results, every.length);
    expect(results).to.have.length(cells.length);
  });

  it('a process that is killed, and started again with the same run id', async () => {
    const every: Cell[] = [];
    for (const operation of OPERATIONS) {
      for (const step of await recordSteps(worlds[0]!, operation)) {
        for (const fault of KILLS) if (fault.strikes(step)) every.push({ operation, step, fault });
      }
    }
    const results: CellResult[] = [];
    const waiting: Cell[] = shuffled(every, randomFrom(SEED)).slice(0, RUNS_ALL ? every.length : KILLED);
    await Promise.all(
      worlds.slice(0, 3).map(async (on) => {
        let next = startHost();
        for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
          const host = next;
          next = startHost();
          results.push(await runKill(on, host, cell));
        }
        next.kill('SIGKILL');
      }),
    );
    report(results, every.length);
  });
});
