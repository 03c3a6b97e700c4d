import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk, roleshift } from './command.ts';

const AUDITOR = { accessKeyId: 'AKIASANDBOXAUDITOR02', secretAccessKey: 'sandbox+auditor+not+a+real+secret+000002' };
const ROWS = 60_000;

/** A table with more rows than a pipe holds, and somebody who may look into the bucket. */
function world(): ReturnType<typeof standardWorld> {
  return standardWorld((_, account, cluster) => {
    account.users!.push({
      name: 'auditor',
      accessKeys: [{ id: AUDITOR.accessKeyId, secret: AUDITOR.secretAccessKey }],
      policies: [
        {
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::acme-staging' }],
        },
      ],
    });
    cluster.databases![0]!.setup = `create table public.many (id bigint, note varchar(200));
      insert into public.many select n, repeat('${randomBytes(20).toString('hex')}', 4) from generate_series(1, ${ROWS}) as n;
      grant all on public.many to etl;`;
  });
}

describe('the way out of a read', () => {
  let sandbox: TestWorld;
  let desk: Desk;
  let connection: string;

  before(async function () {
    this.timeout(60_000);
    sandbox = await openWorld(world());
    desk = await openDesk();
    connection = await desk.connection(sandbox.connection('keys-etl-agent'));
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });
  afterEach(async () => {
    await sandbox.clearFaults();
    const s3 = new S3Client({
      endpoint: sandbox.awsEndpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: AUDITOR,
    });
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
    s3.destroy();
    expect(Contents.map(({ Key }) => Key)).to.deep.equal([]);
    expect((await readdir(desk.folder)).filter((name) => name.endsWith('.partial'))).to.deep.equal([]);
  });

  for (const mode of ['direct', 'staged']) {
    it(`ends quietly when the reader leaves a ${mode} read, and leaves nothing behind`, async () => {
      const args = ['read', 'public.many', '-c', connection, '--mode', mode];
      const { status, stdout, stderr } = await roleshift(args, { leaveAfterFirst: true });
      expect({ status, stderr }).to.deep.equal({ status: 141, stderr: '' });
      expect(stdout.length).to.be.greaterThan(0);
    });
  }

  it('sorts, selects and limits as its flags say, of a read and a preview', async () => {
    const flags = ['-c', connection, '--columns', 'id', '--where', 'id < 100', '--order-by', '-id', '-n', '2'];
    const read = await roleshift(['read', 'public.many', ...flags]);
    expect(read.stdout).to.equal('{"id":99}\n{"id":98}\n');
    const preview = await roleshift(['preview', 'public.many', ...flags, '--json']);
    expect(JSON.parse(preview.stdout))
      .to.have.property('rows')
      .that.deep.equals([{ id: '99' }, { id: '98' }]);
    const query = await roleshift(['preview', '-q', 'select 7 as seven', '-c', connection]);
    expect(query.stdout).to.match(/^seven\n-+\n7\n$/);
    expect((await roleshift(['preview', '-c', connection])).stderr).to.match(
      /^RS_CONFIG_INVALID {2}Either an object.*--query/,
    );
  });

  it('ends a check quietly, too', async () => {
    const { status, stderr } = await roleshift(['check', '-c', connection], { leaveAfterFirst: true });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
  });

  for (const { title, output, says } of [
    { title: 'a folder that is not there', output: 'none/rows.jsonl', says: /rows\.jsonl.*there is no such folder/ },
    { title: 'a folder', output: '.', says: /it is a folder/ },
    { title: 'a full disk', output: '/dev/full', says: /the disk is full/ },
  ]) {
    it(`answers ${title} as output file with what it is`, async () => {
      const path = output.startsWith('/') ? output : `${desk.folder}/${output}`;
      const { status, stderr } = await roleshift(['read', 'public.many', '-n', '3', '-c', connection, '-o', path]);
      expect(stderr)
        .to.match(/^RS_CONFIG_INVALID/)
        .and.to.match(says);
      expect(stderr).not.to.match(/^\s+at /m);
      expect(status).to.equal(2);
    });
  }

  for (const [operation, args] of [
    ['a staged read', ['read', 'public.many', '--mode', 'staged']],
    ['a write', ['write', 'public.many', 'rows.csv']],
  ] as const) {
    it(`answers a work directory that is not there to ${operation}`, async () => {
      const file = await desk.file('rows.csv', 'id,note\n1,a\n');
      const call = args.map((part) => (part === 'rows.csv' ? file : part));
      const environment = { TMPDIR: `${desk.folder}/none` };
      const { status, stderr } = await roleshift([...call, '-c', connection], { environment });
      expect(stderr).to.match(
        /^RS_CONFIG_INVALID {2}The work directory ".*none".*there is no such folder[\s\S]*TMPDIR/,
      );
      expect(status).to.equal(2);
    });
  }

  it('leaves nothing behind when stopped in the middle of an UNLOAD, nor an output file', async () => {
    await sandbox.faults({ on: 'pg:unload', effect: { kind: 'delay', ms: 5_000 } });
    const leases = async (): Promise<number> =>
      (await sandbox.calls('s3:PutObject')).filter(({ resource }) => resource.includes('_lease')).length;
    const before = await leases();
    let pid = 0;
    const output = `${desk.folder}/stopped.jsonl`;
    const work = roleshift(['read', 'public.many', '--mode', 'staged', '-c', connection, '-o', output], {
      onStart: (started) => {
        pid = started;
      },
    });
    while ((await leases()) === before) await delay(50);
    await delay(300);
    process.kill(pid, 'SIGINT');
    const { status, stderr } = await work;
    expect(stderr).to.include('stopped');
    expect(status).to.equal(130);
    expect(await readdir(desk.folder)).not.to.include('stopped.jsonl');
  });
});
