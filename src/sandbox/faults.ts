/**
 * One scripted misfortune. `on` names where it strikes: an AWS action (`sts:AssumeRole`, `redshift:GetClusterCredentials`,
 * `s3:GetObject`, `imds:GetCredentials`) or a point of the pg endpoint (`pg:connect`, `pg:statement`, `pg:commit`,
 * `pg:copy`, `pg:unload`).
 */
export interface Fault {
  readonly on: string;
  /** How often it strikes before it is used up. Default 1. */
  readonly times?: number;
  /** Strikes only after this many untouched calls. Default 0. */
  readonly after?: number;
  readonly effect: /** AWS asks to slow down. */
    | { readonly kind: 'throttle' }
    /** An answer of this HTTP status, or SQLSTATE at the pg endpoint. */
    | { readonly kind: 'error'; readonly status?: number; readonly code?: string; readonly message?: string }
    /** The answer comes late. */
    | { readonly kind: 'delay'; readonly ms: number }
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

export function createFaultBook(): FaultBook {
  let scripted: { readonly fault: Fault; untouched: number; left: number }[] = [];
  return {
    add: (...faults) => {
      for (const fault of faults) scripted.push({ fault, untouched: fault.after ?? 0, left: fault.times ?? 1 });
    },
    clear: () => {
      scripted = [];
    },
    take: (on, subject = '') => {
      for (const entry of scripted) {
        const { fault } = entry;
        if (fault.on !== on || (fault.matching !== undefined && !subject.includes(fault.matching))) continue;
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
