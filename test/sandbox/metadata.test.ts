import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { fromHttp, fromInstanceMetadata, fromTokenFile } from '@aws-sdk/credential-providers';
import { expect } from 'chai';
import type { WorldInstance } from '../../src/sandbox/world.ts';
import { AWS_WORLD, AwsWorld, allow, HOME, type Keys, policy, refusalOf, roleArn, trust } from './aws-world.ts';

const service = (Service: string) => policy({ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' });
const ofPods = (...Action: string[]) =>
  policy({ Effect: 'Allow', Principal: { Service: 'pods.eks.amazonaws.com' }, Action });
const ISSUER = 'oidc.eks.us-east-1.amazonaws.com/id/SANDBOX';
const INSTANCES: readonly WorldInstance[] = [
  { name: 'agent', kind: 'ec2', role: roleArn('Machine') },
  { name: 'old', kind: 'ec2', role: roleArn('Machine'), allowImdsV1: true, credentialSeconds: 900 },
  { name: 'bare', kind: 'ec2' },
  { name: 'untrusted', kind: 'ec2', role: roleArn('Task') },
  { name: 'worker', kind: 'container', role: roleArn('Task'), authorizationToken: 'pass-1' },
  { name: 'open', kind: 'container', role: roleArn('Task') },
  { name: 'pod', kind: 'pod', role: roleArn('Pod'), serviceAccount: 'etl:agent' },
  { name: 'other-pod', kind: 'pod', role: roleArn('Pod') },
  { name: 'eks', kind: 'container', role: roleArn('EksPod') },
  { name: 'eks-untagged', kind: 'container', role: roleArn('EksUntagged') },
  { name: 'bare-container', kind: 'container' },
  { name: 'untrusted-container', kind: 'container', role: roleArn('Machine') },
];
const WORLD = {
  ...AWS_WORLD,
  instances: INSTANCES,
  accounts: AWS_WORLD.accounts.map((account, at) =>
    at > 0
      ? account
      : {
          ...account,
          roles: [
            ...(account.roles ?? []),
            { name: 'Machine', trust: service('ec2.amazonaws.com'), policies: [allow('sts:AssumeRole')] },
            { name: 'Task', trust: service('ecs-tasks.amazonaws.com') },
            {
              name: 'Pod',
              policies: [allow('s3:ListBucket')],
              trust: policy({
                Effect: 'Allow',
                Principal: { Federated: `arn:aws:iam::${HOME}:oidc-provider/${ISSUER}` },
                Action: 'sts:AssumeRoleWithWebIdentity',
                Condition: {
                  StringEquals: {
                    [`${ISSUER}:sub`]: 'system:serviceaccount:etl:agent',
                    [`${ISSUER}:aud`]: 'sts.amazonaws.com',
                  },
                },
              }),
            },
            { name: 'EksPod', trust: ofPods('sts:AssumeRole', 'sts:TagSession'), policies: [allow('sts:*')] },
            { name: 'EksUntagged', trust: ofPods('sts:AssumeRole') },
            { name: 'ByPod', trust: trust(roleArn('EksPod')) },
            { name: 'ByPodUntagged', trust: trust(roleArn('EksPod'), { Action: 'sts:AssumeRole' }) },
            { name: 'ByMachine', trust: trust(roleArn('Machine')), maxSessionSeconds: 43_200 },
          ],
        },
  ),
};

const TTL = 'x-aws-ec2-metadata-token-ttl-seconds';
const TOKEN = 'x-aws-ec2-metadata-token';
const ROLES = '/latest/meta-data/iam/security-credentials/';

describe('Metadata endpoints of the sandbox', () => {
  let aws: AwsWorld;
  before(async () => {
    aws = await AwsWorld.open(WORLD);
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
  });

  const imds = (instance: string): string => aws.sandbox.metadataEndpoints[instance]!.imds!;
  const ask = async (
    instance: string,
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<[number, string]> => {
    const response = await fetch(`${imds(instance)}${path}`, { method, headers });
    return [response.status, await response.text()];
  };
  const tokenOf = async (instance: string, ttl = '60'): Promise<string> =>
    (await ask(instance, '/latest/api/token', { [TTL]: ttl }, 'PUT'))[1];
  const credentialsOf = async (instance: string, role = 'Machine'): Promise<Record<string, string>> =>
    JSON.parse((await ask(instance, `${ROLES}${role}`, { [TOKEN]: await tokenOf(instance) }))[1]) as Record<
      string,
      string
    >;

  describe('EC2', () => {
    it('gives the role only against a token', async () => {
      expect(await ask('agent', ROLES, { [TOKEN]: await tokenOf('agent') })).to.deep.equal([200, 'Machine']);
      expect((await ask('agent', ROLES))[0]).to.equal(401);
      expect((await ask('agent', ROLES, { [TOKEN]: 'guess' }))[0]).to.equal(401);
      expect((await ask('agent', ROLES, { [TOKEN]: await tokenOf('old') }))[0]).to.equal(401);
    });
    it('answers version 1 where the world allows it', async () => {
      expect(await ask('old', ROLES)).to.deep.equal([200, 'Machine']);
      expect((await ask('old', ROLES, { [TOKEN]: 'guess' }))[0]).to.equal(401);
    });
    it('gives tokens for a sensible time, on the right path, and not through a proxy', async () => {
      for (const ttl of ['0', '21601', 'x', ''])
        expect((await ask('agent', '/latest/api/token', { [TTL]: ttl }, 'PUT'))[0]).to.equal(400);
      expect((await ask('agent', '/2021-01-03/api/token', { [TTL]: '60' }, 'PUT'))[0]).to.equal(403);
      expect(
        (await ask('agent', '/latest/api/token', { [TTL]: '60', 'x-forwarded-for': '10.0.0.1' }, 'PUT'))[0],
      ).to.equal(403);
      expect((await ask('agent', '/latest/api/token', { [TTL]: '60' }, 'POST'))[0]).to.equal(405);
    });
    it('answers 404 for a machine without a role and for another role', async () => {
      expect((await ask('bare', ROLES, { [TOKEN]: await tokenOf('bare') }))[0]).to.equal(404);
      expect((await ask('agent', `${ROLES}Other`, { [TOKEN]: await tokenOf('agent') }))[0]).to.equal(404);
    });
    it('tells region, account and id of the machine', async () => {
      const headers = { [TOKEN]: await tokenOf('agent') };
      expect(await ask('agent', '/latest/meta-data/placement/region', headers)).to.deep.equal([200, 'us-east-1']);
      const [, document] = await ask('agent', '/latest/dynamic/instance-identity/document', headers);
      expect(JSON.parse(document)).to.include({ accountId: HOME, region: 'us-east-1' });
    });
    it('says in its own way that EC2 may not assume the role', async () => {
      expect((await credentialsOf('untrusted', 'Task'))['Code']).to.equal('AssumeRoleUnauthorizedAccess');
    });
    it("serves the SDK's provider with a session of the role, which chains", async () => {
      process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = imds('agent');
      let keys: Keys;
      try {
        keys = (await fromInstanceMetadata({ maxRetries: 0 })()) as Keys;
      } finally {
        delete process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'];
      }
      const { Arn } = await aws.sts(keys).send(new GetCallerIdentityCommand({}));
      expect(Arn).to.match(new RegExp(`^arn:aws:sts::${HOME}:assumed-role/Machine/i-0[0-9a-f]{16}$`));
      expect((await refusalOf(aws.assume(roleArn('ByMachine'), { DurationSeconds: 7200 }, keys))).message).to.include(
        '1 hour session limit',
      );
      await aws.assume(roleArn('ByMachine'), { DurationSeconds: 3600 }, keys);
    });
  });

  describe('containers', () => {
    const container = (name: string) => aws.sandbox.metadataEndpoints[name]!.container!;
    const status = async (name: string, headers: Record<string, string> = {}): Promise<number> =>
      (await fetch(container(name).url, { headers })).status;
    it('give credentials against their token only', async () => {
      expect(container('worker').token).to.equal('pass-1');
      expect(await status('worker', { authorization: 'pass-1' })).to.equal(200);
      expect([await status('worker'), await status('worker', { authorization: 'pass-2' })]).to.deep.equal([401, 401]);
      expect([await status('open'), await status('bare-container'), await status('untrusted-container')]).to.deep.equal(
        [200, 404, 400],
      );
      expect((await fetch(container('open').url.replace('/v2/', '/v3/'))).status).to.equal(404);
    });
    it("serve the SDK's provider with a session of the role", async () => {
      const { url, token } = container('worker');
      const keys = (await fromHttp({
        awsContainerCredentialsFullUri: url,
        awsContainerAuthorizationToken: token!,
        maxRetries: 0,
      })()) as Keys;
      const { Arn } = await aws.sts(keys).send(new GetCallerIdentityCommand({}));
      expect(Arn).to.match(new RegExp(`^arn:aws:sts::${HOME}:assumed-role/Task/`));
    });
  });

  describe('EKS pods with an identity', () => {
    const keysOf = (name: string): Promise<Keys> =>
      fromHttp({
        awsContainerCredentialsFullUri: aws.sandbox.metadataEndpoints[name]!.container!.url,
        maxRetries: 0,
      })() as Promise<Keys>;
    it('have tags, which their role and the next one must allow', async () => {
      const keys = await keysOf('eks');
      const { Arn } = await aws.sts(keys).send(new GetCallerIdentityCommand({}));
      expect(Arn).to.match(/:assumed-role\/EksPod\/eks-/);
      await aws.assume(roleArn('ByPod'), {}, keys);
      expect((await refusalOf(aws.assume(roleArn('ByPodUntagged'), {}, keys))).message).to.include('sts:TagSession');
    });
    it('get nothing from a role that does not let itself be tagged', async () => {
      const { url } = aws.sandbox.metadataEndpoints['eks-untagged']!.container!;
      expect((await fetch(url)).status).to.equal(400);
    });
  });

  describe('pods', () => {
    const tokenFile = (name: string): string => aws.sandbox.metadataEndpoints[name]!.webIdentity!.tokenFile;
    const assume = (webIdentityTokenFile: string, role = 'Pod') =>
      fromTokenFile({
        webIdentityTokenFile,
        roleArn: roleArn(role),
        roleSessionName: 'pod',
        clientConfig: { endpoint: aws.sandbox.awsEndpoint, region: 'us-east-1', maxAttempts: 1 },
      })() as Promise<Keys>;
    it("serve the SDK's provider by the token of their service account", async () => {
      const { Arn } = await aws.sts(await assume(tokenFile('pod'))).send(new GetCallerIdentityCommand({}));
      expect(Arn).to.equal(`arn:aws:sts::${HOME}:assumed-role/Pod/pod`);
    });
    it('are narrowed by a policy of their session', async () => {
      const narrowed = (Policy: object): Promise<Keys> =>
        fromTokenFile({
          webIdentityTokenFile: tokenFile('pod'),
          roleArn: roleArn('Pod'),
          policy: JSON.stringify(Policy),
          clientConfig: { endpoint: aws.sandbox.awsEndpoint, region: 'us-east-1', maxAttempts: 1 },
        })() as Promise<Keys>;
      const list = async (Policy: object) =>
        aws.s3(await narrowed(Policy)).send(new ListObjectsV2Command({ Bucket: 'home-data' }));
      await list(allow('s3:ListBucket'));
      expect((await refusalOf(list(allow('s3:GetObject')))).message).to.include('no session policy allows');
    });
    it('are refused with the token of another service account, for another role, and with a forged token', async () => {
      for (const work of [
        assume(tokenFile('other-pod')),
        assume(tokenFile('pod'), 'Task'),
        assume(tokenFile('pod'), 'Nothing'),
      ]) {
        expect(await refusalOf(work)).to.deep.equal({
          code: 'AccessDenied',
          status: 403,
          message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
        });
      }
      const forged = `${tokenFile('pod')}.forged`;
      await writeFile(forged, `${(await readFile(tokenFile('pod'), 'utf8')).slice(0, -4)}AAAA`);
      expect((await refusalOf(assume(forged))).code).to.match(/^InvalidIdentityToken/);
    });
    it('are refused with a token of yesterday, and go on with the renewed file', async () => {
      const old = `${tokenFile('pod')}.old`;
      await copyFile(tokenFile('pod'), old);
      aws.sandbox.advance(86_500);
      expect((await refusalOf(assume(old))).code).to.match(/^ExpiredToken/);
      await assume(tokenFile('pod'));
    });
  });

  it('strikes with the faults of the world', async () => {
    aws.sandbox.faults.add(
      { on: 'imds:Token', effect: { kind: 'error', status: 503 } },
      { on: 'imds:Token', effect: { kind: 'throttle' } },
      { on: 'container:GetCredentials', matching: 'worker', effect: { kind: 'drop' } },
    );
    const token = () => ask('agent', '/latest/api/token', { [TTL]: '60' }, 'PUT');
    expect([(await token())[0], (await token())[0], (await token())[0]]).to.deep.equal([503, 429, 200]);
    const { url } = aws.sandbox.metadataEndpoints['worker']!.container!;
    expect(
      await fetch(url).then(
        () => 'answered',
        () => 'cut',
      ),
    ).to.equal('cut');
  });

  it('renews credentials five minutes before they expire, and forgets tokens in time', async () => {
    const first = await credentialsOf('old');
    const token = await tokenOf('old', '300');
    expect((await credentialsOf('old'))['AccessKeyId']).to.equal(first['AccessKeyId']);
    aws.sandbox.advance(610);
    const second = await credentialsOf('old');
    expect(second['AccessKeyId']).not.to.equal(first['AccessKeyId']);
    expect(Date.parse(second['Expiration']!) - Date.parse(first['Expiration']!)).to.be.at.least(600_000);
    expect((await ask('old', ROLES, { [TOKEN]: token }))[0]).to.equal(401);
  });
});
