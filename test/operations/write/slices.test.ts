import { expect } from 'chai';
import { openDatabase } from '../../../src/db/open-database.ts';
import { slicesOf } from '../../../src/operations/write/slices.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

describe('the slices of a cluster', () => {
  let on: ReadWorld;
  before(async function () {
    this.timeout(60_000);
    on = await openReadWorld({}, (_world, _account, cluster) => {
      cluster.slices = 3;
    });
  });
  after(async () => {
    await on?.[Symbol.asyncDispose]();
  });
  afterEach(() => on.world.clearFaults());

  /** As a connector of its own learns it. */
  async function asked(): Promise<number> {
    const { access, options } = on.connection;
    await using database = openDatabase(access, options, { clock: on.world.clock });
    await using session = await database.session(on.run());
    return await slicesOf(database, session, on.run());
  }

  const fault = (code: string, message: string) =>
    on.world.faults({ on: 'pg:statement', matching: 'stv_slices', effect: { kind: 'error', code, message } });

  it('are counted', async () => {
    expect(await asked()).to.equal(3);
  });

  it('are counted once a connector', async () => {
    const { database } = on.connection;
    await using session = await database.session(on.run());
    expect(await slicesOf(database, session, on.run())).to.equal(3);
    await fault('42501', 'permission denied for relation stv_slices');
    expect(await slicesOf(database, session, on.run())).to.equal(3);
  });

  for (const [title, code, message] of [
    ['the user may not see them', '42501', 'permission denied for relation stv_slices'],
    ['the server has no such view', '42P01', 'relation "stv_slices" does not exist'],
  ] as const) {
    it(`are taken for four where ${title}`, async () => {
      await fault(code, message);
      expect(await asked()).to.equal(4);
    });
  }
});
