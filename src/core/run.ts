import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { type ConnectorEvent, type EventOrigin, publishOnChannel, warnOfListener } from './events.ts';

/** Milliseconds since the epoch, and a wait. Tests hand in their own. */
export interface Clock {
  now(): number;
}

export const SYSTEM_CLOCK: Clock = { now: Date.now };

/** The one context that passes downwards: whose work this is, when it must stop, who listens. */
export interface Run {
  /** The ledger's key: a host repeats it when it tries the same work again. */
  readonly runId: string;
  /** Aborts every wait below. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Tells listeners what happened. Never throws. */
  readonly publish: (event: ConnectorEvent) => void;
  /** The innermost phase that has begun and not ended; for marking statements. Absent where nobody marks them. */
  readonly step?: () => string | undefined;
}

export interface RunInit {
  readonly runId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock | undefined;
  readonly onEvent?: ((event: ConnectorEvent) => void) | undefined;
  /** No caller's work: its events carry no run id. */
  readonly isBackground?: boolean | undefined;
}

let calls = 0;

/** Made at the border only: by the plugin object, the pool and the command line. */
export function openRun({ runId = randomUUID(), signal, clock, onEvent, isBackground = false }: RunInit = {}): Run {
  const own = signal ?? new AbortController().signal;
  setMaxListeners(0, own);
  calls += 1;
  const origin: EventOrigin = isBackground ? {} : { runId, callId: calls };
  const phases: string[] = [];
  return {
    runId,
    signal: own,
    clock: clock ?? SYSTEM_CLOCK,
    step: () => phases.at(-1),
    publish: (event) => {
      if (event.type === 'phaseBegin') phases.push(event.phase);
      if (event.type === 'phaseEnd') {
        const at = phases.lastIndexOf(event.phase);
        if (at >= 0) phases.splice(at, 1);
      }
      try {
        publishOnChannel(event, origin);
        onEvent?.(event);
      } catch (error) {
        warnOfListener(error);
      }
    },
  };
}

/** Resolves after `ms`, or rejects with the signal's reason. Leaves no timer and no listener behind. */
export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Waits for `work` no longer than `signal` allows; the work itself goes on for whoever shares it. */
export async function abandonOnAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  work.catch(() => undefined); // whoever shares the work sees its failure; this caller may have left
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}

/** Does something `ms` milliseconds after an abort, unless it is disposed of first, which leaves no timer and no listener. */
export function afterAbort(signal: AbortSignal, ms: number, action: () => void): Disposable {
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(action, ms);
  };
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return {
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', start);
      clearTimeout(timer);
    },
  };
}
