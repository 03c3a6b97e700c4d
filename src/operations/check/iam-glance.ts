import type { AwsCredentials } from '../../auth/access.ts';
import { hasIam, openIamReader, type PrincipalPolicies } from '../../auth/iam-reads.ts';
import { ConnectorError } from '../../core/errors.ts';
import { abandonOnAbort, type Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';

/** Time for all that IAM is asked about one principal: it only adds to what is known anyway. */
const LIMIT_MS = 2_500;

/** Looks a principal up in IAM where the credentials at hand happen to be allowed to; undefined where they are not. */
export type IamGlance = (arn: string) => Promise<PrincipalPolicies | undefined>;

/** A look into IAM with the identity's credentials and those of the last role, each principal once. No call yet. */
export function openIamGlance({ access, mayReadIam = true }: Connection, run: Run): IamGlance {
  const { aws } = access.plan;
  const seen = new Map<string, Promise<PrincipalPolicies | undefined>>();

  async function look(arn: string): Promise<PrincipalPolicies | undefined> {
    const limit = AbortSignal.timeout(LIMIT_MS);
    const signal = AbortSignal.any([run.signal, limit]);
    try {
      for (const credentials of await abandonOnAbort(credentialsAtHand(), signal)) {
        if (credentials.account !== arn.split(':')[4]) continue; // IAM answers for one's own account alone
        const found = await readAs(credentials, arn, signal);
        if (found !== undefined) return found;
      }
    } catch (error) {
      run.signal.throwIfAborted();
      if (!limit.aborted && !(error instanceof ConnectorError)) throw error;
    }
    return undefined;
  }

  async function readAs(
    credentials: AwsCredentials,
    arn: string,
    signal: AbortSignal,
  ): Promise<PrincipalPolicies | undefined> {
    using reader = await openIamReader(aws, credentials, access.clock);
    const found = await reader.principal(arn, signal);
    return found.kind === 'read' ? found.policies : undefined;
  }

  async function credentialsAtHand(): Promise<readonly AwsCredentials[]> {
    const [identity, role] = await Promise.allSettled([access.identity(run), access.role(run)]);
    const reached = [identity, role].flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    return reached.filter(
      ({ accessKeyId }, at) => reached.findIndex((each) => each.accessKeyId === accessKeyId) === at,
    );
  }

  return (arn) => {
    if (!mayReadIam || !hasIam(aws)) return Promise.resolve(undefined);
    const known = seen.get(arn) ?? look(arn);
    seen.set(arn, known);
    return known;
  };
}
