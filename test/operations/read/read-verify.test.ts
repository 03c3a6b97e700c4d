import { expect } from 'chai';
import type { DescribedSource } from '../../../src/operations/read/read-describe.ts';
import { planReadSource } from '../../../src/operations/read/read-source.ts';
import { ReadCheck } from '../../../src/operations/read/read-verify.ts';
import { planReadWork } from '../../../src/operations/read/read-work.ts';
import { ChecksumCounter } from '../../../src/types/checksum.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

describe('reads that are verified', () => {
  let world: ReadWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    await world.table(
      'verified',
      'id INTEGER, name VARCHAR(20), ratio REAL, at TIMESTAMPTZ, bytes VARBYTE(9)',
      `SELECT i, 'row ' || i, i / 3.0::REAL, TIMESTAMPTZ '2024-01-01 00:00:00+00' + i * INTERVAL '1 hour', FROM_HEX('00') FROM generate_series(1, 3000) AS g(i)`,
    );
  });
  after(() => world[Symbol.asyncDispose]());

  for (const mode of ['direct', 'staged'] as const) {
    it(`give the same rows by ${mode}, once each column was compared`, async () => {
      expect(await world.rows({ object: 'verified', mode, verify: true })).to.have.length(3000);
      expect(await world.rows({ query: 'SELECT id AS a, name AS a FROM verified', mode, verify: true })).to.have.length(
        3000,
      );
      expect(await world.rows({ object: 'verified', where: 'id < 0', mode, verify: true })).to.have.length(0);
      expect(await world.leftovers()).to.deep.equal([]);
    });
  }

  it('fail by the name of the column whose values are others', async () => {
    const run = world.run();
    const source = planReadSource({ object: 'verified', columns: ['id', 'name'] }, 'public');
    const described: DescribedSource = {
      source,
      fields: [
        { name: 'id', type: { kind: 'integer' } },
        { name: 'name', type: { kind: 'varchar', bytes: 20 } },
      ],
    };
    const check = new ReadCheck(described, []);
    const session = await world.connection.database.session(run);
    try {
      await check.ask(session, run);
    } finally {
      await session[Symbol.asyncDispose]();
    }
    const counter = new ChecksumCounter(described.fields);
    const ids = Array.from({ length: 3000 }, (_, index) => index + 1);
    counter.addColumns([ids, ids.map((id) => (id === 7 ? 'row 8' : `row ${id}`))], 3000);
    expect(() => check.compare(counter.total()))
      .to.throw('Column "name" (VARCHAR(20)) has other values in what Redshift holds than in the rows read')
      .with.property('code', 'RS_COUNT_MISMATCH');
    const accepting = new ReadCheck(described, ['name']);
    expect(() => accepting.compare(counter.total())).to.throw('the rows read are 3000');
  });

  for (const spec of [{ mode: 'partitioned' }, { limit: 5 }, { mode: 'staged', resumable: true }] as const) {
    it(`are refused for ${JSON.stringify(spec)}, where two looks need not see the same rows`, () => {
      expect(() => planReadWork({ object: 'verified', verify: true, ...spec }, 'public'))
        .to.throw()
        .with.property('code', 'RS_CONFIG_INVALID');
    });
  }
});
