import { DescribeClustersCommand, DescribeCustomDomainAssociationsCommand } from '@aws-sdk/client-redshift';
import { GetNamespaceCommand, GetWorkgroupCommand } from '@aws-sdk/client-redshift-serverless';
import { watchAwsClock } from '../core/aws-clock.ts';
import { defined } from '../core/defined.ts';
import type { AwsCredentials } from './access.ts';
import { type AwsWire, openRedshift, openRedshiftServerless } from './aws-call.ts';

/** What AWS tells of a cluster or a workgroup besides its endpoint. */
export interface LookedUp {
  readonly account?: string;
  /** The role that `default` means in COPY. */
  readonly defaultRoleArn?: string;
}

/** Asks AWS for a part of an ARN, once and in bounded time. What AWS or the SDK throws is thrown on as it is. */
export interface LookUps {
  /** https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeClusters.html */
  cluster(identifier: string): Promise<LookedUp>;
  /** https://docs.aws.amazon.com/redshift/latest/APIReference/API_DescribeCustomDomainAssociations.html */
  clusterOfDomain(domain: string): Promise<string | undefined>;
  /** https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetWorkgroup.html */
  workgroup(name: string): Promise<LookedUp & { readonly id?: string; readonly namespace?: string }>;
  /** https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetNamespace.html */
  namespace(name: string): Promise<LookedUp>;
}

/** Look-ups as one caller, signed by AWS's clock. */
export function lookUpsAs(keys: AwsCredentials, { target, signal, clock }: Omit<AwsWire, 'limits'>): LookUps {
  const bounded = (): { abortSignal: AbortSignal } => ({
    abortSignal: AbortSignal.any([signal, AbortSignal.timeout(target.connectTimeoutMs + target.timeoutMs)]),
  });
  const redshift = <T>(ask: (client: ReturnType<typeof openRedshift>) => Promise<T>): Promise<T> => {
    const client = openRedshift(target, keys);
    if (clock !== undefined) watchAwsClock(client, clock);
    return ask(client).finally(() => client.destroy());
  };
  const serverless = <T>(ask: (client: ReturnType<typeof openRedshiftServerless>) => Promise<T>): Promise<T> => {
    const client = openRedshiftServerless(target, keys);
    if (clock !== undefined) watchAwsClock(client, clock);
    return ask(client).finally(() => client.destroy());
  };
  return {
    cluster: async (ClusterIdentifier) => {
      const command = new DescribeClustersCommand({ ClusterIdentifier });
      const { Clusters: [cluster] = [] } = await redshift((client) => client.send(command, bounded()));
      return defined({
        account: accountIn(cluster?.ClusterNamespaceArn),
        defaultRoleArn: roleIn(cluster?.DefaultIamRoleArn),
      });
    },
    clusterOfDomain: async (CustomDomainName) => {
      const command = new DescribeCustomDomainAssociationsCommand({ CustomDomainName });
      const { Associations = [] } = await redshift((client) => client.send(command, bounded()));
      return Associations.flatMap(({ CertificateAssociations = [] }) => CertificateAssociations).find(
        (each) => each.CustomDomainName?.toLowerCase() === CustomDomainName.toLowerCase(),
      )?.ClusterIdentifier;
    },
    workgroup: async (workgroupName) => {
      const command = new GetWorkgroupCommand({ workgroupName });
      const { workgroup } = await serverless((client) => client.send(command, bounded()));
      return defined({
        id: workgroup?.workgroupId,
        account: accountIn(workgroup?.workgroupArn),
        namespace: workgroup?.namespaceName,
      });
    },
    namespace: async (namespaceName) => {
      const command = new GetNamespaceCommand({ namespaceName });
      const { namespace } = await serverless((client) => client.send(command, bounded()));
      return defined({
        account: accountIn(namespace?.namespaceArn),
        defaultRoleArn: roleIn(namespace?.defaultIamRoleArn),
      });
    },
  };
}

function accountIn(arn: string | undefined): string | undefined {
  const account = arn?.split(':')[4];
  return account !== undefined && /^\d{12}$/.test(account) ? account : undefined;
}

/** As it is, or out of the text that Redshift Serverless gives in its place: `IamRole(applyStatus=.., iamRoleArn=arn:..)`. */
export function roleIn(text: string | undefined): string | undefined {
  return /arn:[a-z-]+:iam::\d{12}:role\/[\w+=,.@/-]*[\w+=.@/-]/.exec(text ?? '')?.[0];
}
