import { expect } from 'chai';
import type { FaultWorld } from './fault-world.ts';
import { allCells, covering, openWorlds, randomFrom, runCells, shuffled } from './matrix.ts';
import { type Cell, type CellResult, titleOf } from './run-cell.ts';

/** A cell out of so many; `ROLESHIFT_FAULTS_SEED` draws others. */
const CELLS = 40;
const SEED = Number(process.env['ROLESHIFT_FAULTS_SEED'] ?? 20_261_124);

/** Faults that take seconds until the product gives up: those are for the whole matrix. */
const isQuick = ({ fault }: Cell): boolean => !/always|no answer|paused|for long/.test(fault.name);

describe('faults: a sample of the matrix', function () {
  this.timeout(300_000);
  let worlds: readonly FaultWorld[];
  before(async () => {
    worlds = await openWorlds(2);
  });
  after(async () => {
    for (const on of worlds ?? []) await on[Symbol.asyncDispose]();
  });

  it(`ends as it should in ${CELLS} cells, with nothing lost, doubled or left behind, and the next attempt completes`, async () => {
    const random = randomFrom(SEED);
    const [first] = worlds;
    const cells = covering(await allCells(first!), random).filter(isQuick);
    const results: CellResult[] = [];
    await runCells(worlds, shuffled(cells, random).slice(0, CELLS), (result) => results.push(result));
    const wrong = results.filter((result) => result.wrong.length > 0);
    expect(wrong.map(({ cell, wrong: what }) => [titleOf(cell), ...what])).to.deep.equal([]);
    expect(results).to.have.length(CELLS);
  });
});
