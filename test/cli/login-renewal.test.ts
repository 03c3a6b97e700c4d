import { expect } from 'chai';
import { renewUntil } from '../../src/cli/login-renewal.ts';
import { Secret } from '../../src/core/secret.ts';
import type { IssuedLogin } from '../../src/operations/login.ts';

function login(password: string, lifetimeMs: number | undefined): IssuedLogin {
  const place = { host: 'h', port: 5439, database: 'dev', user: 'IAM:etl', tls: { mode: 'verify-full' } } as const;
  const end = lifetimeMs === undefined ? {} : { expiresAt: new Date(Date.now() + lifetimeMs) };
  return { ...place, password: new Secret(password), ...end };
}

describe('renewUntil', () => {
  it('passes on each new login once, however often it asks, until it is stopped', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    let asked = 0;
    await renewUntil(stop.signal, login('first', 1_200), {
      // As a connector answers: the same one until it has renewed it.
      ask: async () => {
        asked += 1;
        return login(`number ${Math.floor(asked / 2)}`, 1_200);
      },
      onRenewed: async ({ password }) => {
        seen.push(password.reveal());
        if (seen.length === 3) stop.abort();
      },
      onFailed: (error) => {
        throw error;
      },
    });
    expect(seen).to.deep.equal(['number 0', 'number 1', 'number 2']);
    expect(asked).to.be.within(4, 5);
  });

  it('gives up where it is told to', async () => {
    const refusal = new Error('refused');
    const ended: unknown = await renewUntil(new AbortController().signal, login('first', 600), {
      ask: () => Promise.reject(refusal),
      onRenewed: () => Promise.resolve(),
      onFailed: (error) => {
        throw error;
      },
    }).catch((error: unknown) => error);
    expect(ended).to.equal(refusal);
  });

  it('does not hurry for a login that another clock gave', async () => {
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 700);
    let asked = 0;
    await renewUntil(stop.signal, login('first', -1_000), {
      ask: async () => {
        asked += 1;
        return login('first', -1_000);
      },
      onRenewed: () => Promise.resolve(),
      onFailed: () => undefined,
    });
    expect(asked).to.equal(0);
  });

  it('ends at once when it is stopped, between two questions and during one', async () => {
    for (const lifetime of [undefined, 300]) {
      const stop = new AbortController();
      const failures: unknown[] = [];
      setTimeout(() => stop.abort(), 300);
      await renewUntil(stop.signal, login('first', lifetime), {
        ask: () =>
          new Promise((_, reject) => {
            stop.signal.addEventListener('abort', () => reject(stop.signal.reason as Error));
          }),
        onRenewed: () => Promise.resolve(),
        onFailed: (error) => failures.push(error),
      });
      expect(stop.signal.aborted).to.equal(true);
      expect(failures).to.deep.equal([]);
    }
  });
});
