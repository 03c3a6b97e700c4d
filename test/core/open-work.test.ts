import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { OpenWork } from '../../src/core/open-work.ts';

describe('OpenWork', () => {
  const closed = new Error('closed');

  it('waits for the clean-up of a reader that stopped between two values', async () => {
    const work = new OpenWork();
    let cleaned = false;
    const reader = work.stream(
      (async function* () {
        try {
          yield 1;
          yield 2;
        } finally {
          await delay(20);
          cleaned = true;
        }
      })(),
    );
    await reader.next();
    await work.close(closed, 5_000);
    expect(cleaned).to.equal(true);
    expect(await reader.next()).to.deep.equal({ value: undefined, done: true });
  });

  it('aborts a call that is under way, and waits until it has ended', async () => {
    const work = new OpenWork();
    const signal = work.signal(undefined);
    let ended = false;
    const call = work.follow(
      delay(10_000, undefined, { signal }).catch(async (error: unknown) => {
        await delay(20);
        ended = true;
        throw error;
      }),
    );
    const failure = call.catch((error: unknown) => error);
    await work.close(closed, 5_000);
    expect(ended).to.equal(true);
    expect(await failure).to.include({ cause: closed });
  });

  it('hands on the reason of the caller, untouched', () => {
    const caller = new AbortController();
    const signal = new OpenWork().signal(caller.signal);
    const reason = new Error('the caller left');
    caller.abort(reason);
    expect(signal.reason).to.equal(reason);
  });

  it('gives up on work that never ends', async () => {
    const work = new OpenWork();
    void work.follow(new Promise(() => undefined));
    await work.close(closed, 20);
    expect(work.isClosed).to.equal(true);
  });
});
