import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import {
  DescribeClustersCommand,
  DescribeCustomDomainAssociationsCommand,
  GetClusterCredentialsCommand,
  GetClusterCredentialsWithIAMCommand,
  type GetClusterCredentialsWithIAMCommandOutput,
  RedshiftClient,
} from '@aws-sdk/client-redshift';
import {
  GetCredentialsCommand,
  GetCustomDomainAssociationCommand,
  GetNamespaceCommand,
  GetWorkgroupCommand,
  ListWorkgroupsCommand,
  RedshiftServerlessClient,
} from '@aws-sdk/client-redshift-serverless';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { expect } from 'chai';
import pg from 'pg';
import type { World } from '../../src/sandbox/world.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { ANN, allow, HOME, type Keys, policy, refusalOf, roleArn, trust } from './aws-world.ts';

const WORKGROUP_ID = '5f0c6a52-0d0e-4c5b-9c57-2f6b7c1a9e10';
const workgroupArn = `arn:aws:redshift-serverless:us-east-1:${HOME}:workgroup/${WORKGROUP_ID}`;
const COPY = roleArn('CopyRole');
const service = (...Service: string[]) => policy({ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' });

/** A cluster and a workgroup; the user ann and the role Login may log in to both by what they are. */
const WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        {
          name: 'ann',
          accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }],
          policies: [allow(['sts:*', 's3:*', 'redshift:*', 'redshift-serverless:*'])],
        },
      ],
      roles: [
        {
          name: 'Login',
          trust: trust(`arn:aws:iam::${HOME}:user/ann`),
          policies: [
            allow(
              ['redshift:GetClusterCredentialsWithIAM'],
              [`arn:aws:redshift:us-east-1:${HOME}:dbname:warehouse/dev`],
            ),
            allow(['redshift-serverless:GetCredentials', 'redshift-serverless:GetWorkgroup'], workgroupArn),
          ],
        },
        { name: 'CopyRole', trust: service('redshift-serverless.amazonaws.com'), policies: [allow('s3:*')] },
        { name: 'ForClusters', trust: service('redshift.amazonaws.com'), policies: [allow('s3:*')] },
      ],
      buckets: [{ name: 'home-data' }],
      clusters: [
        {
          id: 'warehouse',
          customDomain: 'localhost',
          iamRoles: [roleArn('ForClusters')],
          defaultIamRole: roleArn('ForClusters'),
          databases: [{ name: 'dev' }],
          users: [{ name: 'ann' }],
        },
      ],
      workgroups: [
        {
          name: 'analytics',
          id: WORKGROUP_ID,
          namespace: { name: 'lake' },
          customDomain: 'lake.example.com',
          iamRoles: [COPY, roleArn('ForClusters')],
          groups: ['readers'],
          users: [{ name: 'IAMR:Login', groups: ['readers'] }],
          databases: [
            {
              name: 'dev',
              setup: `CREATE TABLE shown (n integer); GRANT SELECT, INSERT ON shown TO GROUP readers;
                      CREATE TABLE hers (n integer); GRANT SELECT ON hers TO "IAMR:Login"`,
            },
          ],
        },
      ],
    },
  ],
};

