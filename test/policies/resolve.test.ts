import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { resolvePlaceholders } from '../../src/cli/policies-resolve.ts';
import { openRun } from '../../src/core/run.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { resolveUnknown } from '../../src/operations/resolve/resolve-unknown.ts';
import { callersOf } from '../../src/operations/resolve/search.ts';
import { type PolicyExtras, policies } from '../../src/policies/policies.ts';
import type { PolicyDocument } from '../../src/sandbox/iam/policy.ts';
import type { World } from '../../src/sandbox/world.ts';
import { openWorld, type TestWorld } from '../harness.ts';

const HOME = '111122223333';
const AWAY = '444455556666';
const USER = `arn:aws:iam::${HOME}:user/etl-agent`;
const ROLE = `arn:aws:iam::${HOME}:role/RedshiftLogin`;
const COPY = `arn:aws:iam::${HOME}:role/WarehouseCopy`;
const WORKGROUP_ID = '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0';
const KEY = { accessKeyId: 'AKIAQQQQQQQQQQQQQQQ1', secretAccessKey: 'not/a/secret/resolve' };

const allow = (Action: string | string[], rest = {}): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*', ...rest }],
});
const trusts = (AWS: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
});
const READS = ['redshift:DescribeClusters', 'redshift:DescribeCustomDomainAssociations', 'redshift-serverless:*'];

const WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        {
          name: 'etl-agent',
          accessKeys: [{ id: KEY.accessKeyId, secret: KEY.secretAccessKey }],
          policies: [allow('redshift-serverless:GetWorkgroup')],
        },
      ],
      roles: [
        { name: 'RedshiftLogin', trust: trusts(USER), policies: [allow([...READS, 's3:ListBucket'])] },
        { name: 'Reader', path: '/team/', trust: trusts(USER), policies: [allow(['iam:Get*', 'iam:List*'])] },
        { name: 'RedshiftBare', trust: trusts(USER) },
        { name: 'RedshiftClosed', trust: trusts(ROLE) },
        { name: 'WarehouseCopy', trust: trusts(ROLE) },
      ],
      clusters: [
        {
          id: 'warehouse',
          customDomain: 'dwh.acme.example',
          iamRoles: [COPY],
          defaultIamRole: COPY,
          databases: [{ name: 'dev' }],
        },
      ],
      workgroups: [
        { name: 'lake', id: WORKGROUP_ID, iamRoles: [COPY], defaultIamRole: COPY, databases: [{ name: 'dev' }] },
      ],
    },
    {
      id: AWAY,
      buckets: [
        {
          name: 'acme-staging',
          policy: {
            Version: '2012-10-17',
            Statement: [{ Effect: 'Allow', Principal: { AWS: ROLE }, Action: 's3:*', Resource: '*' }],
          },
        },
      ],
    },
  ],
};

