import { expect } from 'chai';
import { Secret } from '../../src/core/secret.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import { resolveConnection, resolveOptions } from '../../src/manifest/resolve.ts';
import { EC2, HOST, KEYS, PASSWORD, ROLE, SERVERLESS, SERVERLESS_HOST, STAGING } from './connections.ts';
import { issuesOf, pathsOf } from './expect-issues.ts';

/** Every default, recorded here by hand: a change of one is a change for users. */
const DEFAULTS = {
  port: 5439,
  authType: 'password',
  loginMethod: 'databaseUser',
  useEc2Role: false,
  identitySource: 'accessKeys',
  autoCreateDbUser: false,
  dbGroups: [],
  loginLifetimeSeconds: 900,
  roleDurationSeconds: 3600,
  roleSessionName: 'roleshift',
  sessionTags: [],
  intermediateRoles: [],
  useStaging: false,
  stagingPrefix: 'roleshift/',
  defaultSchema: 'public',
  applicationName: 'roleshift',
  sideSession: true,
  sweepOnStart: false,
  statementTimeoutSeconds: 0,
  maxSessions: 10,
  tlsMode: 'verify-full',
  connectTimeoutSeconds: 10,
  awsTimeoutSeconds: 10,
  awsConnectTimeoutSeconds: 5,
  awsNoProxy: [],
  keepaliveSeconds: 30,
  idleSessionSeconds: 300,
  loginIdentity: 'agent',
};

const SESSION_POLICY = '{"Version":"2012-10-17","Statement":[]}';

