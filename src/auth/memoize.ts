import type { Clock } from '../core/run.ts';

/** Anything that may go out of date; without a date it never does. */
export interface Expiring {
  readonly expiresAt?: Date;
}

export interface MemoizeOptions {
  readonly clock: Clock;
}

/** A renewal that failed while the value in hand is still valid. */
export interface RenewalFailure<T, C> {
  readonly error: unknown;
  /** Of the caller whose request it was. */
  readonly context: C;
  /** The value that stays in use. */
  readonly value: T;
  /** No renewal failed before, since the last one that succeeded. */
  readonly isFirst: boolean;
}

/** A cached provider. */
export interface Memoized<T extends Expiring, C> {
  /**
   * The value in hand, or what `provider` yields. `context` serves only the request that this call starts, if any. With
   * `lifeMs` a value that will not live that long is renewed first, as far as a new one would last longer.
   */
  get(context: C, lifeMs?: number): Promise<T>;
  /** Drops the value in hand: all of them, or only while it is still `value`. */
  forget(value?: T): void;
  /** The value in hand while it is valid. */
  current(): T | undefined;
}

const LONGEST_AHEAD_MS = 300_000;
/** With this much life left a caller need not wait for the renewal that it started. */
const UNHURRIED_MS = 60_000;
/** After a failed renewal, the next one waits this long while the value is valid. */
const RETRY_AFTER_MS = 10_000;
/** A value that comes expired, or that the source gives out again and again near its end, is kept for this long. */
const SHORTEST_HOLD_MS = 1_000;
/** A value is renewed for a long need only when it has lost more of its life than this part. */
const WORTH_RENEWING = 3 / 4;

interface Held<T> {
  readonly value: T;
  readonly lifetimeMs: number;
  readonly expiresAtMs: number;
  readonly renewAtMs: number;
}

/**
 * Caches what `provider` yields until it expires, and renews it ahead: five minutes before, or a third of its lifetime
 * if that is less; all margins shrink with the lifetime. Callers that arrive together share one request. A failure is
 * never cached; while the old value is valid, a failed renewal (told to `onRenewalFailed`) leaves it in use. Requests
 * outlive the caller that started them: bound a caller's wait outside, with `abandonOnAbort`.
 */
export function memoizeUntilExpiry<T extends Expiring, C = void>(
  provider: (context: C) => Promise<T>,
  { clock }: MemoizeOptions,
  onRenewalFailed: (failure: RenewalFailure<T, C>) => void = () => undefined,
): Memoized<T, C> {
  let held: Held<T> | undefined;
  let pending: Promise<T> | undefined;
  let renewal: Promise<T> | undefined;
  let renewNotBeforeMs = 0;
  let hasFailed = false;

  const request = (context: C): Promise<T> => {
    pending ??= provider(context)
      .then((value) => {
        held = hold(value, clock.now());
        hasFailed = false;
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
      renewNotBeforeMs = clock.now() + Math.min(RETRY_AFTER_MS, old.lifetimeMs / 30);
      // Asked again, after the wait: the old value may have run out meanwhile.
      if (clock.now() >= old.expiresAtMs) throw error;
      onRenewalFailed({ error, context, value: old.value, isFirst: !hasFailed });
      hasFailed = true;
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
    async get(context, lifeMs = 0) {
      const now = clock.now();
      if (held === undefined || now >= held.expiresAtMs) return request(context);
      const leftMs = held.expiresAtMs - now;
      const isTooShort = leftMs < Math.min(lifeMs, held.lifetimeMs * WORTH_RENEWING);
      if ((now < held.renewAtMs && !isTooShort) || now < renewNotBeforeMs) return held.value;
      const renewed = renew(held, context);
      if (isTooShort || leftMs < Math.min(UNHURRIED_MS, held.lifetimeMs / 6)) return renewed;
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
  const statedMs = value.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const lifetimeMs = Math.max(statedMs - nowMs, SHORTEST_HOLD_MS);
  const expiresAtMs = nowMs + lifetimeMs;
  const aheadMs = Math.min(LONGEST_AHEAD_MS, lifetimeMs / 3);
  return { value, lifetimeMs, expiresAtMs, renewAtMs: Math.max(expiresAtMs - aheadMs, nowMs + SHORTEST_HOLD_MS) };
}
