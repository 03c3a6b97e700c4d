import { ConnectorError } from '../core/errors.ts';
import type { Clock } from '../core/run.ts';
import type { Login } from './access.ts';
import { createKeyedCache } from './keyed-cache.ts';
import type { RenewalFailure } from './memoize.ts';

/** After a fresh login was refused as well, none is bought and none tried for this long. */
const REFUSED_MS = 30_000;

/** Logins by key, with what the database said of them. */
export interface LoginCache<C> {
  /** `rejected`: the login that the database just refused. */
  get(key: readonly unknown[], context: C, rejected?: Login): Promise<Login>;
  /** The login in hand while it is valid and nobody said that it was refused. */
  current(key: readonly unknown[]): Login | undefined;
}

/**
 * Caches logins. One that the database refuses is replaced once, for all callers together; when the replacement is
 * refused too, callers get RS_AUTH_LOGIN_REJECTED for a while without asking AWS or the database: a pool must not storm
 * either.
 */
export function createLoginCache<C>(
  buy: (context: C) => Promise<Login>,
  clock: Clock,
  onRenewalFailed: (failure: RenewalFailure<Login, C>) => void,
): LoginCache<C> {
  const logins = createKeyedCache(buy, { clock }, onRenewalFailed);
  const refusals = new Map<string, Refusal>();

  return {
    async get(key, context, rejected) {
      const id = JSON.stringify(key);
      const refusal = refusals.get(id);
      const isRecent = refusal !== undefined && clock.now() < refusal.untilMs;
      if (isRecent && refusal.isFinal) throw rejectedAgain(refusal, clock);
      // A login that was replaced meanwhile says nothing about the one in hand.
      if (rejected !== undefined && rejected === logins.current(key)) {
        const next = { user: rejected.user, isFinal: isRecent, untilMs: clock.now() + REFUSED_MS };
        refusals.set(id, next);
        logins.forget(key, rejected);
        if (next.isFinal) throw rejectedAgain(next, clock);
      }
      return logins.get(key, context);
    },
    current: (key) => logins.current(key),
  };
}

/** The database refused the login in hand. */
interface Refusal {
  readonly user: string;
  /** It was the replacement of one that had been refused just before. */
  readonly isFinal: boolean;
  readonly untilMs: number;
}

function rejectedAgain({ user, untilMs }: Refusal, clock: Clock): ConnectorError {
  const seconds = Math.max(1, Math.ceil((untilMs - clock.now()) / 1000));
  return loginRejected(user, { note: `no new one is asked for within ${seconds} s` });
}

/** The database refuses a user and password that were just issued. */
export function loginRejected(user: string, { note }: { readonly note?: string } = {}): ConnectorError {
  const suffix = note === undefined ? '' : `; ${note}`;
  return new ConnectorError('RS_AUTH_LOGIN_REJECTED', `The database refuses the login of ${user}${suffix}`, {
    action: user.startsWith('IAM:')
      ? 'Check that the database user exists, or turn on autoCreateDbUser.'
      : 'Check username, password and the rights of the user on this database.',
    details: { user },
  });
}
