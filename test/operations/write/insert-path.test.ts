import { expect } from 'chai';
import { openWriteWorld, type WriteWorld } from './write-world.ts';

describe('rows by INSERT', () => {
  let world: WriteWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openWriteWorld(undefined, { useStaging: false });
  });
  after(() => world[Symbol.asyncDispose]());

  it('inserts where the connection has no staging', async () => {
    await world.table('plain', 'id INTEGER, note VARCHAR(20)');
    const report = await world.write({ object: 'sales.plain' }, [
      { id: 1, note: "it's" },
      { id: 2, note: null },
    ]);
    expect(report).to.include({ outcome: 'committed', path: 'insert', files: 0, bytes: 0 });
    expect(report.rows).to.include({ read: 2, staged: 2, loaded: 2, inserted: 2 });
    expect(await world.rows('SELECT id, note FROM sales.plain ORDER BY id')).to.deep.equal([
      ['1', "it's"],
      ['2', null],
    ]);
  });
});
