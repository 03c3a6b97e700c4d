import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Answer, type Desk, openDesk } from './command.ts';

const AUDITOR = { accessKeyId: 'AKIASANDBOXAUDITOR01', secretAccessKey: 'sandbox+auditor+not+a+real+secret+000001' };

/** The standard world, with somebody who may look into the bucket and roles that lack one thing each. */
function world(): ReturnType<typeof standardWorld> {
  return standardWorld((_, account, cluster) => {
    account.users!.push({
      name: 'auditor',
      accessKeys: [{ id: AUDITOR.accessKeyId, secret: AUDITOR.secretAccessKey }],
      policies: [
        {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Allow',
              Action: ['s3:ListBucket', 's3:ListBucketMultipartUploads'],
              Resource: 'arn:aws:s3:::acme-staging',
            },
          ],
        },
      ],
    });
    const login = account.roles!.find(({ name }) => name === 'RedshiftLogin')!;
    account.roles!.push({ ...login, name: 'RedshiftPowerless', policies: [] });
    cluster.databases![0]!.setup = `
      create table public.orders (id bigint not null primary key, note varchar(5), amount decimal(10,2));
      grant all on public.orders to etl;
      create table public.wide (id bigint, note varchar(4096));
      grant all on public.wide to etl;`;
  });
}

