import { DescribeClustersCommand, ModifyClusterIamRolesCommand, RedshiftClient } from '@aws-sdk/client-redshift';
import {
  GetNamespaceCommand,
  RedshiftServerlessClient,
  UpdateNamespaceCommand,
} from '@aws-sdk/client-redshift-serverless';
import {
  DeleteBucketPolicyCommand,
  GetBucketPolicyCommand,
  HeadBucketCommand,
  PutBucketPolicyCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { World } from '../../src/sandbox/world.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { ANN, allow, HOME, policy, refusalOf, roleArn, trust } from './aws-world.ts';

const BOB = { accessKeyId: 'AKIAQQQQQQQQQQQQATT2', secretAccessKey: 'not/a/secret/attach' };
const COPY = roleArn('CopyRole');
const OTHER = roleArn('OtherRole');
const anyone = trust(`arn:aws:iam::${HOME}:root`);
const bob = `arn:aws:iam::${HOME}:user/bob`;

const WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        { name: 'ann', accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }], policies: [allow('*')] },
        {
          name: 'bob',
          accessKeys: [{ id: BOB.accessKeyId, secret: BOB.secretAccessKey }],
          policies: [allow(['redshift:*', 'redshift-serverless:*'])],
        },
      ],
      roles: [
        { name: 'CopyRole', trust: anyone },
        { name: 'OtherRole', trust: anyone },
      ],
      buckets: [{ name: 'home-data' }],
      clusters: [{ id: 'warehouse', iamRoles: [COPY], defaultIamRole: COPY, databases: [{ name: 'dev' }] }],
      workgroups: [{ name: 'lake', databases: [{ name: 'dev' }] }],
    },
  ],
};

describe('What an administrator attaches', () => {
  let world: TestWorld;
  before(async () => {
    world = await openWorld(WORLD, { databases: false });
  });
  after(() => world?.[Symbol.asyncDispose]());

  const client = <T>(Client: new (init: object) => T, credentials = ANN): T =>
    new Client({ region: 'us-east-1', endpoint: world.awsEndpoint, credentials, forcePathStyle: true, maxAttempts: 1 });

  it('are roles of a cluster, which need the right to pass them', async () => {
    const redshift = client(RedshiftClient);
    const rolesNow = async (): Promise<unknown> => {
      const { Clusters } = await redshift.send(new DescribeClustersCommand({ ClusterIdentifier: 'warehouse' }));
      const [cluster] = Clusters!;
      return [cluster?.IamRoles?.map(({ IamRoleArn }) => IamRoleArn), cluster?.DefaultIamRoleArn];
    };
    const change = (init: object) => new ModifyClusterIamRolesCommand({ ClusterIdentifier: 'warehouse', ...init });
    await redshift.send(change({ AddIamRoles: [OTHER, OTHER] }));
    expect(await rolesNow()).to.deep.equal([[COPY, OTHER], COPY]);
    await redshift.send(change({ RemoveIamRoles: [COPY], DefaultIamRoleArn: OTHER }));
    expect(await rolesNow()).to.deep.equal([[OTHER], OTHER]);
    const { message } = await refusalOf(client(RedshiftClient, BOB).send(change({ AddIamRoles: [COPY] })));
    expect(message).to.include('iam:PassRole').and.include(COPY);
    expect(await rolesNow()).to.deep.equal([[OTHER], OTHER]);
  });

  it('are roles of a namespace, given as a whole', async () => {
    const serverless = client(RedshiftServerlessClient);
    const rolesNow = async (): Promise<unknown> =>
      (await serverless.send(new GetNamespaceCommand({ namespaceName: 'lake' }))).namespace?.iamRoles;
    const change = (iamRoles: string[]) => new UpdateNamespaceCommand({ namespaceName: 'lake', iamRoles });
    expect(await rolesNow()).to.deep.equal([]);
    await serverless.send(change([COPY]));
    await serverless.send(change([OTHER]));
    expect(await rolesNow()).to.deep.equal([`IamRole(applyStatus=in-sync, iamRoleArn=${OTHER})`]);
    const { message } = await refusalOf(client(RedshiftServerlessClient, BOB).send(change([COPY])));
    expect(message).to.include('iam:PassRole');
  });

  it('is the policy of a bucket', async () => {
    const s3 = client(S3Client);
    const look = () => client(S3Client, BOB).send(new HeadBucketCommand({ Bucket: 'home-data' }));
    const Bucket = 'home-data';
    expect((await refusalOf(s3.send(new GetBucketPolicyCommand({ Bucket })))).code).to.equal('NoSuchBucketPolicy');
    const document = policy({
      Effect: 'Allow',
      Principal: { AWS: bob },
      Action: 's3:ListBucket',
      Resource: 'arn:aws:s3:::home-data',
    });
    expect((await refusalOf(look())).status).to.equal(403);
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(document) }));
    await look();
    expect(JSON.parse((await s3.send(new GetBucketPolicyCommand({ Bucket }))).Policy!)).to.deep.equal(document);
    const wrong = s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{"Statement":[{}]}' }));
    expect((await refusalOf(wrong)).code).to.equal('MalformedPolicy');
    const denied = await refusalOf(client(S3Client, BOB).send(new DeleteBucketPolicyCommand({ Bucket })));
    expect(denied.message).to.include('s3:DeleteBucketPolicy');
    await s3.send(new DeleteBucketPolicyCommand({ Bucket }));
    expect((await refusalOf(look())).status).to.equal(403);
  });
});
