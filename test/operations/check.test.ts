import { tmpdir } from 'node:os';
import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { openRun } from '../../src/core/run.ts';
import { openDatabase } from '../../src/db/open-database.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { check } from '../../src/operations/check/check.ts';
import type { CheckInit, CheckReport, CheckStep } from '../../src/operations/check/report.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

const REACH_STEPS = ['reach:sts', 'reach:redshift', 'reach:s3', 'clock'];
const ROLE_STEPS = ['role:redshift', 'lifetime:redshift'];
/** Only IAM can tell these, and a connection need not be allowed to ask it. */
const IAM_STEPS = ['login:pin', 'copy-role:open'];
const SESSION_STEPS = ['session', 'rights:schema'];
const COPY_STEPS = ['copy-role:user', 'staging:copy', 'staging:unload'];
const ACCESS_STEPS = ['options', ...REACH_STEPS, 'identity', ...ROLE_STEPS, 'login'];
const NETWORK_STEPS = ['endpoint', 'tls', ...SESSION_STEPS, 'copy-role:attached', 'copy-role:user'];
const LOGIN_STEPS = [...ACCESS_STEPS, ...NETWORK_STEPS];
const STAGING_STEPS = [
  'staging:bucket',
  'staging:put',
  'staging:get',
  'staging:list',
  'staging:copy',
  'staging:unload',
  'staging:delete',
];

