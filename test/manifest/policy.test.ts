import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { checkCustomSql } from '../../src/manifest/custom-sql.ts';
import type { HostPolicy } from '../../src/manifest/host-policy.ts';
import { checkSourcePlace, checkTargetPlace } from '../../src/manifest/object-places.ts';
import {
  addressCheck,
  findIssues,
  resolveConnection,
  resolveOptions,
  toldHostCheck,
} from '../../src/manifest/resolve.ts';
import { EC2, KEYS, PASSWORD, ROLE, STAGING } from './connections.ts';
import { refusalOf } from './expect-issues.ts';

const HUB = 'arn:aws:iam::444455556666:role/Hub';

/** What each policy refuses in a connection that is fine by itself. */
const FORBIDDEN: readonly {
  readonly title: string;
  readonly values: object;
  readonly policy: HostPolicy;
  readonly paths: readonly string[];
}[] = [
  { title: 'the EC2 role by default', values: EC2, policy: {}, paths: ['useEc2Role'] },
  {
    title: 'a profile by default',
    values: { ...KEYS, identitySource: 'profile', profile: 'x' },
    policy: {},
    paths: ['identitySource'],
  },
  {
    title: 'the environment by default',
    values: { ...KEYS, identitySource: 'environment' },
    policy: {},
    paths: ['identitySource'],
  },
  {
    title: 'the worker role by default',
    values: { ...KEYS, identitySource: 'workerRole' },
    policy: {},
    paths: ['identitySource'],
  },
  {
    title: 'a worker login by default',
    values: { ...KEYS, loginIdentity: 'worker' },
    policy: {},
    paths: ['loginIdentity'],
  },
  {
    title: 'the EC2 role of a password login that stages',
    values: { ...PASSWORD, ...STAGING, useEc2Role: true },
    policy: {},
    paths: ['useEc2Role'],
  },
  {
    title: 'access keys when only the EC2 role is allowed',
    values: KEYS,
    policy: { identities: ['machineRole'] },
    paths: ['identitySource'],
  },
  { title: 'a role that is not listed', values: KEYS, policy: { roleArns: [HUB] }, paths: ['roleArn'] },
  {
    title: 'every role that is not listed',
    values: {
      ...KEYS,
      ...STAGING,
      stagingRoleArn: HUB,
      workerRoleArn: HUB,
      intermediateRoles: [{ roleArn: HUB }],
      copyRole: `${ROLE},${HUB}`,
    },
    policy: { roleArns: [ROLE] },
    paths: ['stagingRoleArn', 'workerRoleArn', 'intermediateRoles[0].roleArn', 'copyRole'],
  },
  {
    title: 'the default COPY role where a list leaves it out',
    values: { ...KEYS, ...STAGING },
    policy: { copyRoles: [ROLE] },
    paths: ['copyRole'],
  },
  {
    title: 'a role that a wildcard does not cover',
    values: KEYS,
    policy: { roleArns: ['arn:aws:iam::111122223333:role/Other*'] },
    paths: ['roleArn'],
  },
  {
    title: 'an endpoint by default',
    values: { ...KEYS, stsEndpoint: 'https://sts.example.com' },
    policy: {},
    paths: ['stsEndpoint'],
  },
  {
    title: 'an endpoint that only begins like an allowed one',
    values: { ...KEYS, stsEndpoint: 'https://sts.example.com.evil.net' },
    policy: { endpoints: ['https://sts.example.com'] },
    paths: ['stsEndpoint'],
  },
  {
    title: 'a listed endpoint on this machine without allowLoopback',
    values: { ...KEYS, stsEndpoint: 'http://127.0.0.1:1' },
    policy: { endpoints: ['*'] },
    paths: ['stsEndpoint'],
  },
  {
    title: 'every endpoint that is not listed',
    values: {
      ...KEYS,
      ...STAGING,
      redshiftEndpoint: 'https://redshift.example.com',
      redshiftServerlessEndpoint: 'https://serverless.example.com',
      iamEndpoint: 'https://iam.example.com',
      s3Endpoint: 'https://s3.example.com',
    },
    policy: { endpoints: ['https://sts.example.com'] },
    paths: ['redshiftEndpoint', 'redshiftServerlessEndpoint', 'iamEndpoint', 's3Endpoint'],
  },
  {
    title: 'a proxy by default, even where every endpoint is allowed',
    values: { ...KEYS, awsProxyUrl: 'http://proxy.example.com:3128' },
    policy: { endpoints: ['*'] },
    paths: ['awsProxyUrl'],
  },
  {
    title: 'a proxy that is not listed',
    values: { ...KEYS, awsProxyUrl: 'http://proxy.example.com.evil.net:3128' },
    policy: { proxies: ['http://proxy.example.com:3128'] },
    paths: ['awsProxyUrl'],
  },
  {
    title: 'a listed proxy on this machine without allowLoopback',
    values: { ...KEYS, awsProxyUrl: 'http://127.0.0.1:3128' },
    policy: { proxies: ['*'] },
    paths: ['awsProxyUrl'],
  },
  {
    title: "session tags that the machine's own role would vouch for",
    values: {
      ...EC2,
      sessionTags: [{ key: 'team', value: 'x' }],
      intermediateRoles: [{ roleArn: HUB, sessionTags: [{ key: 'job' }] }],
    },
    policy: { identities: ['machineRole'] },
    paths: ['sessionTags', 'intermediateRoles[0].sessionTags'],
  },
  {
    title: "a source identity that the machine's own role would vouch for",
    values: {
      ...EC2,
      sourceIdentity: 'admin',
      intermediateRoles: [{ roleArn: HUB, sourceIdentity: 'admin' }],
    },
    policy: { identities: ['machineRole'] },
    paths: ['sourceIdentity', 'intermediateRoles[0].sourceIdentity'],
  },
  {
    title: 'a source identity that is not listed',
    values: { ...KEYS, sourceIdentity: 'admin' },
    policy: { sourceIdentities: ['tenant-7-*'] },
    paths: ['sourceIdentity'],
  },
  {
    title: 'a session tag that is not listed',
    values: { ...KEYS, sessionTags: [{ key: 'job-a' }, { key: 'team' }] },
    policy: { sessionTags: ['job-*'] },
    paths: ['sessionTags'],
  },
  { title: 'this machine as database host', values: { ...PASSWORD, host: 'localhost' }, policy: {}, paths: ['host'] },
  {
    title: 'a database host that is not listed',
    values: PASSWORD,
    policy: { hosts: ['*.eu-west-1.redshift.amazonaws.com'] },
    paths: ['host'],
  },
  {
    title: 'a name that looks like one of the addresses that are listed',
    values: { ...PASSWORD, host: '10.0.0.example.com' },
    policy: { hosts: ['10.0.0.*', '10.0.1.2'] },
    paths: ['host'],
  },
  {
    title: 'connect SQL when it is off',
    values: { ...PASSWORD, connectSql: 'SET x TO 1' },
    policy: { allowConnectSql: false },
    paths: ['connectSql'],
  },
  {
    title: 'a profile that is not listed',
    values: { ...KEYS, identitySource: 'profile', profile: 'admin' },
    policy: { identities: ['profile'], profiles: ['etl-*'] },
    paths: ['profile'],
  },
  {
    title: 'a bucket that is not listed',
    values: { ...KEYS, ...STAGING },
    policy: { buckets: ['other-*'] },
    paths: ['stagingBucket'],
  },
  {
    title: "S3 as the machine's own role where roles are listed",
    values: { ...PASSWORD, ...STAGING, useEc2Role: true },
    policy: { identities: ['machineRole'], roleArns: [ROLE] },
    paths: ['stagingRoleArn'],
  },
  { title: 'a file by default', values: { ...PASSWORD, caFile: '/etc/passwd' }, policy: {}, paths: ['caFile'] },
];

