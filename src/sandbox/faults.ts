import { maskSecrets } from './mask-secrets.ts';

/** Refusals of Redshift that a fault may name instead of spelling them out. */
const MISFORTUNES = [
  'conflict',
  'snapshotConflict',
  'multipleMatches',
  'monitoringRule',
  'diskFull',
  'tableDropped',
] as const;
export type Misfortune = (typeof MISFORTUNES)[number];

/**
 * One scripted misfortune. `on` names where it strikes: an AWS action (`sts:AssumeRole`, `redshift:GetClusterCredentials`,
 * `redshift-serverless:GetCredentials`, `iam:GetRole`, `s3:GetObject`, `imds:Token`, `imds:GetCredentials`,
 * `container:GetCredentials`), a point of the pg endpoint (`pg:accept` (before TLS), `pg:connect`, `pg:statement`, `pg:lock`, `pg:commit`,
 * `pg:autocommit`, `pg:copy`, `pg:unload`, `pg:loadErrors`) or an object that COPY reads and UNLOAD writes (`copy:GetObject`,
 * `unload:PutObject`). A star at its end stands for any rest: `s3:*`.
 */
export interface Fault {
  readonly on: string;
  /** How often it strikes before it is used up. Default 1; `always`: until it is taken away. */
  readonly times?: number | 'always';
  /** Strikes only after this many untouched calls. Default 0. */
  readonly after?: number;
  readonly effect: /** AWS asks to slow down; `after`: what was asked is done all the same, as with `error`. */
    | { readonly kind: 'throttle'; readonly when?: 'before' | 'after' }
    /**
     * An answer of this HTTP status, or SQLSTATE at the pg endpoint. A call is refused before it is done, or `after` it (AWS
     * only); a statement before it is run, or `midway`: it is ended when it has run for `ms`. `as` is Redshift's own wording.
     */
    | {
        readonly kind: 'error';
        readonly status?: number;
        readonly code?: string;
        readonly message?: string;
        readonly as?: Misfortune;
        readonly when?: 'before' | 'midway' | 'after';
        readonly ms?: number;
      }
    /** The answer comes late. */
    | { readonly kind: 'delay'; readonly ms: number }
    /** No answer ever comes, and the connection stays; the work is never done, or was done before (`after`). */
    | { readonly kind: 'silence'; readonly when?: 'before' | 'after' }
    /**
     * The connection is cut: before the work is done, after it and before the answer, or midway in the object S3 sends. At the pg
     * endpoint `midway` cuts at once and does the work all the same, when `ms` of the world's time have passed.
     */
    | { readonly kind: 'drop'; readonly when?: 'before' | 'after' | 'midway'; readonly ms?: number }
    /** Another session locks the table ahead of the statement, and lets go of it after `ms` of the world's time. */
    | { readonly kind: 'lock'; readonly table: string; readonly ms: number; readonly user?: string }
    /** The cluster ends every session and takes no other for `ms` of the world's time; the API says why. */
    | { readonly kind: 'restart' | 'pause'; readonly ms: number }
    /** The object is not there. */
    | { readonly kind: 'missing' }
    /** Half of the object is there. */
    | { readonly kind: 'truncated' };
  /** Strikes only where the resource, key or SQL text holds this text. */
  readonly matching?: string;
}

/** A place where a fault may strike, as the work of a client came by. */
export interface PassedPoint {
  readonly on: string;
  /** Resource, key or SQL text: what `matching` looks at. */
  readonly subject: string;
  /** The effect that struck there, if any. */
  readonly struck?: Fault['effect']['kind'];
}

/** The scripted faults of a world. */
export interface FaultBook {
  add(...faults: readonly Fault[]): void;
  /** Takes all faults away, and forgets the points that were passed. */
  clear(): void;
  /** The points passed since the last `clear`, oldest first: the first 5,000. */
  points(): readonly PassedPoint[];
  /** The fault that strikes this call now, if any; counts it. */
  take(on: string, subject?: string): Fault | undefined;
}

const strikes = ({ times = 1 }: Fault): number => (times === 'always' ? Number.POSITIVE_INFINITY : times);

const strikesAt = (fault: Fault, on: string): boolean =>
  fault.on.endsWith('*') ? on.startsWith(fault.on.slice(0, -1)) : fault.on === on;

const KEPT_POINTS = 5000;
const KEPT_SUBJECT = 2000;

export function createFaultBook(): FaultBook {
  let scripted: { readonly fault: Fault; untouched: number; left: number }[] = [];
  let passed: PassedPoint[] = [];
  const note = (on: string, subject: string, fault?: Fault): void => {
    if (passed.length >= KEPT_POINTS) return;
    passed.push({ on, subject: subject.slice(0, KEPT_SUBJECT), ...(fault && { struck: fault.effect.kind }) });
  };
  return {
    add: (...faults) => {
      for (const fault of faults) scripted.push({ fault, untouched: fault.after ?? 0, left: strikes(fault) });
    },
    clear: () => {
      scripted = [];
      passed = [];
    },
    points: () => passed.map((point) => ({ ...point, subject: maskSecrets(point.subject) })),
    take: (on, subject = '') => {
      for (const entry of scripted) {
        const { fault } = entry;
        if (!strikesAt(fault, on) || (fault.matching !== undefined && !subject.includes(fault.matching))) continue;
        if (entry.untouched > 0) {
          entry.untouched -= 1;
          continue;
        }
        entry.left -= 1;
        if (entry.left <= 0) scripted = scripted.filter((other) => other !== entry);
        note(on, subject, fault);
        return fault;
      }
      note(on, subject);
      return undefined;
    },
  };
}