describe('check', () => {
  let world: TestWorld;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld(
      standardWorld((_, account) => {
        // May put and no more.
        account.roles!.push({
          name: 'RedshiftWriter',
          trust: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Principal: { AWS: 'arn:aws:iam::111122223333:user/etl-agent' },
                Action: 'sts:AssumeRole',
              },
            ],
          },
          policies: [
            {
              Version: '2012-10-17',
              Statement: [
                { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::acme-staging/roleshift/*' },
                { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::acme-staging' },
              ],
            },
          ],
        });
      }),
    );
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });

  async function checkWith(
    name: string,
    changes: Record<string, unknown> = {},
    init: CheckInit = { environment: {} },
    signal?: AbortSignal,
  ): Promise<CheckReport> {
    const { values, environment } = world.connection(name);
    const given = Object.entries({ ...values, ...changes }).filter(([, value]) => value !== undefined);
    const options = resolveOptions(Object.fromEntries(given));
    await using access = openAccess(planAccess(options), { environment, clock: world.clock });
    await using database = openDatabase(access, options);
    return await check(
      { options, access, database, workDirectory: tmpdir() },
      init,
      openRun({ signal, clock: world.clock }),
    );
  }

  const verdicts = ({ steps }: CheckReport): Record<string, string> =>
    Object.fromEntries(steps.filter(({ id }) => !IAM_STEPS.includes(id)).map(({ id, verdict }) => [id, verdict]));
  const all = (ids: readonly string[], verdict: string): Record<string, string> =>
    Object.fromEntries(ids.map((id) => [id, verdict]));
  const stepOf = ({ steps }: CheckReport, id: string): CheckStep => steps.find((step) => step.id === id)!;

  for (const name of ['keys-etl-agent', 'ec2-agent', 'worker-worker-1']) {
    it(`passes every step for ${name}, with evidence`, async () => {
      const heard: CheckStep[] = [];
      const report = await checkWith(name, {}, { environment: {}, onStep: (step) => heard.push(step) });
      const others = report.steps.filter(({ verdict }) => verdict !== 'pass');
      expect(others.map(({ id, verdict }) => [id, verdict])).to.deep.equal(IAM_STEPS.map((id) => [id, 'skipped']));
      const machine = name === 'keys-etl-agent' ? [] : ['identity:rights'];
      const ids = report.steps.map(({ id }) => id).filter((id) => !IAM_STEPS.includes(id));
      expect(ids).to.deep.equal([...ACCESS_STEPS, ...machine, ...NETWORK_STEPS, ...STAGING_STEPS]);
      expect(report.ok).to.equal(true);
      expect(heard).to.deep.equal(report.steps);
      expect(stepOf(report, 'role:redshift').evidence).to.match(
        /assumed-role\/RedshiftLogin\/roleshift, by sts:AssumeRole, until /,
      );
      expect(stepOf(report, 'login').evidence).to.match(/^IAM:etl, until /);
      expect(stepOf(report, 'tls').evidence).to.match(/^TLSv1\.[23], /);
      expect(stepOf(report, 'session').evidence).to.match(/^etl in dev, Redshift 1\.0.*, snapshot isolation$/);
      expect(stepOf(report, 'staging:copy').evidence).to.match(/one row, as .*WarehouseCopy/);
      expect(stepOf(report, 'staging:unload').evidence).to.match(/the same row, as .*WarehouseCopy/);
      expect(JSON.stringify(report)).to.not.include('not+a+real+secret');
    });
  }

  it('ends in time when Redshift does not get on with it, and leaves nothing staged', async () => {
    const deletions = async (): Promise<number> => (await world.calls('s3:DeleteObjects')).length;
    const before = await deletions();
    await world.faults({ on: 'pg:copy', effect: { kind: 'delay', ms: 12_000 } });
    const report = await checkWith('keys-etl-agent', {}, { environment: {}, limitMs: 5_000 });
    await world.clearFaults();
    expect(stepOf(report, 'staging:copy').error).to.include({ code: 'RS_TIMEOUT' });
    expect(stepOf(report, 'staging:delete').because).to.equal('the time for the check is over');
    expect(await deletions()).to.equal(before + 1);
  });

  it('goes on after a refused role: network and certificate are still tried', async () => {
    const report = await checkWith('keys-etl-agent', { roleArn: 'arn:aws:iam::111122223333:role/RedshiftAudit' });
    expect(verdicts(report)).to.deep.equal({
      options: 'pass',
      ...all(REACH_STEPS, 'pass'),
      identity: 'pass',
      'role:redshift': 'fail',
      'lifetime:redshift': 'skipped',
      login: 'skipped',
      endpoint: 'pass',
      tls: 'pass',
      ...all([...SESSION_STEPS, 'copy-role:attached', 'copy-role:user', ...STAGING_STEPS], 'skipped'),
    });
    expect(report.ok).to.equal(false);
    const { error } = stepOf(report, 'role:redshift');
    expect(error).to.include({ code: 'RS_AUTH_ROLE_DENIED', category: 'auth' });
    expect(error?.details?.['trustStatement']).to.match(/user\/etl-agent/);
    expect(stepOf(report, 'login').because).to.equal('role:redshift failed');
    expect(stepOf(report, 'session').because).to.equal('login was skipped');
  });

  const cases: readonly {
    readonly title: string;
    readonly changes: Record<string, unknown>;
    readonly fails: string;
    readonly skips: readonly string[];
    /** Other steps that find the same. */
    readonly alsoFails?: readonly string[];
    readonly code: string;
  }[] = [
    {
      title: 'a wrong secret',
      changes: { secretAccessKey: 'canary-wrong-secret' },
      fails: 'identity',
      skips: [...ROLE_STEPS, 'login', ...SESSION_STEPS, 'copy-role:attached', 'copy-role:user', ...STAGING_STEPS],
      code: 'RS_AUTH_KEYS_INVALID',
    },
    {
      title: 'a login that is not allowed',
      changes: { username: 'awsuser' },
      fails: 'login',
      skips: [...SESSION_STEPS, ...COPY_STEPS],
      code: 'RS_AUTH_LOGIN_DENIED',
    },
    {
      title: 'a port where nobody listens',
      changes: { port: 9 },
      fails: 'endpoint',
      skips: ['tls', ...SESSION_STEPS, ...COPY_STEPS],
      code: 'RS_CONN_UNREACHABLE',
    },
    {
      title: 'a certificate that is not trusted',
      changes: { caFile: undefined },
      fails: 'tls',
      skips: [...SESSION_STEPS, ...COPY_STEPS],
      code: 'RS_CONN_TLS',
    },
    {
      title: 'a certificate for another name',
      changes: { tlsServerName: 'other.example' },
      fails: 'tls',
      skips: [...SESSION_STEPS, ...COPY_STEPS],
      code: 'RS_CONN_TLS',
    },
    {
      title: 'a database user that does not exist',
      changes: { username: 'nobody' },
      fails: 'session',
      skips: ['rights:schema', ...COPY_STEPS],
      code: 'RS_AUTH_LOGIN_REJECTED',
    },
    {
      title: 'a bucket that does not exist',
      changes: { stagingBucket: 'acme-nowhere' },
      fails: 'staging:bucket',
      skips: STAGING_STEPS.slice(1),
      code: 'RS_CONFIG_OBJECT_MISSING',
    },
    {
      title: 'a COPY role that is not attached to the cluster',
      changes: { copyRole: 'arn:aws:iam::111122223333:role/RedshiftLogin' },
      fails: 'staging:copy',
      skips: ['staging:unload'],
      alsoFails: ['copy-role:attached'],
      code: 'RS_AUTH_ROLE_DENIED',
    },
  ];
  for (const { title, changes, fails, skips, alsoFails = [], code } of cases) {
    it(`finds ${title}, and tries all that does not hang on it`, async () => {
      const report = await checkWith('keys-etl-agent', changes);
      const expected = all([...LOGIN_STEPS, ...STAGING_STEPS], 'pass');
      expect(verdicts(report)).to.deep.equal({
        ...expected,
        ...all(skips, 'skipped'),
        ...all([fails, ...alsoFails], 'fail'),
      });
      const { error } = stepOf(report, fails);
      expect(error?.code).to.equal(code);
      expect(error?.action).to.be.a('string');
      expect(JSON.stringify(report)).to.not.include('canary');
    });
  }

  it('tries each right of a staging role of its own', async () => {
    const report = await checkWith('keys-etl-agent', {
      stagingRoleArn: 'arn:aws:iam::111122223333:role/RedshiftWriter',
    });
    expect(verdicts(report)).to.deep.equal({
      ...all([...LOGIN_STEPS, 'role:staging', 'lifetime:staging', ...STAGING_STEPS], 'pass'),
      'staging:get': 'fail',
      'staging:unload': 'skipped',
      'staging:delete': 'fail',
    });
    expect(stepOf(report, 'staging:get').error?.code).to.equal('RS_STAGING_DENIED');
    expect(stepOf(report, 'staging:delete').error?.action).to.match(
      /Allow s3:DeleteObject on arn:aws:s3:::acme-staging\/roleshift\//,
    );
  });

  it('looks the host up where none is given, and skips the network when it cannot', async () => {
    const found = await checkWith('keys-etl-agent', { host: undefined, port: undefined });
    expect(stepOf(found, 'endpoint').evidence).to.match(/looked up in AWS/);
    expect(found.ok).to.equal(true);
    const denied = await checkWith('keys-etl-agent', {
      host: undefined,
      port: undefined,
      roleArn: 'arn:aws:iam::111122223333:role/RedshiftAudit',
    });
    expect(stepOf(denied, 'endpoint').because).to.equal('role:redshift failed');
  });

  it('asks AWS nothing for a stored password without staging', async () => {
    const before = (await world.calls()).length;
    const report = await checkWith('keys-etl-agent', {
      authType: 'password',
      username: 'reporting',
      password: 'Sandbox-Passw0rd',
      useStaging: false,
    });
    expect(verdicts(report)).to.deep.equal(all(['options', 'login', 'endpoint', 'tls', ...SESSION_STEPS], 'pass'));
    expect((await world.calls()).length).to.equal(before);
  });

  it('warns of a role that lasts shorter than was asked, which only AWS could tell', async () => {
    const report = await checkWith('keys-etl-agent', { roleDurationSeconds: 43_200, useStaging: false });
    const { verdict, because } = stepOf(report, 'lifetime:redshift');
    expect(verdict).to.equal('warn');
    expect(because).to.match(/from 43200 s to 3600 s: the maximum session duration of .*RedshiftLogin is less/);
    expect(report.ok).to.equal(true);
  });

  it('warns of ignored options and of an environment that redirects AWS calls', async () => {
    const report = await checkWith(
      'keys-etl-agent',
      {},
      {
        notices: ['The access keys are ignored.'],
        environment: {
          AWS_ENDPOINT_URL_S3: 'https://elsewhere.example',
          AWS_ENDPOINT_URL_IAM: 'https://elsewhere.example',
        },
      },
    );
    const { verdict, because } = stepOf(report, 'options');
    expect(verdict).to.equal('warn');
    expect(because).to.equal(
      'The access keys are ignored. The environment redirects AWS calls: AWS_ENDPOINT_URL_IAM, AWS_ENDPOINT_URL_S3',
    );
    expect(report.ok).to.equal(true);
  });

  it("throws the signal's reason when it is aborted", async () => {
    const controller = new AbortController();
    const init = { environment: {}, onStep: () => controller.abort('enough') };
    const outcome = await checkWith('keys-etl-agent', {}, init, controller.signal).catch((error: unknown) => error);
    expect(outcome).to.equal('enough');
  });
});
