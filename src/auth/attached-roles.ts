import { DescribeClustersCommand } from '@aws-sdk/client-redshift';
import { GetNamespaceCommand, GetWorkgroupCommand } from '@aws-sdk/client-redshift-serverless';
import { watchAwsClock } from '../core/aws-clock.ts';
import { defined } from '../core/defined.ts';
import type { AwsCredentials } from './access.ts';
import { type AwsWire, openRedshift, openRedshiftServerless } from './aws-call.ts';
import { readForeignError } from './foreign-error.ts';
import { roleIn } from './look-up.ts';

/** A role that a cluster or namespace has. */
export interface AttachedRole {
  readonly arn: string;
  /** `in-sync`, `adding`, `removing`; absent where AWS did not say. */
  readonly status?: string;
}

/** The roles that COPY and UNLOAD may name. */
export interface AttachedRoles {
  readonly roles: readonly AttachedRole[];
  /** What `default` stands for. */
  readonly defaultRoleArn?: string;
}

/** Which of the two is asked, by identifier or name. */
export type RoleHolderTarget = { readonly clusterIdentifier: string } | { readonly workgroup: string };

type Wire = Omit<AwsWire, 'limits'>;

/**
 * Asks AWS once, in bounded time, which roles a cluster or a workgroup's namespace has. Undefined where the caller may not
 * ask, or AWS does not answer: that is no finding. Throws the signal's reason alone.
 */
export async function readAttachedRoles(
  caller: AwsCredentials,
  asked: RoleHolderTarget,
  { target, signal, clock }: Wire,
): Promise<AttachedRoles | undefined> {
  const limit = AbortSignal.timeout(target.connectTimeoutMs + target.timeoutMs);
  const wire = { target, signal: AbortSignal.any([signal, limit]), clock };
  try {
    return 'workgroup' in asked
      ? await ofWorkgroup(caller, asked.workgroup, wire)
      : await ofCluster(caller, asked.clusterIdentifier, wire);
  } catch (error) {
    signal.throwIfAborted();
    // Anything that AWS or the network said; a defect of ours has no name of theirs and is one.
    if (limit.aborted || readForeignError(error).status !== undefined || !(error instanceof TypeError))
      return undefined;
    throw error;
  }
}

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeClusters.html */
async function ofCluster(
  caller: AwsCredentials,
  ClusterIdentifier: string,
  { target, signal: abortSignal, clock }: Wire,
): Promise<AttachedRoles | undefined> {
  const redshift = openRedshift(target, caller);
  if (clock !== undefined) watchAwsClock(redshift, clock);
  try {
    const answer = await redshift.send(new DescribeClustersCommand({ ClusterIdentifier }), { abortSignal });
    const [cluster] = answer.Clusters ?? [];
    if (cluster === undefined) return undefined;
    return {
      roles: (cluster.IamRoles ?? []).flatMap(({ IamRoleArn: arn, ApplyStatus: status }) =>
        arn === undefined ? [] : [{ arn, ...defined({ status }) }],
      ),
      ...defined({ defaultRoleArn: cluster.DefaultIamRoleArn === '' ? undefined : cluster.DefaultIamRoleArn }),
    };
  } finally {
    redshift.destroy();
  }
}

/** https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetNamespace.html */
async function ofWorkgroup(
  caller: AwsCredentials,
  workgroupName: string,
  { target, signal: abortSignal, clock }: Wire,
): Promise<AttachedRoles | undefined> {
  const serverless = openRedshiftServerless(target, caller);
  if (clock !== undefined) watchAwsClock(serverless, clock);
  try {
    const { workgroup } = await serverless.send(new GetWorkgroupCommand({ workgroupName }), { abortSignal });
    const namespaceName = workgroup?.namespaceName;
    if (namespaceName === undefined) return undefined;
    const { namespace } = await serverless.send(new GetNamespaceCommand({ namespaceName }), { abortSignal });
    return {
      roles: (namespace?.iamRoles ?? []).flatMap((text) => attachedRoleIn(text) ?? []),
      ...defined({ defaultRoleArn: roleIn(namespace?.defaultIamRoleArn) }),
    };
  } finally {
    serverless.destroy();
  }
}

function attachedRoleIn(text: string): AttachedRole | undefined {
  const arn = roleIn(text);
  return arn === undefined ? undefined : { arn, ...defined({ status: /applyStatus=([\w-]+)/.exec(text)?.[1] }) };
}
