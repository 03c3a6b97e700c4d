import type { Principal } from '../../src/sandbox/identity.ts';
import type { Random } from './random.ts';

export const HOME = '111122223333';
export const AWAY = '444455556666';
/** One whose condition keys the other evaluator knows. */
export const ISSUER = 'accounts.google.com';

export type ContextRecord = Readonly<Record<string, string | readonly string[]>>;

export interface Caller {
  readonly principal: Principal;
  readonly context: ContextRecord;
}

function user(account: string, name: string, path: string): Caller {
  const arn = `arn:aws:iam::${account}:user${path}${name}`;
  return {
    principal: { kind: 'user', arn, account, userId: `AIDA${name.toUpperCase().padEnd(17, 'X')}` },
    context: {
      'aws:PrincipalArn': arn,
      'aws:PrincipalAccount': account,
      'aws:PrincipalType': 'User',
      'aws:userid': `AIDA${name.toUpperCase().padEnd(17, 'X')}`,
      'aws:username': name,
      'aws:PrincipalTag/team': 'data',
    },
  };
}

function session(account: string, role: string, sessionName: string): Caller {
  const userId = `AROA${role.toUpperCase().padEnd(17, 'X')}:${sessionName}`;
  const roleArn = `arn:aws:iam::${account}:role/${role}`;
  return {
    principal: {
      kind: 'assumedRole',
      arn: `arn:aws:sts::${account}:assumed-role/${role}/${sessionName}`,
      account,
      userId,
      roleArn,
      sessionName,
    },
    context: {
      'aws:PrincipalArn': roleArn,
      'aws:PrincipalAccount': account,
      'aws:PrincipalType': 'AssumedRole',
      'aws:userid': userId,
      'aws:PrincipalTag/team': 'loads',
    },
  };
}

export const USERS: readonly Caller[] = [user(HOME, 'ann', '/'), user(HOME, 'bob', '/team/'), user(AWAY, 'ann', '/')];
export const SESSIONS: readonly Caller[] = [session(HOME, 'Etl', 'run-1'), session(AWAY, 'Etl', 'run-1')];
export const SERVICE: Caller = {
  principal: { kind: 'service', arn: 'redshift.amazonaws.com', account: '', userId: 'redshift.amazonaws.com' },
  context: { 'aws:SourceArn': `arn:aws:redshift:us-east-1:${HOME}:cluster:warehouse`, 'aws:SourceAccount': HOME },
};
const PROVIDER = `arn:aws:iam::${HOME}:oidc-provider/${ISSUER}`;
export const POD: Caller = {
  principal: { kind: 'federated', arn: PROVIDER, account: '', userId: 'system:serviceaccount:default:agent' },
  context: {
    [`${ISSUER}:sub`]: 'system:serviceaccount:default:agent',
    [`${ISSUER}:aud`]: 'sts.amazonaws.com',
  },
};
export const NOBODY: Caller = {
  principal: { kind: 'anonymous', arn: 'anonymous', account: '', userId: 'anonymous' },
  context: {},
};

export interface Target {
  readonly action: string;
  readonly resource: string;
  readonly account: string;
  readonly context: ContextRecord;
}

const object = (action: string, key: string, context: ContextRecord = {}): Target => ({
  action: `s3:${action}`,
  resource: `arn:aws:s3:::acme-data/${key}`,
  account: HOME,
  context,
});

export const S3_TARGETS: readonly Target[] = [
  object('GetObject', 'in/2026/orders.csv'),
  object('GetObject', 'home/ann/a.csv'),
  object('GetObject', 'a*b?.csv'.replaceAll('*', '-').replaceAll('?', '_')),
  object('PutObject', 'out/part-0001', {
    's3:x-amz-server-side-encryption': 'aws:kms',
    's3:x-amz-storage-class': 'STANDARD',
  }),
  object('DeleteObject', 'out/part-0001'),
  {
    action: 's3:ListBucket',
    resource: 'arn:aws:s3:::acme-data',
    account: HOME,
    context: { 's3:prefix': 'home/ann/', 's3:max-keys': '100', 's3:delimiter': '/' },
  },
];

export const REDSHIFT_TARGETS: readonly Target[] = [
  {
    action: 'redshift:JoinGroup',
    resource: `arn:aws:redshift:us-east-1:${HOME}:dbgroup:warehouse/loaders`,
    account: HOME,
    context: {},
  },
  {
    action: 'redshift:CreateClusterUser',
    resource: `arn:aws:redshift:us-east-1:${HOME}:dbuser:warehouse/etl`,
    account: HOME,
    context: { 'redshift:DbUser': 'etl' },
  },
  {
    action: 'redshift:DescribeClusters',
    resource: `arn:aws:redshift:us-east-1:${HOME}:cluster:warehouse`,
    account: HOME,
    context: {},
  },
  { action: 's3:ListAllMyBuckets', resource: '*', account: HOME, context: {} },
];

export const ROLE_TARGET: Target = {
  action: 'sts:AssumeRole',
  resource: `arn:aws:iam::${HOME}:role/Redshift`,
  account: HOME,
  context: { 'sts:ExternalId': 'tenant-7', 'sts:RoleSessionName': 'etl-1' },
};

/** What every request carries. */
export const GLOBAL_CONTEXT: ContextRecord = {
  'aws:CurrentTime': '2026-11-24T12:00:00Z',
  'aws:EpochTime': '1795521600',
  'aws:SecureTransport': 'true',
  'aws:SourceIp': '203.0.113.17',
  'aws:RequestedRegion': 'us-east-1',
  'aws:PrincipalOrgID': 'o-exampleorgid',
};

/** A text with a piece of it made a wildcard, or left as it is. */
export function wildcarded(random: Random, text: string, fixedPrefix = 0): string {
  const kind = random.below(5);
  const from = fixedPrefix + random.below(Math.max(text.length - fixedPrefix, 1));
  const to = Math.min(from + 1 + random.below(6), text.length);
  if (kind === 0) return `${text.slice(0, from)}*`;
  if (kind === 1) return `${text.slice(0, from)}*${text.slice(to)}`;
  if (kind === 2) return `${text.slice(0, from)}?${text.slice(from + 1)}`;
  if (kind === 3 && random.chance(0.3)) return `${text.slice(0, from)}x${text.slice(to)}`;
  return text;
}