describe('roleshift policies --resolve', function () {
  this.timeout(20_000);
  let world: TestWorld;
  before(async () => {
    world = await openWorld(WORLD, { databases: false });
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const by = (changes: ConnectionInput): ConnectionInput => ({
    ...KEY,
    database: 'dev',
    region: 'us-east-1',
    authType: 'assumeRole',
    roleArn: ROLE,
    stsEndpoint: world.awsEndpoint,
    redshiftEndpoint: world.awsEndpoint,
    redshiftServerlessEndpoint: world.awsEndpoint,
    ...changes,
  });
  const cluster = (): ConnectionInput => by({ clusterIdentifier: 'warehouse', username: 'etl' });
  const staging = (): ConnectionInput => ({
    useStaging: true,
    stagingBucket: 'acme-staging',
    copyRole: 'default',
    s3Endpoint: world.awsEndpoint,
  });
  const resolve = async (connection: ConnectionInput, extras: PolicyExtras = {}) => {
    const answer = await resolvePlaceholders(connection, extras, new AbortController().signal);
    const left = policies(connection, answer.extras).placeholders.map(({ text }) => text);
    return {
      found: answer.resolved.map(({ placeholder, value }) => [placeholder, value]),
      why: answer.unresolved.map(({ placeholder, why }) => [placeholder, why]),
      left,
    };
  };

  it('asks nobody where nothing is missing', async () => {
    const before = (await world.calls()).length;
    expect(await resolve(cluster(), { identityArn: USER })).to.deep.equal({ found: [], why: [], left: [] });
    expect((await world.calls()).length).to.equal(before);
  });

  it('finds the identity and the default COPY role of a cluster, and no owner of a bucket that is of none of its accounts', async () => {
    const { found, why, left } = await resolve({ ...cluster(), ...staging() });
    expect(found.slice(0, 3)).to.deep.equal([
      ['<AGENT_ACCOUNT>', USER],
      ['<AGENT_USER>', USER],
      ['<CLUSTER_DEFAULT_ROLE>', COPY],
    ]);
    expect(why.map(([placeholder]) => placeholder)).to.deep.equal(['<BUCKET_OWNER>']);
    expect(why[0]?.[1]).to.match(/s3:ListBucket|acme-staging/);
    expect(left).to.deep.equal(['<BUCKET_OWNER>']);
  });

  it('finds the path of a role whose session it has, where IAM may be read', async () => {
    const session = async (name: string): Promise<ConnectionInput> => {
      // The SDK writes into what it is given.
      const sts = new STSClient({ region: 'us-east-1', endpoint: world.awsEndpoint, credentials: { ...KEY } });
      const RoleArn = `arn:aws:iam::${HOME}:role/${name}`;
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'agent' }));
      return {
        ...cluster(),
        accessKeyId: Credentials!.AccessKeyId!,
        secretAccessKey: Credentials!.SecretAccessKey!,
        sessionToken: Credentials!.SessionToken!,
        iamEndpoint: world.awsEndpoint,
      };
    };
    const bare = `arn:aws:sts::${HOME}:assumed-role/RedshiftBare/agent`;
    expect((await resolve(await session('RedshiftBare'))).found[0]).to.deep.equal(['<AGENT_ACCOUNT>', bare]);
    const reader = `arn:aws:iam::${HOME}:role/team/Reader`;
    expect((await resolve(await session('team/Reader'))).found[0]).to.deep.equal(['<AGENT_ACCOUNT>', reader]);
  });

  it('finds the owner of the bucket among the accounts of the connection', async () => {
    const copyRole = `${COPY},arn:aws:iam::${AWAY}:role/Store`;
    const { found, left } = await resolve({ ...cluster(), ...staging(), copyRole }, { identityArn: USER });
    expect(found).to.deep.equal([['<BUCKET_OWNER>', AWAY]]);
    expect(left).to.deep.equal([]);
  });

  it('finds the id of a workgroup, by its role', async () => {
    const { found, left } = await resolve(by({ workgroup: 'lake' }), { identityArn: USER });
    expect(found).to.deep.equal([['<WORKGROUP_ID>', WORKGROUP_ID]]);
    expect(left).to.deep.equal([]);
  });

  it("asks as the identity where the role may not, or isn't there yet", async () => {
    for (const name of ['RedshiftBare', 'RedshiftClosed']) {
      const roleArn = `arn:aws:iam::${HOME}:role/${name}`;
      const { found } = await resolve(by({ workgroup: 'lake', roleArn }), { identityArn: USER });
      expect(found, name).to.deep.equal([['<WORKGROUP_ID>', WORKGROUP_ID]]);
    }
  });

  it('finds the default role of the namespace', async () => {
    const bucketOwner = AWAY;
    const { found } = await resolve({ ...by({ workgroup: 'lake' }), ...staging() }, { identityArn: USER, bucketOwner });
    expect(found).to.deep.equal([
      ['<CLUSTER_DEFAULT_ROLE>', COPY],
      ['<WORKGROUP_ID>', WORKGROUP_ID],
    ]);
  });

  it('finds the cluster behind a custom domain name', async () => {
    const { found, left } = await resolve(by({ host: 'dwh.acme.example', username: 'etl' }), { identityArn: USER });
    expect(found).to.deep.equal([['<CLUSTER>', 'warehouse']]);
    expect(left).to.deep.equal([]);
  });

  it('finds the account of a cluster that is reached by password', async () => {
    const options = resolveOptions({
      ...KEY,
      host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
      clusterIdentifier: 'warehouse',
      database: 'dev',
      username: 'reporting',
      password: 'Sandbox-Passw0rd',
      stsEndpoint: world.awsEndpoint,
      ...staging(),
      stagingRoleArn: ROLE,
    });
    const plan = planAccess(options);
    // No option of a login by password leads the Redshift API elsewhere.
    const aws = { ...plan.aws, redshiftEndpoint: world.awsEndpoint };
    await using access = openAccess({ ...plan, aws, roles: plan.stagingRoles });
    const run = openRun();
    const search = { access, options, run, ...(await callersOf(access, run)) };
    const { resolved, extras } = await resolveUnknown(search, ['<CLUSTER_ACCOUNT>'], { identityArn: USER });
    expect(resolved.map(({ value, by: call }) => [value, call])).to.deep.equal([[HOME, 'redshift:DescribeClusters']]);
    expect(extras).to.deep.equal({ identityArn: USER, clusterAccount: HOME });
  });

  it('says why a part stays a placeholder, and what no call tells', async () => {
    const roleArn = `arn:aws:iam::${HOME}:role/RedshiftClosed`;
    const refused = await resolve(by({ host: 'dwh.acme.example', username: 'etl', roleArn }), { identityArn: USER });
    expect(refused.left).to.deep.equal(['<CLUSTER>']);
    expect(refused.why[0]?.[1]).to.match(/not authorized to perform: redshift:DescribeCustomDomainAssociations/);
    const pod = await resolve({ ...cluster(), useEc2Role: true }, { identityArn: COPY, machine: 'irsa' });
    expect(pod.why.map(([placeholder]) => placeholder)).to.deep.equal(['<OIDC_PROVIDER>', '<SERVICE_ACCOUNT>']);
    expect(pod.why[0]?.[1]).to.equal('no call to AWS tells it');
  });

  it('says so once AWS cannot be reached, in bounded time', async () => {
    const nowhere = 'http://127.0.0.1:9';
    const connection = { ...cluster(), stsEndpoint: nowhere, redshiftEndpoint: nowhere };
    const { left, why } = await resolve({ ...connection, ...staging(), stagingBucketOwner: AWAY });
    expect(left).to.deep.equal(['<AGENT_ACCOUNT>', '<AGENT_USER>', '<CLUSTER_DEFAULT_ROLE>']);
    expect(why).to.have.length(3);
  });
});
