import type { Clock } from '../core/run.ts';

/** The time inside a world: the machine's, moved forward on demand; and how long credentials last in it. */
export interface WorldClock extends Clock {
  /** Moves the world forward; credentials, logins and instance roles age with it. */
  advance(seconds: number): void;
  /** What answers are dated with: AWS's time without what `advance` added, which no client's machine went along with. */
  date(): Date;
  /** How far AWS's clock is ahead of the machine's; negative: behind. Does not count what `advance` added. */
  setSkew(seconds: number): void;
  /** A lifetime of 900 s lasts 900 times this. Holds for what is issued from now on. */
  setLifetimeScale(scale: number): void;
  /** When something issued now for this many seconds ends. */
  expiryAfter(seconds: number): Date;
  /** Milliseconds that a span of so many seconds lasts, where lifetimes are scaled. */
  scaledMs(seconds: number): number;
  /**
   * What AWS may take a moment for that a client wrote down: as it stands; as a clock that went along with every `advance`
   * would have written it; and as one that follows AWS's clock since an earlier answer. Lets a signature made before an
   * advance grow old, and one made after it be fresh. The client's clock may be late by `lagMs`.
   */
  readingsOf(timeMs: number, lagMs: number): readonly number[];
}

export interface ClockInit {
  readonly machine?: Clock;
  readonly skewSeconds?: number | undefined;
  readonly lifetimeScale?: number | undefined;
}

/** AWS tells expiry in whole seconds; a lifetime of seconds may have none to lose. */
const ROUNDED_FROM_MS = 60_000;

function checkScale(scale: number): number {
  if (!(scale > 0 && scale <= 1)) throw new RangeError('A lifetime scale is above 0 and at most 1');
  return scale;
}

function checkSkew(seconds: number): number {
  if (!Number.isFinite(seconds)) throw new RangeError('A clock skew is a number of seconds');
  return seconds * 1000;
}

/** Throws `RangeError` for a scale that is not above 0 and at most 1, and for a skew that is no number. */
export function createWorldClock(init: ClockInit = {}): WorldClock {
  const machine = init.machine ?? { now: Date.now };
  const jumps: { readonly at: number; readonly offsetMs: number }[] = [];
  let skewMs = checkSkew(init.skewSeconds ?? 0);
  let scale = checkScale(init.lifetimeScale ?? 1);
  const offset = (): number => jumps.at(-1)?.offsetMs ?? 0;
  const offsetAt = (time: number): number => jumps.findLast(({ at }) => at <= time)?.offsetMs ?? 0;
  const now = (): number => machine.now() + offset() + skewMs;
  const scaledMs = (seconds: number): number => seconds * 1000 * scale;
  return {
    now,
    date: () => new Date(machine.now() + skewMs),
    advance: (seconds) => {
      if (!Number.isFinite(seconds) || seconds < 0) throw new RangeError('A world clock only moves forward');
      jumps.push({ at: machine.now(), offsetMs: offset() + seconds * 1000 });
    },
    setSkew: (seconds) => {
      skewMs = checkSkew(seconds);
    },
    setLifetimeScale: (wanted) => {
      scale = checkScale(wanted);
    },
    scaledMs,
    expiryAfter: (seconds) => {
      const lastsMs = scaledMs(seconds);
      const endMs = now() + lastsMs;
      return new Date(lastsMs < ROUNDED_FROM_MS ? endMs : Math.floor(endMs / 1000) * 1000);
    },
    readingsOf: (time, lagMs) => {
      const learned = [0, ...jumps.map(({ offsetMs }) => offsetMs)].flatMap((offsetMs) =>
        [...new Set([0, skewMs])].map((learnedSkewMs) => {
          const onMachine = time - offsetMs - learnedSkewMs;
          return onMachine + offsetAt(onMachine + lagMs) + learnedSkewMs;
        }),
      );
      return [time, ...learned];
    },
  };
}
