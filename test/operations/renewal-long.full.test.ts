import { expect } from 'chai';
import { countCalls, expectAllRows, openRenewalWorld, workFor } from './renewal-world.ts';

const LIFE_SECONDS = 1.75;
const WORK_SECONDS = 70;
/** About 24 MB that no compressor makes smaller: a load in several parts. */
const ROWS_WRITTEN = 8_000;

describe('work that outlives its credentials a hundred times', () => {
  it('a direct read, a staged read and a load of a minute each, with new sessions all the while: no row lost, none doubled', async () => {
    await using opened = await openRenewalWorld(LIFE_SECONDS);
    const done = await workFor(opened, WORK_SECONDS, ROWS_WRITTEN);
    await expectAllRows(opened, done, ROWS_WRITTEN);
    const { roles, logins, identities, refused } = await countCalls(opened);
    const renewals = opened.events.filter((event) => event.type === 'hop' && event.isRenewal).length;
    const least = done.seconds / LIFE_SECONDS;
    console.log(
      `      ${Math.round(done.seconds)} s, ${done.sessions} sessions: ${renewals} renewals, by ${roles} calls of ` +
        `sts:AssumeRole and ${logins} of redshift:GetClusterCredentials`,
    );
    expect(renewals).to.be.at.least(100);
    expect(renewals).to.equal(roles + logins - 3);
    expect(logins, 'logins').to.be.within(least, 2 * least);
    expect(roles, 'sessions of two roles').to.be.within(1.5 * least, 4 * least);
    expect(identities).to.equal(1);
    expect(refused, 'calls refused').to.deep.equal([]);
    expect(opened.events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
    expect(await opened.leftovers()).to.deep.equal([]);
  });
});
