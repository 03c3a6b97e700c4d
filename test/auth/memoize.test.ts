import { expect } from 'chai';
import { memoizeUntilExpiry } from '../../src/auth/memoize.ts';
import { abandonOnAbort } from '../../src/core/run.ts';
import { deferred, fakeClock, settle } from './fakes.ts';

interface Issued {
  readonly number: number;
  readonly expiresAt?: Date;
}

const LIFETIME_MS = 3_600_000;
const AHEAD_MS = 300_000;

function setUp({ lifetimeMs = LIFETIME_MS, fails = () => false }: { lifetimeMs?: number; fails?: () => boolean } = {}) {
  const clock = fakeClock();
  const issued: string[] = [];
  const failures: { readonly error: unknown; readonly isFirst: boolean }[] = [];
  const memoized = memoizeUntilExpiry<Issued, string>(
    async (caller) => {
      issued.push(caller);
      await settle();
      if (fails()) throw new Error(`failure ${issued.length}`);
      return { number: issued.length, expiresAt: new Date(clock.now() + lifetimeMs) };
    },
    { clock },
    ({ error, isFirst }) => failures.push({ error, isFirst }),
  );
  return { clock, issued, failures, memoized };
}

describe('memoizeUntilExpiry', () => {
  it('asks once for callers that arrive together', async () => {
    const { issued, memoized } = setUp();
    const values = await Promise.all(Array.from({ length: 200 }, (_, index) => memoized.get(`caller ${index}`)));
    expect(issued).to.deep.equal(['caller 0']);
    expect(new Set(values)).to.have.property('size', 1);
  });

  for (const { title, lifetimeMs, waitMs, requests } of [
    {
      title: 'reuses a value with time left',
      lifetimeMs: LIFETIME_MS,
      waitMs: LIFETIME_MS - AHEAD_MS - 1,
      requests: 1,
    },
    { title: 'renews five minutes ahead', lifetimeMs: LIFETIME_MS, waitMs: LIFETIME_MS - AHEAD_MS, requests: 2 },
    {
      title: 'reuses a short-lived value for two thirds of its life',
      lifetimeMs: 600_000,
      waitMs: 399_999,
      requests: 1,
    },
    {
      title: 'renews a short-lived value a third of its life ahead',
      lifetimeMs: 600_000,
      waitMs: 400_000,
      requests: 2,
    },
    { title: 'asks again after expiry', lifetimeMs: LIFETIME_MS, waitMs: LIFETIME_MS, requests: 2 },
  ]) {
    it(title, async () => {
      const { clock, issued, memoized } = setUp({ lifetimeMs });
      await memoized.get('first');
      clock.advance(waitMs);
      await memoized.get('second');
      expect(issued).to.have.length(requests);
    });
  }

  it('keeps a value without expiry for ever', async () => {
    const clock = fakeClock();
    let requests = 0;
    const memoized = memoizeUntilExpiry<Issued>(async () => ({ number: ++requests }), { clock });
    await memoized.get();
    clock.advance(10 * 365 * 86_400_000);
    expect((await memoized.get()).number).to.equal(1);
  });

  it('gives the value in hand at once while a renewal is under way, and the new one after it', async () => {
    const { clock, issued, memoized } = setUp();
    await memoized.get('first');
    clock.advance(LIFETIME_MS - AHEAD_MS);
    const numbers = await Promise.all([memoized.get('a'), memoized.get('b')]);
    expect(numbers.map(({ number }) => number)).to.deep.equal([1, 1]);
    await settle();
    await settle();
    expect((await memoized.get('c')).number).to.equal(2);
    expect(issued).to.deep.equal(['first', 'a']);
  });

  it('waits for the renewal when the value in hand is about to expire', async () => {
    const { clock, memoized } = setUp();
    await memoized.get('first');
    clock.advance(LIFETIME_MS - 59_999);
    expect((await memoized.get('second')).number).to.equal(2);
  });

  it('never caches a failure', async () => {
    let broken = true;
    const { issued, memoized } = setUp({ fails: () => broken });
    const first = await memoized.get('a').catch((error: Error) => error.message);
    broken = false;
    expect(first).to.equal('failure 1');
    expect((await memoized.get('b')).number).to.equal(2);
    expect(issued).to.deep.equal(['a', 'b']);
  });

  it('keeps a still-valid value when its renewal fails, tells it once, and waits before the next try', async () => {
    let broken = false;
    const { clock, issued, failures, memoized } = setUp({ fails: () => broken });
    await memoized.get('first');
    broken = true;
    clock.advance(LIFETIME_MS - 30_000);
    const values = await Promise.all([memoized.get('a'), memoized.get('b'), memoized.get('c')]);
    expect(values.map(({ number }) => number)).to.deep.equal([1, 1, 1]);
    expect(failures).to.have.length(1);
    clock.advance(9_999);
    await memoized.get('d');
    expect(issued).to.deep.equal(['first', 'a']);
    clock.advance(1);
    await memoized.get('e');
    expect(issued).to.deep.equal(['first', 'a', 'e']);
    expect(failures.map(({ isFirst }) => isFirst)).to.deep.equal([true, false]);
  });

  it('scales every margin with a lifetime of seconds, and never renews in a loop', async () => {
    let broken = false;
    const { clock, issued, memoized } = setUp({ lifetimeMs: 3_000, fails: () => broken });
    await memoized.get('first');
    clock.advance(1_999);
    await memoized.get('too early');
    clock.advance(1);
    expect((await memoized.get('ahead')).number).to.equal(1);
    await settle();
    await settle();
    clock.advance(2_501);
    expect((await memoized.get('hurried')).number).to.equal(3);
    broken = true;
    clock.advance(2_600);
    for (let call = 0; call < 10; call += 1) await memoized.get(`failing ${call}`);
    expect(issued).to.deep.equal(['first', 'ahead', 'hurried', 'failing 0']);
    clock.advance(100);
    await memoized.get('again');
    expect(issued.at(-1)).to.equal('again');
  });

  it('keeps a value that comes expired for a second, so that callers do not ask one after the other', async () => {
    const { clock, issued, memoized } = setUp({ lifetimeMs: -5_000 });
    for (let call = 0; call < 10; call += 1) await memoized.get(`call ${call}`);
    expect(issued).to.have.length(1);
    clock.advance(1_000);
    await memoized.get('later');
    expect(issued).to.have.length(2);
  });

  for (const { title, waitMs, lifeMs, requests } of [
    { title: 'renews first when a need is longer than the rest', waitMs: 1_000_000, lifeMs: 2_700_000, requests: 2 },
    { title: 'does not when the rest is enough', waitMs: 1_000_000, lifeMs: 2_600_000, requests: 1 },
    {
      title: 'does not for a need that no value meets, while a new one would last hardly longer',
      waitMs: 800_000,
      lifeMs: 9_000_000,
      requests: 1,
    },
    {
      title: 'does for such a need once a quarter of the life is gone',
      waitMs: 900_001,
      lifeMs: 9_000_000,
      requests: 2,
    },
  ]) {
    it(title, async () => {
      const { clock, issued, memoized } = setUp();
      await memoized.get('first');
      clock.advance(waitMs);
      expect((await memoized.get('step', lifeMs)).number).to.equal(requests);
      expect(issued).to.have.length(requests);
    });
  }

  it('goes on with the value in hand when it cannot be renewed for a need', async () => {
    let broken = false;
    const { clock, failures, memoized } = setUp({ fails: () => broken });
    await memoized.get('first');
    broken = true;
    clock.advance(1_200_000);
    expect((await memoized.get('step', 3_000_000)).number).to.equal(1);
    expect(failures).to.have.length(1);
  });

  it('does not give out a value that expired while its renewal was failing', async () => {
    const clock = fakeClock();
    const second = deferred<Issued>();
    const answers = [Promise.resolve({ number: 1, expiresAt: new Date(clock.now() + LIFETIME_MS) }), second.promise];
    const memoized = memoizeUntilExpiry<Issued>(() => answers.shift() ?? Promise.reject(new Error('dry')), { clock });
    await memoized.get();
    clock.advance(LIFETIME_MS - 10);
    const waiting = memoized.get().catch((error: Error) => error.message);
    clock.advance(20);
    second.reject(new Error('too late'));
    expect(await waiting).to.equal('too late');
  });

  it('survives a renewal that fails in the background while nobody waits', async () => {
    let broken = false;
    const { clock, memoized } = setUp({ fails: () => broken });
    await memoized.get('first');
    broken = true;
    clock.advance(LIFETIME_MS - AHEAD_MS);
    await memoized.get('a');
    clock.advance(AHEAD_MS);
    await settle();
    await settle();
    broken = false;
    expect((await memoized.get('b')).number).to.equal(3);
  });

  it('forgets the value that is named, and no newer one', async () => {
    const { clock, issued, memoized } = setUp();
    const first = await memoized.get('a');
    memoized.forget(first);
    expect(memoized.current()).to.equal(undefined);
    const second = await memoized.get('b');
    memoized.forget(first);
    expect(memoized.current()).to.equal(second);
    memoized.forget();
    await memoized.get('c');
    expect(issued).to.deep.equal(['a', 'b', 'c']);
    clock.advance(LIFETIME_MS);
    expect(memoized.current()).to.equal(undefined);
  });

  it('goes on for the others when the caller that started the request leaves', async () => {
    const { issued, memoized } = setUp();
    const impatient = new AbortController();
    const left = abandonOnAbort(memoized.get('impatient'), impatient.signal).catch((error: unknown) => error);
    const stayed = memoized.get('patient');
    impatient.abort('left');
    expect(await left).to.equal('left');
    expect((await stayed).number).to.equal(1);
    expect(issued).to.deep.equal(['impatient']);
  });
});
