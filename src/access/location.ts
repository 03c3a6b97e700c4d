const PARTITION_BY_PREFIX: ReadonlyArray<readonly [prefix: string, partition: string]> = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['us-iso-', 'aws-iso'],
  ['us-isob-', 'aws-iso-b'],
  ['eu-isoe-', 'aws-iso-e'],
  ['us-isof-', 'aws-iso-f'],
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
