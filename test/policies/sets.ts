import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { type PolicyExtras, type PolicySet, policies } from '../../src/policies/policies.ts';
import { TOPOLOGIES } from './topologies.ts';

export const LOGIN_ROLE = 'arn:aws:iam::111122223333:role/RedshiftLogin';
export const WORKGROUP_ID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
export const AGENT = 'arn:aws:iam::111122223333:user/etl-agent';

/** A connection by role with nothing unusual. */
export function byRole(changes: ConnectionInput = {}): ConnectionInput {
  return {
    host: 'warehouse.abc123.us-west-2.redshift.amazonaws.com',
    database: 'dev',
    authType: 'assumeRole',
    username: 'etl',
    roleArn: LOGIN_ROLE,
    ...changes,
  };
}

export const STAGING: ConnectionInput = {
  useStaging: true,
  stagingBucket: 'acme-staging',
  stagingBucketOwner: '111122223333',
  copyRole: 'arn:aws:iam::111122223333:role/WarehouseCopy',
};

const KEY = 'arn:aws:kms:us-west-2:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab';

/** A session policy that leaves what a login needs. */
const NARROW = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['redshift:*', 'sts:*'], Resource: '*' }],
});

const MORE: ReadonlyArray<readonly [title: string, connection: ConnectionInput, extras: PolicyExtras]> = [
  ['nothing known', byRole({ useStaging: true, stagingBucket: 'acme-staging', copyRole: 'default' }), {}],
  ['a profile', byRole({ identitySource: 'profile', profile: 'etl' }), {}],
  [
    'a key and a bucket of another account',
    byRole({ ...STAGING, stagingBucketOwner: '444455556666', kmsKeyId: KEY }),
    { identityArn: AGENT },
  ],
  [
    'an agent and worker nodes',
    byRole({ ...STAGING, useEc2Role: true }),
    { mode: 'advanced', machine: 'ecs', workerMachine: 'eks' },
  ],
  [
    'a Kubernetes service account',
    byRole({ useEc2Role: true }),
    { machine: 'irsa', oidcProvider: 'oidc.eks.us-west-2.amazonaws.com/id/ABC', serviceAccount: 'etl:agent' },
  ],
  [
    'a workgroup by password',
    {
      host: 'lake.111122223333.us-west-2.redshift-serverless.amazonaws.com',
      database: 'dev',
      username: 'etl',
      ...STAGING,
    },
    {
      identityArn: AGENT,
      copyForUserOnly: true,
      pinSourceArn: true,
      pinSourceAccount: true,
      workgroupId: WORKGROUP_ID,
    },
  ],
  [
    'the user of the role, no host',
    byRole({
      host: undefined,
      clusterIdentifier: 'warehouse',
      region: 'us-west-2',
      username: undefined,
      loginMethod: 'iamIdentity',
      ...STAGING,
    }),
    { identityArn: AGENT },
  ],
  [
    'a workgroup by role, no host',
    byRole({ host: undefined, workgroup: 'lake', region: 'us-west-2', username: undefined, ...STAGING }),
    { identityArn: AGENT, workgroupId: WORKGROUP_ID, copyForUserOnly: true, pinSourceArn: true },
  ],
  [
    'a workgroup by role, its id unknown',
    byRole({ host: 'lake.111122223333.us-west-2.redshift-serverless.amazonaws.com', username: undefined }),
    { identityArn: AGENT },
  ],
  [
    'a custom domain name',
    byRole({ host: 'dwh.acme.example', region: 'us-west-2' }),
    { identityArn: AGENT, clusterIdentifier: 'warehouse' },
  ],
  [
    'tags, source identity and session policies along three roles',
    byRole({
      intermediateRoles: [
        {
          roleArn: 'arn:aws:iam::111122223333:role/Gate',
          sessionTags: [
            { key: 'team', value: 'sales', transitive: true },
            { key: 'stage', value: 'prod' },
          ],
        },
        {
          roleArn: 'arn:aws:iam::111122223333:role/Hub',
          externalId: 'hub-7',
          sourceIdentity: 'person',
          sessionPolicy: NARROW,
        },
      ],
      sessionTags: [{ key: 'use', value: 'load' }],
      sessionPolicy: NARROW,
    }),
    { identityArn: AGENT },
  ],
  [
    'folders and an object of another account to load from',
    byRole(STAGING),
    {
      identityArn: AGENT,
      sources: ['s3://landing/in/', 's3://landing/one day/orders.csv', 's3://acme-staging/drop/'],
      sourceBucketOwner: '444455556666',
    },
  ],
  [
    'China',
    byRole({
      host: 'warehouse.abc123.cn-north-1.redshift.amazonaws.com.cn',
      roleArn: 'arn:aws-cn:iam::111122223333:role/RedshiftLogin',
      useEc2Role: true,
      ...STAGING,
      copyRole: 'arn:aws-cn:iam::111122223333:role/WarehouseCopy',
      kmsKeyId: '1234abcd-12ab-34cd-56ef-1234567890ab',
    }),
    {},
  ],
  [
    'GovCloud',
    byRole({
      host: 'warehouse.abc123.us-gov-west-1.redshift.amazonaws.com',
      roleArn: 'arn:aws-us-gov:iam::111122223333:role/RedshiftLogin',
    }),
    { identityArn: 'arn:aws-us-gov:iam::111122223333:user/etl-agent' },
  ],
];

/** Policies of every kind of connection that there is. */
export const SETS: ReadonlyArray<readonly [title: string, set: PolicySet]> = [
  ...TOPOLOGIES.map(({ title, connection, extras }) => [title, policies(connection('x'), extras('x'))] as const),
  ...MORE.map(([title, connection, extras]) => [title, policies(connection, extras)] as const),
];
