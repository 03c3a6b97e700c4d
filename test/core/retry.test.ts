import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { type RetryLimits, retry } from '../../src/core/retry.ts';
import { openRun, sleep } from '../../src/core/run.ts';

const QUICK: RetryLimits = { attempts: 3, totalMs: 1_000, attemptMs: 200, firstDelayMs: 1 };

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.fail('should have failed'),
    (error: unknown) => error,
  );
}

describe('retry', () => {
  it('tries again after a transient failure', async () => {
    let attempts = 0;
    const answer = await retry(openRun(), QUICK, async () => {
      attempts += 1;
      if (attempts < 3) throw new ConnectorError('RS_THROTTLED', 'Slow down');
      return 'done';
    });
    expect([answer, attempts]).to.deep.equal(['done', 3]);
  });

  it('gives up after the last attempt with the last failure', async () => {
    let attempts = 0;
    const error = await failureOf(
      retry(openRun(), QUICK, async () => {
        attempts += 1;
        throw new ConnectorError('RS_THROTTLED', `attempt ${attempts}`);
      }),
    );
    expect(error).to.include({ code: 'RS_THROTTLED', message: 'attempt 3' });
  });

  for (const error of [new ConnectorError('RS_AUTH_ROLE_DENIED', 'Denied'), new TypeError('a defect')]) {
    it(`does not repeat ${error.name} ${error.message}`, async () => {
      let attempts = 0;
      const seen = await failureOf(
        retry(openRun(), QUICK, async () => {
          attempts += 1;
          throw error;
        }),
      );
      expect([seen, attempts]).to.deep.equal([error, 1]);
    });
  }

  it('bounds one attempt in time and says so', async () => {
    const error = await failureOf(
      retry(openRun(), { ...QUICK, attempts: 1, attemptMs: 20 }, (signal) => sleep(5_000, signal)),
    );
    expect(error).to.include({ code: 'RS_TIMEOUT' });
  });

  it('ends at once on an abort, with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('the user left');
    const work = retry(openRun({ signal: controller.signal }), QUICK, (signal) => sleep(5_000, signal));
    controller.abort(reason);
    expect(await failureOf(work)).to.equal(reason);
  });
});
