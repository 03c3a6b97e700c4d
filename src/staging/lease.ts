/** Name of the object that says whose a staging folder is, and until when it must be left alone. */
export const LEASE_NAME = '_lease.json';

/** A lease is good for this long and renewed at a third of it. A folder with a lapsed one belongs to nobody. */
export const LEASE_MS = 60 * 60_000;

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