describe('Logins of IAM identities', () => {
  let world: TestWorld;
  let login: Keys;
  const held: (() => Promise<void>)[] = [];
  before(async function () {
    this.timeout(60_000);
    world = await openWorld(WORLD);
    const sts = new STSClient(settings(ANN));
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn('Login'), RoleSessionName: 'nightly' }),
    );
    login = {
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    };
  });
  after(async () => {
    for (const end of held) await end();
    await world?.[Symbol.asyncDispose]();
  });

  const settings = (credentials: Keys) => ({
    region: 'us-east-1',
    endpoint: world.awsEndpoint,
    credentials,
    maxAttempts: 1,
  });
  const redshift = (keys: Keys = login) => new RedshiftClient(settings(keys));
  const serverless = (keys: Keys = login) => new RedshiftServerlessClient(settings(keys));
  const s3 = () => new S3Client({ ...settings(ANN), forcePathStyle: true });
  const open = async (name: string, user: string, password: string, host?: string): Promise<pg.Client> => {
    const endpoint = world.clusters[name]!;
    const client = new pg.Client({
      host: host ?? endpoint.host,
      port: endpoint.port,
      user,
      password,
      database: 'dev',
      ssl: { ca: readFileSync(endpoint.caFile, 'utf8') },
    });
    await client.connect();
    held.push(() => client.end());
    return client;
  };
  const session = async (keys: Keys = login): Promise<pg.Client> => {
    const { dbUser, dbPassword } = await serverless(keys).send(
      new GetCredentialsCommand({ workgroupName: 'analytics', dbName: 'dev' }),
    );
    return open('analytics', dbUser!, dbPassword!);
  };
  const cell = async (client: pg.Client, sql: string): Promise<unknown> => {
    const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' });
    return rows[0]?.[0];
  };

  describe('GetClusterCredentialsWithIAM', () => {
    const buy = (keys: Keys, input: object = { ClusterIdentifier: 'warehouse', DbName: 'dev' }) =>
      redshift(keys).send(new GetClusterCredentialsWithIAMCommand(input as { ClusterIdentifier: string }));

    for (const [title, keysOf, name] of [
      ['a role', () => login, 'IAMR:Login'],
      ['a user', () => ANN, 'IAM:ann'],
    ] as const) {
      it(`makes a database user of ${title} at its first login`, async () => {
        const before = Date.now();
        const { DbUser, DbPassword, Expiration, NextRefreshTime } = await buy(keysOf());
        expect(DbUser).to.equal(name);
        expect(Expiration!.getTime() - before).to.be.within(897_000, 960_000);
        expect(NextRefreshTime!.getTime()).to.be.within(before, Expiration!.getTime());
        const client = await open('warehouse', DbUser!, DbPassword!);
        expect(await cell(client, 'SELECT current_user')).to.equal(name);
        expect(await cell(client, `SELECT usename FROM pg_user WHERE usename = '${name}'`)).to.equal(name);
      });
    }

    it('keeps such a user apart from the one that GetClusterCredentials logs in under the same name', async () => {
      const input = { ClusterIdentifier: 'warehouse', DbUser: 'ann' };
      const { DbUser, DbPassword } = await redshift(ANN).send(new GetClusterCredentialsCommand(input));
      expect(DbUser).to.equal('IAM:ann');
      expect(await cell(await open('warehouse', DbUser!, DbPassword!), 'SELECT current_user')).to.equal('ann');
    });

    it('asks for the right on the database', async () => {
      const resource = `arn:aws:redshift:us-east-1:${HOME}:dbname:warehouse/other`;
      expect(await refusalOf(buy(login, { ClusterIdentifier: 'warehouse', DbName: 'other' }))).to.deep.equal({
        code: 'AccessDenied',
        status: 403,
        message: `User: arn:aws:sts::${HOME}:assumed-role/Login/nightly is not authorized to perform: redshift:GetClusterCredentialsWithIAM on resource: ${resource} because no identity-based policy allows the redshift:GetClusterCredentialsWithIAM action`,
      });
    });

    it('finds a cluster by its custom domain, which its certificate holds', async () => {
      const { DbUser, DbPassword } = await buy(login, { CustomDomainName: 'localhost', DbName: 'dev' });
      const client = await open('warehouse', DbUser!, DbPassword!, 'localhost');
      expect(await cell(client, 'SELECT 1')).to.equal(1);
      const { Associations } = await redshift(ANN).send(
        new DescribeCustomDomainAssociationsCommand({ CustomDomainName: 'localhost' }),
      );
      expect(Associations?.[0]?.CertificateAssociations).to.deep.equal([
        { CustomDomainName: 'localhost', ClusterIdentifier: 'warehouse' },
      ]);
    });

    for (const [input, code] of [
      [{ CustomDomainName: 'nowhere.example.com', DbName: 'dev' }, 'ClusterNotFoundFault'],
      [{ ClusterIdentifier: 'other' }, 'ClusterNotFoundFault'],
      [{ ClusterIdentifier: 'warehouse', CustomDomainName: 'localhost' }, 'InvalidParameterCombination'],
      [{}, 'MissingParameter'],
      [{ ClusterIdentifier: 'warehouse', DurationSeconds: 60 }, 'InvalidParameterValue'],
    ] as const) {
      it(`refuses ${JSON.stringify(input)}`, async () => {
        expect((await refusalOf(buy(ANN, input))).code).to.equal(code);
      });
    }
  });

  describe('the end of a login', () => {
    const buy = () =>
      redshift().send(new GetClusterCredentialsWithIAMCommand({ ClusterIdentifier: 'warehouse', DbName: 'dev' }));
    const refused = async ({ DbUser, DbPassword }: GetClusterCredentialsWithIAMCommandOutput) =>
      open('warehouse', DbUser!, DbPassword!).then(
        () => expect.fail('accepted'),
        ({ code, message }: pg.DatabaseError) => `${code} ${message}`,
      );
    const REFUSAL = '28000 password authentication failed for user "IAMR:Login"';

    it('comes early where lifetimes are short, as its expiry says', async () => {
      await world.lifetimes(1 / 900);
      const login = await buy();
      expect(login.Expiration!.getTime() - Date.now()).to.be.below(1100);
      await open('warehouse', login.DbUser!, login.DbPassword!);
      await wait(1100);
      expect(await refused(login)).to.equal(REFUSAL);
      await world.lifetimes(1);
      await open('warehouse', (await buy()).DbUser!, (await buy()).DbPassword!);
    });

    it('comes by a switch, and leaves open sessions alone', async () => {
      const login = await buy();
      const client = await open('warehouse', login.DbUser!, login.DbPassword!);
      expect((await world.expireEarly({ databaseUser: 'IAMR:Login' })).logins).to.be.at.least(1);
      expect(await refused(login)).to.equal(REFUSAL);
      expect(await cell(client, 'SELECT 1')).to.equal(1);
    });
  });

  it('DescribeClusters tells roles, custom domain and namespace', async () => {
    const { Clusters } = await redshift(ANN).send(new DescribeClustersCommand({ ClusterIdentifier: 'warehouse' }));
    expect(Clusters?.[0]).to.deep.include({
      IamRoles: [{ IamRoleArn: roleArn('ForClusters'), ApplyStatus: 'in-sync' }],
      DefaultIamRoleArn: roleArn('ForClusters'),
      CustomDomainName: 'localhost',
    });
    expect(Clusters?.[0]?.ClusterNamespaceArn).to.match(
      new RegExp(`^arn:aws:redshift:us-east-1:${HOME}:namespace:[0-9a-f-]{36}$`),
    );
  });

  describe('Redshift Serverless', () => {
    it('gives a login to the identity, and tells times in seconds', async () => {
      const before = Date.now();
      const { dbUser, expiration, nextRefreshTime } = await serverless().send(
        new GetCredentialsCommand({ workgroupName: 'analytics', dbName: 'dev', durationSeconds: 1800 }),
      );
      expect(dbUser).to.equal('IAMR:Login');
      expect(expiration!.getTime() - before).to.be.within(1_797_000, 1_860_000);
      expect(nextRefreshTime!.getTime()).to.be.lessThan(expiration!.getTime());
    });

    it('opens a session with what the user and its groups were granted', async () => {
      const client = await session();
      expect(await cell(client, 'SELECT current_user')).to.equal('IAMR:Login');
      expect(await cell(client, 'SELECT count(*) FROM shown')).to.equal('0');
      expect(await cell(client, 'SELECT count(*) FROM hers')).to.equal('0');
      const stranger = await session(ANN);
      expect(await cell(stranger, 'SELECT current_user')).to.equal('IAM:ann');
      await stranger.query('SELECT * FROM shown').then(
        () => expect.fail('allowed'),
        (error: pg.DatabaseError) => expect(error.code).to.equal('42501'),
      );
    });

    it('describes the workgroup to whoever may look', async () => {
      const { workgroup } = await serverless().send(new GetWorkgroupCommand({ workgroupName: 'analytics' }));
      const { host, port } = world.clusters['analytics']!;
      expect(workgroup).to.deep.include({
        workgroupArn,
        workgroupId: WORKGROUP_ID,
        namespaceName: 'lake',
        status: 'AVAILABLE',
        port,
        customDomainName: 'lake.example.com',
      });
      expect(workgroup?.endpoint).to.deep.equal({ address: host, port, vpcEndpoints: [] });
      const { workgroups } = await serverless(ANN).send(new ListWorkgroupsCommand({}));
      expect(workgroups?.map(({ workgroupName }) => workgroupName)).to.deep.equal(['analytics']);
    });

    it('tells the roles of the namespace', async () => {
      const { namespace } = await serverless(ANN).send(new GetNamespaceCommand({ namespaceName: 'lake' }));
      expect(namespace?.iamRoles?.[0]).to.include(COPY);
      expect(namespace?.dbName).to.equal('dev');
    });

    it('knows its custom domain', async () => {
      const { dbUser } = await serverless(ANN).send(
        new GetCredentialsCommand({ customDomainName: 'lake.example.com' }),
      );
      expect(dbUser).to.equal('IAM:ann');
      const found = await serverless(ANN).send(
        new GetCustomDomainAssociationCommand({ customDomainName: 'lake.example.com', workgroupName: 'analytics' }),
      );
      expect(found.workgroupName).to.equal('analytics');
    });

    it('names the ARN with the id of the workgroup when it refuses', async () => {
      const narrow = serverless(login).send(new GetNamespaceCommand({ namespaceName: 'lake' }));
      const refusal = await refusalOf(narrow);
      expect(refusal).to.deep.include({ code: 'AccessDeniedException', status: 400 });
      expect(refusal.message).to.match(
        /is not authorized to perform: redshift-serverless:GetNamespace on resource: arn:aws:redshift-serverless:us-east-1:\d{12}:namespace\/[0-9a-f-]{36} because no identity-based policy allows/,
      );
    });

    for (const [title, input, code] of [
      ['a workgroup that is not there', { workgroupName: 'nowhere' }, 'ResourceNotFoundException'],
      ['no workgroup at all', {}, 'ValidationException'],
      ['a name no workgroup can have', { workgroupName: 'A_B' }, 'ValidationException'],
      ['a lifetime of a minute', { workgroupName: 'analytics', durationSeconds: 60 }, 'ValidationException'],
    ] as const) {
      it(`refuses ${title}`, async () => {
        expect((await refusalOf(serverless(ANN).send(new GetCredentialsCommand(input)))).code).to.equal(code);
      });
    }

    for (const [title, keysOf, code] of [
      ['a wrong secret', () => ({ ...ANN, secretAccessKey: 'x'.repeat(40) }), 'InvalidSignatureException'],
      ['an unknown key', () => ({ ...ANN, accessKeyId: 'AKIANOBODYNOBODYNOBO' }), 'UnrecognizedClientException'],
    ] as const) {
      it(`refuses ${title} in the words of a JSON service`, async () => {
        const work = serverless(keysOf()).send(new GetCredentialsCommand({ workgroupName: 'analytics' }));
        expect((await refusalOf(work)).code).to.equal(code);
      });
    }

    it('suffers the faults of the world', async () => {
      await world.faults(
        { on: 'redshift-serverless:GetCredentials', effect: { kind: 'throttle' } },
        { on: 'redshift-serverless:GetCredentials', effect: { kind: 'error' } },
        { on: 'redshift-serverless:GetCredentials', effect: { kind: 'drop', when: 'midway' } },
      );
      const buy = () => refusalOf(serverless().send(new GetCredentialsCommand({ workgroupName: 'analytics' })));
      expect((await buy()).code).to.equal('ThrottlingException');
      expect(await buy()).to.deep.include({ code: 'InternalServerException', status: 500 });
      expect((await buy()).message).to.match(/aborted|ECONNRESET|socket hang up|Unexpected end/i);
    });

    it('runs COPY and UNLOAD under roles that trust the serverless service', async () => {
      await s3().send(new PutObjectCommand({ Bucket: 'home-data', Key: 'in/1.csv', Body: '1\n2\n3\n' }));
      const client = await session();
      await client.query(`COPY shown FROM 's3://home-data/in/' IAM_ROLE '${COPY}' CSV`);
      await client.query(`UNLOAD ('SELECT n FROM shown') TO 's3://home-data/out/' IAM_ROLE '${COPY}' CSV PARALLEL OFF`);
      const { Body } = await s3().send(new GetObjectCommand({ Bucket: 'home-data', Key: 'out/000' }));
      expect((await Body!.transformToString()).trim().split('\n').sort()).to.deep.equal(['1', '2', '3']);
      const user = `arn:aws:redshift:us-east-1:${HOME}:dbuser:serverless-${HOME}-${WORKGROUP_ID}/IAMR:Login`;
      await client.query(`COPY shown FROM 's3://home-data/in/' IAM_ROLE '${roleArn('ForClusters')}' CSV`).then(
        () => expect.fail('allowed'),
        ({ detail, message }: pg.DatabaseError) =>
          expect(`${message} ${detail}`).to.include(`User ${user} is not authorized to assume IAM Role`),
      );
    });
  });
});
