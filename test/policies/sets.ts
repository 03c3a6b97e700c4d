import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { type PolicyExtras, type PolicySet, policies } from '../../src/policies/policies.ts';
import { TOPOLOGIES } from './topologies.ts';

export const LOGIN_ROLE = 'arn:aws:iam::111122223333:role/RedshiftLogin';
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
    { identityArn: AGENT, copyForUserOnly: true, pinSourceAccount: true },
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
