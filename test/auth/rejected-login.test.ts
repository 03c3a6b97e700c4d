import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { type AccessDeps, openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { recordedRun } from './fakes.ts';

describe('a login that the cluster rejects', () => {
  let world: TestWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld();
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  function open(changes: Record<string, unknown>, deps: AccessDeps = {}) {
    const options = resolveOptions({ ...world.connection('keys-etl-agent').values, ...changes });
    const access = openAccess(planAccess(options), { environment: {}, ...deps });
    const database = openDatabase(access, options);
    return {
      database,
      [Symbol.asyncDispose]: async () => {
        await database[Symbol.asyncDispose]();
        await access[Symbol.asyncDispose]();
      },
    };
  }

  const bought = async (): Promise<number> => (await world.calls('redshift:GetClusterCredentials')).length;

  it('is replaced once when it expired unseen, here because our clock is behind; open sessions live on', async () => {
    await using opened = open({ maxSessions: 10 });
    const before = await bought();
    await using first = await opened.database.session(recordedRun());
    await world.advance(901);
    const later = await Promise.all(Array.from({ length: 5 }, () => opened.database.session(recordedRun())));
    expect(later.map((session) => session.capabilities().user)).to.deep.equal(Array.from({ length: 5 }, () => 'etl'));
    expect(first.isBroken).to.equal(false);
    for (const session of later) await session[Symbol.asyncDispose]();
    expect((await bought()) - before).to.equal(2);
  });

  it('twice, for a user that does not exist, ends the attempts of a whole pool without a storm', async () => {
    await using opened = open({ username: 'nobody', maxSessions: 10 }, { clock: world.clock });
    const before = await bought();
    const attempts = Array.from({ length: 30 }, () => opened.database.session(recordedRun()));
    const outcomes = await Promise.allSettled(attempts);
    const codes = outcomes.map((outcome) =>
      outcome.status === 'rejected' && outcome.reason instanceof ConnectorError ? outcome.reason.code : 'none',
    );
    expect(new Set(codes)).to.deep.equal(new Set(['RS_AUTH_LOGIN_REJECTED']));
    expect((await bought()) - before).to.equal(2);
  });

  it('is not met at all when the user may be created on the way', async () => {
    await using opened = open(
      { username: 'newcomer', autoCreateDbUser: true, dbGroups: ['loaders'] },
      { clock: world.clock },
    );
    await using session = await opened.database.session(recordedRun());
    expect(session.capabilities().user).to.equal('newcomer');
  });
});
