import type { AwsCredentials } from '../../auth/access.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { ActualPolicy } from '../../policies/actual-policies.ts';
import { hasPlaceholder } from '../../policies/placeholders.ts';
import { readDocument } from '../../policies/read-document.ts';
import { Bucket } from '../../staging/bucket.ts';
import { BucketRequests } from '../../staging/bucket-requests.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import type { Connection } from '../connection.ts';
import { policyOwnerOf } from './holder-of.ts';
import type { Suspect } from './suspects.ts';

/**
 * The policy of the staging bucket, where a refusal is about it and credentials of its own account may read it. Undefined
 * otherwise.
 */
export async function readBucket(
  { access, options }: Connection,
  suspects: readonly Suspect[],
  run: Run,
): Promise<ActualPolicy | undefined> {
  const requests = suspects.flatMap((suspect) => suspect.requests);
  const request = requests.find(({ action }) => action.startsWith('s3:'));
  if (request === undefined || !options.useStaging) return undefined;
  const plan = planStaging(options, access.plan.aws);
  const providers = [() => access.staging(run), () => access.role(run), () => access.identity(run)];
  for (const provider of providers) {
    const credentials = await tried(provider, run);
    // S3 lets no other account read it, whatever the policy says; where the owner is not told, S3 says whether this is the one.
    const isElsewhere = !hasPlaceholder(request.resourceAccount) && credentials?.account !== request.resourceAccount;
    if (credentials === undefined || isElsewhere) continue;
    using bucket = new Bucket(
      new BucketRequests(plan, () => Promise.resolve(credentials), access.clock, access.awsHandler()),
    );
    const text = await bucket.policy(run.signal);
    if (text === undefined) continue;
    const document = text === '' ? { Statement: [] } : readDocument(text);
    const holder = policyOwnerOf(request.resource);
    return document && { kind: 'bucket', holder, document, source: 'bucket policy' };
  }
  return undefined;
}

async function tried(
  ask: () => Promise<AwsCredentials>,
  { signal }: Pick<Run, 'signal'>,
): Promise<AwsCredentials | undefined> {
  try {
    return await ask();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof ConnectorError) return undefined;
    throw error;
  }
}
