import { expect } from 'chai';
import type { AccessOptions } from '../../src/access/access-options.ts';
import type { RunMode } from '../../src/access/identity-source.ts';
import type { AccessPlan } from '../../src/access/plan.ts';
import { planAccess } from '../../src/access/plan-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptions, accessOptionsWithout, KEYS, ROLE_ARN } from './options.ts';

const STAGING_ROLE = 'arn:aws:iam::444455556666:role/path/Staging';
const HUB = 'arn:aws:iam::222233334444:role/Hub';
const PASSWORD = { authType: 'password', password: new Secret('canary-password') } as const;
const NO_KEYS = ['accessKeyId', 'secretAccessKey'] as const;

function failureOf(options: AccessOptions): ConnectorError {
  try {
    planAccess(options);
  } catch (error) {
    expect(error).to.be.instanceOf(ConnectorError);
    return error as ConnectorError;
  }
  throw new Error('planned');
}

describe('planAccess', () => {
  describe('chooses the identity', () => {
    const cases: readonly {
      readonly title: string;
      readonly options: AccessOptions;
      readonly mode?: RunMode;
      readonly identity: Record<string, unknown> | undefined;
      readonly note?: RegExp;
    }[] = [
      { title: 'access keys', options: accessOptions(), identity: { kind: 'accessKeys', ...KEYS } },
      {
        title: 'temporary access keys',
        options: accessOptions({ sessionToken: KEYS.accessKeyId }),
        identity: { kind: 'accessKeys', ...KEYS, sessionToken: KEYS.accessKeyId },
      },
      {
        title: "the machine's role, and says that the keys are ignored",
        options: accessOptions({ useEc2Role: true }),
        identity: { kind: 'machineRole' },
        note: /Use EC2 Role.*keys in the form are ignored/,
      },
      {
        title: "the machine's role whatever identitySource says, silent without keys",
        options: accessOptionsWithout(NO_KEYS, { useEc2Role: true, identitySource: 'profile', profile: 'p' }),
        identity: { kind: 'machineRole' },
      },
      {
        title: "the worker node's role",
        options: accessOptionsWithout(NO_KEYS, { identitySource: 'workerRole' }),
        identity: { kind: 'workerRole' },
      },
      {
        title: "the worker node's role that is expected",
        options: accessOptions({ identitySource: 'workerRole', workerRoleArn: HUB }),
        identity: { kind: 'workerRole', expectedRoleArn: HUB },
        note: /worker node role.*ignored/,
      },
      {
        title: 'a profile',
        options: accessOptions({ identitySource: 'profile', profile: 'etl' }),
        identity: { kind: 'profile', profile: 'etl' },
        note: /Profile etl.*ignored/,
      },
      {
        title: 'the environment',
        options: accessOptions({ identitySource: 'environment', sessionToken: KEYS.accessKeyId }),
        identity: { kind: 'environment' },
        note: /environment.*ignored/,
      },
      {
        title: 'the worker in advanced mode, when the worker logs in',
        options: accessOptions({ loginIdentity: 'worker', useEc2Role: true, workerRoleArn: HUB }),
        mode: 'advanced',
        identity: { kind: 'workerRole', expectedRoleArn: HUB },
        note: /advanced mode.*ignored/,
      },
      {
        title: "the agent's own in advanced mode, when the agent logs in",
        options: accessOptions({ useEc2Role: true, sessionToken: KEYS.accessKeyId }),
        mode: 'advanced',
        identity: { kind: 'machineRole' },
        note: /ignored/,
      },
      {
        title: 'the worker in standard mode too, when the worker logs in: no other identity is asked for',
        options: accessOptions({ loginIdentity: 'worker' }),
        identity: { kind: 'workerRole' },
        note: /loginIdentity.*ignored/,
      },
      { title: 'none for a stored password', options: accessOptions(PASSWORD), identity: undefined },
      {
        title: 'one for a stored password with staging',
        options: accessOptions({ ...PASSWORD, useStaging: true }),
        identity: { kind: 'accessKeys', ...KEYS },
      },
    ];
    for (const { title, options, mode, identity, note } of cases) {
      it(title, () => {
        const plan = planAccess(options, mode === undefined ? {} : { mode });
        expect(plan.identity).to.deep.equal(identity);
        if (note === undefined) {
          expect(plan.identityNote).to.equal(undefined);
          expect(plan.notices).to.deep.equal([]);
        } else {
          expect(plan.identityNote).to.match(note);
          expect(plan.notices[0]).to.match(note);
        }
      });
    }
  });

  describe('plans roles', () => {
    const base = { roleDurationSeconds: 43_200 };
    const shape = ({ roles }: AccessPlan) =>
      roles.map(({ id, durationSeconds, chained }) => [id, durationSeconds, chained]);
    const cases: readonly { title: string; options: AccessOptions; roles: unknown[]; notes: number }[] = [
      {
        title: 'of an IAM user for as long as asked',
        options: accessOptions(base),
        roles: [['redshift', 43_200, false]],
        notes: 0,
      },
      {
        title: "of a machine's role for an hour, and says why",
        options: accessOptionsWithout(NO_KEYS, { ...base, useEc2Role: true }),
        roles: [['redshift', 3600, true]],
        notes: 1,
      },
      {
        title: "of a worker node's role for an hour",
        options: accessOptionsWithout(NO_KEYS, { ...base, identitySource: 'workerRole' }),
        roles: [['redshift', 3600, true]],
        notes: 1,
      },
      {
        title: 'of temporary keys for an hour',
        options: accessOptions({ ...base, sessionToken: KEYS.accessKeyId }),
        roles: [['redshift', 3600, true]],
        notes: 1,
      },
      {
        title: 'of a profile for as long as asked: what it holds is seen at run time',
        options: accessOptionsWithout(NO_KEYS, { ...base, identitySource: 'profile', profile: 'p' }),
        roles: [['redshift', 43_200, false]],
        notes: 0,
      },
      {
        title: 'of the environment for as long as asked',
        options: accessOptionsWithout(NO_KEYS, { ...base, identitySource: 'environment' }),
        roles: [['redshift', 43_200, false]],
        notes: 0,
      },
      {
        title: 'from the second hop on for an hour',
        options: accessOptions({ ...base, intermediateRoles: [{ roleArn: HUB, externalId: 'hub-id' }] }),
        roles: [
          ['intermediate-1', 43_200, false],
          ['redshift', 3600, true],
        ],
        notes: 1,
      },
      {
        title: 'for less than an hour as asked, chained or not',
        options: accessOptionsWithout(NO_KEYS, { roleDurationSeconds: 900, useEc2Role: true }),
        roles: [['redshift', 900, true]],
        notes: 0,
      },
    ];
    for (const { title, options, roles, notes } of cases) {
      it(title, () => {
        const plan = planAccess(options);
        expect(shape(plan)).to.deep.equal(roles);
        expect(
          plan.notices.filter((notice) => /shortened from 43200 s to 3600 s.*role chaining/.test(notice)),
        ).to.have.length(notes);
      });
    }

    it('with external ids of their own, and the source identity on the first only', () => {
      const { roles } = planAccess(
        accessOptions({
          externalId: 'main-id',
          sourceIdentity: 'ann',
          roleSessionName: 'nightly',
          intermediateRoles: [{ roleArn: HUB, externalId: 'hub-id' }],
        }),
      );
      expect(roles).to.deep.equal([
        {
          id: 'intermediate-1',
          roleArn: HUB,
          account: '222233334444',
          sessionName: 'nightly',
          externalId: 'hub-id',
          sourceIdentity: 'ann',
          durationSeconds: 3600,
          chained: false,
        },
        {
          id: 'redshift',
          roleArn: ROLE_ARN,
          account: '111122223333',
          sessionName: 'nightly',
          externalId: 'main-id',
          durationSeconds: 3600,
          chained: true,
        },
      ]);
    });
  });

  describe('plans staging roles', () => {
    const hub = { intermediateRoles: [{ roleArn: HUB }] };
    const cases: readonly { title: string; options: AccessOptions; ids: string[] }[] = [
      { title: 'none without staging', options: accessOptions({ stagingRoleArn: STAGING_ROLE }), ids: [] },
      { title: 'the Redshift role by default', options: accessOptions({ useStaging: true }), ids: ['redshift'] },
      {
        title: 'the Redshift role when it is the staging role too',
        options: accessOptions({ useStaging: true, stagingRoleArn: ROLE_ARN }),
        ids: ['redshift'],
      },
      {
        title: 'the staging role after the intermediate ones',
        options: accessOptions({ useStaging: true, stagingRoleArn: STAGING_ROLE, ...hub }),
        ids: ['intermediate-1', 'staging'],
      },
      {
        title: 'the identity itself with a password',
        options: accessOptions({ ...PASSWORD, useStaging: true }),
        ids: [],
      },
      {
        title: 'the intermediate roles with a password',
        options: accessOptions({ ...PASSWORD, useStaging: true, ...hub }),
        ids: ['intermediate-1'],
      },
      {
        title: 'the staging role with a password',
        options: accessOptions({ ...PASSWORD, useStaging: true, stagingRoleArn: STAGING_ROLE }),
        ids: ['staging'],
      },
    ];
    for (const { title, options, ids } of cases) {
      it(title, () => expect(planAccess(options).stagingRoles.map(({ id }) => id)).to.deep.equal(ids));
    }
  });

  it('says when a staging external id has no role to go with', () => {
    const staging = { useStaging: true, stagingExternalId: 'acme-7' };
    const notices = (changes: Partial<AccessOptions>) => planAccess(accessOptions({ ...staging, ...changes })).notices;
    for (const changes of [{}, { stagingRoleArn: ROLE_ARN }]) {
      expect(notices(changes).join()).to.match(/staging external id is not used/);
    }
    expect(notices({ stagingRoleArn: STAGING_ROLE })).to.deep.equal([]);
  });

  describe('plans the login', () => {
    it('by stored password', () => {
      const { login, roles } = planAccess(accessOptions(PASSWORD));
      expect(login).to.deep.equal({ kind: 'password', username: 'etl', password: PASSWORD.password, database: 'dev' });
      expect(roles).to.deep.equal([]);
    });

    it('by cluster credentials, the cluster read from the host, groups folded, sorted and each once', () => {
      const { login, notices } = planAccess(
        accessOptions({
          autoCreateDbUser: true,
          dbGroups: ['writers', 'Admins', 'admins'],
          loginLifetimeSeconds: 1800,
        }),
      );
      expect(login).to.deep.equal({
        kind: 'clusterCredentials',
        clusterIdentifier: 'warehouse',
        database: 'dev',
        username: 'etl',
        autoCreate: true,
        groups: ['admins', 'writers'],
        lifetimeSeconds: 1800,
      });
      expect(notices).to.deep.equal(['Database groups are sent in lower case: Redshift knows no others.']);
    });

    it('for the cluster that is named, whatever the host', () => {
      const { login } = planAccess(accessOptions({ clusterIdentifier: 'other' }));
      expect(login).to.include({ clusterIdentifier: 'other' });
    });
  });

  describe('derives region and partition', () => {
    const cases: readonly {
      title: string;
      options: AccessOptions;
      region: string | undefined;
      partition: string;
      notices?: number;
    }[] = [
      { title: 'from the host', options: accessOptions(), region: 'us-east-1', partition: 'aws' },
      {
        title: 'from a host in China',
        options: accessOptions({
          host: 'Warehouse.abc.cn-north-1.redshift.amazonaws.com.cn',
          roleArn: 'arn:aws-cn:iam::111122223333:role/R',
        }),
        region: 'cn-north-1',
        partition: 'aws-cn',
      },
      {
        title: 'from the option, and tells of a host that says otherwise',
        options: accessOptions({ region: 'eu-west-1' }),
        region: 'eu-west-1',
        partition: 'aws',
        notices: 1,
      },
      {
        title: 'from the option where the host is a tunnel',
        options: accessOptions({
          host: 'localhost',
          clusterIdentifier: 'w',
          region: 'us-gov-west-1',
          roleArn: 'arn:aws-us-gov:iam::111122223333:role/R',
        }),
        region: 'us-gov-west-1',
        partition: 'aws-us-gov',
      },
      {
        title: 'from the staging bucket with a password',
        options: accessOptions({ ...PASSWORD, host: 'localhost', useStaging: true, stagingRegion: 'eu-north-1' }),
        region: 'eu-north-1',
        partition: 'aws',
      },
      {
        title: 'not at all with a password alone',
        options: accessOptions({ ...PASSWORD, host: 'db' }),
        region: undefined,
        partition: 'aws',
      },
    ];
    for (const { title, options, region, partition, notices = 0 } of cases) {
      it(title, () => {
        const plan = planAccess(options);
        expect(plan.aws).to.include({ partition, timeoutMs: 10_000 });
        expect(plan.aws.region).to.equal(region);
        expect(plan.notices).to.have.length(notices);
      });
    }

    it('and hands on endpoints and TLS as given', () => {
      const { aws, tls, endpoint } = planAccess(
        accessOptions({
          stsEndpoint: 'https://sts.example',
          redshiftEndpoint: 'https://redshift.example',
          s3Endpoint: 'https://s3.example',
          awsTimeoutSeconds: 3,
          tlsMode: 'verify-ca',
          caFile: '/ca.pem',
          tlsServerName: 'name',
          port: 5555,
        }),
      );
      expect(aws).to.deep.equal({
        region: 'us-east-1',
        partition: 'aws',
        stsEndpoint: 'https://sts.example',
        redshiftEndpoint: 'https://redshift.example',
        s3Endpoint: 'https://s3.example',
        timeoutMs: 3000,
        connectTimeoutMs: 5000,
      });
      expect(tls).to.deep.equal({ mode: 'verify-ca', caFile: '/ca.pem', serverName: 'name' });
      expect(endpoint).to.include({ port: 5555, region: 'us-east-1' });
    });
  });

  describe('refuses, naming the field and the mend', () => {
    const cases: readonly { title: string; options: AccessOptions; paths: string[] }[] = [
      { title: 'half a key pair', options: accessOptionsWithout(['secretAccessKey']), paths: ['secretAccessKey'] },
      { title: 'no keys at all', options: accessOptionsWithout(NO_KEYS), paths: ['accessKeyId', 'secretAccessKey'] },
      { title: 'a profile without name', options: accessOptions({ identitySource: 'profile' }), paths: ['profile'] },
      { title: 'no role', options: accessOptionsWithout(['roleArn']), paths: ['roleArn'] },
      {
        title: 'something else than a role',
        options: accessOptions({ roleArn: 'arn:aws:iam::1:user/x' }),
        paths: ['roleArn'],
      },
      {
        title: 'something else than a role on the way, once',
        options: accessOptions({ useStaging: true, intermediateRoles: [{ roleArn: 'x' }] }),
        paths: ['intermediateRoles[0].roleArn'],
      },
      {
        title: 'a role of another partition',
        options: accessOptions({ roleArn: 'arn:aws-cn:iam::111122223333:role/R' }),
        paths: ['roleArn'],
      },
      {
        title: 'a host that tells neither cluster nor region',
        options: accessOptions({ host: 'localhost' }),
        paths: ['region', 'clusterIdentifier'],
      },
      {
        title: 'neither host nor cluster nor region',
        options: accessOptionsWithout(['host']),
        paths: ['region', 'clusterIdentifier'],
      },
      {
        title: 'a workgroup beside a cluster',
        options: accessOptions({ workgroup: 'wg-1' }),
        paths: ['clusterIdentifier'],
      },
      {
        title: 'a managed serverless endpoint, whose name is not that of the workgroup',
        options: accessOptions({ host: 'mine-endpoint-x1y2.abc.us-east-1.redshift-serverless.amazonaws.com' }),
        paths: ['workgroup'],
      },
      { title: 'no database user', options: accessOptionsWithout(['username']), paths: ['username'] },
      {
        title: 'a password login without user',
        options: accessOptionsWithout(['username'], PASSWORD),
        paths: ['username'],
      },
      {
        title: 'a managed endpoint, whose name is not that of the cluster',
        options: accessOptions({ host: 'mine-endpoint-x1y2.abc.us-east-1.redshift.amazonaws.com' }),
        paths: ['clusterIdentifier'],
      },
      {
        title: 'a password login without password',
        options: accessOptions({ authType: 'password' }),
        paths: ['password'],
      },
      { title: 'a password login without host', options: accessOptionsWithout(['host'], PASSWORD), paths: ['host'] },
      {
        title: 'a staging bucket without region',
        options: accessOptions({ ...PASSWORD, host: 'db', useStaging: true }),
        paths: ['region'],
      },
    ];
    for (const { title, options, paths } of cases) {
      it(title, () => {
        const failure = failureOf(options);
        expect(failure.code).to.equal('RS_CONFIG_INVALID');
        expect(failure.issues.map(({ path }) => path)).to.deep.equal(paths);
        for (const { action } of failure.issues) expect(action).to.match(/^(Fill in|Give|Name|Choose|Remove) .*\.$/);
      });
    }
  });

  describe('gives each role what is its own', () => {
    const hops = (changes: Partial<AccessOptions>) => planAccess(accessOptions(changes)).roles;

    it('session name, duration, policy and tags; the rest is as for the Redshift role', () => {
      const hub = { roleArn: HUB, roleSessionName: 'hub', durationSeconds: 900, sessionPolicy: '{"Statement":[]}' };
      const [first, second, last] = hops({
        roleSessionName: 'etl',
        roleDurationSeconds: 1800,
        intermediateRoles: [{ ...hub, sessionTags: [{ key: 'team', transitive: true }] }, { roleArn: STAGING_ROLE }],
        sessionPolicy: '{"Statement":{}}',
        sessionTags: [{ key: 'job', value: 'nightly' }],
      });
      expect(first).to.deep.include({ sessionName: 'hub', durationSeconds: 900, sessionPolicy: '{"Statement":[]}' });
      expect(first?.sessionTags).to.deep.equal([{ key: 'team', value: '', transitive: true }]);
      expect(second).to.include({ sessionName: 'etl', durationSeconds: 1800 });
      expect(second).to.not.have.any.keys('sessionPolicy', 'sessionTags');
      expect(last).to.deep.include({ sessionName: 'etl', durationSeconds: 1800, sessionPolicy: '{"Statement":{}}' });
      expect(last?.sessionTags).to.deep.equal([{ key: 'job', value: 'nightly', transitive: false }]);
    });

    it('and caps a duration of its own in a chain', () => {
      const [, second] = hops({
        intermediateRoles: [{ roleArn: HUB }, { roleArn: STAGING_ROLE, durationSeconds: 7200 }],
      });
      expect(second).to.include({ durationSeconds: 3600 });
      expect(second?.note).to.match(/from 7200 s/);
    });

    for (const { title, changes, set } of [
      {
        title: 'of the options on the first role',
        changes: { sourceIdentity: 'jo' },
        set: ['jo', undefined, undefined],
      },
      {
        title: 'of the first role itself in its place',
        changes: {
          sourceIdentity: 'jo',
          intermediateRoles: [{ roleArn: HUB, sourceIdentity: 'al' }, { roleArn: HUB }],
        },
        set: ['al', undefined, undefined],
      },
      {
        title: 'of a later role from there on, and said once',
        changes: {
          intermediateRoles: [{ roleArn: HUB }, { roleArn: HUB, sourceIdentity: 'al' }],
        },
        set: [undefined, 'al', undefined],
      },
    ]) {
      it(`the source identity ${title}`, () => {
        const roles = hops({ intermediateRoles: [{ roleArn: HUB }, { roleArn: HUB }], ...changes });
        expect(roles.map(({ sourceIdentity }) => sourceIdentity)).to.deep.equal(set);
      });
    }

    for (const { title, changes, path } of [
      {
        title: 'another source identity later on',
        changes: {
          sourceIdentity: 'jo',
          intermediateRoles: [{ roleArn: HUB }, { roleArn: HUB, sourceIdentity: 'al' }],
        },
        path: 'intermediateRoles[1].sourceIdentity',
      },
      {
        title: 'a tag that an earlier role hands on, whatever its case',
        changes: {
          intermediateRoles: [{ roleArn: HUB, sessionTags: [{ key: 'Team', transitive: true }] }],
          sessionTags: [{ key: 'team' }],
        },
        path: 'sessionTags',
      },
      {
        title: 'a tag that is there twice',
        changes: { intermediateRoles: [{ roleArn: HUB, sessionTags: [{ key: 'a' }, { key: 'A' }] }] },
        path: 'intermediateRoles[0].sessionTags',
      },
      {
        title: 'more tags than a session has',
        changes: { sessionTags: Array.from({ length: 51 }, (_, index) => ({ key: `t${index}` })) },
        path: 'sessionTags',
      },
    ]) {
      it(`refuses ${title}`, () => {
        const failure = failureOf(accessOptions(changes));
        expect(failure.issues.map((issue) => issue.path)).to.deep.equal([path]);
      });
    }

    it('and keeps a tag that no later role gets', () => {
      const roles = hops({
        intermediateRoles: [{ roleArn: HUB, sessionTags: [{ key: 'team', value: 'a' }] }],
        sessionTags: [{ key: 'team', value: 'b' }],
      });
      expect(roles.map(({ sessionTags }) => sessionTags?.[0]?.value)).to.deep.equal(['a', 'b']);
    });
  });

  describe('chooses the login', () => {
    const common = { database: 'dev', lifetimeSeconds: 900 };
    const user = { username: 'etl', autoCreate: false, groups: [] };
    const serverless = 'wg-1.111122223333.us-east-1.redshift-serverless.amazonaws.com';
    const domain = { host: 'Warehouse.example.com', region: 'us-east-1' };
    const withoutHost = accessOptionsWithout(['host'], { region: 'us-east-1' });
    for (const { title, options, login } of [
      {
        title: 'of the database user',
        options: accessOptions(),
        login: { kind: 'clusterCredentials', clusterIdentifier: 'warehouse', ...common, ...user },
      },
      {
        title: 'of the role',
        options: accessOptionsWithout(['username'], { loginMethod: 'iamIdentity' }),
        login: { kind: 'clusterCredentialsWithIam', clusterIdentifier: 'warehouse', ...common },
      },
      {
        title: 'of the workgroup that the host names',
        options: accessOptions({ host: serverless }),
        login: { kind: 'serverlessCredentials', workgroup: 'wg-1', ...common },
      },
      {
        title: 'of the workgroup that is named, behind any host',
        options: accessOptions({ ...domain, workgroup: 'wg-2' }),
        login: { kind: 'serverlessCredentials', workgroup: 'wg-2', ...common },
      },
      {
        title: 'of the workgroup, whose host is looked up',
        options: { ...withoutHost, workgroup: 'wg-2' },
        login: { kind: 'serverlessCredentials', workgroup: 'wg-2', ...common },
      },
      {
        title: 'by the custom domain name',
        options: accessOptions(domain),
        login: { kind: 'clusterCredentials', customDomain: 'warehouse.example.com', ...common, ...user },
      },
      {
        title: 'of the role by the custom domain name',
        options: accessOptions({ ...domain, loginMethod: 'iamIdentity' }),
        login: { kind: 'clusterCredentialsWithIam', customDomain: 'warehouse.example.com', ...common },
      },
      {
        title: 'by the identifier, where both are given',
        options: accessOptions({ ...domain, clusterIdentifier: 'warehouse' }),
        login: { kind: 'clusterCredentials', clusterIdentifier: 'warehouse', ...common, ...user },
      },
    ]) {
      it(title, () => {
        expect(planAccess(options).login).to.deep.equal(login);
      });
    }
  });

  it('says that the password of a proxy by http is not encrypted', () => {
    const notices = (url: string) => planAccess(accessOptions({ awsProxyUrl: new Secret(url) })).notices;
    expect(notices('http://etl:canary-proxy@proxy.example.com:3128').join()).to.match(/travels unencrypted/);
    expect(notices('http://etl:canary-proxy@proxy.example.com:3128').join()).to.not.include('canary');
    expect(notices('https://etl:canary-proxy@proxy.example.com:3128')).to.deep.equal([]);
    expect(notices('http://proxy.example.com:3128')).to.deep.equal([]);
  });

  it('is frozen and shows no secret', () => {
    const plan = planAccess(accessOptions());
    expect(plan).to.be.frozen;
    expect(JSON.stringify(plan)).to.not.include('canary');
  });
});