/** One value for each option that differs from its default, accepted together with a connection that uses the option. */
const OTHER_VALUES: Readonly<Record<string, readonly [base: object, value: unknown, resolved?: unknown]>> = {
  jdbcUrl: [{ database: 'dev', username: 'etl', password: 'p' }, `jdbc:redshift://${HOST}:5440/dev`],
  host: [PASSWORD, '10.0.0.7'],
  port: [PASSWORD, 5440],
  database: [PASSWORD, 'Größe'],
  clusterIdentifier: [EC2, 'other-cluster'],
  workgroup: [SERVERLESS, 'analytics-2'],
  region: [EC2, 'us-gov-west-1'],
  authType: [EC2, 'assumeRole'],
  loginMethod: [EC2, 'iamIdentity'],
  username: [PASSWORD, 'somebody else'],
  password: [PASSWORD, 'pässword"; drop'],
  roleArn: [EC2, 'arn:aws-us-gov:iam::111122223333:role/path/Login'],
  useEc2Role: [EC2, true],
  identitySource: [KEYS, 'environment'],
  accessKeyId: [KEYS, 'AKIAANOTHERKEY000000'],
  secretAccessKey: [KEYS, 'another+secret/key='],
  sessionToken: [KEYS, 'token=='],
  profile: [{ ...KEYS, identitySource: 'profile' }, 'etl prod'],
  autoCreateDbUser: [KEYS, true],
  dbGroups: [KEYS, ['etl_writers', 'readers']],
  loginLifetimeSeconds: [KEYS, 3600],
  roleDurationSeconds: [KEYS, 43200],
  externalId: [KEYS, 'partner:42/x'],
  roleSessionName: [KEYS, 'agent-7@acme'],
  sourceIdentity: [KEYS, 'jo@acme'],
  sessionPolicy: [KEYS, SESSION_POLICY],
  sessionTags: [
    KEYS,
    [
      { key: 'Größe', value: 'a b' },
      { key: 'team', transitive: true },
    ],
  ],
  intermediateRoles: [
    KEYS,
    [
      {
        roleArn: 'arn:aws:iam::444455556666:role/Hub',
        externalId: 'x-1',
        roleSessionName: 'hub',
        durationSeconds: 900,
        sessionPolicy: SESSION_POLICY,
        sessionTags: [{ key: 'team', value: '', transitive: false }],
        sourceIdentity: '',
      },
      { roleArn: ROLE, sourceIdentity: 'jo' },
    ],
    [
      {
        roleArn: 'arn:aws:iam::444455556666:role/Hub',
        externalId: 'x-1',
        roleSessionName: 'hub',
        durationSeconds: 900,
        sessionPolicy: SESSION_POLICY,
        sessionTags: [{ key: 'team', transitive: false }],
      },
      { roleArn: ROLE, sourceIdentity: 'jo' },
    ],
  ],
  useStaging: [{ ...KEYS, ...STAGING }, true],
  stagingBucket: [{ ...KEYS, ...STAGING }, 'other.bucket-1'],
  stagingPrefix: [{ ...KEYS, ...STAGING }, 'team/etl', 'team/etl/'],
  stagingRegion: [{ ...KEYS, ...STAGING }, 'eu-central-1'],
  stagingRoleArn: [{ ...KEYS, ...STAGING }, ROLE],
  stagingExternalId: [{ ...KEYS, ...STAGING }, 'partner:43'],
  copyRole: [{ ...KEYS, ...STAGING }, `${ROLE},arn:aws:iam::444455556666:role/Data`],
  kmsKeyId: [{ ...KEYS, ...STAGING }, '1234abcd-12ab-34cd-56ef-1234567890ab'],
  stagingBucketOwner: [{ ...KEYS, ...STAGING }, '012345678901'],
  defaultSchema: [PASSWORD, 'Sales "x"'],
  applicationName: [PASSWORD, 'nightly load'],
  connectSql: [PASSWORD, "SET timezone TO 'UTC';"],
  sweepOnStart: [{ ...KEYS, ...STAGING }, true],
  queryGroup: [PASSWORD, 'etl'],
  sideSession: [PASSWORD, false],
  statementTimeoutSeconds: [PASSWORD, 60],
  maxSessions: [PASSWORD, 1],
  tlsMode: [PASSWORD, 'verify-ca'],
  caFile: [PASSWORD, '/etc/ssl/ca.pem'],
  tlsServerName: [PASSWORD, HOST],
  connectTimeoutSeconds: [PASSWORD, 30],
  awsTimeoutSeconds: [PASSWORD, 30],
  awsConnectTimeoutSeconds: [PASSWORD, 30],
  awsProxyUrl: [KEYS, 'http://etl:p%40ss@proxy.example.com:3128'],
  awsNoProxy: [KEYS, ['.vpce.amazonaws.com', '10.0.0.0/8', 'sts.*.amazonaws.com', 'fd00::/8', '::1']],
  keepaliveSeconds: [PASSWORD, 0],
  idleSessionSeconds: [PASSWORD, 60],
  stsEndpoint: [KEYS, 'https://vpce-1.sts.us-west-2.vpce.amazonaws.com'],
  redshiftEndpoint: [KEYS, 'http://127.0.0.1:4566'],
  redshiftServerlessEndpoint: [SERVERLESS, 'https://vpce-1.redshift-serverless.us-west-2.vpce.amazonaws.com'],
  iamEndpoint: [KEYS, 'http://127.0.0.1:4566'],
  s3Endpoint: [{ ...KEYS, ...STAGING }, 'http://[::1]:4566/'],
  loginIdentity: [EC2, 'worker'],
  workerRoleArn: [KEYS, ROLE],
};

