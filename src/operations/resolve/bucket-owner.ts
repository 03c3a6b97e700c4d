import { ConnectorError } from '../../core/errors.ts';
import { Bucket } from '../../staging/bucket.ts';
import { BucketRequests } from '../../staging/bucket-requests.ts';
import { planStaging } from '../../staging/staging-plan.ts';
import { noCaller, type Search } from './search.ts';

/**
 * No call tells who owns a bucket, but one that names an owner is refused where it is another: the accounts of the
 * connection are tried, those of the roles first.
 */
export async function bucketOwnerOf({ access, options, run, callers, nobody }: Search): Promise<string | undefined> {
  const { plan } = access;
  if (callers.length === 0) throw noCaller(nobody);
  const accounts = [
    ...[...plan.roles, ...plan.stagingRoles].map(({ account }) => account).reverse(),
    ...callers.map(({ account }) => account),
    ...(options.copyRole ?? '').split(',').map((arn) => arn.split(':')[4]),
  ];
  let refusal: unknown;
  for (const account of new Set(accounts)) {
    if (account === undefined || !/^\d{12}$/.test(account)) continue;
    const staging = { ...planStaging(options, plan.aws), expectedOwner: account };
    using bucket = new Bucket(
      new BucketRequests(staging, () => access.staging(run), access.clock, access.awsHandler()),
    );
    try {
      await bucket.verify(AbortSignal.any([run.signal, AbortSignal.timeout(staging.timeoutMs)]));
      return account;
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof ConnectorError)) throw error;
      refusal ??= error;
    }
  }
  if (refusal !== undefined) throw refusal;
  return undefined;
}
