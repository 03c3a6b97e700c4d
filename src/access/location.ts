/** What a Redshift host name says about the cluster behind it. */
export interface HostFacts {
  readonly kind: 'provisioned' | 'serverless';
  /** Cluster identifier or workgroup name; absent for a managed VPC endpoint, whose name is its own. */
  readonly name?: string;
  readonly region: string;
}

// CLUSTER.HASH.REGION.redshift.amazonaws.com and WORKGROUP.ACCOUNT.REGION.redshift-serverless.amazonaws.com, China with .cn.
const HOST = /^([a-z0-9-]+)\.([a-z0-9]+)\.([a-z0-9-]+)\.(redshift|redshift-serverless)\.amazonaws\.com(?:\.cn)?$/;

/** Reads cluster and region out of an Amazon host name; undefined for any other (a tunnel, a CNAME, an address). */
export function readHost(host: string | undefined): HostFacts | undefined {
  const match = host === undefined ? null : HOST.exec(host.toLowerCase());
  if (match === null) return undefined;
  const [, name = '', , region = '', service] = match;
  const isManagedEndpoint = /-endpoint-[a-z0-9]+$/.test(name);
  return {
    kind: service === 'redshift' ? 'provisioned' : 'serverless',
    region,
    ...(isManagedEndpoint ? {} : { name }),
  };
}

const PARTITION_BY_PREFIX: ReadonlyArray<readonly [prefix: string, partition: string]> = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eusc-', 'aws-eusc'],
];

/** The first part of every ARN in a region: `aws`, `aws-cn`, `aws-us-gov` and so on. */
export function partitionOf(region: string | undefined): string {
  return PARTITION_BY_PREFIX.find(([prefix]) => region?.startsWith(prefix))?.[1] ?? 'aws';
}

/** The parts of a role's ARN that planning and messages need; undefined when it is not one. */
export interface RoleArn {
  readonly partition: string;
  readonly account: string;
  /** Without its path: what an assumed-role ARN repeats. */
  readonly name: string;
}

const ROLE_ARN = /^arn:(aws[a-z-]*):iam::(\d{12}):role\/(?:[\x21-\x7e]*\/)?([\w+=,.@-]{1,64})$/;

/** Takes a role's ARN apart. */
export function readRoleArn(arn: string): RoleArn | undefined {
  const match = ROLE_ARN.exec(arn);
  if (match === null) return undefined;
  const [, partition = '', account = '', name = ''] = match;
  return { partition, account, name };
}
