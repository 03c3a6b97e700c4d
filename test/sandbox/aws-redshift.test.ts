import {
  DescribeClustersCommand,
  DescribeCustomDomainAssociationsCommand,
  GetClusterCredentialsCommand,
  type GetClusterCredentialsCommandInput,
} from '@aws-sdk/client-redshift';
import { expect } from 'chai';
import { createWorldClock } from '../../src/sandbox/clock.ts';
import { createLoginRegistry } from '../../src/sandbox/logins.ts';
import { AWS_WORLD, AwsWorld, HOME, type Keys, policy, refusalOf, roleArn } from './aws-world.ts';

describe('Redshift API of the sandbox', () => {
  let aws: AwsWorld;
  let login: Keys;
  before(async () => {
    aws = await AwsWorld.open();
    login = await aws.assume(roleArn('Login'));
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
  });

  const buy = (input: Partial<GetClusterCredentialsCommandInput>, keys = login, region = 'us-east-1') =>
    aws
      .redshift(keys, region)
      .send(new GetClusterCredentialsCommand({ ClusterIdentifier: 'warehouse', DbUser: 'etl', ...input }));
  const arn = (rest: string): string => `arn:aws:redshift:us-east-1:${HOME}:${rest}`;
  const caller = `arn:aws:sts::${HOME}:assumed-role/Login/etl`;

  describe('names', () => {
    const cases: readonly (readonly [Partial<GetClusterCredentialsCommandInput>, string])[] = [
      [{}, 'IAM:etl'],
      [{ DbName: 'dev' }, 'IAM:etl'],
      [{ AutoCreate: true }, 'IAMA:etl'],
      [{ AutoCreate: false, DbGroups: ['loaders'] }, 'IAM:etl:loaders'],
      [{ AutoCreate: true, DbGroups: ['loaders'] }, 'IAMA:etl:loaders'],
    ];
    for (const [input, name] of cases) {
      it(`calls a login for ${JSON.stringify(input)} ${name}`, async () => {
        const started = Date.now();
        const { DbUser, DbPassword, Expiration } = await buy(input);
        expect(DbUser).to.equal(name);
        expect(DbPassword).to.have.length(64);
        expect(Expiration!.getTime() - started).to.be.within(898_000, 960_000);
      });
    }
  });

  describe('permissions', () => {
    const cases: readonly (readonly [Partial<GetClusterCredentialsCommandInput>, string, string])[] = [
      [{ DbUser: 'root' }, 'GetClusterCredentials', 'dbuser:warehouse/root'],
      [{ DbName: 'prod' }, 'GetClusterCredentials', 'dbname:warehouse/prod'],
      [{ DbGroups: ['loaders', 'admins'] }, 'JoinGroup', 'dbgroup:warehouse/admins'],
      [{ ClusterIdentifier: 'warehose' }, 'GetClusterCredentials', 'dbuser:warehose/etl'],
    ];
    for (const [input, action, resource] of cases) {
      it(`asks for ${action} on ${resource}`, async () => {
        expect(await refusalOf(buy(input))).to.deep.equal({
          code: 'AccessDenied',
          status: 403,
          message: `User: ${caller} is not authorized to perform: redshift:${action} on resource: ${arn(resource)} because no identity-based policy allows the redshift:${action} action`,
        });
      });
    }

    it('asks for CreateClusterUser only when the user may be made', async () => {
      const asSession = await aws.assume(roleArn('LoginAsSession'), { RoleSessionName: 'ann' });
      await buy({ DbUser: 'ann' }, asSession);
      expect((await refusalOf(buy({ DbUser: 'ann', AutoCreate: true }, asSession))).message).to.include(
        'redshift:CreateClusterUser',
      );
    });

    it('fills policy variables and compares the lifetime', async () => {
      const asSession = await aws.assume(roleArn('LoginAsSession'), { RoleSessionName: 'ann' });
      await buy({ DbUser: 'ann', DurationSeconds: 900 }, asSession);
      expect((await refusalOf(buy({ DbUser: 'etl' }, asSession))).code).to.equal('AccessDenied');
      expect((await refusalOf(buy({ DbUser: 'ann', DurationSeconds: 901 }, asSession))).code).to.equal('AccessDenied');
    });

    it('tells the making of a user its name only, and the joining of a group nothing', async () => {
      const asked = (condition: string, value: string | number) =>
        JSON.stringify(
          policy(
            { Effect: 'Allow', Action: 'redshift:GetClusterCredentials', Resource: '*' },
            {
              Effect: 'Allow',
              Action: ['redshift:CreateClusterUser', 'redshift:JoinGroup'],
              Resource: '*',
              Condition: { StringEquals: { [condition]: value } },
            },
          ),
        );
      const byName = await aws.assume(roleArn('Login'), { Policy: asked('redshift:DbUser', 'etl') });
      const byLifetime = await aws.assume(roleArn('Login'), { Policy: asked('redshift:DurationSeconds', 900) });
      await buy({ AutoCreate: true }, byName);
      expect((await refusalOf(buy({ DbGroups: ['loaders'] }, byName))).message).to.include('redshift:JoinGroup');
      expect((await refusalOf(buy({ AutoCreate: true }, byLifetime))).message).to.include('redshift:CreateClusterUser');
    });

    it('narrows a login by the policy of the session', async () => {
      const Policy = JSON.stringify({
        Statement: { Effect: 'Allow', Action: 'redshift:DescribeClusters', Resource: '*' },
      });
      const narrowed = await aws.assume(roleArn('Login'), { Policy });
      expect((await refusalOf(buy({}, narrowed))).message).to.match(
        /because no session policy allows the redshift:GetClusterCredentials action$/,
      );
    });
  });

  describe('input', () => {
    const cases: readonly (readonly [Partial<GetClusterCredentialsCommandInput>, string])[] = [
      [{ DurationSeconds: 899 }, 'DurationSeconds'],
      [{ DurationSeconds: 3601 }, 'DurationSeconds'],
      [{ DbUser: '1etl' }, 'DbUser'],
      [{ DbUser: 'a:b' }, 'DbUser'],
      [{ DbUser: 'select' }, 'DbUser'],
      [{ DbUser: 'Public' }, 'DbUser'],
      [{ DbUser: 'a'.repeat(65) }, 'DbUser'],
      [{ DbName: 'my db' }, 'DbName'],
      [{ DbGroups: ['Loaders'] }, 'lowercase'],
    ];
    for (const [input, message] of cases) {
      it(`refuses ${JSON.stringify(input).slice(0, 50)}`, async () => {
        const refusal = await refusalOf(buy(input));
        expect(refusal.code).to.equal('InvalidParameterValue');
        expect(refusal.message).to.include(message);
      });
    }
  });

  it('does not find a cluster of another name or region', async () => {
    const wide = await aws.assume(roleArn('LoginAsSession'), { RoleSessionName: 'etl' });
    for (const work of [buy({ ClusterIdentifier: 'other' }, wide), buy({}, wide, 'eu-west-1')]) {
      const { code, status, message } = await refusalOf(work);
      expect(code).to.match(/^ClusterNotFound/);
      expect([status, message]).to.satisfy(
        ([s, m]: [number, string]) => s === 404 && /^Cluster (other|warehouse) not found\.$/.test(m),
      );
    }
  });

  it('describes its clusters to whoever may ask', async () => {
    const may = await aws.assume(roleArn('LoginAsSession'));
    const { Clusters } = await aws.redshift(may).send(new DescribeClustersCommand({ ClusterIdentifier: 'warehouse' }));
    expect(Clusters).to.have.length(1);
    expect(Clusters![0]).to.deep.include({
      ClusterIdentifier: 'warehouse',
      ClusterStatus: 'available',
      DBName: 'dev',
      Endpoint: { Address: '127.0.0.1', Port: 5439 },
    });
    for (const [input, message] of [
      [{ TagKeys: ['team'] }, 'TagKeys'],
      [{ MaxRecords: 5 }, 'MaxRecords must be between 20 and 100'],
    ] as const) {
      const refused = await refusalOf(aws.redshift(may).send(new DescribeClustersCommand(input as object)));
      expect(refused.message).to.include(message);
    }
    expect((await refusalOf(aws.redshift(may).send(new DescribeClustersCommand({})))).code).to.equal('AccessDenied');
    expect(
      (await refusalOf(aws.redshift(login).send(new DescribeClustersCommand({ ClusterIdentifier: 'warehouse' })))).code,
    ).to.equal('AccessDenied');
  });

  it("says so when a custom domain is nobody's", async () => {
    const refusal = await refusalOf(
      aws.redshift(login).send(new DescribeCustomDomainAssociationsCommand({ CustomDomainName: 'dwh.example.com' })),
    );
    expect(refusal.status).to.be.within(400, 499);
  });

  describe('logins it issued', () => {
    const clock = createWorldClock();
    const logins = createLoginRegistry(AWS_WORLD.accounts[0]!.clusters!, clock);
    const request = { dbUser: 'etl', autoCreate: false, groups: [] as string[], lifetimeSeconds: 900 };

    it('are accepted as user, groups and right to be made', () => {
      const { dbUser, dbPassword } = logins.issue('warehouse', {
        ...request,
        autoCreate: true,
        groups: ['loaders', 'readers'],
      });
      expect(logins.verify('warehouse', dbUser, dbPassword.reveal(), 'dev')).to.deep.equal({
        accepted: true,
        dbUser: 'etl',
        groups: ['loaders', 'readers'],
        createUser: true,
        kind: 'issued',
        superuser: false,
      });
    });

    it('are refused for another name, password, cluster or database', () => {
      const { dbUser, dbPassword } = logins.issue('warehouse', { ...request, database: 'dev' });
      const password = dbPassword.reveal();
      const reasonOf = (...args: Parameters<typeof logins.verify>): string => {
        const verdict = logins.verify(...args);
        return verdict.accepted ? 'accepted' : verdict.reason;
      };
      expect(reasonOf('warehouse', dbUser, password, 'dev')).to.equal('accepted');
      expect(reasonOf('warehouse', dbUser, password, 'other')).to.equal('otherDatabase');
      expect(reasonOf('warehouse', dbUser, 'guess', 'dev')).to.equal('wrongPassword');
      expect(reasonOf('warehouse', 'IAMA:etl', password, 'dev')).to.equal('unknown');
      expect(reasonOf('warehouse', 'IAM:etl:admins', password, 'dev')).to.equal('unknown');
      expect(reasonOf('warehouse', 'etl', password, 'dev')).to.equal('unknown');
      expect(reasonOf('elsewhere', dbUser, password, 'dev')).to.equal('unknown');
      expect(reasonOf('warehouse', 'reporting', 'Passw0rd', 'dev')).to.equal('accepted');
      expect(reasonOf('warehouse', 'reporting', 'passw0rd', 'dev')).to.equal('wrongPassword');
    });

    it('open any database when none was named, several side by side, and expire', () => {
      const first = logins.issue('warehouse', request);
      clock.advance(600);
      const second = logins.issue('warehouse', request);
      const accepted = ({ dbUser, dbPassword }: typeof first): boolean =>
        logins.verify('warehouse', dbUser, dbPassword.reveal(), 'any').accepted;
      expect([accepted(first), accepted(second)]).to.deep.equal([true, true]);
      clock.advance(301);
      expect([accepted(first), accepted(second)]).to.deep.equal([false, true]);
      expect(logins.verify('warehouse', first.dbUser, first.dbPassword.reveal(), 'any')).to.deep.equal({
        accepted: false,
        reason: 'expired',
      });
    });
  });
});
