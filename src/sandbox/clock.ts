import type { Clock } from '../core/run.ts';

/** The time inside a world: the machine's, moved forward on demand. */
export interface WorldClock extends Clock {
  /** Moves the world forward; credentials, logins and instance roles age with it. */
  advance(seconds: number): void;
  /**
   * The world's time at a moment that a client, whose clock knows nothing of `advance`, wrote down. Lets a signature made
   * before an advance grow old, and one made after it be fresh.
   */
  worldTimeOf(machineTimeMs: number): number;
}

export function createWorldClock(machine: Clock = { now: Date.now }): WorldClock {
  const jumps: { readonly at: number; readonly offsetMs: number }[] = [];
  const offsetAt = (time: number): number => jumps.findLast(({ at }) => at <= time)?.offsetMs ?? 0;
  return {
    now: () => machine.now() + (jumps.at(-1)?.offsetMs ?? 0),
    advance: (seconds) => {
      if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError('A world clock only moves forward');
      jumps.push({ at: machine.now(), offsetMs: (jumps.at(-1)?.offsetMs ?? 0) + seconds * 1000 });
    },
    worldTimeOf: (time) => time + offsetAt(time),
  };
}
