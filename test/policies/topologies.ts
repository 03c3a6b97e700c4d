import { createHash } from 'node:crypto';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import type { PolicyExtras } from '../../src/policies/policies.ts';

export const HOME = '111122223333';
export const AWAY = '444455556666';
export const STORE = '777788889999';

/** A way in: what the form says, and what the administrator adds. `tag` makes the names of principals its own. */
export interface Topology {
  readonly title: string;
  readonly clusterAccount: string;
  readonly bucketAccount?: string;
  /** The staged files have a key of KMS, in the account of the bucket. */
  readonly hasKey?: boolean;
  /** Cluster or workgroup of the world. Default: the cluster. */
  readonly ends?: 'warehouse' | 'lake';
  readonly connection: (tag: string) => ConnectionInput;
  readonly extras: (tag: string) => PolicyExtras;
  /** Steps that must pass, besides those of every check. */
  readonly machineRole?: (tag: string) => string;
}

/** Of the workgroup `lake`. */
export const WORKGROUP_ID = '5f0c6a52-0d0e-4c5b-9c57-2f6b7c1a9e10';

const arn = (account: string, kind: string, name: string): string => `arn:aws:iam::${account}:${kind}/${name}`;

const base = {
  database: 'dev',
  region: 'us-east-1',
  clusterIdentifier: 'warehouse',
  authType: 'assumeRole',
  username: 'etl',
} as const;

const staging = (account: string, tag: string, bucketAccount = account) => ({
  useStaging: true,
  stagingBucket: `bucket-${tag}`,
  stagingBucketOwner: bucketAccount,
  copyRole: arn(account, 'role', `Copy-${tag}`),
});

export const TOPOLOGIES: readonly Topology[] = [
  {
    title: 'IAM user, same account, existing database user',
    clusterAccount: HOME,
    bucketAccount: HOME,
    connection: (tag) => ({
      ...base,
      host: 'given',
      roleArn: arn(HOME, 'role', `Login-${tag}`),
      ...staging(HOME, tag),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'user', `agent-${tag}`) }),
  },
  {
    title: 'IAM user, another account with an external id, created user, groups, no host, COPY for one user',
    clusterAccount: AWAY,
    bucketAccount: AWAY,
    connection: (tag) => ({
      ...base,
      username: `made_${tag}`,
      autoCreateDbUser: true,
      dbGroups: ['loaders', 'readers'],
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
      externalId: `partner-${tag}`,
      sourceIdentity: 'person',
      ...staging(AWAY, tag),
    }),
    extras: (tag) => ({
      identityArn: arn(HOME, 'user', `agent-${tag}`),
      copyForUserOnly: true,
      pinSourceArn: true,
      pinSourceAccount: true,
      pinDbUser: true,
    }),
  },
  {
    title: 'EC2 role through an intermediate role, bucket of a third account, chained COPY roles',
    clusterAccount: AWAY,
    bucketAccount: STORE,
    machineRole: (tag) => arn(HOME, 'role', `Machine-${tag}`),
    connection: (tag) => ({
      ...base,
      host: 'given',
      useEc2Role: true,
      intermediateRoles: [{ roleArn: arn(HOME, 'role', `Hub-${tag}`) }],
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
      externalId: 'hub-7',
      roleSessionName: 'etl',
      stagingRoleArn: arn(AWAY, 'role', `Staging-${tag}`),
      ...staging(AWAY, tag, STORE),
      copyRole: [arn(AWAY, 'role', `Copy-${tag}`), arn(STORE, 'role', `Store-${tag}`)].join(','),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'role', `Machine-${tag}`), pinSessionName: true }),
  },
  {
    title: 'worker node role, other account',
    clusterAccount: AWAY,
    machineRole: (tag) => arn(HOME, 'role', `Worker-${tag}`),
    connection: (tag) => ({
      ...base,
      host: 'given',
      loginIdentity: 'worker',
      workerRoleArn: arn(HOME, 'role', `Worker-${tag}`),
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
    }),
    extras: () => ({ mode: 'advanced' }),
  },
  {
    title: 'stored password, staging as the IAM user itself',
    clusterAccount: HOME,
    bucketAccount: HOME,
    connection: (tag) => ({
      host: 'given',
      database: 'dev',
      region: 'us-east-1',
      username: 'reporting',
      password: 'Sandbox-Passw0rd',
      ...staging(HOME, tag),
    }),
    extras: (tag) => ({
      identityArn: arn(HOME, 'user', `agent-${tag}`),
      clusterAccount: HOME,
      clusterIdentifier: 'warehouse',
    }),
  },
];

/** A key of a variant's own: the UUID in its ARN follows from the tag. */
export function keyIdOf(tag: string): string {
  const digits = createHash('sha256').update(tag).digest('hex');
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    digits.slice(12, 16),
    digits.slice(16, 20),
    digits.slice(20, 32),
  ].join('-');
}

const encrypted = (account: string, tag: string) => ({
  kmsKeyId: `arn:aws:kms:us-east-1:${account}:key/${keyIdOf(tag)}`,
});

/** Staged files under a key of KMS. */
export const ENCRYPTED: readonly Topology[] = [
  {
    title: 'KMS: IAM user, bucket and key in the same account',
    clusterAccount: HOME,
    bucketAccount: HOME,
    hasKey: true,
    connection: (tag) => ({
      ...base,
      host: 'given',
      roleArn: arn(HOME, 'role', `Login-${tag}`),
      ...staging(HOME, tag),
      ...encrypted(HOME, tag),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'user', `agent-${tag}`) }),
  },
  {
    title: 'KMS: EC2 role, another account, staging role, bucket and key of a third account',
    clusterAccount: AWAY,
    bucketAccount: STORE,
    hasKey: true,
    machineRole: (tag) => arn(HOME, 'role', `Machine-${tag}`),
    connection: (tag) => ({
      ...base,
      host: 'given',
      useEc2Role: true,
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
      stagingRoleArn: arn(AWAY, 'role', `Staging-${tag}`),
      ...staging(AWAY, tag, STORE),
      ...encrypted(STORE, tag),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'role', `Machine-${tag}`) }),
  },
];

