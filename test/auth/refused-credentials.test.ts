import { expect } from 'chai';
import type { AccessOptions } from '../../src/access/access-options.ts';
import { planAccess } from '../../src/access/plan-access.ts';
import type { Access } from '../../src/auth/access.ts';
import { lifeNeed } from '../../src/auth/life.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { accessOptionsWithout } from '../access/options.ts';
import {
  type CannedAnswer,
  type CannedAws,
  callerIs,
  clusterLogin,
  openCannedAws,
  roleSession,
  USER_ARN,
} from './canned-aws.ts';
import { type FakeClock, fakeClock, recordedRun } from './fakes.ts';

const ONCE = { attempts: 1, totalMs: 5_000, attemptMs: 5_000, firstDelayMs: 1 };
const MINUTE_MS = 60_000;
const COPY = lifeNeed({ kind: 'statement', verb: 'COPY', timeoutSeconds: 0 });

const EXPIRED: CannedAnswer = {
  status: 403,
  code: 'ExpiredToken',
  message: 'The security token included in the request is expired',
};
const REVOKED: CannedAnswer = {
  status: 403,
  code: 'AccessDenied',
  message:
    'User: arn:aws:sts::111122223333:assumed-role/RedshiftLogin/roleshift is not authorized to perform: ' +
    'redshift:GetClusterCredentials on resource: arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse/etl ' +
    'with an explicit deny in an identity-based policy',
};

