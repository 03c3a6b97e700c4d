import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { ACCOUNT, BUCKET, type ClientDesk, openClientDesk, REDSHIFT_ROLE, roleArn } from './client-desk.ts';

const MIB = 1024 * 1024;

describe('the AWS command line judges the sandbox', () => {
  let desk: ClientDesk;
  before(async () => {
    desk = await openClientDesk({ client: 'AWS CLI', databases: false });
  });
  after(() => desk?.[Symbol.asyncDispose]());

  const run = async (profile: string, ...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await desk.aws(profile, args);
    expect(stderr, `aws ${args.join(' ')}`).to.equal('');
    expect(status).to.equal(0);
    return stdout;
  };
  const json = async <T>(profile: string, ...args: string[]): Promise<T> =>
    JSON.parse(await run(profile, ...args)) as T;
  const refused = async (profile: string, ...args: string[]): Promise<string> => {
    const { status, stderr } = await desk.aws(profile, args);
    expect(status, `aws ${args.join(' ')}`).to.be.greaterThan(0);
    return stderr.trim();
  };

  describe('sts', () => {
    it('tells who calls', async () => {
      const told = await json<Record<string, string>>('agent', 'sts', 'get-caller-identity');
      expect(told).to.have.all.keys('UserId', 'Account', 'Arn');
      expect([told['Account'], told['Arn']]).to.deep.equal([ACCOUNT, `arn:aws:iam::${ACCOUNT}:user/etl-agent`]);
    });

    it('follows a profile with a role', async () => {
      const told = await json<Record<string, string>>('redshift', 'sts', 'get-caller-identity');
      expect(told['Arn']).to.equal(`arn:aws:sts::${ACCOUNT}:assumed-role/RedshiftLogin/judge`);
      expect(told['UserId']).to.match(/^AROA\w{17}:judge$/);
    });

    it('assumes a role for as long as asked', async () => {
      const args = ['--role-arn', REDSHIFT_ROLE, '--role-session-name', 'cli', '--duration-seconds', '900'];
      const told = await json<{
        Credentials: Record<string, string>;
        AssumedRoleUser: Record<string, string>;
      }>('agent', 'sts', 'assume-role', ...args);
      expect(told.AssumedRoleUser['Arn']).to.equal(`arn:aws:sts::${ACCOUNT}:assumed-role/RedshiftLogin/cli`);
      expect(told.Credentials['AccessKeyId']).to.match(/^ASIA[A-Z0-9]{16}$/);
      expect(Date.parse(told.Credentials['Expiration'] ?? '') - Date.now()).to.be.within(840_000, 900_000);
    });

    const assume = (role: string, ...rest: string[]): string[] => [
      'sts',
      'assume-role',
      '--role-session-name',
      'cli',
      '--role-arn',
      roleArn(role),
      ...rest,
    ];
    const denied = (role: string): string =>
      `An error occurred (AccessDenied) when calling the AssumeRole operation: User: arn:aws:iam::${ACCOUNT}:user/etl-agent is not authorized to perform: sts:AssumeRole on resource: ${roleArn(role)}`;

    it('assumes a role behind an external id with it only', async () => {
      expect(await refused('agent', ...assume('RedshiftPartner'))).to.equal(denied('RedshiftPartner'));
      expect(await refused('agent', ...assume('RedshiftPartner', '--external-id', 'tenant-8'))).to.equal(
        denied('RedshiftPartner'),
      );
      await run('agent', ...assume('RedshiftPartner', '--external-id', 'tenant-7'));
    });

    it('is refused a role that trusts somebody else', async () => {
      expect(await refused('agent', ...assume('RedshiftAudit'))).to.equal(denied('RedshiftAudit'));
    });

    it('is told of a wrong secret and of an unknown key', async () => {
      expect(await refused('forger', 'sts', 'get-caller-identity')).to.match(
        /^An error occurred \(SignatureDoesNotMatch\) when calling the GetCallerIdentity operation: The request signature we calculated does not match/,
      );
      expect(await refused('stranger', 'sts', 'get-caller-identity')).to.equal(
        'An error occurred (InvalidClientTokenId) when calling the GetCallerIdentity operation: The security token included in the request is invalid.',
      );
    });
  });

  describe('redshift', () => {
    const login = (...rest: string[]): string[] => [
      'redshift',
      'get-cluster-credentials',
      '--cluster-identifier',
      'warehouse',
      ...rest,
    ];

    it('buys a login for a user that exists', async () => {
      const args = login('--db-user', 'etl', '--db-name', 'dev', '--duration-seconds', '1800');
      const told = await json<Record<string, string>>('redshift', ...args);
      expect(told).to.have.all.keys('DbUser', 'DbPassword', 'Expiration');
      expect(told['DbUser']).to.equal('IAM:etl');
      expect(Date.parse(told['Expiration'] ?? '') - Date.now()).to.be.within(1_740_000, 1_800_000);
    });

    it('buys a login for a user to be made, in a group', async () => {
      const args = login('--db-user', 'newcomer', '--auto-create', '--db-groups', 'loaders');
      expect((await json<Record<string, string>>('redshift', ...args))['DbUser']).to.equal('IAMA:newcomer:loaders');
    });

    it('is refused what the role may not', async () => {
      const session = `User: arn:aws:sts::${ACCOUNT}:assumed-role/RedshiftLogin/judge is not authorized to perform:`;
      const operation = 'An error occurred (AccessDenied) when calling the GetClusterCredentials operation:';
      const arn = `arn:aws:redshift:us-east-1:${ACCOUNT}`;
      expect(await refused('redshift', ...login('--db-user', 'awsuser'))).to.equal(
        `${operation} ${session} redshift:GetClusterCredentials on resource: ${arn}:dbuser:warehouse/awsuser with an explicit deny in an identity-based policy`,
      );
      expect(await refused('redshift', ...login('--db-user', 'etl', '--db-groups', 'admins'))).to.equal(
        `${operation} ${session} redshift:JoinGroup on resource: ${arn}:dbgroup:warehouse/admins because no identity-based policy allows the redshift:JoinGroup action`,
      );
    });

    it('describes the cluster, and finds no other', async () => {
      const query = 'Clusters[].[ClusterIdentifier,ClusterStatus,DBName,Endpoint.Address,Endpoint.Port]';
      const args = ['redshift', 'describe-clusters', '--output', 'text', '--query', query];
      expect(await run('redshift', ...args)).to.equal('warehouse\tavailable\tdev\t127.0.0.1\t5439\n');
      expect(await refused('redshift', ...args, '--cluster-identifier', 'warehose')).to.equal(
        'An error occurred (ClusterNotFound) when calling the DescribeClusters operation: Cluster warehose not found.',
      );
    });
  });

  describe('s3', () => {
    const url = (key: string): string => `s3://${BUCKET}/roleshift/${key}`;
    const object = (key: string): string[] => ['--bucket', BUCKET, '--key', `roleshift/${key}`];
    const content = randomBytes(20 * MIB);
    let file: string;
    before(async () => {
      file = await desk.file('twenty.bin', content);
    });

    it('carries a file of several parts there and back', async () => {
      await run('redshift', 's3', 'cp', '--no-progress', file, url('big/twenty.bin'));
      const head = await json<Record<string, unknown>>('redshift', 's3api', 'head-object', ...object('big/twenty.bin'));
      expect(head['ContentLength']).to.equal(20 * MIB);
      expect(head['ETag']).to.match(/^"[0-9a-f]{32}-3"$/); // parts of 8 MiB
      const back = join(desk.folder, 'back.bin');
      await run('redshift', 's3', 'cp', '--no-progress', url('big/twenty.bin'), back);
      expect(content.equals(await readFile(back))).to.equal(true);
    });

    it('gets a range', async () => {
      const path = join(desk.folder, 'range.bin');
      const args = [...object('big/twenty.bin'), '--range', `bytes=${8 * MIB - 5}-${8 * MIB + 4}`, path];
      const told = await json<Record<string, unknown>>('redshift', 's3api', 'get-object', ...args);
      expect(told['ContentRange']).to.equal(`bytes ${8 * MIB - 5}-${8 * MIB + 4}/${20 * MIB}`);
      expect(content.subarray(8 * MIB - 5, 8 * MIB + 5).equals(await readFile(path))).to.equal(true);
    });

    it('carries a folder, lists it, does nothing twice, and removes it', async () => {
      const names = ['a b.csv', 'Größe+1%.csv', 'sub/c.csv', 'sub/empty.csv'];
      await mkdir(join(desk.folder, 'tree/sub'), { recursive: true });
      for (const name of names) await writeFile(join(desk.folder, 'tree', name), name.includes('empty') ? '' : name);
      const sync = ['s3', 'sync', '--no-progress', join(desk.folder, 'tree'), url('tree')];
      expect((await run('redshift', ...sync)).trim().split('\n')).to.have.length(4);
      expect(await run('redshift', ...sync)).to.equal('');
      const listed = await run('redshift', 's3', 'ls', url('tree/'));
      expect(listed.split('\n').map((line) => line.slice(19).trim())).to.deep.equal([
        'PRE sub/',
        '14 Größe+1%.csv',
        '7 a b.csv',
        '',
      ]);
      const summary = await run('redshift', 's3', 'ls', '--recursive', '--summarize', url('tree/'));
      expect(summary).to.match(/Total Objects: 4\s+Total Size: 30\s*$/);
      await run('redshift', 's3', 'rm', '--recursive', url('tree'));
      const { status, stdout } = await desk.aws('redshift', ['s3', 'ls', url('tree/')]);
      expect([status, stdout]).to.deep.equal([1, '']);
    });

    it('moves an object', async () => {
      await desk.aws('redshift', ['s3', 'cp', '-', url('from.txt')], { input: 'moved' });
      await run('redshift', 's3', 'mv', url('from.txt'), url('to.txt'));
      expect(await run('redshift', 's3', 'cp', url('to.txt'), '-')).to.equal('moved');
      expect(await refused('redshift', 's3api', 'head-object', ...object('from.txt'))).to.equal(
        'An error occurred (404) when calling the HeadObject operation: Not Found',
      );
    });

    it('signs an address that anyone may read', async () => {
      const address = (await run('redshift', 's3', 'presign', '--expires-in', '60', url('to.txt'))).trim();
      const answer = await fetch(address);
      expect([answer.status, await answer.text()]).to.deep.equal([200, 'moved']);
      const altered = await fetch(address.replace('to.txt', 'from.txt'));
      expect([altered.status, await altered.text()]).to.satisfy(
        ([status, text]: [number, string]) => status === 403 && text.includes('<Code>SignatureDoesNotMatch</Code>'),
      );
    });

    it('does not find an absent bucket, and is kept from a closed one', async () => {
      expect(await refused('redshift', 's3', 'ls', 's3://acme-absent')).to.include(
        'An error occurred (NoSuchBucket) when calling the ListObjectsV2 operation: The specified bucket does not exist',
      );
      expect(await refused('redshift', 's3api', 'head-bucket', '--bucket', 'acme-absent')).to.equal(
        'An error occurred (404) when calling the HeadBucket operation: Not Found',
      );
      expect(await refused('redshift', 's3api', 'head-bucket', '--bucket', 'acme-closed')).to.equal(
        'An error occurred (403) when calling the HeadBucket operation: Forbidden',
      );
      expect(await refused('redshift', 's3', 'cp', '--no-progress', file, `s3://${BUCKET}/elsewhere/x`)).to.include(
        `An error occurred (AccessDenied) when calling the CreateMultipartUpload operation: User: arn:aws:sts::${ACCOUNT}:assumed-role/RedshiftLogin/judge is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::${BUCKET}/elsewhere/x" because no identity-based policy allows the s3:PutObject action`,
      );
    });
  });
});
