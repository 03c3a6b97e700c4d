/**
 * One scripted misfortune. `on` names where it strikes: an AWS action (`sts:AssumeRole`, `redshift:GetClusterCredentials`,
 * `redshift-serverless:GetCredentials`, `iam:GetRole`, `s3:GetObject`, `imds:Token`, `imds:GetCredentials`,
 * `container:GetCredentials`) or a point of the pg endpoint (`pg:accept` (before TLS), `pg:connect`, `pg:statement`, `pg:lock`, `pg:commit`,
 * `pg:autocommit`, `pg:copy`, `pg:unload`). A star at its end stands for any rest: `s3:*`.
 */
export interface Fault {
  readonly on: string;
  /** How often it strikes before it is used up. Default 1; `always`: until it is taken away. */
  readonly times?: number | 'always';
  /** Strikes only after this many untouched calls. Default 0. */
  readonly after?: number;
  readonly effect: /** AWS asks to slow down. */
    | { readonly kind: 'throttle' }
    /** An answer of this HTTP status, or SQLSTATE at the pg endpoint. */
    | { readonly kind: 'error'; readonly status?: number; readonly code?: string; readonly message?: string }
    /** The answer comes late. */
    | { readonly kind: 'delay'; readonly ms: number }
    /** No answer ever comes, and the connection stays. */
    | { readonly kind: 'silence' }
    /** The connection is cut: before the work is done, after it and before the answer, or midway in the object S3 sends. */
    | { readonly kind: 'drop'; readonly when?: 'before' | 'after' | 'midway' };
  /** Strikes only where the resource, key or SQL text holds this text. */
  readonly matching?: string;
}

/** The scripted faults of a world. */
export interface FaultBook {
  add(...faults: readonly Fault[]): void;
  clear(): void;
  /** The fault that strikes this call now, if any; counts it. */
  take(on: string, subject?: string): Fault | undefined;
}

const strikes = ({ times = 1 }: Fault): number => (times === 'always' ? Number.POSITIVE_INFINITY : times);

const strikesAt = (fault: Fault, on: string): boolean =>
  fault.on.endsWith('*') ? on.startsWith(fault.on.slice(0, -1)) : fault.on === on;

export function createFaultBook(): FaultBook {
  let scripted: { readonly fault: Fault; untouched: number; left: number }[] = [];
  return {
    add: (...faults) => {
      for (const fault of faults) scripted.push({ fault, untouched: fault.after ?? 0, left: strikes(fault) });
    },
    clear: () => {
      scripted = [];
    },
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
        return fault;
      }
      return undefined;
    },
  };
}
