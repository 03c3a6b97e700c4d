import type { ProgressEvent } from '../core/events.ts';
import type { PhaseTimes } from './progress-line.ts';

interface Phase {
  readonly event: ProgressEvent;
  readonly startedAt: number;
  readonly countedMs: number;
}

/**
 * How far each phase is, and for how long. Phases may take turns, as fetching and writing do: each goes on with its own counts and its
 * own time. One whose rows are fewer than they were has begun anew. Times are those of `Date.now()`.
 */
export class PhaseClocks {
  readonly #phases = new Map<string, Phase>();
  #latest: Phase | undefined;

  /** Takes what a phase tells; whether another phase than before has the word. */
  take(event: ProgressEvent, nowMs: number): boolean {
    const isOther = event.phase !== this.#latest?.event.phase;
    const known = this.#phases.get(event.phase);
    const before = known !== undefined && (event.rows ?? Infinity) >= (known.event.rows ?? 0) ? known : undefined;
    const startedAt = before?.startedAt ?? nowMs;
    const isCounted = before === undefined || event.rows !== undefined;
    this.#latest = {
      event: before === undefined ? event : { ...before.event, ...event },
      startedAt,
      countedMs: isCounted ? nowMs - startedAt : before.countedMs,
    };
    this.#phases.set(event.phase, this.#latest);
    return isOther;
  }

  /** What there is to show; undefined before anything was told. */
  shown(nowMs: number): { readonly event: ProgressEvent; readonly times: PhaseTimes } | undefined {
    if (this.#latest === undefined) return undefined;
    const { event, startedAt, countedMs } = this.#latest;
    return { event, times: { elapsedMs: nowMs - startedAt, countedMs } };
  }

  /** From here on there is nothing to show. */
  clear(): void {
    this.#phases.clear();
    this.#latest = undefined;
  }
}