describe('credentials that AWS refuses before their end', () => {
  let aws: CannedAws;
  let clock: FakeClock;

  beforeEach(async () => {
    aws = await openCannedAws();
    clock = fakeClock();
    const inAnHour = new Date(clock.now() + 60 * MINUTE_MS);
    aws.answer('GetCallerIdentity', callerIs(USER_ARN));
    aws.answer('DescribeClusters', REVOKED);
    aws.answer('AssumeRole', ...[1, 2, 3, 4, 5].map((number) => roleSession(inAnHour, 'RedshiftLogin', number)));
    aws.answer('GetClusterCredentials', clusterLogin(new Date(clock.now() + 15 * MINUTE_MS)));
  });
  afterEach(async () => {
    await aws[Symbol.asyncDispose]();
  });

  function open(changes: Partial<AccessOptions> = {}, environment: Record<string, string> = {}): Access {
    const local = {
      region: 'us-east-1',
      clusterIdentifier: 'warehouse',
      stsEndpoint: aws.url,
      redshiftEndpoint: aws.url,
      useStaging: true,
    };
    const plan = planAccess(accessOptionsWithout(['host'], { ...local, ...changes }));
    return openAccess(plan, { clock, environment, limits: ONCE });
  }

  const run = () => recordedRun({ clock });

  async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
    const failure: unknown = await work.catch((error: unknown) => error);
    expect(failure).to.be.instanceOf(ConnectorError);
    return failure as ConnectorError;
  }

  it('are replaced once for all requests of S3 that fail together, and the replacement not again for a while', async () => {
    await using access = open();
    const first = await access.staging(run());
    const told = run();
    const others = await Promise.all(Array.from({ length: 20 }, () => access.staging(told, { rejected: first })));
    expect(new Set(others.map(({ accessKeyId }) => accessKeyId))).to.deep.equal(new Set(['ASIARedshiftLogin2']));
    expect(told.events).to.have.length(1);
    expect(told.events[0]).to.include({ type: 'hop', hop: 'role', isRenewal: true });
    const [second] = others;
    expect(await access.staging(run(), { rejected: first }), 'a late one').to.equal(second);
    expect(await access.staging(run(), { rejected: second! }), 'refused too').to.equal(second);
    expect(aws.count('AssumeRole')).to.equal(2);
    clock.advance(30_000);
    expect((await access.staging(run(), { rejected: second! })).accessKeyId).to.equal('ASIARedshiftLogin3');
    expect(aws.count('GetCallerIdentity')).to.equal(1);
  });

  it('lead to one fresh walk when the session was revoked, and to no second one while that is refused as well', async () => {
    await using access = open();
    await access.role(run());
    aws.answer('GetClusterCredentials', REVOKED, clusterLogin(new Date(clock.now() + 15 * MINUTE_MS)));
    expect((await access.login(run())).user).to.equal('IAM:etl');
    expect(aws.count('AssumeRole')).to.equal(2);
    aws.answer('GetClusterCredentials', REVOKED);
    clock.advance(15 * MINUTE_MS);
    for (let call = 0; call < 5; call += 1) {
      expect((await failureOf(access.login(run()))).code).to.equal('RS_AUTH_LOGIN_DENIED');
    }
    expect(aws.count('AssumeRole')).to.equal(3);
  });

  it('lead all that fail together to the fresh walk when the session was revoked, not only the first', async () => {
    await using access = open();
    await access.role(run());
    aws.answer('GetClusterCredentials', REVOKED, clusterLogin(new Date(clock.now() + 15 * MINUTE_MS)));
    const logins = await Promise.all(Array.from({ length: 10 }, () => access.login(run())));
    expect(new Set(logins).size).to.equal(1);
    expect(aws.count('AssumeRole')).to.equal(2);
  });

  describe('and cannot be renewed: keys with a session token', () => {
    const fixed = { sessionToken: new Secret('canary-token') };

    it('leave the roles in hand in use for all that ask together, and say so once', async () => {
      const environment = {
        AWS_ACCESS_KEY_ID: 'ASIAFIXED',
        AWS_SECRET_ACCESS_KEY: 'canary',
        AWS_SESSION_TOKEN: 'canary',
        AWS_CREDENTIAL_EXPIRATION: new Date(clock.now() + 10 * MINUTE_MS).toISOString(),
      };
      await using access = open({ identitySource: 'environment' }, environment);
      const role = await access.role(run());
      aws.answer('GetCallerIdentity', EXPIRED);
      clock.advance(20 * MINUTE_MS);
      const told = run();
      const together = await Promise.all(Array.from({ length: 10 }, () => access.staging(told)));
      expect(new Set(together)).to.deep.equal(new Set([role]));
      expect(told.events.map(({ type }) => type)).to.deep.equal(['warning']);
    });

    it('leave the roles in hand in use when the token ends', async () => {
      await using access = open(fixed);
      const role = await access.role(run());
      aws.answer('AssumeRole', EXPIRED);
      clock.advance(56 * MINUTE_MS);
      const told = run();
      expect(await access.role(told)).to.equal(role);
      expect(await access.staging(told)).to.equal(role);
      expect((await access.login(told)).user).to.equal('IAM:etl');
      expect(told.events.filter(({ type }) => type === 'warning')).to.have.length(1);
      clock.advance(4 * MINUTE_MS);
      const failure = await failureOf(access.role(run()));
      expect(failure.code).to.equal('RS_AUTH_EXPIRED');
      expect(failure.message).to.include('access keys');
    });

    it('serve while a role made from them does, where their end is known; a long step hears of it', async () => {
      const environment = {
        AWS_ACCESS_KEY_ID: 'ASIAFIXED',
        AWS_SECRET_ACCESS_KEY: 'canary',
        AWS_SESSION_TOKEN: 'canary',
        AWS_CREDENTIAL_EXPIRATION: new Date(clock.now() + 10 * MINUTE_MS).toISOString(),
      };
      await using access = open({ identitySource: 'environment' }, environment);
      const told = run();
      await access.ensureLife(told, COPY);
      const role = await access.role(told);
      expect(told.events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
      aws.answer('GetCallerIdentity', EXPIRED);
      aws.answer('AssumeRole', EXPIRED);
      clock.advance(40 * MINUTE_MS);
      for (let call = 0; call < 3; call += 1) expect(await access.role(told)).to.equal(role);
      await access.ensureLife(told, COPY);
      const codes = told.events.flatMap((event) => (event.type === 'warning' ? [event.code] : []));
      expect(codes).to.deep.equal(['RENEWAL_FAILED', 'CREDENTIALS_END_EARLY']);
      const [identity, redshift] = await access.forecast(told);
      expect(identity).to.deep.include({ remainingSeconds: 0, renewal: 'impossible' });
      expect(identity?.missing).to.deep.include({ code: 'RS_AUTH_EXPIRED' });
      expect(redshift).to.deep.include({ remainingSeconds: 1200, renewal: 'untilBaseEnds' });
      clock.advance(20 * MINUTE_MS);
      expect((await failureOf(access.role(run()))).code).to.equal('RS_AUTH_EXPIRED');
    });

    it('leave the login in hand in use when the role has ended as well', async () => {
      aws.answer('AssumeRole', roleSession(new Date(clock.now() + 15 * MINUTE_MS)), EXPIRED);
      aws.answer('GetClusterCredentials', clusterLogin(new Date(clock.now() + 60 * MINUTE_MS)));
      await using access = open({ ...fixed, roleDurationSeconds: 900, loginLifetimeSeconds: 3600 });
      const login = await access.login(run());
      clock.advance(20 * MINUTE_MS);
      const told = run();
      for (let call = 0; call < 3; call += 1) expect(await access.login(told)).to.equal(login);
      expect(told.events.map((event) => ('code' in event ? event.code : event.type))).to.deep.equal(['RENEWAL_FAILED']);
      expect((await failureOf(access.login(run(), { rejected: login }))).code, 'refused').to.equal('RS_AUTH_EXPIRED');
      clock.advance(40 * MINUTE_MS);
      expect((await failureOf(access.login(run()))).code).to.equal('RS_AUTH_EXPIRED');
    });

    it('are told before a long step, once', async () => {
      await using access = open(fixed);
      const told = run();
      await access.ensureLife(told, COPY);
      await access.ensureLife(told, COPY);
      const warnings = told.events.filter(({ type }) => type === 'warning');
      expect(warnings).to.have.length(1);
      expect(warnings[0]).to.include({ code: 'CREDENTIALS_NOT_RENEWABLE' });
    });
  });

  it('are not waited for: a long step renews what ends too soon, and asks for nothing that is not needed', async () => {
    await using access = open();
    const told = run();
    await access.ensureLife(told, COPY);
    expect(aws.calls.map(({ action }) => action)).to.deep.equal(['GetCallerIdentity', 'AssumeRole']);
    clock.advance(24 * MINUTE_MS);
    await access.ensureLife(told, COPY);
    expect(aws.count('AssumeRole')).to.equal(1);
    aws.answer('AssumeRole', roleSession(new Date(clock.now() + 60 * MINUTE_MS), 'RedshiftLogin', 2));
    clock.advance(2 * MINUTE_MS);
    await access.ensureLife(told, COPY);
    await access.ensureLife(told, COPY);
    expect(aws.count('AssumeRole')).to.equal(2);
    expect(told.events.filter(({ type }) => type === 'warning')).to.deep.equal([]);
  });
});
