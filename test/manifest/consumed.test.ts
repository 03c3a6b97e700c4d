import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { Secret } from '../../src/core/secret.ts';
import { planConnections } from '../../src/db/connection-plan.ts';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { planRead } from '../../src/operations/read/read-plan.ts';
import { planReadSource } from '../../src/operations/read/read-source.ts';
import { parseCopyRole } from '../../src/sql/role.ts';
import { planStaging } from '../../src/staging/staging-plan.ts';
import { EC2, HOST, KEYS, PASSWORD, ROLE, SERVERLESS, STAGING } from './connections.ts';

/** All that is decided from a connection before anything is sent. */
function plansOf(input: ConnectionInput) {
  const options = resolveOptions(input);
  const access = planAccess(options);
  const connections = planConnections(options);
  const source = planReadSource({ object: 'orders' }, options.defaultSchema);
  return {
    access,
    connections,
    opening: connections.opening.map(({ statement }) => String(statement)),
    reading: planRead({
      mode: 'auto',
      source,
      fields: [],
      useStaging: options.useStaging,
      acceptLoss: [],
      isServerless: false,
    }).kind,
    staging: options.useStaging ? planStaging(options, access.aws) : undefined,
    copyRole: options.copyRole === undefined ? undefined : parseCopyRole(options.copyRole),
    source,
  };
}

type Plans = ReturnType<typeof plansOf>;

interface Case {
  /** A connection on which the option may be set; `keys` with staging unless told. */
  readonly on?: ConnectionInput;
  readonly set: ConnectionInput;
  /** Where it shows. */
  readonly shows: (plans: Plans) => unknown;
  readonly as: unknown;
}

const STAGED = { ...KEYS, ...STAGING };
const { host: _host, ...NO_HOST } = KEYS;
const { database: _database, ...NO_DATABASE } = PASSWORD;
const COPY_ARN = 'arn:aws:iam::111122223333:role/Copy';
const OTHER_ROLE = 'arn:aws:iam::111122223333:role/Other';

const SESSION_POLICY = '{"Version":"2012-10-17","Statement":[]}';
const HUB = {
  roleArn: OTHER_ROLE,
  externalId: 'ticket-2',
  roleSessionName: 'hub',
  durationSeconds: 1800,
  sessionPolicy: SESSION_POLICY,
  sessionTags: [{ key: 'team', value: 'sales', transitive: true }],
  sourceIdentity: 'jo',
};

/** Of a Secret its text, and of anything else itself. */
const revealed = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value);
const login = (key: string) => (plans: Plans) =>
  revealed((plans.access.login as unknown as Record<string, unknown>)[key]);
const identity = (key: string) => (plans: Plans) =>
  revealed((plans.access.identity as unknown as Record<string, unknown> | undefined)?.[key]);
const lastRole = (key: string) => (plans: Plans) =>
  (plans.access.roles.at(-1) as unknown as Record<string, unknown> | undefined)?.[key];

