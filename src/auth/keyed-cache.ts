import {
  type Expiring,
  type Memoized,
  type MemoizeOptions,
  memoizeUntilExpiry,
  type RenewalFailure,
} from './memoize.ts';

/** Memoized values by key: for answers that are shaped by who asks for what. */
export interface KeyedCache<T extends Expiring, C> {
  /** `key` must name all that shapes the answer. `lifeMs`: how long the value has to live, as far as that can be had. */
  get(key: readonly unknown[], context: C, lifeMs?: number): Promise<T>;
  /** Drops the value of a key while it is still `value`. */
  forget(key: readonly unknown[], value: T): void;
  /** The value of a key while it is valid. */
  current(key: readonly unknown[]): T | undefined;
  forgetAll(): void;
}

/** One `memoizeUntilExpiry` a key; keys whose value has expired are dropped when another one comes. */
export function createKeyedCache<T extends Expiring, C>(
  provider: (context: C) => Promise<T>,
  options: MemoizeOptions,
  onRenewalFailed?: (failure: RenewalFailure<T, C>) => void,
): KeyedCache<T, C> {
  const entries = new Map<string, { readonly memoized: Memoized<T, C>; waiting: number }>();

  const entryOf = (key: string): { readonly memoized: Memoized<T, C>; waiting: number } => {
    const known = entries.get(key);
    if (known !== undefined) return known;
    for (const [other, { memoized, waiting }] of entries) {
      if (waiting === 0 && memoized.current() === undefined) entries.delete(other);
    }
    const entry = { memoized: memoizeUntilExpiry(provider, options, onRenewalFailed), waiting: 0 };
    entries.set(key, entry);
    return entry;
  };

  return {
    async get(key, context, lifeMs) {
      const entry = entryOf(JSON.stringify(key));
      entry.waiting += 1;
      try {
        return await entry.memoized.get(context, lifeMs);
      } finally {
        entry.waiting -= 1;
      }
    },
    forget: (key, value) => entries.get(JSON.stringify(key))?.memoized.forget(value),
    current: (key) => entries.get(JSON.stringify(key))?.memoized.current(),
    forgetAll: () => entries.clear(),
  };
}