/** Values that each option must refuse, in the same connections. */
const BAD_VALUES: Readonly<Record<string, readonly unknown[]>> = {
  jdbcUrl: [
    'postgres://h/db',
    'jdbc:redshift://',
    'jdbc:redshift://u:p@h/db',
    'jdbc:redshift://h:99999/db',
    'jdbc:redshift://h/%zz',
    7,
  ],
  host: ['https://h', 'h:5439', 'a b', 'h/', '-h', '169.254.169.254', '0.0.0.0', 5],
  port: [0, 65536, '5439', 1.5, Number.NaN, true],
  database: ['a\0b', 'x'.repeat(128), 5],
  clusterIdentifier: ['Warehouse', '1x', 'a--b', 'a-', 'x'.repeat(64), []],
  workgroup: ['Analytics', 'ab', 'a_b', 'x'.repeat(65), 5],
  region: ['US-WEST-2', 'us-west', 'us_west_2', 3],
  authType: ['AssumeRole', 'iam', true],
  loginMethod: ['iam', false],
  username: ['a:b', '1abc', 'user', 'x'.repeat(65), {}],
  password: [123456, ['x'], 'a\0b'],
  roleArn: [
    'RedshiftLogin',
    'arn:aws:iam::111122223333:user/etl',
    'arn:aws:iam::111122223333:instance-profile/x',
    'arn:aws:sts::111122223333:assumed-role/x/y',
    'arn:aws:iam::1111:role/x',
    'arn:aws:iam::111122223333:role/',
    ` ${ROLE}`,
  ],
  useEc2Role: ['true', 1],
  identitySource: ['keys', false],
  accessKeyId: ['short', 'AKIA IOSFODNN7EXAMPLE', 'ASIAIOSFODNN7EXAMPLE', 5],
  secretAccessKey: ['has blank', 'line\nbreak', 5],
  sessionToken: ['to ken', 5],
  profile: ['[x]', 'a\nb', 5],
  autoCreateDbUser: ['yes'],
  dbGroups: ['etl', ['Etl'], ['1x'], ['a:b'], ['group'], [5], ['a', 'a'], ['']],
  loginLifetimeSeconds: [899, 3601, '900'],
  roleDurationSeconds: [899, 43201],
  externalId: ['x', 'a b', 'ü1'],
  roleSessionName: ['x', 'a/b', 'x'.repeat(65)],
  sourceIdentity: ['a b'],
  sessionPolicy: ['x', '[]', '{"Version":"2012-10-17"}', `${SESSION_POLICY}${' '.repeat(2048)}`, '{"Statement":"ł"}'],
  sessionTags: [
    ['team'],
    [{}],
    [{ key: 'aws:team', value: 'x' }],
    [{ key: 'x'.repeat(129) }],
    [{ key: 'a', value: 'a;b' }],
    [{ key: 'a', value: 'x'.repeat(257) }],
    [{ key: 'a', transitive: 'yes' }],
    { key: 'a' },
  ],
  intermediateRoles: [
    [{ roleArn: ROLE, durationSeconds: 60 }],
    [{ roleArn: ROLE, durationSeconds: '900' }],
    [{ roleArn: ROLE, roleSessionName: 'a b' }],
    [{ roleArn: ROLE, sessionPolicy: '{}' }],
    [{ roleArn: ROLE, sessionTags: [{ key: 'aws:x' }] }],
    [{ roleArn: ROLE, sessionTags: { key: 'x' } }],
    [{ roleArn: ROLE, sourceIdentity: 'a b' }],
    ['x'],
    [{}],
    [{ roleArn: 'x' }],
    [{ roleArn: ROLE, externalId: '?' }],
    [{ roleArn: ROLE, name: 'x' }],
    ROLE,
  ],
  useStaging: ['on'],
  stagingBucket: ['s3://acme', 'Acme', 'ab', '192.168.0.1', 'a..b', 'acme/prefix', 'xn--acme'],
  stagingPrefix: ['/x', 'a//b', '../x', 'a/../b', "it's", 'a b'],
  stagingRegion: ['somewhere'],
  stagingRoleArn: ['x'],
  stagingExternalId: ['x', 'a b'],
  copyRole: ['Default', `${ROLE}, ${ROLE}`, 'arn:aws:iam::1:role/x', `${ROLE},`],
  kmsKeyId: ['alias/x', 'key'],
  stagingBucketOwner: ['1111', 111122223333],
  defaultSchema: ['x'.repeat(128)],
  applicationName: ['größe', 'x'.repeat(251)],
  connectSql: ['x'.repeat(65536), 'a\0b', ['x']],
  queryGroup: ['x'.repeat(128)],
  sideSession: ['maybe', 1],
  sweepOnStart: ['maybe', 1],
  statementTimeoutSeconds: [-1, 2147484],
  maxSessions: [0, 501],
  tlsMode: ['disable', 'prefer', 'require'],
  caFile: ['a\0b', 5],
  tlsServerName: ['h:1'],
  connectTimeoutSeconds: [0, 301],
  awsTimeoutSeconds: [0],
  awsConnectTimeoutSeconds: [0, 61],
  awsProxyUrl: [
    'proxy:3128',
    'socks5://proxy:1080',
    'http://proxy:3128/path',
    'http://a@b@proxy:3128',
    'http://169.254.169.254',
    'http://[::ffff:169.254.169.254]:80',
    'http://proxy:99999',
    'http://etl:100%zz@proxy:3128',
    5,
  ],
  awsNoProxy: [
    'example.com',
    ['example.com:443'],
    ['https://example.com'],
    ['a b'],
    [''],
    ['10.0.0.0/33'],
    ['fd00::/129'],
  ],
  keepaliveSeconds: [-1],
  idleSessionSeconds: [0],
  stsEndpoint: [
    'sts.amazonaws.com',
    'http://sts.amazonaws.com',
    'https://169.254.169.254',
    'https://h/path',
    'https://u:p@h',
  ],
  redshiftEndpoint: ['http://10.0.0.1', 'https://[fd00:ec2::254]', 'ftp://h'],
  redshiftServerlessEndpoint: ['http://10.0.0.1', 'h'],
  iamEndpoint: ['http://iam.amazonaws.com', 'https://169.254.169.254'],
  s3Endpoint: ['http://localhost.evil.com', 'https://[::ffff:169.254.169.254]'],
  loginIdentity: ['me'],
  workerRoleArn: ['worker'],
};

