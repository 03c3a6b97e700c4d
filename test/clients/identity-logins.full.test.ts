import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GetClusterCredentialsWithIAMCommand, RedshiftClient } from '@aws-sdk/client-redshift';
import {
  GetCredentialsCommand,
  GetWorkgroupCommand,
  RedshiftServerlessClient,
} from '@aws-sdk/client-redshift-serverless';
import { fromIni } from '@aws-sdk/credential-providers';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { ACCOUNT, type ClientDesk, openClientDesk } from './client-desk.ts';
import { BEYOND_PROFILE, CUSTOM_DOMAIN, identityWorld, WORKGROUP, WORKGROUP_ID } from './identity-world.ts';
import { jdbcClassPath } from './jdbc-driver.ts';
import { pythonWithClients } from './python.ts';
import type { PythonSession } from './python-session.ts';
import { type Finished, runCommand } from './run-command.ts';

const WHO = 'SELECT current_user';
const LOGINS_PROGRAM = fileURLToPath(new URL('jdbc/Logins.java', import.meta.url));
const ROLESHIFT = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

interface Bought {
  readonly user: string;
  readonly password: string;
}

describe('clients log in to the sandbox as what they are', () => {
  let desk: ClientDesk;
  let trust: string;
  before(async function () {
    this.timeout(400_000);
    desk = await openClientDesk({ client: 'roleshift', world: identityWorld() });
    await appendFile(desk.environment['AWS_CONFIG_FILE']!, BEYOND_PROFILE);
    const roots = Object.values(desk.world.clusters).map(({ caFile }) => readFile(caFile, 'utf8'));
    trust = await desk.file('roots.pem', (await Promise.all(roots)).join('\n'));
  });
  after(() => desk?.[Symbol.asyncDispose]());

  const psql = (name: string, { user, password }: Bought, ...args: readonly string[]): Promise<Finished> =>
    runCommand('psql', ['--no-psqlrc', '--no-password', '-At', ...args], {
      environment: {
        PATH: desk.environment['PATH'] ?? '',
        HOME: desk.folder,
        PGHOST: 'localhost',
        PGPORT: String(desk.world.clusters[name]!.port),
        PGDATABASE: 'dev',
        PGUSER: user,
        PGPASSWORD: password,
        PGSSLMODE: 'verify-full',
        PGSSLROOTCERT: trust,
      },
    });

  describe('the AWS command line, and psql with what it bought', () => {
    afterEach(() => desk.tally('AWS CLI'));
    const told = async <T>(profile: string, ...args: string[]): Promise<T> => {
      const { status, stdout, stderr } = await desk.aws(profile, args);
      expect([status, stderr], args.join(' ')).to.deep.equal([0, '']);
      return JSON.parse(stdout) as T;
    };
    const refused = async (profile: string, ...args: string[]): Promise<string> => {
      const { status, stderr } = await desk.aws(profile, args);
      expect(status, args.join(' ')).to.be.greaterThan(0);
      return stderr.trim();
    };
    const withIam = ['redshift', 'get-cluster-credentials-with-iam', '--db-name', 'dev'];
    const credentials = ['redshift-serverless', 'get-credentials', '--db-name', 'dev'];

    for (const { profile, user } of [
      { profile: 'redshift', user: 'IAMR:RedshiftLogin' },
      { profile: 'beyond', user: 'IAMR:RedshiftBeyond' },
      { profile: 'agent', user: 'IAM:etl-agent' },
    ]) {
      it(`buys a login of ${user} by the profile ${profile}, for a cluster and for a workgroup`, async () => {
        const bought = await told<Record<string, string>>(profile, ...withIam, '--cluster-identifier', 'warehouse');
        expect(bought).to.have.all.keys('DbUser', 'DbPassword', 'Expiration', 'NextRefreshTime');
        const there = await told<Record<string, string>>(profile, ...credentials, '--workgroup-name', WORKGROUP);
        expect(there).to.have.all.keys('dbUser', 'dbPassword', 'expiration', 'nextRefreshTime');
        await desk.tally('AWS CLI');

        const login = { user: bought['DbUser']!, password: bought['DbPassword']! };
        expect(login.user).to.equal(user);
        expect((await psql('warehouse', login, '-c', WHO)).stdout).to.equal(`${user}\n`);
        const serverless = { user: there['dbUser']!, password: there['dbPassword']! };
        expect((await psql(WORKGROUP, serverless, '-c', WHO)).stdout).to.equal(`${user}\n`);
        expect((await psql('warehouse', serverless, '-c', WHO)).stderr).to.include('password authentication failed');
        const rights = await psql(WORKGROUP, serverless, '-c', 'SELECT n FROM shown');
        if (profile === 'redshift') expect(rights.stdout).to.equal('7\n');
        else expect(rights.stderr).to.match(/permission denied for (?:relation|table) shown/);
        expect((await psql(WORKGROUP, serverless, '-c', 'SELECT n FROM hidden')).stderr).to.match(/permission denied/);
        await desk.tally('psql');
      });
    }

    it('asks for a lifetime, and is told of one that is too short', async () => {
      const args = [...withIam, '--cluster-identifier', 'warehouse', '--duration-seconds'];
      const { Expiration, NextRefreshTime } = await told<Record<string, string>>('redshift', ...args, '3600');
      expect(Date.parse(Expiration!) - Date.now()).to.be.within(3_500_000, 3_601_000);
      expect(Date.parse(NextRefreshTime!)).to.be.below(Date.parse(Expiration!));
      expect(await refused('redshift', ...args, '60')).to.match(
        /\(InvalidParameterValue\) when calling the GetClusterCredentialsWithIAM/,
      );
    });

    it('goes by a custom domain name', async () => {
      const bought = await told<Record<string, string>>('redshift', ...withIam, '--custom-domain-name', CUSTOM_DOMAIN);
      expect(bought['DbUser']).to.equal('IAMR:RedshiftLogin');
      const query = 'Associations[].CertificateAssociations[].ClusterIdentifier';
      const found = ['redshift', 'describe-custom-domain-associations', '--query', query];
      expect(await told('redshift', ...found)).to.deep.equal(['warehouse']);
      const there = await told<Record<string, string>>(
        'redshift',
        ...credentials,
        '--custom-domain-name',
        'lake.example.com',
      );
      expect(there['dbUser']).to.equal('IAMR:RedshiftLogin');
    });

    it('describes the workgroup, and finds no other', async () => {
      const { workgroup } = await told<{ workgroup: Record<string, unknown> }>(
        'redshift',
        'redshift-serverless',
        'get-workgroup',
        '--workgroup-name',
        WORKGROUP,
      );
      const { host, port } = desk.world.clusters[WORKGROUP]!;
      expect(workgroup).to.include({ workgroupId: WORKGROUP_ID, namespaceName: 'lake', status: 'AVAILABLE' });
      expect(workgroup['endpoint']).to.include({ address: host, port });
      expect(await refused('agent', ...credentials, '--workgroup-name', 'absent')).to.match(
        /\(ResourceNotFoundException\) when calling the GetCredentials operation/,
      );
    });

    it('is refused what the role may not', async () => {
      expect(
        await refused(
          'redshift',
          'redshift',
          'get-cluster-credentials-with-iam',
          '--cluster-identifier',
          'warehouse',
          '--db-name',
          'other',
        ),
      ).to.include(
        `(AccessDenied) when calling the GetClusterCredentialsWithIAM operation: User: arn:aws:sts::${ACCOUNT}:assumed-role/RedshiftLogin/judge is not authorized to perform: redshift:GetClusterCredentialsWithIAM on resource: arn:aws:redshift:us-east-1:${ACCOUNT}:dbname:warehouse/other`,
      );
      expect(await refused('redshift', 'redshift-serverless', 'get-namespace', '--namespace-name', 'lake')).to.match(
        /\(AccessDeniedException\) when calling the GetNamespace operation: User: .* is not authorized to perform: redshift-serverless:GetNamespace on resource: arn:aws:redshift-serverless:us-east-1:\d+:namespace\//,
      );
      expect(await refused('forger', ...credentials, '--workgroup-name', WORKGROUP)).to.match(
        /\((?:InvalidSignatureException|SignatureDoesNotMatch)\)/,
      );
    });
  });

  describe('boto3 and redshift_connector', () => {
    let python: PythonSession;
    before(async () => {
      python = await desk.python({ SSL_CERT_FILE: trust });
      await python.run(
        `
        global boto3, redshift_connector, session, who
        import boto3, redshift_connector
        session = lambda profile: boto3.Session(profile_name=profile)
        def who(**asked):
            asked = dict(dict(iam=True, profile='redshift', endpoint_url=input_endpoint, region='us-east-1', database='dev',
                              sslmode='verify-full'), **asked)
            with redshift_connector.connect(**asked) as connection:
                with connection.cursor() as cursor:
                    cursor.execute('SELECT current_user')
                    return cursor.fetchone()[0].strip()
        global input_endpoint
        input_endpoint = input
      `,
        desk.world.awsEndpoint,
      );
    });
    after(() => python?.[Symbol.asyncDispose]());

    it('boto3 tells ends as moments, and errors as its classes', async () => {
      const told = await python.run(`
        client, agent = [session(each).client('redshift-serverless') for each in ('redshift', 'agent')]
        got = client.get_credentials(workgroupName='${WORKGROUP}', dbName='dev', durationSeconds=900)
        again = session('beyond').client('redshift').get_cluster_credentials_with_iam(ClusterIdentifier='warehouse', DbName='dev')
        seen = []
        for call, error in ((lambda: agent.get_credentials(workgroupName='absent'), agent.exceptions.ResourceNotFoundException),
                            (lambda: client.get_credentials(workgroupName='A_B'), client.exceptions.ValidationException),
                            (lambda: client.list_workgroups(), client.exceptions.AccessDeniedException)):
            try:
                call()
            except error as raised:
                seen.append(raised.response['Error']['Code'])
        return [got['dbUser'], got['expiration'].utcoffset() is not None, again['DbUser'], (again['Expiration'] - again['NextRefreshTime']).total_seconds() > 0, seen]
      `);
      expect(told).to.deep.equal([
        'IAMR:RedshiftLogin',
        true,
        'IAMR:RedshiftBeyond',
        true,
        ['ResourceNotFoundException', 'ValidationException', 'AccessDeniedException'],
      ]);
      await desk.tally('boto3');
    });

    const logins: readonly (readonly [title: string, asked: () => string, user: string])[] = [
      ['by group federation', () => `cluster_identifier='warehouse', group_federation=True`, 'IAMR:RedshiftLogin'],
      [
        'by group federation, a role after a role',
        () => `cluster_identifier='warehouse', group_federation=True, profile='beyond'`,
        'IAMR:RedshiftBeyond',
      ],
      [
        'by group federation, as a user',
        () => `cluster_identifier='warehouse', group_federation=True, profile='agent'`,
        'IAM:etl-agent',
      ],
      [
        'at a custom domain',
        () => `host='${CUSTOM_DOMAIN}', port=${desk.world.clusters['warehouse']!.port}, group_federation=True`,
        'IAMR:RedshiftLogin',
      ],
      [
        'as a database user at a custom domain',
        () => `host='${CUSTOM_DOMAIN}', port=${desk.world.clusters['warehouse']!.port}, db_user='etl'`,
        'etl',
      ],
      [
        'to a workgroup that it looks up',
        () => `is_serverless=True, serverless_work_group='${WORKGROUP}'`,
        'IAMR:RedshiftLogin',
      ],
      [
        'to a workgroup, a role after a role',
        () => `is_serverless=True, serverless_work_group='${WORKGROUP}', profile='beyond'`,
        'IAMR:RedshiftBeyond',
      ],
      [
        'to a workgroup at its address',
        () =>
          `is_serverless=True, serverless_work_group='${WORKGROUP}', host='localhost', port=${desk.world.clusters[WORKGROUP]!.port}`,
        'IAMR:RedshiftLogin',
      ],
    ];
    for (const [title, asked, user] of logins) {
      it(`redshift_connector logs in ${title}`, async () => {
        expect(await python.run(`return who(${asked()})`)).to.equal(user);
        await desk.tally('redshift_connector');
      });
    }

    it('redshift_connector is refused by AWS and by the workgroup', async () => {
      const absent = await python.refused(`who(is_serverless=True, serverless_work_group='absent')`);
      expect(absent.message).to.include('not authorized to perform: redshift-serverless:GetCredentials');
      const denied = await python.refused(
        `who(cluster_identifier='warehouse', group_federation=True, database='other')`,
      );
      expect(denied.message).to.include('redshift:GetClusterCredentialsWithIAM');
      await desk.tally('redshift_connector');
    });
  });

  it('the AWS SDK for JavaScript follows a profile with a role after a role', async () => {
    const { AWS_CONFIG_FILE = '', AWS_SHARED_CREDENTIALS_FILE = '' } = desk.environment;
    const settings = {
      region: 'us-east-1',
      endpoint: desk.world.awsEndpoint,
      credentials: fromIni({
        profile: 'beyond',
        configFilepath: AWS_CONFIG_FILE,
        filepath: AWS_SHARED_CREDENTIALS_FILE,
        clientConfig: { region: 'us-east-1', endpoint: desk.world.awsEndpoint },
      }),
    };
    const serverless = new RedshiftServerlessClient(settings);
    const { dbUser, dbPassword } = await serverless.send(
      new GetCredentialsCommand({ workgroupName: WORKGROUP, dbName: 'dev' }),
    );
    const { workgroup } = await serverless.send(new GetWorkgroupCommand({ workgroupName: WORKGROUP }));
    expect(workgroup?.endpoint?.port).to.equal(desk.world.clusters[WORKGROUP]!.port);
    const { DbUser } = await new RedshiftClient(settings).send(
      new GetClusterCredentialsWithIAMCommand({ ClusterIdentifier: 'warehouse', DbName: 'dev' }),
    );
    expect([dbUser, DbUser]).to.deep.equal(['IAMR:RedshiftBeyond', 'IAMR:RedshiftBeyond']);
    await desk.tally('AWS SDK for JavaScript');
    const { stdout } = await psql(WORKGROUP, { user: dbUser!, password: dbPassword! }, '-c', WHO);
    expect(stdout).to.equal('IAMR:RedshiftBeyond\n');
    await desk.tally('psql');
  });

  it("Amazon's JDBC driver logs in by group federation and to a workgroup", async function () {
    this.timeout(400_000);
    const classPath = await jdbcClassPath();
    const { warehouse, [WORKGROUP]: workgroup } = desk.world.clusters;
    const url = (
      { port, caFile }: { readonly port: number; readonly caFile: string },
      more: Readonly<Record<string, string>>,
    ): string => {
      const query = new URLSearchParams({
        Region: 'us-east-1',
        EndpointUrl: desk.world.awsEndpoint,
        Profile: 'redshift',
        sslmode: 'verify-full',
        sslrootcert: caFile, // the driver reads the first certificate of it only
        ...more,
      });
      return `jdbc:redshift:iam://localhost:${port}/dev?${query.toString()}`;
    };
    const serverless = { isServerless: 'true', serverlessAcctId: ACCOUNT, serverlessWorkGroup: WORKGROUP };
    const cases: readonly (readonly [url: string, told: RegExp])[] = [
      [url(warehouse!, { ClusterID: 'warehouse', groupFederation: 'true' }), /^IAMR:RedshiftLogin$/],
      [url(warehouse!, { ClusterID: 'warehouse', DbUser: 'etl' }), /^etl$/],
      [url(workgroup!, serverless), /^IAMR:RedshiftLogin$/],
      [url(workgroup!, { ...serverless, serverlessWorkGroup: 'absent' }), /not authorized|not found|ResourceNotFound/i],
    ];
    const urls = cases.map(([each]) => each);
    const { stdout, stderr } = await runCommand('java', ['-cp', classPath, LOGINS_PROGRAM, ...urls], {
      environment: desk.environment,
    });
    const lines = stdout.trim().split('\n');
    expect(lines, stderr).to.have.length(cases.length);
    for (const [index, [, told]] of cases.entries()) expect(lines[index], urls[index]).to.match(told);
    await desk.tally('JDBC driver');
  });

  describe('roleshift lets other programs in', () => {
    const connection = (more: object): Promise<string> =>
      desk.file(
        'connection.yaml',
        stringify({
          authType: 'assumeRole',
          database: 'dev',
          region: 'us-east-1',
          roleArn: `arn:aws:iam::${ACCOUNT}:role/RedshiftLogin`,
          accessKeyId: 'AKIASANDBOXETLAGENT1',
          secretAccessKey: 'sandbox+etl-agent+not+a+real+secret+0001',
          stsEndpoint: desk.world.awsEndpoint,
          ...more,
        }),
      );
    const roleshift = (...args: readonly string[]): Promise<Finished> =>
      runCommand(process.execPath, [ROLESHIFT, ...args], { environment: desk.environment });
    const PYTHON = `import os, psycopg2
with psycopg2.connect('') as connection, connection.cursor() as cursor:
    cursor.execute('SELECT current_user')
    print(cursor.fetchone()[0])`;

    for (const [title, values] of [
      [
        'a cluster, by what the role is',
        () => ({
          clusterIdentifier: 'warehouse',
          caFile: desk.world.clusters['warehouse']!.caFile,
          loginMethod: 'iamIdentity',
          redshiftEndpoint: desk.world.awsEndpoint,
        }),
      ],
      [
        'a workgroup',
        () => ({
          workgroup: WORKGROUP,
          caFile: desk.world.clusters[WORKGROUP]!.caFile,
          redshiftServerlessEndpoint: desk.world.awsEndpoint,
        }),
      ],
    ] as const) {
      it(`psql, psycopg and the JDBC driver, to ${title}`, async function () {
        this.timeout(400_000);
        const file = await connection(values());
        const byPsql = await roleshift('exec', '-c', file, 'psql', '-XAtc', WHO);
        expect(byPsql).to.deep.equal({ status: 0, stdout: 'IAMR:RedshiftLogin\n', stderr: '' });
        const byPython = await roleshift('exec', '-c', file, '--', await pythonWithClients(), '-c', PYTHON);
        expect(byPython).to.deep.equal({ status: 0, stdout: 'IAMR:RedshiftLogin\n', stderr: '' });
        const properties = join(desk.folder, 'login.properties');
        const written = await roleshift('login', '-c', file, '--format', 'jdbc', '-o', properties, '--replace');
        expect(written.status, written.stderr).to.equal(0);
        const url = (await roleshift('login', '-c', file, '--format', 'jdbc-url')).stdout.trim();
        const java = await runCommand('java', ['-cp', await jdbcClassPath(), LOGINS_PROGRAM, `${url}\t${properties}`], {
          environment: desk.environment,
        });
        expect(java.stdout, java.stderr).to.equal('IAMR:RedshiftLogin\n');
      });
    }
  });
});
