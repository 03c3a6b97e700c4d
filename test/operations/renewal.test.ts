import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openStagingArea } from '../../src/staging/open-staging-area.ts';
import { recordedRun } from '../auth/fakes.ts';
import type { ReadWorld } from './read-world.ts';
import { countCalls, expectAllRows, openRenewalWorld, revokeSessions, workFor } from './renewal-world.ts';

const LIFE_SECONDS = 2;
const WORK_SECONDS = 4;
const ROWS_WRITTEN = 500;

describe('credentials that end while work goes on', () => {
  let opened: ReadWorld;
  before(async function () {
    this.timeout(60_000);
    opened = await openRenewalWorld(LIFE_SECONDS);
  });
  after(async () => {
    await opened[Symbol.asyncDispose]();
  });

  it('are renewed under a direct read, a staged read, a load and new sessions, and no more often than they must', async function () {
    this.timeout(60_000);
    const done = await workFor(opened, WORK_SECONDS, ROWS_WRITTEN);
    await expectAllRows(opened, done, ROWS_WRITTEN);
    const { roles, logins, refused } = await countCalls(opened);
    const least = done.seconds / LIFE_SECONDS;
    expect(logins, 'logins').to.be.within(least, 2.5 * least + 2);
    expect(roles, 'sessions of two roles').to.be.within(2 * least, 5 * least + 4);
    expect(refused, 'calls refused').to.deep.equal([]);
    const renewals = opened.events.filter((event) => event.type === 'hop' && event.isRenewal);
    expect(renewals).to.have.length(roles + logins - 3);
    expect(opened.events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
  });

  for (const { title, skewSeconds } of [
    { title: 'an hour ahead', skewSeconds: -3600 },
    { title: 'ten minutes behind', skewSeconds: 600 },
  ]) {
    it(`are used as AWS's clock has them where this machine's is ${title}`, async () => {
      await opened.world.lifetimes(1);
      await opened.world.clockSkew(skewSeconds);
      await using access = openAccess(planAccess(opened.connection.options));
      const before = await countCalls(opened);
      const run = recordedRun();
      for (let call = 0; call < 5; call += 1) await access.login(run);
      const [login] = (await access.forecast(run)).slice(-1);
      await using area = await openStagingArea(access, opened.connection.options, run);
      await area.put('file', one(Buffer.from('x')));
      const after = await countCalls(opened);
      await opened.world.clockSkew(0);
      expect(access.clockOffset()).to.be.closeTo(skewSeconds * 1000, 1_000);
      expect(login?.remainingSeconds).to.be.within(840, 901);
      expect(after.logins - before.logins, 'logins').to.equal(1);
      expect(after.roles - before.roles, 'roles').to.equal(2);
      expect(after.refused.length - before.refused.length, 'refused signatures').to.equal(1);
    });
  }

  describe('without a word', () => {
    before(() => opened.world.lifetimes(1));

    for (const as of ['expired', 'invalid'] as const) {
      it(`are replaced once for all requests to S3 under way, where AWS calls them ${as}`, async () => {
        const area = await openStagingArea(opened.connection.access, opened.connection.options, opened.run());
        await opened.world.advance(31);
        const before = await countCalls(opened);
        await opened.world.expireEarly({ role: '*', as });
        const names = Array.from({ length: 12 }, (_, number) => `file-${number}`);
        await Promise.all(names.map((name) => area.put(name, one(Buffer.from(name)))));
        await opened.world.advance(31); // a replacement is not replaced again at once
        await opened.world.expireEarly({ role: '*', as });
        await area.verify(); // a HEAD request: its refusal says nothing
        expect(await area.size('file-3')).to.equal(6);
        const after = await countCalls(opened);
        expect(after.roles - before.roles).to.equal(2);
        expect(await area.close()).to.equal(true);
      });
    }
  });

  it('are made afresh, once, when the sessions of both roles were revoked', async () => {
    await opened.world.lifetimes(1);
    const { access, options } = opened.connection;
    const area = await openStagingArea(access, options, opened.run());
    const login = await access.login(opened.run());
    await opened.world.advance(31);
    const before = await countCalls(opened);
    await revokeSessions(opened);
    await opened.world.advance(2);
    await Promise.all([1, 2, 3, 4].map((number) => area.put(`file-${number}`, one(Buffer.from('x')))));
    expect(await access.login(opened.run(), { rejected: login })).to.not.equal(login);
    const after = await countCalls(opened);
    expect(after.roles - before.roles).to.be.within(2, 3);
    expect(await area.close()).to.equal(true);
  });
});

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
