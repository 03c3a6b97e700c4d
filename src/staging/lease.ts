/** Name of the object that says whose a staging folder is, and until when it must be left alone. */
export const LEASE_NAME = '_lease.json';

/** A lease is good for this long and renewed at a third of it. A folder with a lapsed one belongs to nobody. */
export const LEASE_MS = 60 * 60_000;

/** A lease is a few hundred bytes; what is larger is something else. */
export const MAX_LEASE_BYTES = 4096;

/** What a lease tells, times in ms since the epoch. */
export interface Lease {
  readonly runId: string;
  readonly renewedAt: number;
  readonly expiresAt: number;
}

/** Renders the lease of one run. It names no host and no person. */
export function renderLease(runId: string, nowMs: number): string {
  const at = (ms: number): string => new Date(ms).toISOString();
  return JSON.stringify({
    kind: 'roleshift-lease',
    version: 1,
    runId,
    renewedAt: at(nowMs),
    expiresAt: at(nowMs + LEASE_MS),
  });
}

/** Reads a lease back; `undefined` for any text that is not exactly one of ours. */
export function readLease(text: string): Lease | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined; // not ours
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, version, runId, renewedAt, expiresAt } = value as Readonly<Record<string, unknown>>;
  if (kind !== 'roleshift-lease' || version !== 1 || typeof runId !== 'string') return undefined;
  const [renewed, expires] = [instant(renewedAt), instant(expiresAt)];
  if (renewed === undefined || expires === undefined || expires - renewed !== LEASE_MS) return undefined;
  return { runId, renewedAt: renewed, expiresAt: expires };
}

/** Only the form that `renderLease` writes. */
function instant(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) || new Date(ms).toISOString() !== value ? undefined : ms;
}
