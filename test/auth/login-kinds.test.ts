import { expect } from 'chai';
import { connector } from '../../src/connector.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { createPool } from '../../src/pool.ts';
import { rejectionOf } from '../failure.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

const WORKGROUP_ID = '5f0c6a52-0d0e-4c5b-9c57-2f6b7c1a9e10';
const ARN = 'arn:aws:redshift:us-east-1:111122223333';

/** The standard world with a custom domain name, a workgroup beside the cluster, and a hub that tags its sessions. */
const world = () =>
  standardWorld((changed, account, cluster) => {
    changed.connection = {
      ...changed.connection,
      workgroup: 'analytics',
      logins: ['databaseUser', 'iamIdentity', 'serverless'],
    };
    cluster.customDomain = 'warehouse.example.com';
    account.workgroups = [{ name: 'analytics', id: WORKGROUP_ID, databases: [{ name: 'dev' }] }];
    const login = account.roles!.find(({ name }) => name === 'RedshiftLogin')!;
    login.policies!.push({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'redshift:GetClusterCredentialsWithIAM', Resource: `${ARN}:dbname:warehouse/dev` },
        {
          Effect: 'Allow',
          Action: ['redshift-serverless:GetCredentials', 'redshift-serverless:GetWorkgroup'],
          Resource: `arn:aws:redshift-serverless:us-east-1:111122223333:workgroup/${WORKGROUP_ID}`,
        },
        { Effect: 'Allow', Action: 'redshift-serverless:ListWorkgroups', Resource: '*' },
        // What a session policy can take away.
        { Effect: 'Allow', Action: 'redshift:DescribeClusters', Resource: `${ARN}:cluster:*` },
      ],
    });
    const trust = (AWS: string, Action: string[], Condition: Record<string, Record<string, string>>) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow' as const, Principal: { AWS }, Action, Condition }],
    });
    const hub = 'arn:aws:iam::111122223333:role/RedshiftHub';
    account.roles!.push({
      name: 'RedshiftHub',
      trust: trust(
        'arn:aws:iam::111122223333:user/etl-agent',
        ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
        {
          StringEquals: { 'sts:ExternalId': 'hub-1', 'aws:RequestTag/team': 'sales' },
        },
      ),
      policies: [
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
              Resource: 'arn:aws:iam::111122223333:role/RedshiftTagged',
              // The tag has to have come along.
              Condition: { StringEquals: { 'aws:PrincipalTag/team': 'sales' } },
            },
          ],
        },
      ],
    });
    account.roles!.push({
      ...structuredClone(login),
      name: 'RedshiftTagged',
      trust: trust(hub, ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], {
        StringEquals: { 'aws:PrincipalTag/team': 'sales', 'aws:SourceIdentity': 'ann' },
      }),
    });
    account
      .users!.find(({ name }) => name === 'etl-agent')!
      .policies!.push({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: ['sts:TagSession', 'sts:SetSourceIdentity'], Resource: hub }],
      });
  });

