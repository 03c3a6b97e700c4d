import type { ConnectorEvent } from '../../src/core/events.ts';
import { type Clock, openRun, type Run } from '../../src/core/run.ts';

/** A clock that stands until it is told to go on. */
export interface FakeClock extends Clock {
  advance(ms: number): void;
}

export function fakeClock(startMs = 1_800_000_000_000): FakeClock {
  let now = startMs;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}

/** A run that remembers what was published. */
export function recordedRun({ signal, clock }: { signal?: AbortSignal; clock?: Clock } = {}): Run & {
  readonly events: readonly ConnectorEvent[];
} {
  const events: ConnectorEvent[] = [];
  return { ...openRun({ signal, clock, onEvent: (event) => events.push(event) }), events };
}

/** A promise that is settled from outside. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: unknown) => void } {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** Lets everything that is ready run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
