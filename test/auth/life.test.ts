import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import type { AwsCredentials, Login } from '../../src/auth/access.ts';
import { forecastHops, type HopForecast, type Made } from '../../src/auth/forecast.ts';
import { judgeLife, type LongStep, lifeNeed } from '../../src/auth/life.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';

const NOW = Date.parse('2026-11-24T10:00:00Z');
const KEYS = { accessKeyId: 'AKIASANDBOXETLAGENT1', secretAccessKey: 'canary' };
const ROLE = 'arn:aws:iam::111122223333:role/RedshiftLogin';
const FORM: ConnectionInput = {
  authType: 'assumeRole',
  host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
  database: 'dev',
  username: 'etl',
  roleArn: ROLE,
};

function credentials(source: string, rest: Partial<AwsCredentials> = {}): Made<AwsCredentials> {
  return { value: { accessKeyId: 'A', secretAccessKey: new Secret('canary'), source, ...rest } };
}

function inSeconds(seconds: number): Date {
  return new Date(NOW + seconds * 1000);
}

/** The forecast of a connection whose identity is this one, its roles and login made as they usually are. */
function forecast(form: object, identity: Made<AwsCredentials>, roleSeconds = 3600): readonly HopForecast[] {
  const plan = planAccess(resolveOptions({ ...FORM, ...form }));
  const role = credentials('sts:AssumeRole', {
    sessionToken: new Secret('canary'),
    expiresAt: inSeconds(roleSeconds),
    principalArn: 'arn:aws:sts::111122223333:assumed-role/RedshiftLogin/roleshift',
  });
  const login: Made<Login> = {
    value: { user: 'IAM:etl', password: new Secret('canary'), database: 'dev', expiresAt: inSeconds(900) },
  };
  const roles = new Map([...plan.roles, ...plan.stagingRoles].map(({ id }) => [id, role] as const));
  return forecastHops(plan, { identity, roles, login }, NOW);
}

const TOKEN = { sessionToken: new Secret('canary') };

describe('the forecast', () => {
  for (const { title, form, identity, renewals, caps } of [
    {
      title: 'keys of an IAM user',
      form: KEYS,
      identity: credentials('access keys'),
      renewals: ['notNeeded', 'automatic', 'automatic'],
      caps: ['none', 'roleMaximum', 'login'],
    },
    {
      title: 'keys with a session token',
      form: { ...KEYS, sessionToken: 'canary' },
      identity: credentials('access keys', TOKEN),
      renewals: ['impossible', 'untilBaseEnds', 'untilBaseEnds'],
      caps: ['fixedToken', 'roleChaining', 'login'],
    },
    {
      title: "a machine's role",
      form: { useEc2Role: true },
      identity: credentials('EC2 instance metadata (IMDSv2)', { ...TOKEN, expiresAt: inSeconds(20_000) }),
      renewals: ['automatic', 'automatic', 'automatic'],
      caps: ['source', 'roleChaining', 'login'],
    },
    {
      title: 'a profile with a session token',
      form: { identitySource: 'profile', profile: 'work' },
      identity: credentials('profile work', TOKEN),
      renewals: ['whenReplaced', 'untilBaseEnds', 'untilBaseEnds'],
      caps: ['fixedToken', 'roleChaining', 'login'],
    },
  ]) {
    it(`of ${title} says what renews each hop and what caps it`, () => {
      const hops = forecast(form, identity);
      expect(hops.map(({ id }) => id)).to.deep.equal(['identity', 'redshift', 'login']);
      expect(hops.map(({ renewal }) => renewal)).to.deep.equal(renewals);
      expect(hops.map(({ cap }) => cap.kind)).to.deep.equal(caps);
      expect(JSON.stringify(hops)).to.not.include('canary');
    });
  }

  it('names the call, the hop that signs it, the end and the rest', () => {
    const [, role, login] = forecast(
      { ...KEYS, useStaging: true, stagingBucket: 'acme', copyRole: 'default' },
      credentials('access keys'),
    );
    expect(role).to.deep.include({
      principal: 'arn:aws:sts::111122223333:assumed-role/RedshiftLogin/roleshift',
      usedFor: ['login', 'staging'],
      endsAt: '2026-11-24T11:00:00.000Z',
      remainingSeconds: 3600,
      renewedBy: { call: 'sts:AssumeRole', from: 'identity' },
    });
    expect(login).to.deep.include({
      principal: 'IAM:etl',
      source: 'redshift:GetClusterCredentials',
      remainingSeconds: 900,
      lifetimeSeconds: 900,
      renewedBy: { call: 'redshift:GetClusterCredentials', from: 'redshift' },
    });
  });

  it('tells hops that could not be made, and those behind them', () => {
    const plan = planAccess(resolveOptions({ ...FORM, ...KEYS }));
    const error = new ConnectorError('RS_AUTH_ROLE_DENIED', 'refused');
    const made = { identity: credentials('access keys'), roles: new Map([['redshift', { error }]]), login: undefined };
    const [identity, role, login] = forecastHops(plan, made, NOW);
    expect(identity).to.not.have.property('missing');
    expect(role?.missing).to.deep.equal({ code: 'RS_AUTH_ROLE_DENIED', message: 'refused' });
    expect(role?.principal).to.equal(ROLE);
    expect(login?.missing).to.equal('skipped');
  });

  for (const { title, form, renewal, cap } of [
    { title: 'keys of an IAM user', form: KEYS, renewal: 'notNeeded', cap: 'none' },
    { title: 'keys with a token', form: { ...KEYS, sessionToken: 'canary' }, renewal: 'impossible', cap: 'fixedToken' },
    { title: "a machine's role", form: { useEc2Role: true }, renewal: 'automatic', cap: 'source' },
    { title: 'a profile', form: { identitySource: 'profile', profile: 'p' }, renewal: 'automatic', cap: 'source' },
  ]) {
    it(`claims no more of ${title} that cannot be had than the form tells`, () => {
      const error = new ConnectorError('RS_AUTH_NO_SOURCE', 'nothing there');
      const [identity] = forecast(form, { error });
      expect(identity).to.include({ renewal });
      expect(identity?.cap.kind).to.equal(cap);
      expect(identity?.missing).to.deep.include({ code: 'RS_AUTH_NO_SOURCE' });
    });
  }

  it('of a stored password is that it does not end', () => {
    const plan = planAccess(
      resolveOptions({
        host: 'h.example.com',
        database: 'dev',
        username: 'etl',
        authType: 'password',
        password: 'canary',
      }),
    );
    const login: Made<Login> = { value: { user: 'etl', password: new Secret('canary'), database: 'dev' } };
    const hops = forecastHops(plan, { identity: undefined, roles: new Map(), login }, NOW);
    expect(hops).to.have.length(1);
    expect(hops[0]).to.deep.include({ id: 'login', principal: 'etl', renewal: 'notNeeded' });
  });
});