const byIdentity = { ...base, username: undefined, loginMethod: 'iamIdentity' } as const;

const serverless = {
  database: 'dev',
  region: 'us-east-1',
  workgroup: 'lake',
  authType: 'assumeRole',
} as const;

/** Logins that name no database user, and sessions that carry something along. */
export const MORE_LOGINS: readonly Topology[] = [
  {
    title: 'WithIAM: IAM user, another account with an external id, no host, staging',
    clusterAccount: AWAY,
    bucketAccount: AWAY,
    connection: (tag) => ({
      ...byIdentity,
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
      externalId: 'acme-7',
      ...staging(AWAY, tag),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'user', `agent-${tag}`) }),
  },
  {
    title: 'serverless: EC2 role, another account, no host, bucket of a third account',
    clusterAccount: AWAY,
    bucketAccount: STORE,
    ends: 'lake',
    machineRole: (tag) => arn(HOME, 'role', `Machine-${tag}`),
    connection: (tag) => ({
      ...serverless,
      useEc2Role: true,
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
      ...staging(AWAY, tag, STORE),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'role', `Machine-${tag}`), workgroupId: WORKGROUP_ID }),
  },
  {
    title: 'serverless: IAM user, same account',
    clusterAccount: HOME,
    bucketAccount: HOME,
    ends: 'lake',
    connection: (tag) => ({
      ...serverless,
      host: 'given',
      roleArn: arn(HOME, 'role', `Login-${tag}`),
      ...staging(HOME, tag),
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'user', `agent-${tag}`), workgroupId: WORKGROUP_ID }),
  },
  {
    title: 'tags and source identity: EC2 role, two intermediate roles, another account',
    clusterAccount: AWAY,
    machineRole: (tag) => arn(HOME, 'role', `Machine-${tag}`),
    connection: (tag) => ({
      ...base,
      host: 'given',
      useEc2Role: true,
      sourceIdentity: 'person',
      intermediateRoles: [
        {
          roleArn: arn(HOME, 'role', `Gate-${tag}`),
          sessionTags: [
            { key: 'team', value: 'sales', transitive: true },
            { key: 'stage', value: 'prod' },
          ],
        },
        { roleArn: arn(AWAY, 'role', `Far-${tag}`), externalId: 'far-7' },
      ],
      roleArn: arn(AWAY, 'role', `Login-${tag}`),
      sessionTags: [{ key: 'use', value: 'load' }],
    }),
    extras: (tag) => ({ identityArn: arn(HOME, 'role', `Machine-${tag}`) }),
  },
];

/** Each identity, in the account of the cluster and in another, with and without an external id. */
export const LOGINS: readonly Topology[] = [HOME, AWAY].flatMap((agent) =>
  [undefined, 'acme-7'].flatMap((externalId) =>
    (['user', 'machine', 'worker'] as const).map((who): Topology => {
      const identity = (tag: string): string => arn(agent, who === 'user' ? 'user' : 'role', `${who}-${tag}`);
      return {
        title: `${who}, ${agent === AWAY ? 'same' : 'other'} account, ${externalId === undefined ? 'no' : 'an'} external id`,
        clusterAccount: AWAY,
        ...(who === 'user' ? {} : { machineRole: identity }),
        connection: (tag) => ({
          ...base,
          host: 'given',
          roleArn: arn(AWAY, 'role', `Login-${tag}`),
          ...(externalId === undefined ? {} : { externalId }),
          ...(who === 'machine' ? { useEc2Role: true } : {}),
          ...(who === 'worker' ? { loginIdentity: 'worker', workerRoleArn: identity(tag) } : {}),
        }),
        extras: (tag) => (who === 'worker' ? { mode: 'advanced' } : { identityArn: identity(tag) }),
      };
    }),
  ),
);

/** Where the walk stops without a statement. */
export function stopsAt(sid: string): string {
  const stops: ReadonlyArray<readonly [RegExp, string]> = [
    [/^(?:Assume|Trust)CopyRole|^TrustRedshift$|^Copy(?:Bucket|Files|Key)/, 'staging:copy'],
    [/^UnloadFiles/, 'staging:unload'],
    [/^TrustMachine$/, 'identity'],
    [/^(?:Assume|SetSourceIdentityOf|Tag)RedshiftRole$/, 'role:redshift'],
    [/^AssumeStagingRole$/, 'role:staging'],
    [/^(?:Assume|SetSourceIdentityOf|Tag)IntermediateRole(\d+)$/, 'role:intermediate-'],
    [/^(?:Login|CreateUser|JoinGroups)$/, 'login'],
    [/^FindEndpoint$/, 'endpoint'],
    [/^Staging(?:Bucket|Files|Key)/, 'staging:bucket'],
  ];
  for (const [pattern, step] of stops) {
    const found = pattern.exec(sid);
    if (found !== null) return step + (found[1] ?? '');
  }
  return '';
}

/** The step of a trust statement: that of the role whose trust it is. */
export function trustStopsAt(roleName: string): string {
  if (roleName.startsWith('Login-')) return 'role:redshift';
  if (roleName.startsWith('Staging-')) return 'role:staging';
  return roleName.startsWith('Far-') ? 'role:intermediate-2' : 'role:intermediate-1';
}
