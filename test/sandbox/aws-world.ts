import { RedshiftClient } from '@aws-sdk/client-redshift';
import { S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, type AssumeRoleCommandInput, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'chai';
import type { PolicyDocument, PolicyStatement } from '../../src/sandbox/iam/policy.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import type { World, WorldRole } from '../../src/sandbox/world.ts';

export const HOME = '111122223333';
export const AWAY = '444455556666';
export const ANN = { accessKeyId: 'AKIAANNANNANNANNANN0', secretAccessKey: 'ann/secret/ann/secret/ann/secret/ann/000' };
export const BOB = { accessKeyId: 'AKIABOBBOBBOBBOBBOB0', secretAccessKey: 'bob/secret/bob/secret/bob/secret/bob/000' };

export const policy = (...Statement: PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement });
export const allow = (
  Action: string | string[],
  Resource: string | string[] = '*',
  rest: Partial<PolicyStatement> = {},
): PolicyDocument => policy({ Effect: 'Allow', Action, Resource, ...rest });
export const trust = (AWS: string | string[], rest: Partial<PolicyStatement> = {}): PolicyDocument =>
  policy({
    Effect: 'Allow',
    Principal: { AWS },
    Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    ...rest,
  });
export const roleArn = (name: string, account = HOME): string => `arn:aws:iam::${account}:role/${name}`;

const annArn = `arn:aws:iam::${HOME}:user/ann`;
const keyPolicy = (AWS: string): PolicyDocument =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action: 'kms:*', Resource: '*' });
const role = (name: string, rest: Omit<WorldRole, 'name'>): WorldRole => ({ name, ...rest });

