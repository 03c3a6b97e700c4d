import { defined } from '../core/defined.ts';
import type { Run } from '../core/run.ts';
import { Bucket } from './bucket.ts';
import { BucketRequests } from './bucket-requests.ts';
import type { StagingProvider } from './credentials.ts';
import type { StagingAccess } from './staging-area.ts';
import type { StagingPlan } from './staging-plan.ts';

/** Longest wait for credentials. */
const CREDENTIALS_MS = 120_000;

/** The staging bucket, asked with the staging credentials as they are at each request. Whoever opens it disposes it. */
export function openBucket(plan: StagingPlan, access: StagingAccess, run: Run): Bucket {
  // Cleaning up needs credentials when the run's own signal is aborted: each request for them has its own limit.
  const provider: StagingProvider = (rejected) =>
    access.staging({ ...run, signal: AbortSignal.timeout(CREDENTIALS_MS) }, defined({ rejected }));
  return new Bucket(new BucketRequests(plan, provider, access.clock, access.awsHandler?.(), run.publish));
}
