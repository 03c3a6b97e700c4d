import type { PassedPoint } from '../../src/sandbox/faults.ts';

/** A place of an operation where a fault can strike, as a run without faults came by. */
export interface Step {
  /** What faults are told by: `s3:PutObject`, `pg:statement`. */
  readonly on: string;
  /** What it is about, without what differs from run to run. */
  readonly what: string;
  /** How many of `on` come before it. */
  readonly after: number;
  /** A part of the subject that no run changes: what a fault that stays is told by. */
  readonly matching: string;
  /** A statement between BEGIN and COMMIT. */
  readonly inTransaction: boolean;
}

/** Random names, numbers and the cell's own table. */
const VOLATILE = /[0-9a-f]{12,}|run-[\w-]+|c\d+_\w+|\d+/gi;

/** A statement without the comment in front of it. */
export const plain = (subject: string): string => subject.replace(/^\s*\/\*.*?\*\/\s*/s, '');

const shape = (subject: string): string =>
  plain(subject).replace(/\s+/g, ' ').replace(/"/g, '').replace(VOLATILE, '#').slice(0, 70);

/** The longest part of a subject that is the same in every run. */
const stablePart = (subject: string): string =>
  plain(subject)
    .split(VOLATILE)
    .reduce((best, part) => (part.length > best.length ? part : best), '');

/** The steps of a recorded run: of places that look alike the first and the last. */
export function stepsOf(passed: readonly PassedPoint[]): readonly Step[] {
  const counts = new Map<string, number>();
  const first = new Map<string, Step>();
  const last = new Map<string, Step>();
  let inTransaction = false;
  for (const { on, subject } of passed) {
    const after = counts.get(on) ?? 0;
    counts.set(on, after + 1);
    const what =
      on.startsWith('s3:') || /^(?:copy|unload):/.test(on)
        ? shape(subject.slice(subject.lastIndexOf('/') + 1))
        : shape(subject);
    if (on === 'pg:statement' && /^(?:COMMIT|ROLLBACK)/.test(subject)) inTransaction = false;
    const step = {
      on,
      what,
      after,
      matching: stablePart(subject),
      inTransaction: inTransaction && on.startsWith('pg:'),
    };
    if (on === 'pg:statement' && /^BEGIN\b/.test(subject)) inTransaction = true;
    const key = `${on} ${what}`;
    if (first.has(key)) last.set(key, { ...step, what: `${what} (last)` });
    else first.set(key, step);
  }
  return [...first.values(), ...last.values()];
}

export const nameOf = ({ on, what }: Pick<Step, 'on' | 'what'>): string => (what === '' ? on : `${on} ${what}`);
