import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { abandonWhenLate, within } from '../../src/db/time-limits.ts';

const FOREVER = new Promise<never>(() => undefined);
const LATE = { message: 'Too late', action: 'Wait.', details: { wait: 'greeting' } };

describe('abandonWhenLate', () => {
  const outcomeOf = (work: Promise<unknown>, signal: AbortSignal, limitMs: number): Promise<unknown> =>
    abandonWhenLate(work, signal, limitMs, LATE).catch((error: unknown) => error);
  const { signal } = new AbortController();

  it('gives what came in time, and passes on how it failed', async () => {
    const failure = new Error('of the work');
    expect(await outcomeOf(Promise.resolve(7), signal, 10_000)).to.equal(7);
    expect(await outcomeOf(Promise.reject(failure), signal, 10_000)).to.equal(failure);
  });

  it('says what took too long, and how long that was', async () => {
    const error = await outcomeOf(FOREVER, signal, 20);
    expect(error).to.be.instanceOf(ConnectorError).and.to.include({ code: 'RS_TIMEOUT', message: 'Too late' });
    expect((error as ConnectorError).details).to.deep.equal({ wait: 'greeting', limitSeconds: 0.02 });
  });

  it('ends with the reason of an abort', async () => {
    const reason = new Error('stop');
    expect(await outcomeOf(FOREVER, AbortSignal.abort(reason), 10_000)).to.equal(reason);
  });
});

describe('within', () => {
  it('waits for the end of work, or for the limit', async () => {
    await within(10_000, Promise.resolve());
    await within(20, FOREVER);
  });
});
