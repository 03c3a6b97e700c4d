import { expect } from 'chai';
import { planAccess } from '../../src/access/plan-access.ts';
import type { Access } from '../../src/auth/access.ts';
import { openAccess } from '../../src/auth/open-access.ts';
import { ConnectorError } from '../../src/core/errors.ts';
import type { HopEvent } from '../../src/core/events.ts';
import { resolveOptions } from '../../src/manifest/resolve.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { recordedRun } from './fakes.ts';

const ROLE_SESSION = 'arn:aws:sts::111122223333:assumed-role/RedshiftLogin/roleshift';

describe('access, in the sandbox', () => {
  let world: TestWorld;
  before(async () => {
    const inContainer = standardWorld((changed, account) => {
      const role = `arn:aws:iam::${account.id}:role/AgentMachine`;
      changed.instances!.push({ name: 'boxed', kind: 'ec2', role, inContainer: true, hopLimit: 1 });
    });
    world = await openWorld(inContainer, { databases: false });
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  afterEach(() => world.clearFaults());

  function open(connection: string, changes: Record<string, unknown> = {}): Access {
    const { values, environment } = world.connection(connection);
    const given = { ...values, ...changes };
    return openAccess(planAccess(resolveOptions(given)), { environment, clock: world.clock });
  }

  async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
    const failure: unknown = await work.then(
      () => new Error('it worked'),
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(ConnectorError);
    return failure as ConnectorError;
  }

  for (const { connection, principal, source } of [
    { connection: 'keys-etl-agent', principal: /:user\/etl-agent$/, source: 'access keys' },
    { connection: 'ec2-agent', principal: /:assumed-role\/AgentMachine\//, source: 'EC2 instance metadata (IMDSv2)' },
    {
      connection: 'worker-worker-1',
      principal: /:assumed-role\/WorkerNode\//,
      source: 'container credentials endpoint (ECS, EKS)',
    },
  ]) {
    it(`leads ${connection} to a login, each hop with its evidence`, async () => {
      await using access = open(connection);
      const run = recordedRun({ clock: world.clock });
      const login = await access.login(run);
      expect(login.user).to.equal('IAM:etl');
      const hops = run.events as readonly HopEvent[];
      expect(hops.map(({ hop }) => hop)).to.deep.equal(['identity', 'role', 'login']);
      expect(hops[0]?.principal).to.match(principal);
      expect(hops[0]?.source).to.equal(source);
      expect(hops[1]?.principal).to.equal(ROLE_SESSION);
      expect(hops[2]).to.include({ principal: 'IAM:etl', account: '111122223333' });
    });
  }

  it('asks once for 200 sessions at once', async () => {
    const before = (await world.calls()).length;
    await using access = open('keys-etl-agent', { autoCreateDbUser: true, username: 'crowd', dbGroups: ['loaders'] });
    const logins = await Promise.all(
      Array.from({ length: 200 }, () => access.login(recordedRun({ clock: world.clock }))),
    );
    expect(new Set(logins.map(({ user }) => user))).to.deep.equal(new Set(['IAMA:crowd:loaders']));
    const calls = (await world.calls()).slice(before);
    expect(calls.map(({ action }) => action)).to.deep.equal([
      'GetCallerIdentity',
      'AssumeRole',
      'GetClusterCredentials',
    ]);
  });

  const denials: readonly {
    title: string;
    changes: Record<string, unknown>;
    code: string;
    message: RegExp;
    action: RegExp;
  }[] = [
    {
      title: 'a role that trusts another account',
      changes: { roleArn: 'arn:aws:iam::111122223333:role/RedshiftAudit' },
      code: 'RS_AUTH_ROLE_DENIED',
      message: /user\/etl-agent assume the role .*RedshiftAudit/,
      action: /trust policy must name arn:aws:iam::111122223333:user\/etl-agent/,
    },
    {
      title: "a role that the caller's policy does not name",
      changes: { roleArn: 'arn:aws:iam::111122223333:role/WorkerNode' },
      code: 'RS_AUTH_ROLE_DENIED',
      message: /role\/WorkerNode/,
      action: /must allow sts:AssumeRole on .*WorkerNode/,
    },
    {
      title: 'a wrong secret',
      changes: { secretAccessKey: 'canary-wrong-secret' },
      code: 'RS_AUTH_KEYS_INVALID',
      message: /secret access key does not match/,
      action: /Copy secretAccessKey again/,
    },
    {
      title: 'an unknown access key',
      changes: { accessKeyId: 'AKIANOBODYKNOWSTHIS1' },
      code: 'RS_AUTH_KEYS_INVALID',
      message: /does not know the access key/,
      action: /Correct accessKeyId/,
    },
    {
      title: 'a login of a user that is denied',
      changes: { username: 'awsuser' },
      code: 'RS_AUTH_LOGIN_DENIED',
      message: /redshift:GetClusterCredentials on arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse\/awsuser/,
      action: /policy of arn:aws:iam::111122223333:role\/RedshiftLogin/,
    },
    {
      title: 'a group that may not be joined',
      changes: { dbGroups: ['admins'] },
      code: 'RS_AUTH_LOGIN_DENIED',
      message: /redshift:JoinGroup on .*:dbgroup:warehouse\/admins/,
      action: /redshift:JoinGroup on .*:dbgroup:warehouse\/admins/,
    },
    {
      title: 'a database that is not allowed',
      changes: { database: 'prod' },
      code: 'RS_AUTH_LOGIN_DENIED',
      message: /redshift:GetClusterCredentials on .*:dbname:warehouse\/prod/,
      action: /dbname:warehouse\/prod/,
    },
    {
      title: 'a misspelt cluster, though AWS refuses it like a missing permission,',
      changes: { clusterIdentifier: 'warehous' },
      code: 'RS_CONFIG_OBJECT_MISSING',
      message: /no cluster warehous in us-east-1 of account 111122223333/,
      action: /did you mean warehouse\?/,
    },
  ];
  for (const { title, changes, code, message, action } of denials) {
    it(`tells ${title} from all else`, async () => {
      await using access = open('keys-etl-agent', changes);
      const failure = await failureOf(access.login(recordedRun({ clock: world.clock })));
      expect(failure.message).to.match(message);
      expect(failure.code).to.equal(code);
      expect(failure.action).to.match(action);
      expect(JSON.stringify(failure)).to.not.match(/canary|not\+a\+real\+secret/);
    });
  }

  it('tells a hop limit of 1 from a machine without metadata', async () => {
    await using access = open('ec2-boxed');
    const failure = await failureOf(access.identity(recordedRun({ clock: world.clock })));
    expect(failure).to.include({ code: 'RS_AUTH_NO_SOURCE' });
    expect(failure.details['trap']).to.equal('hopLimit');
    expect(failure.action).to.match(/--http-put-response-hop-limit 2/);
  });

  it('asks a role for an hour when it grants no more', async () => {
    await using access = open('keys-etl-agent', { roleDurationSeconds: 43_200 });
    const run = recordedRun({ clock: world.clock });
    await access.role(run);
    expect((run.events as readonly HopEvent[])[1]?.note).to.match(/maximum session duration/);
  });

  it('asks for an hour at once where the machine has a role', async () => {
    await using access = open('ec2-agent', { roleDurationSeconds: 7200 });
    const run = recordedRun({ clock: world.clock });
    await access.role(run);
    expect((run.events as readonly HopEvent[])[1]?.note).to.match(/role chaining/);
  });

  it('gets the host from AWS', async () => {
    const { values, environment } = world.connection('keys-etl-agent');
    const { host: _, ...rest } = values;
    await using access = openAccess(planAccess(resolveOptions(rest)), { environment, clock: world.clock });
    expect(await access.endpoint(recordedRun({ clock: world.clock }))).to.include({ host: '127.0.0.1', port: 5439 });
  });

  it('rides out throttling', async () => {
    await world.faults({ on: 'sts:AssumeRole', times: 2, effect: { kind: 'throttle' } });
    await using access = open('keys-etl-agent');
    expect((await access.login(recordedRun({ clock: world.clock }))).user).to.equal('IAM:etl');
  });

  it('renews everything as time goes by: a day of logins without a refusal', async () => {
    await using access = open('ec2-agent');
    const run = recordedRun({ clock: world.clock });
    for (let hour = 0; hour < 24; hour++) {
      const { expiresAt } = await access.login(run);
      expect(expiresAt?.getTime()).to.be.greaterThan(world.clock.now());
      await world.advance(3600);
    }
    expect(run.events.filter(({ type }) => type !== 'hop')).to.deep.equal([]);
  });
});