/** Two accounts, roles for every rule of trust, one cluster that is declared only, buckets here and in another region. */
export const AWS_WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        {
          name: 'ann',
          accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }],
          policies: [allow('sts:*', ['arn:aws:iam::*:role/*']), allow('s3:*')],
        },
        { name: 'bob', accessKeys: [{ id: BOB.accessKeyId, secret: BOB.secretAccessKey }] },
      ],
      roles: [
        role('ByUser', {
          trust: trust(annArn),
          maxSessionSeconds: 7200,
          policies: [allow(['sts:AssumeRole', 'sts:TagSession'])],
        }),
        role('ByAccount', { trust: trust(`arn:aws:iam::${HOME}:root`) }),
        role('ByBob', { trust: trust(`arn:aws:iam::${HOME}:user/bob`) }),
        role('WithExternalId', {
          trust: trust(annArn, { Condition: { StringEquals: { 'sts:ExternalId': 'tenant-7' } } }),
        }),
        role('Tagged', {
          tags: { team: 'data' },
          trust: trust(annArn, { Condition: { StringEquals: { 'aws:ResourceTag/team': 'data' } } }),
        }),
        role('TaggedOtherwise', {
          tags: { team: 'sales' },
          trust: trust(annArn, { Condition: { StringEquals: { 'iam:ResourceTag/team': 'data' } } }),
        }),
        role('BySession', { trust: trust(annArn, { Condition: { StringLike: { 'sts:RoleSessionName': 'etl-*' } } }) }),
        role('Chained', { trust: trust(roleArn('ByUser')), maxSessionSeconds: 43_200, policies: [allow('s3:*')] }),
        role('Login', {
          trust: trust(annArn),
          policies: [
            allow('redshift:GetClusterCredentials', [
              `arn:aws:redshift:us-east-1:${HOME}:dbuser:warehouse/etl`,
              `arn:aws:redshift:us-east-1:${HOME}:dbname:warehouse/dev`,
            ]),
            allow('redshift:CreateClusterUser', `arn:aws:redshift:us-east-1:${HOME}:dbuser:warehouse/etl`),
            allow('redshift:JoinGroup', `arn:aws:redshift:us-east-1:${HOME}:dbgroup:warehouse/loaders`),
          ],
        }),
        role('LoginAsSession', {
          trust: trust(annArn),
          policies: [
            allow('redshift:GetClusterCredentials', '*', {
              Condition: {
                StringLike: { 'aws:userid': `*:\${redshift:DbUser}` },
                NumericLessThanEquals: { 'redshift:DurationSeconds': 900 },
              },
            }),
            allow('redshift:DescribeClusters', `arn:aws:redshift:us-east-1:${HOME}:cluster:warehouse`),
          ],
        }),
      ],
      kmsKeys: [{ id: '1', policy: keyPolicy(annArn) }],
      buckets: [
        { name: 'home-data' },
        { name: 'home-tokyo', region: 'ap-northeast-1' },
        {
          name: 'home-kms',
          policy: policy({
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:PutObject',
            Resource: 'arn:aws:s3:::home-kms/*',
            Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
          }),
        },
        {
          name: 'home-public',
          policy: policy({
            Effect: 'Allow',
            Principal: '*',
            Action: 's3:GetObject',
            Resource: 'arn:aws:s3:::home-public/open/*',
          }),
        },
      ],
      clusters: [
        {
          id: 'warehouse',
          databases: [{ name: 'dev' }],
          groups: ['loaders'],
          users: [{ name: 'etl' }, { name: 'reporting', password: 'Passw0rd' }],
        },
      ],
    },
    {
      id: AWAY,
      roles: [
        role('AwayTrustsHome', { trust: trust(`arn:aws:iam::${HOME}:root`) }),
        role('AwayTrustsNobody', { trust: trust(`arn:aws:iam::${AWAY}:root`) }),
      ],
      buckets: [
        {
          name: 'away-data',
          policy: policy(
            {
              Effect: 'Allow',
              Principal: { AWS: HOME },
              Action: 's3:GetObject',
              Resource: 'arn:aws:s3:::away-data/shared/*',
            },
            {
              Effect: 'Allow',
              Principal: { AWS: HOME },
              Action: 's3:ListBucket',
              Resource: 'arn:aws:s3:::away-data',
              Condition: { StringLike: { 's3:prefix': 'shared/*' } },
            },
          ),
        },
        { name: 'away-closed' },
      ],
    },
  ],
  instances: [],
};

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The world above, running; clients try once, so that a refusal is seen as it is. */
export class AwsWorld implements AsyncDisposable {
  readonly sandbox: Sandbox;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
  }

  static async open(world: World = AWS_WORLD): Promise<AwsWorld> {
    return new AwsWorld(await startSandbox({ world, databases: false }));
  }

  #settings(credentials: Keys, region: string) {
    return { region, endpoint: this.sandbox.awsEndpoint, credentials, maxAttempts: 1 };
  }

  sts(credentials: Keys = ANN, region = 'us-east-1'): STSClient {
    return new STSClient(this.#settings(credentials, region));
  }

  redshift(credentials: Keys, region = 'us-east-1'): RedshiftClient {
    return new RedshiftClient(this.#settings(credentials, region));
  }

  s3(credentials: Keys = ANN, region = 'us-east-1'): S3Client {
    return new S3Client({ ...this.#settings(credentials, region), forcePathStyle: true });
  }

  async assume(RoleArn: string, rest: Partial<AssumeRoleCommandInput> = {}, by: Keys = ANN): Promise<Keys> {
    const { Credentials } = await this.sts(by).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'etl', ...rest }),
    );
    return {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures = this.sandbox.log().filter(({ kind }) => kind === 'failure');
    await this.sandbox[Symbol.asyncDispose]();
    expect(failures, 'failures inside the sandbox').to.deep.equal([]);
  }
}

export interface Refused {
  readonly code: string;
  readonly status: number | undefined;
  readonly message: string;
}

/** How AWS refused; fails the test when it did not. */
export async function refusalOf(work: Promise<unknown>): Promise<Refused> {
  try {
    await work;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    return { code: name, status: $metadata?.httpStatusCode, message };
  }
  throw new Error('The call succeeded');
}
