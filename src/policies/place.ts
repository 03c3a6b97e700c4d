import type { AccessPlan } from '../access/plan.ts';
import { readEndpointName } from '../core/endpoint-name.ts';
import type { PolicyExtras, PolicyOptions } from './extras.ts';
import { placeholder } from './placeholders.ts';

/** The cluster or workgroup as policies, trust conditions and grants name it. */
export interface RedshiftPlace {
  /** Of the cluster's side: that of the last role, which has to live with the cluster. Twelve digits, or a placeholder. */
  readonly account: string;
  /** Identifier of a cluster, name of a workgroup, or a placeholder. */
  readonly name: string;
  readonly isServerless: boolean;
  readonly arn: string;
  /** The database user that COPY runs as. */
  readonly user: string;
  /** `arnOf('dbuser', 'etl')`: something of this cluster. */
  readonly arnOf: (kind: 'dbuser' | 'dbname' | 'dbgroup', name: string) => string;
}

/** Where the connection ends. What no option tells is a placeholder. */
export function placeOf(plan: AccessPlan, options: PolicyOptions, extras: PolicyExtras): RedshiftPlace {
  const host = plan.endpoint.host;
  const facts = host === undefined ? undefined : readEndpointName(host);
  const { login } = plan;
  const isServerless = login.kind === 'serverlessCredentials' || facts?.isServerless === true;
  const region = plan.endpoint.region ?? plan.aws.region ?? '';
  // WORKGROUP.ACCOUNT.REGION.redshift-serverless.amazonaws.com
  const byHost = facts?.workgroup === undefined ? undefined : host?.split('.')[1];
  const account = plan.roles.at(-1)?.account ?? extras.clusterAccount ?? byHost ?? placeholder('CLUSTER_ACCOUNT');
  const name = isServerless
    ? (workgroupOf(plan, options) ?? facts?.workgroup ?? placeholder('WORKGROUP'))
    : (clusterOf(plan, options) ?? facts?.clusterIdentifier ?? extras.clusterIdentifier ?? placeholder('CLUSTER'));
  const workgroupId = extras.workgroupId ?? placeholder('WORKGROUP_ID');
  // https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service-database-users.html
  const owner = isServerless ? `serverless-${account}-${workgroupId}` : name;
  const prefix = `arn:${plan.aws.partition}:redshift:${region}:${account}`;
  return {
    account,
    name,
    isServerless,
    arn: isServerless
      ? `arn:${plan.aws.partition}:redshift-serverless:${region}:${account}:workgroup/${workgroupId}`
      : `${prefix}:cluster:${name}`,
    user: databaseUserOf(plan),
    arnOf: (kind, of) => `${prefix}:${kind}:${owner}/${of}`,
  };
}

function clusterOf({ login }: AccessPlan, { clusterIdentifier }: PolicyOptions): string | undefined {
  const named = 'clusterIdentifier' in login ? login.clusterIdentifier : undefined;
  return named ?? clusterIdentifier;
}

function workgroupOf({ login }: AccessPlan, { workgroup }: PolicyOptions): string | undefined {
  return login.kind === 'serverlessCredentials' ? login.workgroup : workgroup;
}

/** The database user that a session has: the one named, or the one that follows from the role. */
export function databaseUserOf({ login, roles }: AccessPlan): string {
  switch (login.kind) {
    case 'password':
    case 'clusterCredentials':
      return login.username;
    case 'clusterCredentialsWithIam':
    case 'serverlessCredentials': {
      const arn = roles.at(-1)?.roleArn ?? '';
      return `IAMR:${arn.slice(arn.lastIndexOf('/') + 1)}`;
    }
  }
  return login satisfies never;
}