describe('each kind of login, in the sandbox', () => {
  let sandbox: TestWorld;
  before(async function () {
    this.timeout(60_000);
    sandbox = await openWorld(world());
  });
  after(() => sandbox[Symbol.asyncDispose]());

  const valuesOf = (name: string): ConnectionInput => sandbox.connection(name).values as ConnectionInput;

  for (const { name, user, action } of [
    { name: 'keys-etl-agent', user: 'etl', action: 'redshift:GetClusterCredentials' },
    { name: 'iam-keys-etl-agent', user: 'IAMR:RedshiftLogin', action: 'redshift:GetClusterCredentialsWithIAM' },
    { name: 'serverless-keys-etl-agent', user: 'IAMR:RedshiftLogin', action: 'redshift-serverless:GetCredentials' },
  ]) {
    it(`${action} leads to a session as ${user}`, async () => {
      await using redshift = connector.open(valuesOf(name));
      const batch = await redshift.preview({ query: 'select current_user as me' });
      expect(batch.rows()).to.deep.equal([{ me: user }]);
      expect((await sandbox.calls(action)).length).to.be.greaterThan(0);
    });
  }

  it('a pool for other programs logs in as the user of the role as well', async () => {
    const pool = createPool(valuesOf('serverless-keys-etl-agent'));
    try {
      const { rows } = await pool.query('select current_user as me');
      expect(rows).to.deep.equal([{ me: 'IAMR:RedshiftLogin' }]);
    } finally {
      await pool.end();
    }
  });

  it('a workgroup that is misspelt is told as that, where workgroups may be listed', async () => {
    await using redshift = connector.open({ ...valuesOf('serverless-keys-etl-agent'), workgroup: 'analitics' });
    const error = await redshift.login().catch((failure: unknown) => failure);
    expect(error).to.be.instanceOf(ConnectorError);
    expect(error).to.include({
      code: 'RS_CONFIG_OBJECT_MISSING',
      message: 'There is no workgroup analitics in us-east-1 of account 111122223333',
      action: 'Correct workgroup: did you mean analytics?',
    });
  });

  it('the endpoint of a workgroup is looked up where no host is given', async () => {
    const { host: _host, port: _port, tlsServerName: _name, ...values } = valuesOf('serverless-keys-etl-agent');
    await using redshift = connector.open(values);
    const report = await redshift.check({ only: ['endpoint'] });
    expect(report.steps.find(({ id }) => id === 'endpoint')?.verdict).to.equal('pass');
    expect((await sandbox.calls('redshift-serverless:GetWorkgroup')).length).to.be.greaterThan(0);
  });

  for (const { loginMethod, action } of [
    { loginMethod: 'databaseUser', action: 'redshift:GetClusterCredentials' },
    { loginMethod: 'iamIdentity', action: 'redshift:GetClusterCredentialsWithIAM' },
  ] as const) {
    it(`a custom domain name stands for its cluster in ${action}`, async () => {
      const { clusterIdentifier: _, ...values } = valuesOf('keys-etl-agent');
      const before = (await sandbox.calls(action)).length;
      await using redshift = connector.open({ ...values, host: 'warehouse.example.com', loginMethod });
      const report = await redshift.check({ only: ['login'] });
      expect(report.steps.find(({ id }) => id === 'login')).to.include({ verdict: 'pass' });
      expect((await sandbox.calls(action)).slice(before).every(({ allowed }) => allowed)).to.equal(true);
    });

    it(`and one that AWS does not know asks for the identifier, ${action}`, async () => {
      const { clusterIdentifier: _, ...values } = valuesOf('keys-etl-agent');
      await using redshift = connector.open({ ...values, host: 'nobody.example.com', loginMethod });
      const failure = await rejectionOf(redshift.preview({ object: 'sales.orders' }));
      expect(failure.action).to.match(/fill in clusterIdentifier/i);
    });
  }

  it('tags, external id and source identity of an intermediate role reach every policy that asks for them', async () => {
    const hub = {
      roleArn: 'arn:aws:iam::111122223333:role/RedshiftHub',
      externalId: 'hub-1',
      roleSessionName: 'acme-hub',
      durationSeconds: 900,
      sessionTags: [{ key: 'team', value: 'sales', transitive: true }],
      sourceIdentity: 'ann',
    };
    const values = {
      ...valuesOf('iam-keys-etl-agent'),
      roleArn: 'arn:aws:iam::111122223333:role/RedshiftTagged',
      intermediateRoles: [hub],
    };
    await using redshift = connector.open(values);
    const batch = await redshift.preview({ query: 'select current_user as me' });
    expect(batch.rows()).to.deep.equal([{ me: 'IAMR:RedshiftTagged' }]);

    const { sessionTags: _, ...untagged } = hub;
    await using without = connector.open({ ...values, intermediateRoles: [untagged] });
    expect(await rejectionOf(without.preview({ object: 'sales.orders' }))).to.include({ code: 'RS_AUTH_ROLE_DENIED' });
  });

  it('a session policy takes away what the role has', async () => {
    const sessionPolicy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'redshift:DescribeClusters', Resource: '*' }],
    });
    await using redshift = connector.open({ ...valuesOf('keys-etl-agent'), sessionPolicy });
    const failure = await rejectionOf(redshift.preview({ object: 'sales.orders' }));
    expect(failure.code).to.equal('RS_AUTH_LOGIN_DENIED');
    const broken = connector.open({
      ...valuesOf('keys-etl-agent'),
      sessionPolicy: '{"Statement":[{"Effect":"Maybe"}]}',
    });
    await using _broken = broken;
    const refused = await rejectionOf(broken.preview({ object: 'sales.orders' }));
    expect(refused.code).to.equal('RS_CONFIG_INVALID');
    expect(refused.message).to.match(/session policy .* is not a policy that AWS takes/);
  });
});
