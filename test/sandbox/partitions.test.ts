import { GetClusterCredentialsCommand } from '@aws-sdk/client-redshift';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { expect } from 'chai';
import type { World } from '../../src/sandbox/world.ts';
import { ANN, AwsWorld, allow, HOME, policy } from './aws-world.ts';

const worldOf = (region: string, partition: string): World => ({
  region,
  accounts: [
    {
      id: HOME,
      users: [
        {
          name: 'ann',
          accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }],
          policies: [allow('sts:AssumeRole', `arn:${partition}:iam::${HOME}:role/Login`)],
        },
      ],
      roles: [
        {
          name: 'Login',
          trust: policy({
            Effect: 'Allow',
            Principal: { AWS: `arn:${partition}:iam::${HOME}:user/ann` },
            Action: 'sts:AssumeRole',
          }),
          policies: [
            allow('redshift:GetClusterCredentials', [
              `arn:${partition}:redshift:${region}:${HOME}:dbuser:warehouse/etl`,
              `arn:${partition}:redshift:${region}:${HOME}:dbname:warehouse/dev`,
            ]),
            allow('s3:PutObject', `arn:${partition}:s3:::home-data/*`),
          ],
        },
        {
          name: 'Machine',
          trust: policy({
            Effect: 'Allow',
            Principal: { Service: partition === 'aws-cn' ? 'ec2.amazonaws.com.cn' : 'ec2.amazonaws.com' },
            Action: 'sts:AssumeRole',
          }),
        },
      ],
      buckets: [{ name: 'home-data' }],
      clusters: [{ id: 'warehouse', databases: [{ name: 'dev' }], users: [{ name: 'etl' }] }],
    },
  ],
  instances: [{ name: 'agent', kind: 'ec2', role: `arn:${partition}:iam::${HOME}:role/Machine`, allowImdsV1: true }],
});

describe('Partitions of AWS', () => {
  for (const [region, partition] of [
    ['us-east-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
  ] as const) {
    it(`are in every ARN: ${partition} in ${region}`, async () => {
      await using aws = await AwsWorld.open(worldOf(region, partition));
      const login = await aws.assume(`arn:${partition}:iam::${HOME}:role/Login`);
      const { Arn } = await aws.sts(login, region).send(new GetCallerIdentityCommand({}));
      expect(Arn).to.equal(`arn:${partition}:sts::${HOME}:assumed-role/Login/etl`);
      const input = { ClusterIdentifier: 'warehouse', DbUser: 'etl', DbName: 'dev' };
      const { DbUser } = await aws.redshift(login, region).send(new GetClusterCredentialsCommand(input));
      expect(DbUser).to.equal('IAM:etl');
      await aws.s3(login, region).send(new PutObjectCommand({ Bucket: 'home-data', Key: 'k', Body: 'x' }));
      const metadata = aws.sandbox.metadataEndpoints['agent']!.imds!;
      const told = await fetch(`${metadata}/latest/meta-data/iam/security-credentials/Machine`);
      expect(await told.json()).to.include({ Code: 'Success' });
    });
  }
});
