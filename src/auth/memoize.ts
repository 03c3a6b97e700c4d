import type { Clock } from '../core/run.ts';

/** Anything that may go out of date; without a date it never does. */
export interface Expiring {
  readonly expiresAt?: Date;
}

export interface MemoizeOptions {
  readonly clock: Clock;
  /** After a failed renewal, the next one waits this long while the value is valid. Default: 10 s. */
  readonly retryAfterMs?: number;
}

/** A cached provider. */
export interface Memoized<T extends Expiring, C> {
  /** The value in hand, or what `provider` yields. `context` serves only the request that this call starts, if any. */
  get(context: C): Promise<T>;
  /** Drops the value in hand: all of them, or only while it is still `value`. */
  forget(value?: T): void;
  /** The value in hand while it is valid. */
  current(): T | undefined;
}

const LONGEST_AHEAD_MS = 300_000;
/** With this much life left a caller need not wait for the renewal that it started. */
const UNHURRIED_MS = 60_000;

interface Held<T> {
  readonly value: T;
  readonly expiresAtMs: number;
  readonly renewAtMs: number;
}

/**
 * Caches what `provider` yields until it expires, and renews it ahead: five minutes before, or a third of its lifetime
 * if that is less. Callers that arrive together share one request. A failure is never cached; while the old value is
 * valid, a failed renewal (told to `onRenewalFailed`) leaves it in use. Requests outlive the caller that started them:
 * bound a caller's wait outside, with `abandonOnAbort`.
 */
export function memoizeUntilExpiry<T extends Expiring, C = void>(
  provider: (context: C) => Promise<T>,
  { clock, retryAfterMs = 10_000 }: MemoizeOptions,
  onRenewalFailed: (error: unknown, context: C) => void = () => undefined,
): Memoized<T, C> {
  let held: Held<T> | undefined;
  let pending: Promise<T> | undefined;
  let renewal: Promise<T> | undefined;
  let renewNotBeforeMs = 0;

  const request = (context: C): Promise<T> => {
    pending ??= provider(context)
      .then((value) => {
        held = hold(value, clock.now());
        return value;
      })
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };

  const renewOnce = async (old: Held<T>, context: C): Promise<T> => {
    try {
      return await request(context);
    } catch (error) {
      renewNotBeforeMs = clock.now() + retryAfterMs;
      // Asked again, after the wait: the old value may have run out meanwhile.
      if (clock.now() >= old.expiresAtMs) throw error;
      onRenewalFailed(error, context);
      return old.value;
    }
  };
  const renew = (old: Held<T>, context: C): Promise<T> => {
    renewal ??= renewOnce(old, context).finally(() => {
      renewal = undefined;
    });
    return renewal;
  };

  return {
    async get(context) {
      const now = clock.now();
      if (held === undefined || now >= held.expiresAtMs) return request(context);
      if (now < held.renewAtMs || now < renewNotBeforeMs) return held.value;
      const renewed = renew(held, context);
      if (held.expiresAtMs - now < UNHURRIED_MS) return renewed;
      renewed.catch(() => undefined); // the next caller meets an expired value, asks anew, and sees the failure
      return held.value;
    },
    forget(value) {
      if (value === undefined || held?.value === value) held = undefined;
    },
    current: () => (held !== undefined && clock.now() < held.expiresAtMs ? held.value : undefined),
  };
}

function hold<T extends Expiring>(value: T, nowMs: number): Held<T> {
  const expiresAtMs = value.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const aheadMs = Math.min(LONGEST_AHEAD_MS, (expiresAtMs - nowMs) / 3);
  return { value, expiresAtMs, renewAtMs: expiresAtMs - aheadMs };
}