describe('a host policy', () => {
  for (const { title, values, policy, paths } of FORBIDDEN) {
    it(`refuses ${title}`, () => {
      const { issues, action } = refusalOf(values, { policy }, 'RS_CONFIG_FORBIDDEN');
      expect(issues.map(({ path }) => path)).to.deep.equal(paths);
      expect(action).to.be.a('string');
      expect(() => resolveOptions(values)).to.not.throw();
    });
  }

  it('lets the worker node log in without keys, where that is the one identity it lists', () => {
    const values = { ...KEYS, accessKeyId: undefined, secretAccessKey: undefined, loginIdentity: 'worker' };
    expect(() => resolveOptions(values, { policy: { identities: ['workerRole'] } })).to.not.throw();
  });

  it('lets through what it lists', () => {
    const policy: HostPolicy = {
      identities: ['accessKeys', 'machineRole'],
      roleArns: ['arn:aws:iam::111122223333:role/Redshift*', HUB],
      endpoints: ['https://*.vpce.amazonaws.com', 'http://127.0.0.1:4566'],
      hosts: ['*.redshift.amazonaws.com'],
      proxies: ['http://proxy.example.com:3128'],
      sessionTags: ['team'],
      sourceIdentities: ['tenant-7-*'],
      allowLoopback: true,
    };
    const values = {
      ...EC2,
      ...STAGING,
      intermediateRoles: [{ roleArn: HUB }],
      stsEndpoint: 'https://vpce-1.sts.us-west-2.vpce.amazonaws.com/',
      s3Endpoint: 'http://127.0.0.1:4566',
      awsProxyUrl: 'http://etl:secret@proxy.example.com:3128/',
      sessionTags: [{ key: 'team', value: 'sales' }],
      sourceIdentity: 'tenant-7-ann',
    };
    expect(() => resolveOptions(values, { policy })).to.not.throw();
  });

  it('lets an own identity reach S3 through a listed role, and keys of the form as themselves', () => {
    const policy: HostPolicy = { identities: ['accessKeys', 'machineRole'], roleArns: [ROLE], copyRoles: ['default'] };
    const { accessKeyId, secretAccessKey } = KEYS;
    for (const way of [
      { useEc2Role: true, stagingRoleArn: ROLE },
      { accessKeyId, secretAccessKey },
    ]) {
      expect(findIssues({ ...PASSWORD, ...STAGING, ...way }, { policy })).to.deep.equal([]);
    }
  });

  it('judges the host that AWS tells for a cluster as one that the form names', () => {
    const told = (policy: HostPolicy | undefined, host: string) => () => toldHostCheck({ policy })(host);
    const hosts = ['*.us-west-2.redshift.amazonaws.com'];
    expect(told({ hosts }, 'mine.abc.us-west-2.redshift.amazonaws.com')).to.not.throw();
    expect(told(undefined, 'localhost')).to.not.throw();
    expect(told({ hosts }, 'other.example')).to.throw(ConnectorError).with.property('code', 'RS_CONFIG_FORBIDDEN');
    expect(told({}, '127.0.0.1')).to.throw(ConnectorError).with.property('code', 'RS_CONFIG_FORBIDDEN');
  });

  it('covers addresses by a pattern of addresses, and names by one of names', () => {
    for (const [host, pattern] of [
      ['10.0.0.7', '10.0.0.*'],
      ['10.0.0.7', '*'],
      ['db.example.com', '*'],
      ['1.db.example.com', '1.*.com'],
    ] as const) {
      expect(findIssues({ ...PASSWORD, host }, { policy: { hosts: [pattern] } }), pattern).to.deep.equal([]);
    }
  });

  it('treats a dot, a bracket or a slash in a list as itself', () => {
    const policy: HostPolicy = { hosts: ['db.example.com', '[x]*'] };
    expect(findIssues({ ...PASSWORD, host: 'dbxexample.com' }, { policy })).to.have.length(1);
  });

  it('sets external id, source identity and session prefix whatever the form says', () => {
    const policy: HostPolicy = { externalId: 'tenant-7', sourceIdentity: 'tenant-7', roleSessionNamePrefix: 'acme-' };
    const values = {
      ...KEYS,
      externalId: 'mine',
      intermediateRoles: [{ roleArn: HUB, externalId: 'mine' }],
      roleSessionName: 'x'.repeat(64),
    };
    const { options, notices, trace } = resolveConnection(values, { policy });
    expect(options).to.deep.include({ externalId: 'tenant-7', sourceIdentity: 'tenant-7' });
    expect(options.intermediateRoles).to.deep.equal([{ roleArn: HUB, externalId: 'tenant-7' }]);
    expect(options).to.not.have.property('stagingExternalId');
    expect(options.roleSessionName).to.equal(`acme-${'x'.repeat(59)}`);
    expect(trace).to.deep.include({ externalId: 'host policy', sourceIdentity: 'host policy' });
    expect(notices).to.deep.equal(['The host sets externalId; the value in the form is not used.']);
  });

  it("does not hold a source identity against the form that the host's own replaces", () => {
    const policy: HostPolicy = { identities: ['machineRole'], sourceIdentity: 'tenant-7' };
    const { options, notices } = resolveConnection({ ...EC2, sourceIdentity: 'mine' }, { policy });
    expect(options).to.include({ sourceIdentity: 'tenant-7' });
    expect(notices).to.deep.equal(['The host sets sourceIdentity; the value in the form is not used.']);
  });

  it('sets them for each role on the way, the staging role among them', () => {
    const policy: HostPolicy = { externalId: 'tenant-7', sourceIdentity: 'tenant-7', roleSessionNamePrefix: 'acme-' };
    const role = { roleArn: HUB, externalId: 'mine', roleSessionName: 'hub', sourceIdentity: 'mine' };
    const values = {
      ...KEYS,
      ...STAGING,
      stagingRoleArn: ROLE,
      stagingExternalId: 'mine',
      intermediateRoles: [role, { roleArn: HUB }],
    };
    const { options, notices, trace } = resolveConnection(values, { policy });
    expect(options.stagingExternalId).to.equal('tenant-7');
    expect(options.intermediateRoles).to.deep.equal([
      { roleArn: HUB, externalId: 'tenant-7', roleSessionName: 'acme-hub' },
      { roleArn: HUB, externalId: 'tenant-7' },
    ]);
    expect(trace).to.deep.include({ stagingExternalId: 'host policy' });
    expect(notices).to.deep.equal(['The host sets stagingExternalId; the value in the form is not used.']);
    expect(JSON.stringify(resolveConnection(values, { policy: {} }).options)).to.include('"sourceIdentity":"mine"');
  });

  it('does not hide what is invalid behind what is forbidden', () => {
    const { issues } = refusalOf({ ...EC2, port: 0 }, { policy: {} });
    expect(issues.map(({ path }) => path)).to.deep.equal(['port']);
  });

  it('gives the check of resolved addresses that belongs to it', () => {
    expect(() => addressCheck({})('127.0.0.1')).to.not.throw();
    expect(() => addressCheck({ policy: { allowLoopback: true } })('127.0.0.1')).to.not.throw();
    expect(() => addressCheck({ policy: {} })('127.0.0.1')).to.throw(ConnectorError);
    expect(() => addressCheck({ resolveSecret: () => 'x' })('::1')).to.throw(ConnectorError);
    expect(() => addressCheck({})('169.254.169.254')).to.throw(ConnectorError);
  });

  it('lets rows be read from buckets and folders that it names, or else from those for staging', () => {
    const isRefused = (address: string, policy: HostPolicy, check = checkSourcePlace): boolean => {
      const [bucket = '', ...key] = address.split('/');
      try {
        check({ bucket, key: key.join('/') }, policy);
        return false;
      } catch (error) {
        return error instanceof ConnectorError && error.code === 'RS_CONFIG_FORBIDDEN';
      }
    };
    const policy: HostPolicy = { sourceBuckets: ['landing*', 'shared/in/*'], buckets: ['staging'] };
    const places = [
      'landing-1/a',
      'shared/in/',
      'shared/in/a.csv',
      'shared/inside',
      'shared/in',
      'staging/a',
      'other/a',
    ];
    expect(places.filter((place) => isRefused(place, policy))).to.deep.equal([
      'shared/inside',
      'shared/in',
      'staging/a',
      'other/a',
    ]);
    expect(places.filter((place) => !isRefused(place, { buckets: ['staging'] }))).to.deep.equal(['staging/a']);
    expect(places.filter((place) => isRefused(place, {}))).to.deep.equal([]);
    const isNoTarget = (place: string): boolean => isRefused(place, policy, checkTargetPlace);
    expect(places.filter((place) => !isNoTarget(place))).to.deep.equal(['staging/a']);
    expect(isRefused('landing-1/a', { targetBuckets: ['landing*'] }, checkTargetPlace)).to.equal(false);
  });

  it('lets a CA file be under a root, links followed, and tells nothing about others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roleshift-policy-'));
    try {
      const root = join(folder, 'certificates');
      await mkdir(root);
      await writeFile(join(root, 'ca.pem'), 'x');
      await symlink('/etc/passwd', join(root, 'link.pem'));
      const policy: HostPolicy = { fileRoots: [root] };
      const withFile = (caFile: string): object => ({ ...PASSWORD, caFile });
      expect(resolveOptions(withFile(join(root, 'ca.pem')), { policy }).caFile).to.match(/ca\.pem$/);
      const refusals = [join(root, 'link.pem'), join(root, 'absent.pem'), `${root}/../x`, '/etc/shadow'].map((path) =>
        refusalOf(withFile(path), { policy }, 'RS_CONFIG_FORBIDDEN'),
      );
      expect(new Set(refusals.map(({ message }) => message)).size).to.equal(1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('SQL of a read', () => {
  it('passes unless the policy turns it off', () => {
    for (const policy of [undefined, {}, { allowCustomSql: true }]) {
      expect(() => checkCustomSql({ query: 'SELECT 1' }, policy)).to.not.throw();
    }
    expect(() => checkCustomSql({}, { allowCustomSql: false })).to.not.throw();
  });

  it('is refused when it does, by the part that holds it', () => {
    for (const [path, spec] of [
      ['query', { query: 'SELECT 1' }],
      ['where', { where: 'TRUE' }],
      ['preSql', { preSql: 'DROP TABLE t' }],
      ['postSql', { postSql: 'DROP TABLE t' }],
      ['objects[1].condition', { objects: [{ object: 'a' }, { object: 'b', condition: 'TRUE' }] }],
      ['parameters.p', { parameters: { q: 1, p: { kind: 'sql', value: 'now()' } } }],
    ] as const) {
      expect(() => checkCustomSql(spec, { allowCustomSql: false }))
        .to.throw(ConnectorError)
        .with.nested.property('issues[0].path', path);
    }
    const own = { objects: [{ object: 'a' }, { object: 'b', on: [] }], parameters: { p: { value: 1 } } };
    expect(() => checkCustomSql(own, { allowCustomSql: false })).to.not.throw();
  });
});
