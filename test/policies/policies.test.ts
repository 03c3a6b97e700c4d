import { expect } from 'chai';
import type { ConnectorError } from '../../src/core/errors.ts';
import { listOf, type PolicyStatement } from '../../src/policies/document.ts';
import { type PolicySet, policies, readActualPolicies, verifyPolicies } from '../../src/policies/policies.ts';
import { AGENT, byRole, LOGIN_ROLE, SETS, STAGING, WORKGROUP_ID } from './sets.ts';

const names = ({ documents }: PolicySet): string[] => documents.map(({ name }) => name);
const statement = ({ documents }: PolicySet, name: RegExp, sid: string): PolicyStatement | undefined =>
  documents.find((each) => name.test(each.name))?.document.Statement.find(({ Sid }) => Sid === sid);
const failure = (work: () => unknown): ConnectorError => {
  try {
    work();
  } catch (error) {
    return error as ConnectorError;
  }
  throw new Error('expected a failure');
};

describe('Policies of a connection', () => {
  it('are one document for each principal and kind, and no more than it needs', () => {
    const set = policies(byRole(), { identityArn: AGENT });
    expect(names(set)).to.deep.equal([
      '111122223333-user-etl-agent-permissions',
      '111122223333-role-RedshiftLogin-trust',
      '111122223333-role-RedshiftLogin-permissions',
    ]);
    expect(set.documents[2]!.document).to.deep.equal({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'Login',
          Effect: 'Allow',
          Action: 'redshift:GetClusterCredentials',
          Resource: [
            'arn:aws:redshift:us-west-2:111122223333:dbuser:warehouse/etl',
            'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/dev',
          ],
        },
      ],
    });
    expect(set.placeholders).to.deep.equal([]);
  });

  it('need no secret: none is asked for, followed or printed', () => {
    const set = policies(byRole({ accessKeyId: `\${env:NOT_THERE}`, secretAccessKey: `\${file:/not/there}` }), {
      identityArn: AGENT,
    });
    expect(set).to.deep.equal(
      policies(byRole({ accessKeyId: 'AKIACANARYCANARY0001', secretAccessKey: 'canary' }), { identityArn: AGENT }),
    );
    expect(JSON.stringify(set)).to.not.match(/canary/i);
  });

  it("take the account from the cluster's side: that of the last role", () => {
    const set = policies(
      byRole({ roleArn: 'arn:aws:iam::444455556666:role/Partner', intermediateRoles: [{ roleArn: LOGIN_ROLE }] }),
      { identityArn: AGENT },
    );
    expect(statement(set, /Partner-permissions/, 'Login')?.Resource).to.deep.equal([
      'arn:aws:redshift:us-west-2:444455556666:dbuser:warehouse/etl',
      'arn:aws:redshift:us-west-2:444455556666:dbname:warehouse/dev',
    ]);
    expect(set.notes.join()).to.include('without an external id');
  });

  it('look for the endpoint only where no host is given', () => {
    const { host: _, ...rest } = byRole({ clusterIdentifier: 'warehouse', region: 'us-west-2' });
    expect(statement(policies(rest), /permissions/, 'FindEndpoint')).to.equal(undefined);
    expect(statement(policies(rest), /RedshiftLogin-permissions/, 'FindEndpoint')).to.include({
      Action: 'redshift:DescribeClusters',
      Resource: 'arn:aws:redshift:us-west-2:111122223333:cluster:warehouse',
    });
    expect(statement(policies(byRole()), /RedshiftLogin-permissions/, 'FindEndpoint')).to.equal(undefined);
  });

  it('create the user and join groups only where the connection asks', () => {
    const set = policies(byRole({ autoCreateDbUser: true, dbGroups: ['readers', 'loaders'] }));
    expect(statement(set, /RedshiftLogin-permissions/, 'CreateUser')).to.include({
      Action: 'redshift:CreateClusterUser',
      Resource: 'arn:aws:redshift:us-west-2:111122223333:dbuser:warehouse/etl',
    });
    expect(statement(set, /RedshiftLogin-permissions/, 'JoinGroups')?.Resource).to.deep.equal([
      'arn:aws:redshift:us-west-2:111122223333:dbgroup:warehouse/loaders',
      'arn:aws:redshift:us-west-2:111122223333:dbgroup:warehouse/readers',
    ]);
  });

  it('give the EC2 role the right to assume the Redshift role and nothing on Redshift itself', () => {
    const machine = 'arn:aws:iam::111122223333:role/AgentMachine';
    const set = policies(byRole({ useEc2Role: true }), { identityArn: machine });
    expect(
      set.documents.filter(({ holder }) => holder.arn === machine).map(({ document }) => document.Statement),
    ).to.deep.equal([
      [{ Sid: 'TrustMachine', Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      [{ Sid: 'AssumeRedshiftRole', Effect: 'Allow', Action: 'sts:AssumeRole', Resource: LOGIN_ROLE }],
    ]);
    expect(statement(set, /RedshiftLogin-trust/, 'TrustAgentRole')?.Principal).to.deep.equal({ AWS: machine });
  });

  it('read the ARN that get-caller-identity prints for a role session', () => {
    const set = policies(byRole({ identitySource: 'environment' }), {
      identityArn: 'arn:aws:sts::111122223333:assumed-role/AgentMachine/i-0abc',
    });
    expect(statement(set, /RedshiftLogin-trust/, 'TrustAgentRole')?.Principal).to.deep.equal({
      AWS: 'arn:aws:iam::111122223333:role/AgentMachine',
    });
    expect(failure(() => policies(byRole(), { identityArn: 'etl-agent' })).code).to.equal('RS_CONFIG_INVALID');
  });

  it('add the worker nodes in advanced mode', () => {
    const workerRoleArn = 'arn:aws:iam::111122223333:role/WorkerNode';
    const set = policies(byRole({ workerRoleArn }), { identityArn: AGENT, mode: 'advanced' });
    expect(statement(set, /RedshiftLogin-trust/, 'TrustWorkerNodes')?.Principal).to.deep.equal({ AWS: workerRoleArn });
    expect(statement(set, /RedshiftLogin-trust/, 'TrustAgentUser')?.Principal).to.deep.equal({ AWS: AGENT });
    expect(statement(set, /WorkerNode-permissions/, 'AssumeRedshiftRole')?.Resource).to.equal(LOGIN_ROLE);
  });

  it('show what is unknown as placeholders that IAM refuses', () => {
    const set = policies(byRole({ useStaging: true, stagingBucket: 'acme-staging', copyRole: 'default' }));
    expect(set.placeholders.map(({ text }) => text)).to.deep.equal([
      '<AGENT_ACCOUNT>',
      '<AGENT_USER>',
      '<CLUSTER_DEFAULT_ROLE>',
      '<BUCKET_OWNER>',
    ]);
    for (const { remedy } of set.placeholders) expect(remedy).to.match(/^(give|set|read) /);
  });

  it('pin the login to the user, or to the name of the session, which has to be the same', () => {
    const pinned = policies(byRole({ roleSessionName: 'etl' }), { pinDbUser: true, pinSessionName: true });
    expect(statement(pinned, /RedshiftLogin-permissions/, 'Login')?.Condition).to.deep.equal({
      StringEquals: { 'redshift:DbUser': 'etl' },
      StringLike: { 'aws:userid': `*:\${redshift:DbUser}` },
    });
    expect(failure(() => policies(byRole(), { pinSessionName: true }))).to.include({ code: 'RS_CONFIG_INVALID' });
  });

  it('keep the COPY role for one user, one cluster and one account where that is asked', () => {
    const set = policies(byRole(STAGING), { copyForUserOnly: true, pinSourceArn: true, pinSourceAccount: true });
    expect(statement(set, /WarehouseCopy-trust/, 'TrustRedshift')?.Condition).to.deep.equal({
      StringEquals: {
        'sts:ExternalId': 'arn:aws:redshift:us-west-2:111122223333:dbuser:warehouse/etl',
        'aws:SourceAccount': '111122223333',
      },
      ArnEquals: { 'aws:SourceArn': 'arn:aws:redshift:us-west-2:111122223333:cluster:warehouse' },
    });
    expect(set.grants.map(({ statement: text }) => text)).to.deep.equal([
      'REVOKE ASSUMEROLE ON ALL FROM PUBLIC FOR ALL;',
      `GRANT ASSUMEROLE ON 'arn:aws:iam::111122223333:role/WarehouseCopy' TO "etl" FOR COPY, UNLOAD;`,
      `-- REVOKE ASSUMEROLE ON 'arn:aws:iam::111122223333:role/WarehouseCopy' FROM "etl" FOR COPY, UNLOAD;`,
    ]);
    expect(policies(byRole(STAGING)).grants).to.deep.equal([]);
  });

  it('reach the bucket only as the account that owns it, below the prefix, and the key only through S3', () => {
    const set = policies(
      byRole({ ...STAGING, stagingPrefix: 'etl/in', kmsKeyId: '1234abcd-12ab-34cd-56ef-1234567890ab' }),
    );
    expect(statement(set, /RedshiftLogin-permissions/, 'StagingFiles')).to.deep.include({
      Resource: 'arn:aws:s3:::acme-staging/etl/in/*',
      Condition: { StringEquals: { 'aws:ResourceAccount': '111122223333' } },
    });
    expect(statement(set, /WarehouseCopy-permissions/, 'CopyKey')).to.deep.include({
      Resource: 'arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
      Condition: { StringEquals: { 'kms:ViaService': 's3.us-west-2.amazonaws.com' } },
    });
  });

  it('name the services that a workgroup presents itself as', () => {
    const set = SETS.find(([title]) => title === 'a workgroup by password')![1];
    expect(statement(set, /WarehouseCopy-trust/, 'TrustRedshift')).to.deep.include({
      Principal: { Service: ['redshift.amazonaws.com', 'redshift-serverless.amazonaws.com'] },
      Condition: {
        StringEquals: {
          'sts:ExternalId': `arn:aws:redshift:us-west-2:111122223333:dbuser:serverless-111122223333-${WORKGROUP_ID}/etl`,
          'aws:SourceAccount': '111122223333',
        },
        ArnEquals: {
          'aws:SourceArn': `arn:aws:redshift-serverless:us-west-2:111122223333:workgroup/${WORKGROUP_ID}`,
        },
      },
    });
  });

  it('stay in their partition', () => {
    for (const [partition, title] of [
      ['aws-cn', 'China'],
      ['aws-us-gov', 'GovCloud'],
    ] as const) {
      const { documents } = SETS.find(([each]) => each === title)![1];
      const arns = JSON.stringify(documents.map(({ document }) => document)).match(/arn:[a-z-]+:/g)!;
      expect(new Set(arns)).to.deep.equal(new Set([`arn:${partition}:`]));
    }
    const china = JSON.stringify(SETS.find(([title]) => title === 'China')![1]);
    expect(china).to.include('"ec2.amazonaws.com.cn"').and.include('"s3.cn-north-1.amazonaws.com.cn"');
  });

  it('say nothing for a login by password without staging', () => {
    const { host, database, username } = byRole();
    expect(policies({ host, database, username }).documents).to.deep.equal([]);
  });

  it('refuse what the planner refuses', () => {
    expect(failure(() => policies(byRole({ workgroup: 'lake' }))).code).to.equal('RS_CONFIG_INVALID');
    expect(failure(() => policies({})).code).to.equal('RS_CONFIG_INVALID');
  });

  for (const extras of [
    { identityArn: 'arn:aws:iam::111122223333:user/x\ntouch EVIL' },
    { identityArn: 'arn:aws:iam::111122223333:root' },
    { defaultCopyRoleArn: 'arn:aws:iam::../..:role/x' },
    { clusterAccount: '../../x' },
    { oidcProvider: 'oidc"\n}' },
    { serviceAccount: 'no-namespace' },
    { machine: 'lambda' as 'ec2' },
    { workgroupId: 'lake' },
    { clusterIdentifier: 'Ware*' },
    { bucketOwner: '1111' },
    { sourceBucketOwner: 'me' },
    { sources: ['s3://landing/in/', 's3://landing/*'] },
    { sources: ['s3://landing'] },
    { sources: [`s3://landing/\${aws:username}/`] },
    { sources: 'landing' as unknown as [] },
  ]) {
    it(`refuse what cannot be part of a policy, a script or a file name: ${JSON.stringify(extras)}`, () => {
      const { code, issues } = failure(() => policies(byRole({ useEc2Role: true }), extras));
      expect([code, issues?.map(({ path }) => path)]).to.deep.equal(['RS_CONFIG_INVALID', Object.keys(extras)]);
    });
  }

  it('let the agent read what writes load, object by object and folder by folder, and nothing else', () => {
    const sources = ['s3://landing/in/', 's3://landing/one/orders.csv', 's3://acme-staging/drop/'];
    const set = policies(byRole(STAGING), { identityArn: AGENT, sources, sourceBucketOwner: '444455556666' });
    const statementsOf = (kind: string, name: string): readonly unknown[] =>
      set.documents
        .filter(({ kind: each, holder }) => each === kind && holder.name === name)
        .flatMap(({ document }) => document.Statement)
        .filter(({ Sid }) => Sid?.startsWith('Source'))
        .map(({ Sid, Action, Resource, Condition }) => [Sid, Action, Resource, Condition]);
    const of = (account: string) => ({ StringEquals: { 'aws:ResourceAccount': account } });
    expect(statementsOf('permissions', 'RedshiftLogin')).to.deep.equal([
      ['SourceBucket', 's3:ListBucket', 'arn:aws:s3:::landing', of('444455556666')],
      ['SourceFiles', 's3:GetObject', 'arn:aws:s3:::landing/in/*', of('444455556666')],
      ['SourceFiles2', 's3:GetObject', 'arn:aws:s3:::landing/one/orders.csv', of('444455556666')],
      ['SourceFiles3', 's3:GetObject', 'arn:aws:s3:::acme-staging/drop/*', of('111122223333')],
    ]);
    expect(statementsOf('bucket', 'landing')).to.deep.equal([
      ['SourceBucket', 's3:ListBucket', 'arn:aws:s3:::landing', undefined],
      ['SourceFiles', 's3:GetObject', 'arn:aws:s3:::landing/in/*', undefined],
      ['SourceFiles2', 's3:GetObject', 'arn:aws:s3:::landing/one/orders.csv', undefined],
    ]);
    const own = { name: 'a.json', text: JSON.stringify({ documents: set.documents }) };
    expect(verifyPolicies(set, readActualPolicies([own], set.documents)).missing).to.deep.equal([]);
    expect(
      policies(byRole(STAGING), { identityArn: AGENT, sources }).placeholders.map(({ text }) => text),
    ).to.deep.equal(['<SOURCE_BUCKET_OWNER>']);
  });

  it('refuse objects to load where nothing is loaded from S3', () => {
    const { code, issues } = failure(() => policies(byRole(), { sources: ['s3://landing/in/'] }));
    expect([code, issues?.[0]?.path]).to.deep.equal(['RS_CONFIG_INVALID', 'sources']);
  });

  it('keep a database user whose name looks like a variable of IAM a name', () => {
    const set = policies(
      { host: 'lake.abc123.us-west-2.redshift.amazonaws.com', database: 'dev', username: `a\${b}`, ...STAGING },
      { copyForUserOnly: true, identityArn: AGENT },
    );
    const { Condition } = statement(set, /WarehouseCopy-trust$/, 'TrustRedshift') ?? {};
    expect(JSON.stringify(Condition)).to.include(`/a\${$}{b}"`);
    const own = { name: 'a.json', text: JSON.stringify({ documents: set.documents }) };
    expect(verifyPolicies(set, readActualPolicies([own], set.documents)).missing).to.deep.equal([]);
  });

  it('ask for the source identity beside the external id, since IAM knows no external id there', () => {
    const { documents } = policies(byRole({ externalId: 'acme-7', sourceIdentity: 'ann' }), { identityArn: AGENT });
    const trust = documents.find(({ kind }) => kind === 'trust');
    expect(trust?.document.Statement.map(({ Action, Condition }) => [Action, Condition])).to.deep.equal([
      ['sts:AssumeRole', { StringEquals: { 'sts:ExternalId': 'acme-7' } }],
      ['sts:SetSourceIdentity', { StringEquals: { 'sts:SourceIdentity': 'ann' } }],
    ]);
  });

  it('let the tags of an EKS pod go along to every role', () => {
    const hub = 'arn:aws:iam::111122223333:role/Hub';
    const { documents } = policies(byRole({ useEc2Role: true, intermediateRoles: [{ roleArn: hub }] }), {
      identityArn: 'arn:aws:iam::111122223333:role/Pod',
      machine: 'eks',
    });
    const tagging = documents.flatMap(({ holder, kind, document }) =>
      document.Statement.filter(({ Action }) => listOf(Action).includes('sts:TagSession')).map(() => [
        holder.name,
        kind,
      ]),
    );
    expect(tagging).to.deep.equal([
      ['Pod', 'trust'],
      ['Pod', 'permissions'],
      ['Hub', 'trust'],
      ['Hub', 'permissions'],
      ['RedshiftLogin', 'trust'],
    ]);
  });
});