const CASES: Readonly<Record<string, Case>> = {
  jdbcUrl: {
    on: NO_HOST,
    set: { jdbcUrl: 'jdbc:redshift://elsewhere.abc123.us-west-2.redshift.amazonaws.com:5555/dev' },
    shows: ({ access }) => access.endpoint,
    as: { host: 'elsewhere.abc123.us-west-2.redshift.amazonaws.com', port: 5555, region: 'us-west-2' },
  },
  host: {
    set: { host: 'other.abc123.us-west-2.redshift.amazonaws.com' },
    shows: ({ access }) => access.endpoint.host,
    as: 'other.abc123.us-west-2.redshift.amazonaws.com',
  },
  port: { set: { port: 5555 }, shows: ({ access }) => access.endpoint.port, as: 5555 },
  database: { on: NO_DATABASE, set: { database: 'sales' }, shows: login('database'), as: 'sales' },
  clusterIdentifier: { set: { clusterIdentifier: 'other' }, shows: login('clusterIdentifier'), as: 'other' },
  workgroup: { on: SERVERLESS, set: { workgroup: 'other' }, shows: login('workgroup'), as: 'other' },
  region: { set: { region: 'eu-west-1' }, shows: ({ access }) => access.aws.region, as: 'eu-west-1' },
  authType: {
    on: { ...KEYS, password: 'p' },
    set: { authType: 'password' },
    shows: login('kind'),
    as: 'password',
  },
  loginMethod: { set: { loginMethod: 'iamIdentity' }, shows: login('kind'), as: 'clusterCredentialsWithIam' },
  username: { set: { username: 'other' }, shows: login('username'), as: 'other' },
  password: { on: PASSWORD, set: { password: 'another' }, shows: login('password'), as: 'another' },
  roleArn: { set: { roleArn: OTHER_ROLE }, shows: lastRole('roleArn'), as: OTHER_ROLE },
  useEc2Role: { set: { useEc2Role: true }, shows: identity('kind'), as: 'machineRole' },
  identitySource: { set: { identitySource: 'environment' }, shows: identity('kind'), as: 'environment' },
  accessKeyId: {
    set: { accessKeyId: 'AKIAANOTHEREXAMPLE00' },
    shows: identity('accessKeyId'),
    as: 'AKIAANOTHEREXAMPLE00',
  },
  secretAccessKey: { set: { secretAccessKey: 'another' }, shows: identity('secretAccessKey'), as: 'another' },
  sessionToken: { set: { sessionToken: 'token' }, shows: identity('sessionToken'), as: 'token' },
  profile: {
    on: { ...STAGED, identitySource: 'profile', profile: 'one' },
    set: { profile: 'two' },
    shows: identity('profile'),
    as: 'two',
  },
  autoCreateDbUser: { set: { autoCreateDbUser: true }, shows: login('autoCreate'), as: true },
  dbGroups: { set: { dbGroups: ['b', 'a'] }, shows: login('groups'), as: ['a', 'b'] },
  loginLifetimeSeconds: { set: { loginLifetimeSeconds: 1800 }, shows: login('lifetimeSeconds'), as: 1800 },
  roleDurationSeconds: { set: { roleDurationSeconds: 7200 }, shows: lastRole('durationSeconds'), as: 7200 },
  externalId: { set: { externalId: 'ticket-1' }, shows: lastRole('externalId'), as: 'ticket-1' },
  roleSessionName: { set: { roleSessionName: 'nightly' }, shows: lastRole('sessionName'), as: 'nightly' },
  sourceIdentity: { set: { sourceIdentity: 'alice' }, shows: lastRole('sourceIdentity'), as: 'alice' },
  sessionPolicy: {
    set: { sessionPolicy: SESSION_POLICY },
    shows: lastRole('sessionPolicy'),
    as: SESSION_POLICY,
  },
  sessionTags: {
    set: { sessionTags: [{ key: 'team' }] },
    shows: lastRole('sessionTags'),
    as: [{ key: 'team', value: '', transitive: false }],
  },
  intermediateRoles: {
    set: { intermediateRoles: [HUB] },
    shows: ({ access }) => access.roles,
    as: [
      {
        id: 'intermediate-1',
        account: '111122223333',
        roleArn: OTHER_ROLE,
        externalId: 'ticket-2',
        sessionName: 'hub',
        durationSeconds: 1800,
        sessionPolicy: SESSION_POLICY,
        sessionTags: [{ key: 'team', value: 'sales', transitive: true }],
        sourceIdentity: 'jo',
        chained: false,
      },
      {
        id: 'redshift',
        account: '111122223333',
        roleArn: ROLE,
        sessionName: 'roleshift',
        durationSeconds: 3600,
        chained: true,
      },
    ],
  },
  useStaging: {
    on: { ...STAGED, useStaging: false },
    set: { useStaging: true },
    shows: ({ reading, staging }) => [reading, staging?.bucket],
    as: ['undecided', 'acme-staging'],
  },
  stagingBucket: {
    set: { stagingBucket: 'other-bucket' },
    shows: ({ staging }) => staging?.bucket,
    as: 'other-bucket',
  },
  stagingPrefix: { set: { stagingPrefix: 'a/b' }, shows: ({ staging }) => staging?.prefix, as: 'a/b/' },
  stagingRegion: { set: { stagingRegion: 'eu-west-1' }, shows: ({ staging }) => staging?.region, as: 'eu-west-1' },
  stagingRoleArn: {
    set: { stagingRoleArn: OTHER_ROLE },
    shows: ({ access }) => access.stagingRoles.map(({ roleArn }) => roleArn),
    as: [OTHER_ROLE],
  },
  stagingExternalId: {
    on: { ...STAGED, stagingRoleArn: OTHER_ROLE, externalId: 'ticket-1' },
    set: { stagingExternalId: 'ticket-3' },
    shows: ({ access }) => access.stagingRoles.map(({ externalId }) => externalId),
    as: ['ticket-3'],
  },
  copyRole: { set: { copyRole: COPY_ARN }, shows: ({ copyRole }) => copyRole, as: parseCopyRole(COPY_ARN) },
  kmsKeyId: {
    set: { kmsKeyId: '1234abcd-12ab-34cd-56ef-1234567890ab' },
    shows: ({ staging }) => staging?.kmsKeyId,
    as: '1234abcd-12ab-34cd-56ef-1234567890ab',
  },
  stagingBucketOwner: {
    set: { stagingBucketOwner: '444455556666' },
    shows: ({ staging }) => staging?.expectedOwner,
    as: '444455556666',
  },
  defaultSchema: {
    set: { defaultSchema: 'sales' },
    shows: ({ opening, source }) => [opening.at(-1), source.kind === 'object' && source.objects[0].path],
    as: ['SET search_path TO "sales", public', ['sales', 'orders']],
  },
  applicationName: {
    set: { applicationName: 'nightly' },
    shows: ({ connections }) => connections.applicationName,
    as: 'nightly',
  },
  connectSql: { set: { connectSql: 'select 1' }, shows: ({ opening }) => opening.at(-1), as: 'select 1' },
  sweepOnStart: { on: STAGED, set: { sweepOnStart: true }, shows: ({ staging }) => staging?.sweepOnStart, as: true },
  sideSession: { set: { sideSession: false }, shows: ({ connections }) => connections.sideSession, as: false },
  queryGroup: { set: { queryGroup: 'etl' }, shows: ({ opening }) => opening.at(-1), as: "SET query_group TO 'etl'" },
  statementTimeoutSeconds: {
    set: { statementTimeoutSeconds: 90 },
    shows: ({ opening }) => opening.at(-1),
    as: 'SET statement_timeout TO 90000',
  },
  maxSessions: { set: { maxSessions: 3 }, shows: ({ connections }) => connections.maxSessions, as: 3 },
  tlsMode: { set: { tlsMode: 'verify-ca' }, shows: ({ access }) => access.tls.mode, as: 'verify-ca' },
  caFile: { set: { caFile: '/etc/ca.pem' }, shows: ({ access }) => access.tls.caFile, as: '/etc/ca.pem' },
  tlsServerName: {
    set: { tlsServerName: 'inner.example.com' },
    shows: ({ access }) => access.tls.serverName,
    as: 'inner.example.com',
  },
  connectTimeoutSeconds: {
    set: { connectTimeoutSeconds: 3 },
    shows: ({ connections }) => connections.connectTimeoutMs,
    as: 3000,
  },
  awsTimeoutSeconds: {
    set: { awsTimeoutSeconds: 3 },
    shows: ({ access, staging }) => [access.aws.timeoutMs, staging?.timeoutMs],
    as: [3000, 3000],
  },
  awsConnectTimeoutSeconds: {
    set: { awsConnectTimeoutSeconds: 3 },
    shows: ({ access }) => access.aws.connectTimeoutMs,
    as: 3000,
  },
  awsProxyUrl: {
    set: { awsProxyUrl: 'http://proxy.example.com:3128' },
    shows: ({ access }) => revealed(access.aws.proxy?.url),
    as: 'http://proxy.example.com:3128',
  },
  awsNoProxy: {
    on: { ...STAGED, awsProxyUrl: 'http://proxy.example.com:3128' },
    set: { awsNoProxy: ['.vpce.amazonaws.com'] },
    shows: ({ access }) => access.aws.proxy?.noProxy,
    as: ['.vpce.amazonaws.com'],
  },
  keepaliveSeconds: { set: { keepaliveSeconds: 0 }, shows: ({ connections }) => connections.keepaliveMs, as: 0 },
  idleSessionSeconds: { set: { idleSessionSeconds: 3 }, shows: ({ connections }) => connections.idleMs, as: 3000 },
  stsEndpoint: {
    set: { stsEndpoint: 'https://sts.example.com' },
    shows: ({ access }) => access.aws.stsEndpoint,
    as: 'https://sts.example.com',
  },
  redshiftEndpoint: {
    set: { redshiftEndpoint: 'https://redshift.example.com' },
    shows: ({ access }) => access.aws.redshiftEndpoint,
    as: 'https://redshift.example.com',
  },
  redshiftServerlessEndpoint: {
    set: { redshiftServerlessEndpoint: 'https://serverless.example.com' },
    shows: ({ access }) => access.aws.redshiftServerlessEndpoint,
    as: 'https://serverless.example.com',
  },
  iamEndpoint: {
    set: { iamEndpoint: 'https://iam.example.com' },
    shows: ({ access }) => access.aws.iamEndpoint,
    as: 'https://iam.example.com',
  },
  s3Endpoint: {
    set: { s3Endpoint: 'https://s3.example.com' },
    shows: ({ staging }) => staging?.endpoint,
    as: 'https://s3.example.com',
  },
  loginIdentity: { on: EC2, set: { loginIdentity: 'worker' }, shows: identity('kind'), as: 'workerRole' },
  workerRoleArn: {
    on: { ...EC2, loginIdentity: 'worker' },
    set: { workerRoleArn: OTHER_ROLE },
    shows: identity('expectedRoleArn'),
    as: OTHER_ROLE,
  },
};

describe('every option, set to something else than its default, reaches its place', () => {
  it('the table has a case for each option of the manifest, and for nothing else', () => {
    expect(Object.keys(CASES).sort()).to.deep.equal(Object.keys(MANIFEST.connection.properties).sort());
    expect(HOST).to.include('us-west-2'); // or the cases of region prove nothing
  });

  for (const [key, { on = STAGED, set, shows, as }] of Object.entries(CASES)) {
    it(`${key} shows in the plan`, () => {
      expect(Object.keys(set)).to.deep.equal([key]);
      expect(shows(plansOf({ ...on, ...set }))).to.deep.equal(as);
      let before: unknown = 'refused without it';
      try {
        before = shows(plansOf(on));
      } catch (error) {
        expect(error).to.include({ code: 'RS_CONFIG_INVALID' });
      }
      expect(before).not.to.deep.equal(as);
    });
  }
});
