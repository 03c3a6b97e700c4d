import { expect } from 'chai';
import type { Login } from '../../src/auth/access.ts';
import { createLoginCache } from '../../src/auth/login-cache.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { fakeClock, settle } from './fakes.ts';

const KEY = ['caller', 'cluster', 'etl'];

function setUp(user = 'IAM:etl') {
  const clock = fakeClock();
  const bought: Login[] = [];
  const cache = createLoginCache<void>(
    async () => {
      const login = {
        user,
        password: new Secret(`canary-${bought.length}`),
        expiresAt: new Date(clock.now() + 900_000),
        database: 'dev',
      };
      bought.push(login);
      await settle();
      return login;
    },
    clock,
    () => undefined,
  );
  const get = (rejected?: Login) => cache.get(KEY, undefined, rejected);
  const refusal = async (rejected?: Login): Promise<ConnectorError> => {
    const error = await get(rejected).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ConnectorError);
    return error as ConnectorError;
  };
  return { clock, bought, cache, get, refusal };
}

describe('login cache', () => {
  it('replaces a rejected login once, for all callers together', async () => {
    const { bought, get } = setUp();
    const first = await get();
    const second = await Promise.all(Array.from({ length: 200 }, () => get(first)));
    expect(bought).to.have.length(2);
    expect(new Set(second)).to.deep.equal(new Set([bought[1]]));
  });

  it('gives the new login to a caller that comes late with the old one', async () => {
    const { bought, get } = setUp();
    const first = await get();
    await get(first);
    expect(await get(first)).to.equal(bought[1]);
    expect(bought).to.have.length(2);
  });

  it('stops when the replacement is rejected too: for a while neither AWS nor the database is asked', async () => {
    const { clock, bought, get, refusal } = setUp();
    const first = await get();
    const fresh = await get(first);
    const failure = await refusal(fresh);
    expect(failure.code).to.equal('RS_AUTH_LOGIN_REJECTED');
    expect(failure.message).to.match(/IAM:etl.*within 30 s/);
    expect(failure.action).to.match(/autoCreateDbUser/);
    clock.advance(20_000);
    expect((await refusal()).message).to.match(/within 10 s/);
    expect((await refusal(first)).code).to.equal('RS_AUTH_LOGIN_REJECTED');
    expect(bought).to.have.length(2);
    clock.advance(10_000);
    expect(await get(fresh)).to.equal(bought[2]);
  });

  it('replaces again when a login that served for a while is rejected', async () => {
    const { clock, bought, get } = setUp();
    const second = await get(await get());
    expect(second).to.equal(bought[1]);
    clock.advance(30_000);
    expect(await get(second)).to.equal(bought[2]);
  });

  it('keeps logins of other keys apart', async () => {
    const { bought, cache, get } = setUp();
    await get();
    await cache.get(['caller', 'cluster', 'other'], undefined);
    await get();
    expect(bought).to.have.length(2);
  });

  it('speaks of the rights of a user that was created on the way', async () => {
    const { get, refusal } = setUp('IAMA:etl');
    const failure = await refusal(await get(await get()));
    expect(failure.action).to.match(/rights of the user/);
    expect(JSON.stringify(failure)).to.not.include('canary');
  });
});