describe('bad input on the command line', () => {
  let sandbox: TestWorld;
  let desk: Desk;

  before(async function () {
    this.timeout(60_000);
    sandbox = await openWorld(world());
    desk = await openDesk();
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  async function nothingIsLeft(): Promise<void> {
    const s3 = new S3Client({
      endpoint: sandbox.awsEndpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: AUDITOR,
    });
    try {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
      const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'acme-staging' }));
      expect({ objects: Contents.map(({ Key }) => Key), uploads: Uploads.length }).to.deep.equal({
        objects: [],
        uploads: 0,
      });
    } finally {
      s3.destroy();
    }
    expect((await sandbox.sql('select count(*) from public.orders')).rows[0]?.[0]).to.equal('0');
    expect((await readdir(desk.folder)).filter((name) => name.endsWith('.partial'))).to.deep.equal([]);
    await nothingIsLeftHere();
  }

  /** No local file, no session, no temporary table: those of a process that ended go within a moment. */
  async function nothingIsLeftHere(): Promise<void> {
    expect(await readdir(desk.temporary), 'the temporary folder').to.deep.equal([]);
    const look = async (): Promise<unknown> => [
      (
        await sandbox.sql(
          "select pid, state from pg_stat_activity where usename <> 'awsuser' and application_name = 'roleshift'",
        )
      ).rows,
      (await sandbox.sql("select relname from pg_class where relpersistence = 't' and relkind = 'r'")).rows,
    ];
    let left = await look();
    for (let tries = 0; tries < 50 && JSON.stringify(left) !== '[[],[]]'; tries += 1) {
      await delay(100);
      left = await look();
    }
    expect(left, 'sessions, and temporary tables').to.deep.equal([[], []]);
  }

  interface Case {
    readonly title: string;
    readonly changes?: Readonly<Record<string, unknown>>;
    readonly command: (connection: string) => Promise<readonly string[]> | readonly string[];
    readonly status: number;
    readonly code: string;
    /** Names the field or hop, and the mend. */
    readonly says: readonly RegExp[];
  }

  const preview = (connection: string): string[] => ['preview', 'public.orders', '-c', connection];
  const load = (name: string, content: string) => async (connection: string) => [
    'write',
    'public.orders',
    await desk.file(name, content),
    '-c',
    connection,
  ];

  const CASES: readonly Case[] = [
    {
      title: 'a missing role ARN',
      changes: { roleArn: undefined },
      command: preview,
      status: 2,
      code: 'RS_CONFIG_INVALID',
      says: [/roleArn/],
    },
    {
      title: 'an option with a typing error',
      changes: { clusterIdentifer: 'warehouse' },
      command: preview,
      status: 2,
      code: 'RS_CONFIG_INVALID',
      says: [/clusterIdentifer/, /clusterIdentifier/],
    },
    {
      title: 'a wrong secret',
      changes: { secretAccessKey: `wrong+${randomBytes(15).toString('hex')}` },
      command: preview,
      status: 3,
      code: 'RS_AUTH_KEYS_INVALID',
      says: [/secret/i],
    },
    {
      title: 'a role that does not trust the caller',
      changes: { roleArn: 'arn:aws:iam::111122223333:role/RedshiftAudit' },
      command: preview,
      status: 3,
      code: 'RS_AUTH_ROLE_DENIED',
      says: [/RedshiftAudit/, /user\/etl-agent/, /trust/],
    },
    {
      title: 'a role without redshift:GetClusterCredentials',
      changes: { roleArn: 'arn:aws:iam::111122223333:role/RedshiftPowerless' },
      command: preview,
      status: 3,
      code: 'RS_AUTH_LOGIN_DENIED',
      says: [/redshift:GetClusterCredentials/, /dbuser:warehouse\/etl/],
    },
    {
      title: 'a database user that is missing, with auto-create off',
      changes: { username: 'nobody_yet' },
      command: preview,
      status: 3,
      code: 'RS_AUTH_LOGIN_REJECTED',
      says: [/nobody_yet/, /Auto create DBUser|autoCreateDbUser/],
    },
    {
      title: 'a host that does not answer',
      changes: { port: 1 },
      command: preview,
      status: 4,
      code: 'RS_CONN_UNREACHABLE',
      says: [/127\.0\.0\.1|localhost/, /:1\b|port 1\b/],
    },
    {
      title: 'a certificate that is not trusted',
      changes: { caFile: undefined },
      command: preview,
      status: 2,
      code: 'RS_CONN_TLS',
      says: [/caFile/],
    },
    {
      title: 'a table that does not exist',
      command: (connection) => ['preview', 'public.ordres', '-c', connection],
      status: 2,
      code: 'RS_CONFIG_OBJECT_MISSING',
      says: [/ordres/, /orders/],
    },
    {
      title: 'an empty file',
      command: load('empty.csv', ''),
      status: 5,
      code: 'RS_INPUT_INVALID',
      says: [/empty/i],
    },
    {
      title: 'a file that does not exist',
      command: (connection) => ['write', 'public.orders', `${desk.folder}/none.csv`, '-c', connection],
      status: 2,
      code: 'RS_CONFIG_OBJECT_MISSING',
      says: [/none\.csv/],
    },
    {
      title: 'a file with a column too many',
      command: load('wide.csv', 'id,note,amount,colour\n1,a,1.5,red\n'),
      status: 5,
      code: 'RS_INPUT_INVALID',
      says: [/colour/],
    },
    {
      title: 'a value that is too long for its column',
      command: load('long.csv', 'id,note,amount\n1,abc,1\n2,abcdef,2\n'),
      status: 5,
      code: 'RS_VALUE_UNREPRESENTABLE',
      says: [/note/, /5 bytes/],
    },
    {
      title: 'a value that is no number',
      command: load('letters.csv', 'id,note,amount\n1,abc,one\n'),
      status: 5,
      code: 'RS_VALUE_UNREPRESENTABLE',
      says: [/amount/],
    },
    {
      title: 'an upsert whose input has a key twice',
      command: async (connection) => [
        ...(await load('twice.csv', 'id,note,amount\n1,a,1\n1,b,2\n')(connection)),
        '--operation',
        'upsert',
      ],
      status: 5,
      code: 'RS_INPUT_INVALID',
      says: [/key/i],
    },
    {
      title: 'a query that is no SQL',
      command: (connection) => ['read', '-q', 'selec 1', '-c', connection],
      status: 2,
      code: 'RS_SQL_USER_FAILED',
      says: [/syntax/],
    },
  ];

  for (const { title, changes, command, status, code, says } of CASES) {
    it(`answers ${title} with ${code}, what it is and how to mend it`, async () => {
      const connection = await desk.connection(sandbox.connection('keys-etl-agent'), changes);
      const answer = await desk.run(await command(connection));
      expect(answer.stderr).to.include(code);
      for (const text of says) expect(answer.stderr).to.match(text);
      expect(answer.stderr).to.match(/->/);
      expect(answer.status).to.equal(status);
      await nothingIsLeft();
    });
  }

  it('gives the same failure as JSON on standard output', async () => {
    const connection = await desk.connection(sandbox.connection('keys-etl-agent'), { roleArn: undefined });
    const { status, stdout, stderr } = await desk.run([...preview(connection), '--json']);
    const { error } = JSON.parse(stdout) as { error: { code: string; issues: { path: string }[] } };
    expect(error.code).to.equal('RS_CONFIG_INVALID');
    expect(error.issues.map(({ path }) => path)).to.include('roleArn');
    expect({ status, stderr }).to.deep.equal({ status: 2, stderr: '' });
  });

  it('loads a file of zero rows as zero rows', async () => {
    const connection = await desk.connection(sandbox.connection('keys-etl-agent'));
    const answer = await desk.run([...(await load('none.csv', 'id,note,amount\n')(connection)), '--json']);
    expect(answer.status, answer.stdout + answer.stderr).to.equal(0);
    expect(JSON.parse(answer.stdout)).to.deep.include({ outcome: 'committed' });
    await nothingIsLeft();
  });

  it('loads what comes over standard input beside a file, and refuses it without a format', async () => {
    const connection = await desk.connection(sandbox.connection('keys-etl-agent'));
    const file = await desk.file('beside.csv', 'id,note\n1,a\n');
    const args = ['write', 'public.wide', file, '-', '-c', connection];
    const answer = await desk.run([...args, '--format', 'csv', '--json'], { input: 'note,id\nb,2\nc,3\n' });
    expect(answer.status, answer.stdout + answer.stderr).to.equal(0);
    expect(JSON.parse(answer.stdout)).to.deep.include({ outcome: 'committed' });
    for (const [more, words] of [
      [[], /which format standard input has/],
      [['-', '--format', 'csv'], /can be read once only/],
    ] as const) {
      const refused = await desk.run([...args, ...more], { input: 'id\n' });
      expect([refused.status, refused.stderr]).to.satisfy(
        ([status, text]: [number, string]) => status === 2 && words.test(text),
      );
    }
    await sandbox.sql('delete from public.wide');
    await nothingIsLeft();
  });

  /** Manifests put so far: one stands in S3 just before its COPY. */
  const manifests = async (): Promise<number> =>
    (await sandbox.calls('s3:PutObject')).filter(({ resource }) => resource.includes('manifest')).length;

  it('leaves nothing behind when stopped in the middle of a load', async function () {
    this.timeout(60_000);
    const rows = Array.from({ length: 20_000 }, (_, row) => `${row},${randomBytes(60).toString('hex')}`);
    const file = await desk.file('large.csv', `id,note\n${rows.join('\n')}\n`);
    const connection = await desk.connection(sandbox.connection('keys-etl-agent'));
    const before = await manifests();
    await sandbox.faults({ on: 'pg:copy', effect: { kind: 'delay', ms: 15_000 } });
    let pid = 0;
    const work = desk.run(['write', 'public.wide', file, '-c', connection], {
      onStart: (started) => {
        pid = started;
      },
    });
    while ((await manifests()) === before) await delay(50);
    process.kill(pid, 'SIGINT');
    const answer: Answer = await work;
    await sandbox.clearFaults();
    expect(answer.stderr, answer.stderr).to.include('stopped');
    expect(answer.status).to.equal(130);
    expect((await sandbox.sql('select count(*) from public.wide')).rows[0]?.[0]).to.equal('0');
    await nothingIsLeft();
  });

  it('loads once when an agent is killed in the middle and the same run is started again', async function () {
    this.timeout(60_000);
    const rows = Array.from({ length: 1_000 }, (_, row) => `${row},note`);
    const file = await desk.file('again.csv', `id,note\n${rows.join('\n')}\n`);
    const connection = await desk.connection(sandbox.connection('keys-etl-agent'));
    const args = [
      'write',
      'public.wide',
      file,
      '-c',
      connection,
      '--run-id',
      'killed-once',
      '--path',
      'staged',
      '--json',
    ];
    const before = await manifests();
    await sandbox.faults({ on: 'pg:copy', effect: { kind: 'delay', ms: 2_000 } });
    let pid = 0;
    const work = desk.run(args, {
      onStart: (started) => {
        pid = started;
      },
    });
    while ((await manifests()) === before) await delay(50);
    process.kill(pid, 'SIGKILL');
    await work;
    await sandbox.clearFaults();
    expect((await readdir(desk.temporary)).map((name) => name.slice(0, -6))).to.deep.equal(['roleshift-write-']);

    for (const alreadyApplied of [false, true]) {
      const { status, stdout } = await desk.run(args);
      expect(status, stdout).to.equal(0);
      expect(JSON.parse(stdout)).to.deep.include({ outcome: 'committed', alreadyApplied });
      expect((await sandbox.sql('select count(*) from public.wide')).rows).to.deep.equal([['1000']]);
      await nothingIsLeftHere(); // the folder of the killed process went with the next write
    }
  });
});