/** Where the issue stands when it is not the option itself. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // A temporary key is fine by itself: what is missing is its token.
  accessKeyId: ['sessionToken'],
};

describe('resolveOptions', () => {
  it('fills in the recorded defaults', () => {
    expect(resolveOptions(PASSWORD)).to.deep.include(DEFAULTS);
    const declared = Object.entries(MANIFEST.connection.properties).filter(
      ([, option]) => option.default !== undefined,
    );
    expect(declared.map(([key]) => key).sort()).to.deep.equal(Object.keys(DEFAULTS).sort());
  });

  it('has a case for every option', () => {
    const keys = Object.keys(MANIFEST.connection.properties).sort();
    expect(Object.keys(OTHER_VALUES).sort()).to.deep.equal(keys);
    expect(Object.keys(BAD_VALUES).sort()).to.deep.equal(keys);
  });

  for (const [key, [base, value, resolved = value]] of Object.entries(OTHER_VALUES)) {
    it(`hands on ${key}`, () => {
      const options: Readonly<Record<string, unknown>> = { ...resolveOptions({ ...base, [key]: value }) };
      const found = options[key];
      expect(found instanceof Secret ? found.reveal() : found).to.deep.equal(resolved);
    });
  }

  for (const [key, values] of Object.entries(BAD_VALUES)) {
    it(`refuses bad values of ${key} at its path`, () => {
      const base = key === 'username' ? EC2 : (OTHER_VALUES[key]?.[0] ?? {});
      for (const value of values) {
        const issues = issuesOf({ ...base, [key]: value });
        const accepted = [key, ...(ELSEWHERE[key] ?? [])];
        const at = issues.filter(({ path }) => accepted.includes(path.split(/[.[]/)[0] ?? ''));
        expect(at, `${key}: ${JSON.stringify(value)}`).to.have.length.greaterThan(0);
        for (const { message, action } of at) {
          expect(message).to.match(/^\S.*\S$/s);
          expect(action).to.match(/\.$/);
        }
      }
    });
  }

  it('lists every problem at once', () => {
    const paths = pathsOf({ port: 0, roleArn: 'x', authType: 'assumeRole', usrname: 'u', tlsMode: 'none' });
    expect(paths).to.have.members([
      'port',
      'roleArn',
      'usrname',
      'tlsMode',
      'username',
      'database',
      'clusterIdentifier',
      'region',
      'accessKeyId',
      'secretAccessKey',
    ]);
  });

  it('freezes all of it, and leaves what it was given alone', () => {
    const given = { ...KEYS, intermediateRoles: [{ roleArn: ROLE }], dbGroups: ['a'] };
    const { options, notices, trace } = resolveConnection(given);
    for (const value of [
      options,
      options.intermediateRoles,
      options.intermediateRoles[0],
      options.dbGroups,
      notices,
      trace,
    ]) {
      expect(Object.isFrozen(value)).to.equal(true);
    }
    expect(Object.isFrozen(given.intermediateRoles)).to.equal(false);
  });

  for (const raw of [undefined, null, 7, 'text', [], new Secret('x'), () => 1]) {
    it(`refuses ${String(raw)} as a connection`, () => {
      expect(pathsOf(raw)).to.deep.equal(['']);
    });
  }
});

describe('unknown options', () => {
  for (const [key, nearest] of [
    ['usrname', 'username'],
    ['Redshift IAM Role ARN', 'roleArn'],
    ['role_arn', 'roleArn'],
    ['Use EC2 Role To Assume Role', 'useEc2Role'],
    ['autoCreateDBUser', 'autoCreateDbUser'],
    ['databse', 'database'],
  ] as const) {
    it(`${key} suggests ${nearest}`, () => {
      expect(issuesOf({ ...PASSWORD, [key]: 'x' })).to.deep.include({
        path: key,
        message: `There is no such option; did you mean ${nearest}?`,
        action: `Rename ${key} to ${nearest}, or remove it.`,
      });
    });
  }

  it('suggest nothing when nothing is near, and show a bounded printable key', () => {
    const [{ path, message } = { path: '', message: '' }] = issuesOf({
      ...PASSWORD,
      [`\u001b[31m${'q'.repeat(500)}`]: 1,
    });
    expect(message).to.equal('There is no such option');
    expect(path).to.match(/^[\x20-\x7e]{1,60}$/);
  });

  it('include __proto__ and constructor', () => {
    const raw: unknown = JSON.parse('{"__proto__": {"username": "x"}, "constructor": 1}');
    expect(pathsOf(raw)).to.include.members(['__proto__', 'constructor', 'username']);
  });
});

describe('conditions', () => {
  it('are judged after defaults: AssumeRole with an untouched box asks for keys', () => {
    const { accessKeyId: _id, secretAccessKey: _secret, ...rest } = KEYS;
    expect(pathsOf(rest)).to.deep.equal(['accessKeyId', 'secretAccessKey']);
  });

  it('ignore access keys when the EC2 role is used, and say so', () => {
    const { options, notices } = resolveConnection({ ...KEYS, useEc2Role: true, secretAccessKey: 'not even valid' });
    expect(options).to.not.have.any.keys('accessKeyId', 'secretAccessKey');
    expect(notices).to.deep.equal([
      'Redshift Access Key ID (accessKeyId) is ignored because useEc2Role is true.',
      'Redshift Secret Access Key (secretAccessKey) is ignored because useEc2Role is true.',
    ]);
  });

  it('do not remark on a hidden option that a form left at its default', () => {
    const { notices } = resolveConnection({ ...PASSWORD, useEc2Role: false, loginLifetimeSeconds: 900, dbGroups: [] });
    expect(notices).to.deep.equal([]);
  });

  it('set a hidden option back to its default', () => {
    expect(resolveOptions({ ...PASSWORD, useEc2Role: true, autoCreateDbUser: true })).to.deep.include({
      useEc2Role: false,
      autoCreateDbUser: false,
    });
  });

  it('ask for an identity when a password login stages through S3', () => {
    expect(pathsOf({ ...PASSWORD, ...STAGING })).to.deep.equal(['accessKeyId', 'secretAccessKey']);
    expect(resolveOptions({ ...PASSWORD, ...STAGING, useEc2Role: true })).to.deep.include({ useEc2Role: true });
  });

  it('ask for no keys where the worker node role logs in', () => {
    const { accessKeyId: _id, secretAccessKey: _secret, ...rest } = KEYS;
    expect(resolveOptions({ ...rest, loginIdentity: 'worker' })).to.deep.include({ loginIdentity: 'worker' });
  });

  it('take empty values of a form for absent ones', () => {
    expect(pathsOf({ ...PASSWORD, password: '', caFile: '', queryGroup: null })).to.deep.equal(['password']);
  });

  it('say in the message why something is needed', () => {
    const [{ message } = { message: '' }] = issuesOf({ ...EC2, roleArn: undefined });
    expect(message).to.equal('Redshift IAM Role ARN is missing: it is needed when authType is assumeRole');
  });
});

describe('a JDBC URL', () => {
  const login = { username: 'etl', password: 'p' };

  for (const [url, filled] of [
    [`jdbc:redshift://${HOST}:5440/dev`, { host: HOST, port: 5440, database: 'dev', region: 'us-west-2' }],
    [`jdbc:redshift:iam://${HOST}:5439/dev`, { host: HOST, port: 5439, database: 'dev' }],
    ['jdbc:redshift://h/db', { host: 'h', port: 5439, database: 'db' }],
    ['jdbc:redshift://[2001:db8::1]:5439/db', { host: '2001:db8::1', port: 5439 }],
    ['JDBC:REDSHIFT://h:1/d%C3%A9v?ssl=false', { host: 'h', port: 1, database: 'dév' }],
  ] as const) {
    it(`${url} fills host, port and database`, () => {
      expect(resolveOptions({ jdbcUrl: url, ...login })).to.deep.include(filled);
    });
  }

  it('of the form cluster:region fills those two', () => {
    const { host: _host, database: _database, ...rest } = EC2;
    const options = resolveOptions({ ...rest, jdbcUrl: 'jdbc:redshift:iam://warehouse:us-west-2/dev' });
    expect(options).to.deep.include({
      clusterIdentifier: 'warehouse',
      region: 'us-west-2',
      database: 'dev',
      port: 5439,
    });
    expect(options).to.not.have.property('host');
  });

  it('neither weakens TLS nor keeps a password in its parameters', () => {
    const { options, notices } = resolveConnection({
      jdbcUrl: 'jdbc:redshift://h:1/d?sslmode=disable&password=hunter22',
      ...login,
    });
    expect(options).to.deep.include({ tlsMode: 'verify-full', jdbcUrl: 'jdbc:redshift://h:1/d' });
    expect(notices).to.have.length(2);
    expect(JSON.stringify([options, notices])).to.not.contain('hunter22');
  });

  it('conflicts with a host, port or database that differs', () => {
    expect(
      pathsOf({ jdbcUrl: 'jdbc:redshift://h:5440/d', host: 'other', port: 5441, database: 'e', ...login }),
    ).to.deep.equal(['host', 'port', 'database']);
  });

  it('wins over the default port that a form filled in by itself', () => {
    expect(resolveOptions({ jdbcUrl: 'jdbc:redshift://h:5440/d', port: 5439, ...login }).port).to.equal(5440);
  });

  it('without a database asks for it', () => {
    expect(pathsOf({ jdbcUrl: 'jdbc:redshift://h:5440', ...login })).to.deep.equal(['database']);
  });

  it('with a slip is one issue, and its text is not repeated', () => {
    const issues = issuesOf({ jdbcUrl: 'jdbc:redshift://etl:hunter22@h/d', ...login });
    expect(issues.map(({ path }) => path)).to.deep.equal(['jdbcUrl']);
    expect(JSON.stringify(issues)).to.not.contain('hunter22');
  });
});

describe('the endpoint name', () => {
  it('tells cluster and Region', () => {
    expect(resolveConnection(EC2).options).to.deep.include({ clusterIdentifier: 'warehouse', region: 'us-west-2' });
    expect(resolveConnection(EC2).trace).to.deep.include({ region: 'endpoint name', host: 'given', port: 'default' });
  });

  it('gives way to what is written', () => {
    expect(resolveOptions({ ...EC2, clusterIdentifier: 'c', region: 'eu-west-1' })).to.deep.include({
      clusterIdentifier: 'c',
      region: 'eu-west-1',
    });
  });

  it('of a private endpoint does not tell the cluster', () => {
    const host = 'etl-endpoint-x1.abc.cn-north-1.redshift.amazonaws.com.cn';
    expect(pathsOf({ ...EC2, host })).to.deep.equal(['clusterIdentifier']);
  });

  it('that tells nothing makes both necessary', () => {
    expect(pathsOf({ ...EC2, host: 'tunnel' })).to.have.members(['clusterIdentifier', 'region']);
  });

  it('that is not of Amazon counts as the custom domain name of a cluster', () => {
    expect(pathsOf({ ...EC2, host: 'warehouse.example.com' })).to.deep.equal(['region']);
    for (const host of [
      '10.0.0.7',
      '::1',
      'a.localhost',
      'redshift.us-west-2.amazonaws.com',
      'under_score.example.com',
    ]) {
      expect(pathsOf({ ...EC2, host, region: 'us-west-2' }), host).to.deep.equal(['clusterIdentifier']);
    }
  });
});

describe('who logs in', () => {
  it('is asked for only where a database user is named', () => {
    const { username: _, ...noUser } = EC2;
    expect(pathsOf(noUser)).to.deep.equal(['username']);
    expect(issuesOf(noUser)[0]?.action).to.contain('iamIdentity');
    expect(resolveOptions({ ...noUser, loginMethod: 'iamIdentity' })).to.not.have.property('username');
    expect(resolveOptions(SERVERLESS)).to.not.have.property('username');
  });

  it('follows from the identity at a workgroup, and what says otherwise is ignored aloud', () => {
    const given = {
      ...SERVERLESS,
      username: 'etl',
      dbGroups: ['a'],
      autoCreateDbUser: true,
    };
    const { options, notices } = resolveConnection(given);
    expect(options).to.not.have.property('username');
    expect(options).to.deep.include({ dbGroups: [], autoCreateDbUser: false, workgroup: 'analytics' });
    expect(notices).to.have.length(3);
    for (const notice of notices) expect(notice).to.match(/is ignored because workgroup is given/);
  });

  it('is told by the name of a serverless endpoint, which names the workgroup', () => {
    const { workgroup: _, ...rest } = SERVERLESS;
    const { options, trace } = resolveConnection({ ...rest, host: SERVERLESS_HOST });
    expect(options).to.deep.include({ workgroup: 'analytics', region: 'us-west-2' });
    expect(trace).to.deep.include({ workgroup: 'endpoint name' });
    const managed = 'wg-endpoint-x1y2.abc.us-west-2.redshift-serverless.amazonaws.com';
    expect(pathsOf({ ...rest, host: managed })).to.deep.equal(['workgroup']);
  });

  it('cannot be a cluster and a workgroup at once', () => {
    for (const both of [
      { ...SERVERLESS, clusterIdentifier: 'warehouse' },
      { ...SERVERLESS, host: HOST },
      { ...EC2, host: SERVERLESS_HOST, clusterIdentifier: 'warehouse' },
    ]) {
      expect(issuesOf(both).map(({ message }) => message)).to.deep.equal([
        'Cluster Identifier and Serverless workgroup exclude each other: one of them issues the login',
      ]);
    }
  });

  it('with a stored password at a workgroup is as at a cluster', () => {
    const { options, notices } = resolveConnection({ ...PASSWORD, host: SERVERLESS_HOST });
    expect(options).to.include({ username: 'etl' });
    expect(options).to.not.have.property('workgroup');
    expect(notices).to.deep.equal([]);
  });
});
