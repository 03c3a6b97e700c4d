import { inspect } from 'node:util';
import { expect } from 'chai';
import type { AccessOptions } from '../../src/access/access-options.ts';
import { planAccess } from '../../src/access/plan-access.ts';
import type { Access } from '../../src/auth/access.ts';
import { type AccessDeps, openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptionsWithout, ROLE_ARN } from '../access/options.ts';
import {
  type CannedAws,
  callerIs,
  clusterLogin,
  openCannedAws,
  roleSession,
  serverlessLogin,
  USER_ARN,
} from './canned-aws.ts';
import { type FakeClock, fakeClock, recordedRun } from './fakes.ts';

const QUICK = { attempts: 3, totalMs: 5_000, attemptMs: 5_000, firstDelayMs: 1 };
const HUB = 'arn:aws:iam::111122223333:role/Hub';
const MINUTE_MS = 60_000;

describe('access', () => {
  let aws: CannedAws;
  let clock: FakeClock;

  beforeEach(async () => {
    aws = await openCannedAws();
    clock = fakeClock();
    aws.answer('GetCallerIdentity', callerIs(USER_ARN));
    aws.answer('AssumeRole', roleSession(new Date(clock.now() + 60 * MINUTE_MS)));
    aws.answer('GetClusterCredentials', clusterLogin(new Date(clock.now() + 15 * MINUTE_MS)));
  });
  afterEach(async () => {
    await aws[Symbol.asyncDispose]();
  });

  function open(
    changes: Partial<AccessOptions> = {},
    without: readonly (keyof AccessOptions)[] = ['host'],
    deps: Pick<AccessDeps, 'checkHost'> = {},
  ): Access {
    const local = {
      region: 'us-east-1',
      clusterIdentifier: 'warehouse',
      stsEndpoint: aws.url,
      redshiftEndpoint: aws.url,
    };
    return openAccess(planAccess(accessOptionsWithout(without, { ...local, ...changes })), {
      clock,
      environment: {},
      limits: QUICK,
      ...deps,
    });
  }

  const run = (signal?: AbortSignal) => recordedRun({ clock, ...(signal === undefined ? {} : { signal }) });

  async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
    const failure: unknown = await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectorError);
    return failure as ConnectorError;
  }

  describe('walks from the identity to a login', () => {
    it('and tells each hop once, with principal, account, source and expiry, and no secret', async () => {
      await using access = open();
      const told = run();
      const login = await access.login(told);
      await access.login(told);
      expect(login).to.include({ user: 'IAM:etl', database: 'dev' });
      expect(login.password.reveal()).to.equal('canary-db-password');
      expect(told.events).to.deep.equal([
        { type: 'hop', hop: 'identity', principal: USER_ARN, source: 'access keys', account: '111122223333' },
        {
          type: 'hop',
          hop: 'role',
          principal: 'arn:aws:sts::111122223333:assumed-role/RedshiftLogin/roleshift',
          source: 'sts:AssumeRole',
          account: '111122223333',
          expiresAt: new Date(clock.now() + 60 * MINUTE_MS).toISOString(),
        },
        {
          type: 'hop',
          hop: 'login',
          principal: 'IAM:etl',
          source: 'redshift:GetClusterCredentials',
          account: '111122223333',
          expiresAt: new Date(clock.now() + 15 * MINUTE_MS).toISOString(),
        },
      ]);
      expect(inspect([told.events, login], { depth: 9, showHidden: true })).to.not.include('canary');
    });

    it('and sends every option to its place', async () => {
      await using access = open({
        externalId: 'acme-1',
        sourceIdentity: 'ann',
        roleSessionName: 'nightly',
        roleDurationSeconds: 7200,
        autoCreateDbUser: true,
        dbGroups: ['b', 'a'],
        loginLifetimeSeconds: 1800,
      });
      await access.login(run());
      const [, assume, buy] = aws.calls;
      expect(Object.fromEntries(assume?.parameters ?? [])).to.include({
        RoleArn: ROLE_ARN,
        RoleSessionName: 'nightly',
        DurationSeconds: '7200',
        ExternalId: 'acme-1',
        SourceIdentity: 'ann',
      });
      expect(buy?.accessKeyId).to.equal('ASIARedshiftLogin1');
      expect(Object.fromEntries(buy?.parameters ?? [])).to.include({
        ClusterIdentifier: 'warehouse',
        DbUser: 'etl',
        DbName: 'dev',
        AutoCreate: 'true',
        DurationSeconds: '1800',
        'DbGroups.DbGroup.1': 'a',
        'DbGroups.DbGroup.2': 'b',
      });
    });

    it('and each role with what is its own', async () => {
      const policy = '{"Version":"2012-10-17","Statement":[]}';
      await using access = open({
        intermediateRoles: [
          {
            roleArn: HUB,
            externalId: 'hub-1',
            roleSessionName: 'hub',
            durationSeconds: 1800,
            sessionPolicy: policy,
            sessionTags: [{ key: 'team', value: 'sales', transitive: true }, { key: 'note' }],
            sourceIdentity: 'ann',
          },
        ],
        sessionTags: [{ key: 'job', value: 'nightly' }],
      });
      await access.login(run());
      const [hub, redshift] = aws.calls.filter(({ action }) => action === 'AssumeRole');
      expect(Object.fromEntries(hub?.parameters ?? [])).to.deep.equal({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: HUB,
        RoleSessionName: 'hub',
        DurationSeconds: '1800',
        ExternalId: 'hub-1',
        Policy: policy,
        'Tags.member.1.Key': 'team',
        'Tags.member.1.Value': 'sales',
        'Tags.member.2.Key': 'note',
        'Tags.member.2.Value': '',
        'TransitiveTagKeys.member.1': 'team',
        SourceIdentity: 'ann',
      });
      expect(Object.fromEntries(redshift?.parameters ?? [])).to.deep.equal({
        Action: 'AssumeRole',
        Version: '2011-06-15',
        RoleArn: ROLE_ARN,
        RoleSessionName: 'roleshift',
        DurationSeconds: '3600',
        'Tags.member.1.Key': 'job',
        'Tags.member.1.Value': 'nightly',
      });
    });

    it('that differ in one parameter of a role apart: each has a session of its own', async () => {
      const [hop] = planAccess(accessOptionsWithout([])).roles;
      if (hop === undefined) throw new Error('no hop');
      await using access = open();
      const others = [
        { sessionPolicy: '{"Statement":[]}' },
        { sessionTags: [{ key: 'a', value: 'b', transitive: false }] },
        { sessionTags: [{ key: 'a', value: 'b', transitive: true }] },
        { sourceIdentity: 'ann' },
        { sessionName: 'other' },
        { externalId: 'x-1' },
        { durationSeconds: 900 },
      ];
      for (const changes of [{}, ...others, {}]) await access.assume([{ ...hop, ...changes }], run());
      expect(aws.count('AssumeRole')).to.equal(1 + others.length);
    });

    it('that belongs to the role, under the name that AWS gives', async () => {
      aws.answer(
        'GetClusterCredentialsWithIAM',
        clusterLogin(new Date(clock.now() + 15 * MINUTE_MS), 'IAMR:RedshiftLogin'),
      );
      await using access = open({ loginMethod: 'iamIdentity', loginLifetimeSeconds: 1800 });
      const own = run();
      expect((await access.login(own)).user).to.equal('IAMR:RedshiftLogin');
      expect(Object.fromEntries(aws.calls.at(-1)?.parameters ?? [])).to.deep.equal({
        Action: 'GetClusterCredentialsWithIAM',
        Version: '2012-12-01',
        ClusterIdentifier: 'warehouse',
        DbName: 'dev',
        DurationSeconds: '1800',
      });
      expect(own.events.at(-1)).to.include({ hop: 'login', source: 'redshift:GetClusterCredentialsWithIAM' });
    });

    for (const loginMethod of ['databaseUser', 'iamIdentity'] as const) {
      it(`by the custom domain name, as ${loginMethod}`, async () => {
        aws.answer('GetClusterCredentialsWithIAM', clusterLogin(new Date(clock.now() + 15 * MINUTE_MS)));
        await using access = open({ host: 'Warehouse.example.com', loginMethod }, ['clusterIdentifier']);
        await access.login(run());
        const parameters = Object.fromEntries(aws.calls.at(-1)?.parameters ?? []);
        expect(parameters).to.include({ CustomDomainName: 'warehouse.example.com', DbName: 'dev' });
        expect(parameters).to.not.have.property('ClusterIdentifier');
        expect(await access.endpoint(run())).to.deep.equal({ host: 'Warehouse.example.com', port: 5439 });
      });
    }

    it('of a workgroup, whose endpoint is looked up only where no host is given', async () => {
      const serverless = { workgroup: 'analytics', redshiftServerlessEndpoint: aws.url };
      aws.answer('GetCredentials', serverlessLogin(new Date(clock.now() + 15 * MINUTE_MS)));
      aws.answer('GetWorkgroup', {
        status: 200,
        body: '{"workgroup":{"workgroupName":"analytics","endpoint":{"address":"wg.example","port":5440}}}',
      });
      await using access = open(serverless, ['host', 'clusterIdentifier']);
      const own = run();
      const login = await access.login(own);
      expect([login.user, login.password.reveal(), login.database]).to.deep.equal([
        'IAMR:RedshiftLogin',
        'canary-db-password',
        'dev',
      ]);
      expect(login.expiresAt?.getTime()).to.equal(clock.now() + 15 * MINUTE_MS);
      expect(Object.fromEntries(aws.calls.at(-1)?.parameters ?? [])).to.deep.equal({
        workgroupName: 'analytics',
        dbName: 'dev',
        durationSeconds: '900',
      });
      expect(own.events.at(-1)).to.include({ hop: 'login', source: 'redshift-serverless:GetCredentials' });
      expect(await access.endpoint(own)).to.include({ host: 'wg.example', port: 5440 });
      await using named = open({ ...serverless, host: 'wg.example', port: 5441 }, ['clusterIdentifier']);
      expect(await named.endpoint(run())).to.deep.equal({ host: 'wg.example', port: 5441 });
      expect(aws.count('GetWorkgroup')).to.equal(1);
    });

    it('with one AssumeRole and one GetClusterCredentials for 200 sessions at once', async () => {
      await using access = open();
      const logins = await Promise.all(Array.from({ length: 200 }, () => access.login(run())));
      expect(new Set(logins)).to.have.property('size', 1);
      expect(aws.calls.map(({ action }) => action)).to.deep.equal([
        'GetCallerIdentity',
        'AssumeRole',
        'GetClusterCredentials',
      ]);
    });

    it('with the stored password, without asking AWS', async () => {
      await using access = open({ authType: 'password', password: new Secret('canary-password'), host: 'db' }, []);
      const login = await access.login(run());
      expect(login.user).to.equal('etl');
      expect(login.password.reveal()).to.equal('canary-password');
      expect((await failureOf(access.login(run(), { rejected: login }))).code).to.equal('RS_AUTH_LOGIN_REJECTED');
      expect((await failureOf(access.identity(run()))).code).to.equal('RS_INTERNAL');
      const hostless = openAccess({ ...access.plan, endpoint: { port: 5439 } });
      expect((await failureOf(hostless.endpoint(run()))).code).to.equal('RS_INTERNAL');
      expect(aws.calls).to.deep.equal([]);
    });
  });

  describe('chains roles', () => {
    it('each assumed as the one before, those in common with staging once', async () => {
      aws.answer(
        'AssumeRole',
        roleSession(new Date(clock.now() + 60 * MINUTE_MS), 'Hub'),
        roleSession(new Date(clock.now() + 60 * MINUTE_MS), 'RedshiftLogin'),
        roleSession(new Date(clock.now() + 60 * MINUTE_MS), 'Staging'),
      );
      const stagingRoleArn = 'arn:aws:iam::111122223333:role/Staging';
      await using access = open({ intermediateRoles: [{ roleArn: HUB }], useStaging: true, stagingRoleArn });
      const role = await access.role(run());
      const staging = await access.staging(run());
      expect([role.accessKeyId, staging.accessKeyId]).to.deep.equal(['ASIARedshiftLogin1', 'ASIAStaging1']);
      expect(
        aws.calls.map(({ action, accessKeyId, parameters }) => [action, accessKeyId, parameters.get('RoleArn')]),
      ).to.deep.equal([
        ['GetCallerIdentity', 'AKIAEXAMPLE', undefined],
        ['AssumeRole', 'AKIAEXAMPLE', HUB],
        ['AssumeRole', 'ASIAHub1', ROLE_ARN],
        ['AssumeRole', 'ASIAHub1', stagingRoleArn],
      ]);
    });

    it('for an hour when the identity turns out to be temporary, and says why', async () => {
      const options = { identitySource: 'environment', roleDurationSeconds: 43_200 } as const;
      const plan = planAccess(
        accessOptionsWithout(['host'], {
          ...options,
          region: 'us-east-1',
          clusterIdentifier: 'w',
          stsEndpoint: aws.url,
        }),
      );
      const environment = { AWS_ACCESS_KEY_ID: 'ASIAX', AWS_SECRET_ACCESS_KEY: 'canary', AWS_SESSION_TOKEN: 'canary' };
      await using access = openAccess(plan, { clock, environment, limits: QUICK });
      const told = run();
      await access.role(told);
      expect(aws.calls.at(-1)?.parameters.get('DurationSeconds')).to.equal('3600');
      expect(told.events.at(-1))
        .to.have.property('note')
        .that.matches(/shortened from 43200 s to 3600 s.*role chaining/);
    });

    it("once more for an hour when the role's own maximum is shorter, and says so", async () => {
      aws.answer(
        'AssumeRole',
        {
          status: 400,
          code: 'ValidationError',
          message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
        },
        roleSession(new Date(clock.now() + 60 * MINUTE_MS)),
      );
      await using access = open({ roleDurationSeconds: 43_200 });
      const told = run();
      await access.role(told);
      const durations = aws.calls.map(({ parameters }) => parameters.get('DurationSeconds'));
      expect(durations).to.deep.equal([undefined, '43200', '3600']);
      expect(told.events.at(-1))
        .to.have.property('note')
        .that.matches(/maximum session duration of .* is less than was asked/);

      aws.answer('AssumeRole', roleSession(new Date(clock.now() + 120 * MINUTE_MS)));
      clock.advance(60 * MINUTE_MS);
      await access.role(told);
      expect(aws.calls.at(-1)?.parameters.get('DurationSeconds'), 'its maximum is remembered').to.equal('3600');
      expect(aws.count('AssumeRole')).to.equal(3);
      expect(told.events.at(-1))
        .to.have.property('note')
        .that.matches(/is less than was asked/);
    });

    it('and gives up when an hour is refused too', async () => {
      const message = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
      aws.answer('AssumeRole', { status: 400, code: 'ValidationError', message });
      await using access = open({ roleDurationSeconds: 43_200 });
      const failure = await failureOf(access.role(run()));
      expect(failure.code).to.equal('RS_CONFIG_INVALID');
      expect(failure.action).to.match(/roleDurationSeconds/);
      expect(aws.count('AssumeRole')).to.equal(2);
    });
  });

  describe('renews', () => {
    it('the login ahead of its expiry and the role ahead of its own', async () => {
      await using access = open();
      await access.login(run());
      clock.advance(9 * MINUTE_MS + 59_999);
      await access.login(run());
      expect(aws.count('GetClusterCredentials')).to.equal(1);
      aws.answer('GetClusterCredentials', clusterLogin(new Date(clock.now() + 15 * MINUTE_MS), 'IAM:second'));
      clock.advance(6 * MINUTE_MS);
      expect((await access.login(run())).user).to.equal('IAM:second');
      expect(aws.count('AssumeRole')).to.equal(1);
      clock.advance(44 * MINUTE_MS);
      await access.login(run());
      expect(aws.count('AssumeRole')).to.equal(2);
      expect(aws.count('GetCallerIdentity')).to.equal(1);
    });

    it('or keeps a valid role when AWS refuses for the moment, and warns once of it', async () => {
      await using access = open();
      const role = await access.role(run());
      aws.answer('AssumeRole', { status: 503, code: 'ServiceUnavailable', message: 'busy' });
      clock.advance(59.5 * MINUTE_MS);
      const told = run();
      expect(await access.role(told)).to.equal(role);
      clock.advance(10_000);
      expect(await access.role(told)).to.equal(role);
      expect(aws.count('AssumeRole')).to.equal(7);
      expect(told.events).to.deep.equal([
        {
          type: 'warning',
          code: 'RENEWAL_FAILED',
          message:
            'The credentials of the hop "redshift" could not be renewed ahead of time and are good until ' +
            '2027-01-15T09:00:00.000Z; it is tried again: AWS failed on its side (ServiceUnavailable, HTTP 503 for sts:AssumeRole)',
        },
      ]);
    });

    it('the whole walk once when AWS says that a session has expired early', async () => {
      const expired = {
        status: 403,
        code: 'ExpiredToken',
        message: 'The security token included in the request is expired',
      };
      aws.answer('GetClusterCredentials', expired, clusterLogin(new Date(clock.now() + 15 * MINUTE_MS)));
      await using access = open();
      expect((await access.login(run())).user).to.equal('IAM:etl');
      expect(aws.count('AssumeRole')).to.equal(2);
      aws.answer('GetClusterCredentials', expired);
      clock.advance(15 * MINUTE_MS);
      expect((await failureOf(access.login(run()))).code).to.equal('RS_AUTH_EXPIRED');
      expect(aws.count('AssumeRole')).to.equal(3);
    });

    it('keys that were replaced where they are read from, and not those of the form', async () => {
      const unknown = {
        status: 403,
        code: 'InvalidClientTokenId',
        message: 'The security token included in the request is invalid.',
      };
      const options = {
        identitySource: 'environment',
        region: 'us-east-1',
        clusterIdentifier: 'w',
        stsEndpoint: aws.url,
      } as const;
      const environment: Record<string, string> = { AWS_ACCESS_KEY_ID: 'AKIAOLD', AWS_SECRET_ACCESS_KEY: 'canary' };
      await using rotated = openAccess(planAccess(accessOptionsWithout(['host'], options)), {
        clock,
        environment,
        limits: QUICK,
      });
      await rotated.identity(run());
      environment['AWS_ACCESS_KEY_ID'] = 'AKIANEW';
      aws.answer('AssumeRole', unknown, roleSession(new Date(clock.now() + 60 * MINUTE_MS)));
      await rotated.role(run());
      expect(aws.calls.map(({ accessKeyId }) => accessKeyId)).to.deep.equal([
        'AKIAOLD',
        'AKIAOLD',
        'AKIANEW',
        'AKIANEW',
      ]);

      aws.answer('AssumeRole', unknown);
      await using typed = open();
      expect((await failureOf(typed.role(run()))).code).to.equal('RS_AUTH_KEYS_INVALID');
      expect(aws.calls).to.have.length(6);
    });

    it('a rejected login once for all, and then leaves AWS alone for a while', async () => {
      await using access = open();
      const first = await access.login(run());
      const seconds = await Promise.all(Array.from({ length: 50 }, () => access.login(run(), { rejected: first })));
      const [second] = seconds;
      expect(new Set(seconds)).to.have.property('size', 1);
      expect(second).to.not.equal(first);
      expect(aws.count('GetClusterCredentials')).to.equal(2);
      const refused = second === undefined ? {} : { rejected: second };
      expect((await failureOf(access.login(run(), refused))).code).to.equal('RS_AUTH_LOGIN_REJECTED');
      expect((await failureOf(access.login(run()))).code).to.equal('RS_AUTH_LOGIN_REJECTED');
      expect(aws.count('GetClusterCredentials')).to.equal(2);
    });
  });

  describe('tries again', () => {
    for (const [title, code, status] of [
      ['when AWS asks to slow down', 'Throttling', 400],
      ['when AWS fails on its side', 'InternalFailure', 500],
    ] as const) {
      it(`${title}, and goes on`, async () => {
        aws.answer('AssumeRole', { status, code, message: 'x' }, roleSession(new Date(clock.now() + 60 * MINUTE_MS)));
        await using access = open();
        await access.role(run());
        expect(aws.count('AssumeRole')).to.equal(2);
      });

      it(`${title}, a bounded number of times`, async () => {
        aws.answer('AssumeRole', { status, code, message: 'x' });
        await using access = open();
        expect((await failureOf(access.role(run()))).category).to.equal('transient');
        expect(aws.count('AssumeRole')).to.equal(QUICK.attempts);
      });
    }

    it('nowhere else when it is sent there: redirects are not followed', async () => {
      const headers = { location: `${aws.url}/elsewhere` };
      aws.answer('AssumeRole', { status: 302, body: '', headers });
      await using access = open();
      const failure = await failureOf(access.role(run()));
      expect(failure).to.include({ code: 'RS_CONFIG_INVALID' });
      expect(failure.message).to.match(/redirect \(302\)/);
      expect(aws.count('AssumeRole')).to.equal(1);
      expect(aws.calls).to.have.length(2);
    });

    it('never when AWS refuses, and asks again at the next call: failures are not cached', async () => {
      aws.answer('AssumeRole', { status: 403, code: 'AccessDenied', message: 'no' });
      await using access = open();
      await failureOf(access.role(run()));
      expect(aws.count('AssumeRole')).to.equal(1);
      aws.answer('AssumeRole', roleSession(new Date(clock.now() + 60 * MINUTE_MS)));
      await access.role(run());
      expect(aws.count('AssumeRole')).to.equal(2);
    });
  });

  describe('ends a wait', () => {
    it('of the caller that aborts, with its own reason; the others get their login', async () => {
      await using access = open();
      const impatient = new AbortController();
      const left = access.login(run(impatient.signal)).catch((error: unknown) => error);
      const stayed = access.login(run());
      impatient.abort('left');
      expect(await left).to.equal('left');
      expect((await stayed).user).to.equal('IAM:etl');
      expect(aws.count('GetClusterCredentials')).to.equal(1);
    });

    it('before it begins, when the caller has aborted already: AWS is not asked', async () => {
      await using access = open();
      const aborted = AbortSignal.abort('gone');
      for (const work of [access.identity(run(aborted)), access.role(run(aborted)), access.login(run(aborted))]) {
        expect(await work.catch((error: unknown) => error)).to.equal('gone');
      }
      expect(aws.calls).to.deep.equal([]);
    });

    it('of everybody when the connector is closed, and starts none after that', async () => {
      aws.answer('AssumeRole', { silent: true });
      const access = open();
      const waiting = failureOf(access.login(run()));
      while (aws.count('AssumeRole') === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      await access[Symbol.asyncDispose]();
      expect((await waiting).message).to.match(/closed/);
      expect((await failureOf(access.login(run()))).message).to.match(/closed/);
      expect(aws.count('AssumeRole')).to.equal(1);
    });
  });

  describe('knows the endpoint', () => {
    it('from the options, without asking', async () => {
      await using access = open({ host: 'db.example', port: 5555 }, []);
      expect(await access.endpoint(run())).to.deep.equal({ host: 'db.example', port: 5555 });
      expect(aws.calls).to.deep.equal([]);
    });

    it('and gives none that the check of hosts refuses', async () => {
      aws.answer('DescribeClusters', {
        result:
          '<Clusters><Cluster><Endpoint><Address>evil.example</Address><Port>5439</Port></Endpoint></Cluster></Clusters>',
      });
      const checkHost = (host: string): void => {
        throw new ConnectorError('RS_CONFIG_FORBIDDEN', host);
      };
      await using access = open({}, ['host'], { checkHost });
      expect(await failureOf(access.endpoint(run()))).to.include({
        code: 'RS_CONFIG_FORBIDDEN',
        message: 'evil.example',
      });
    });

    it('from AWS where no host is given, asked once for ten minutes', async () => {
      const at = (host: string) => ({
        result: `<Clusters><Cluster><Endpoint><Address>${host}</Address><Port>5439</Port></Endpoint></Cluster></Clusters>`,
      });
      aws.answer('DescribeClusters', at('one.example'), at('two.example'));
      await using access = open();
      const found = await Promise.all([access.endpoint(run()), access.endpoint(run())]);
      expect(found.map(({ host, port }) => `${host}:${port}`)).to.deep.equal(['one.example:5439', 'one.example:5439']);
      expect(aws.count('DescribeClusters')).to.equal(1);
      clock.advance(10 * MINUTE_MS);
      expect((await access.endpoint(run())).host).to.equal('two.example');
    });
  });
});