describe('the life that a long step needs', () => {
  for (const { title, step, seconds } of [
    { title: 'a statement without limit', step: { kind: 'statement', verb: 'COPY', timeoutSeconds: 0 }, seconds: 2100 },
    { title: 'a statement with one', step: { kind: 'statement', verb: 'UNLOAD', timeoutSeconds: 60 }, seconds: 360 },
    { title: 'a statement of hours', step: { kind: 'statement', verb: 'COPY', timeoutSeconds: 9_000 }, seconds: 3600 },
    { title: 'an upload of unknown size', step: { kind: 'upload' }, seconds: 900 },
    { title: 'a small download', step: { kind: 'download', bytes: 1000 }, seconds: 61 },
    { title: 'a download of a terabyte', step: { kind: 'download', bytes: 2 ** 40 }, seconds: 3600 },
  ] as const satisfies readonly { title: string; step: LongStep; seconds: number }[]) {
    it(`is estimated for ${title}`, () => {
      expect(lifeNeed(step).seconds).to.equal(seconds);
    });
  }

  const need = lifeNeed({ kind: 'statement', verb: 'COPY', timeoutSeconds: 0 });

  it('is no matter where all is renewed, however little is left', () => {
    expect(judgeLife(forecast(KEYS, credentials('access keys'), 5), need)).to.equal(undefined);
  });

  it('cannot be known where a token does not say when it ends: the hop is named', () => {
    const warning = judgeLife(forecast({ ...KEYS, sessionToken: 'canary' }, credentials('access keys', TOKEN)), need);
    expect(warning).to.include({ type: 'warning', code: 'CREDENTIALS_NOT_RENEWABLE', key: 'identity' });
    expect(warning?.message).to.match(/^The identity .*access keys.* COPY .* role of the machine/);
  });

  for (const { title, identitySeconds, roleSeconds, code } of [
    { title: 'a token that lasts', identitySeconds: 9_000, roleSeconds: 600, code: undefined },
    { title: 'a role that outlives it', identitySeconds: 60, roleSeconds: 3_600, code: undefined },
    {
      title: 'a token and a role that end in between',
      identitySeconds: 60,
      roleSeconds: 600,
      code: 'CREDENTIALS_END_EARLY',
    },
  ]) {
    it(`is held against ${title}`, () => {
      const identity = credentials('environment variables', { ...TOKEN, expiresAt: inSeconds(identitySeconds) });
      const warning = judgeLife(forecast({ identitySource: 'environment' }, identity, roleSeconds), need);
      expect(warning?.code).to.equal(code);
      if (code !== undefined) expect(warning?.message).to.include('2026-11-24T10:01:00.000Z').and.include('600 s');
    });
  }
});
