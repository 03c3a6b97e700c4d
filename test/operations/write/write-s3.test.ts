import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { policies } from '../../../src/policies/policies.ts';
import { AGENT, byRole, STAGING } from '../../policies/sets.ts';
import { openWriteWorld, type WriteWorld } from './write-world.ts';

const WRITER = { accessKeyId: 'AKIALANDING000000001', secretAccessKey: 'landing+not+a+real+secret+000000000000001' };

/** The rights to read from `source`, as `roleshift policies --source` prints them. */
function sourceStatements(account: string, source: string): readonly PrintedStatement[] {
  const roleArn = `arn:aws:iam::${account}:role/RedshiftLogin`;
  const extras = { identityArn: AGENT, sources: [source], sourceBucketOwner: account };
  const { documents } = policies({ ...byRole({ roleArn }), ...STAGING }, extras);
  const permissions = documents.find(({ kind, holder }) => kind === 'permissions' && holder.arn === roleArn);
  const printed = permissions?.document.Statement.filter(({ Sid }) => Sid?.startsWith('Source')) ?? [];
  return JSON.parse(JSON.stringify(printed)) as readonly PrintedStatement[];
}

interface PrintedStatement {
  readonly Effect: 'Allow';
  readonly Action: string;
  readonly Resource: string;
  readonly Condition: Record<string, Record<string, string>>;
}

describe('write: objects in S3', () => {
  let on: WriteWorld;
  let client: S3Client;
  let folder: string;
  before(async () => {
    on = await openWriteWorld((_world, account) => {
      account.users?.push({
        name: 'landing',
        accessKeys: [{ id: WRITER.accessKeyId, secret: WRITER.secretAccessKey }],
        policies: [{ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] }],
      });
      const landing = { name: 'acme-landing' };
      const far = { name: 'acme-far', region: 'eu-west-1' };
      account.buckets?.push(landing, far, { name: 'acme-secret' });
      const role = account.roles?.find(({ name }) => name === 'RedshiftLogin');
      role?.policies?.push({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Action: ['s3:GetObject', 's3:ListBucket'],
            Resource: ['arn:aws:s3:::acme-far*'],
          },
          ...sourceStatements(account.id, 's3://acme-landing/'),
        ],
      });
    });
    folder = await mkdtemp(join(tmpdir(), 'write-s3-'));
    client = new S3Client({
      region: 'us-east-1',
      endpoint: on.world.awsEndpoint,
      forcePathStyle: true,
      followRegionRedirects: true,
      credentials: WRITER,
    });
  });
  after(async () => {
    client.destroy();
    await on[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  async function put(objects: Readonly<Record<string, string | Buffer>>, Bucket = 'acme-landing'): Promise<void> {
    for (const [Key, Body] of Object.entries(objects)) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentLength: Buffer.byteLength(Body) }));
    }
  }

  it('are brought here again for the lines of rows that were rejected', async () => {
    await on.table('s3_lines', 'id INTEGER, note VARCHAR(5)');
    await put({
      'lines/a.csv.gz': gzipSync('id,note\n1,"a\nb"\n2,too long\n'),
      'lines/b.jsonl': '\n{"id":3,"note":"c"}\n\n{"id":4,"note":"too long"}\n',
    });
    const rejectFile = join(folder, 'lines.jsonl');
    const input = { file: 's3://acme-landing/lines/' };
    const report = await on.write({ object: 'sales.s3_lines', rejectLimit: 2, rejectFile }, input);
    expect(report.rows).to.deep.include({ read: 4, rejected: 2 });
    const rows = (await readFile(rejectFile, 'utf8')).trim().split('\n');
    expect(rows.map((row) => JSON.parse(row) as unknown)).to.have.nested.property('[0].line', 4);
    expect(JSON.parse(rows[1] ?? '')).to.deep.include({ source: 's3://acme-landing/lines/b.jsonl', row: 4, line: 4 });
  });

  it('are loaded beside local files, each told by its address', async () => {
    await on.table('beside', 'id INTEGER');
    await put({ 'one/a.csv': 'id\n1\n2\n', 'one/b.jsonl': '{"id":3}\n{"id":"x"}\n' });
    const local = join(folder, 'c.csv');
    await writeFile(local, 'id\n5\n');
    const files = ['s3://acme-landing/one/a.csv', local, 's3://acme-landing/one/b.jsonl'];
    const error = await on.refusal({ object: 'sales.beside' }, { files });
    expect(error.message).to.match(/^Row 5 \(row 2 of s3:\/\/acme-landing\/one\/b\.jsonl\)/);
    const report = await on.write({ object: 'sales.beside', rejectLimit: 1 }, { files });
    expect(report.rows).to.include({ read: 5, loaded: 4, rejected: 1 });
  });

  it('are taken from a folder in the order of their names, without what others keep there for themselves', async () => {
    await on.table('listed', 'id INTEGER PRIMARY KEY, origin VARCHAR(9)');
    await put({
      'day=1/b.csv.gz': gzipSync('id,origin\n1,b\n'),
      'day=1/a.csv': 'id,origin\n1,a\n',
      'day=1/sub/c.csv': 'id,origin\n2,c\n',
      'day=1/_SUCCESS': '',
      'day=1/_temporary/0/d.csv': 'id,origin\n3,d\n',
      'day=1/.hidden.csv': 'no',
      'day=1/manifest': '{}',
      'day=1/part_manifest': '{}',
      'day=1/marker/': '',
      'day=2/e.csv': 'id,origin\n4,e\n',
    });
    const spec = { object: 'sales.listed', operation: 'upsert', duplicateKeys: 'keepLast' } as const;
    const report = await on.write(spec, { file: 's3://acme-landing/day=1/' });
    expect(report.rows).to.include({ read: 3, loaded: 2, deduplicated: 1 });
    expect(await on.rows('SELECT id, origin FROM sales.listed ORDER BY id')).to.deep.equal([
      ['1', 'b'],
      ['2', 'c'],
    ]);
  });

  it('are found by a manifest, and held against it', async () => {
    await on.table('manifested', 'id INTEGER');
    await put({ 'man/0000_part_00': 'id\n1\n', 'man/0001_part_00': 'id\n2\n3\n' });
    const entry = (name: string, content_length: number, record_count: number) => ({
      url: `s3://acme-landing/man/${name}`,
      meta: { content_length, record_count },
    });
    const entries = [entry('0000_part_00', 5, 1), entry('0001_part_00', 7, 2)];
    await put({ 'man/manifest': JSON.stringify({ entries }) });
    const input = { file: 's3://acme-landing/man/manifest', format: 'csv' } as const;
    expect((await on.write({ object: 'sales.manifested' }, input)).rows.loaded).to.equal(3);
    await put({
      'man/ours/_manifest.json': JSON.stringify({
        rows: 1,
        files: [{ file: 's3://acme-landing/man/0000_part_00', rows: 1, bytes: 5 }],
      }),
      'man/rows_manifest': JSON.stringify({ entries: [entry('0000_part_00', 5, 9)] }),
      'man/bytes_manifest': JSON.stringify({ entries: [entry('0000_part_00', 6, 1)] }),
      'man/broken_manifest': '{"entries":[{"url":"s3://acme-landing/x"',
      'man/away_manifest': '{"entries":[{"url":"http://example.com/x"}]}',
    });
    const ours = { file: 's3://acme-landing/man/ours/_manifest.json', format: 'csv' } as const;
    expect((await on.write({ object: 'sales.manifested' }, ours)).rows.loaded).to.equal(1);
    for (const [name, code, words] of [
      ['rows', 'RS_COUNT_MISMATCH', 'has 1 rows, and its manifest says 9'],
      ['bytes', 'RS_INPUT_INVALID', 'has 5 bytes, and the manifest says 6'],
      ['broken', 'RS_INPUT_INVALID', 'it lists no files'],
      ['away', 'RS_INPUT_INVALID', 'an entry is no object of S3'],
    ] as const) {
      const given = { file: `s3://acme-landing/man/${name}_manifest`, format: 'csv' } as const;
      const error = await on.refusal({ object: 'sales.manifested' }, given);
      expect([error.code, error.message]).to.satisfy(([was, told]: string[]) => was === code && told?.includes(words));
    }
  });

  it('are skipped by their ETag when they were loaded before', async () => {
    await on.table('etags', 'id INTEGER');
    const spec = { object: 'sales.etags', skipLoadedFiles: true } as const;
    const input = { file: 's3://acme-landing/etag/' };
    await put({ 'etag/a.csv': 'id\n1\n', 'etag/b.csv': 'id\n2\n3\n' });
    expect((await on.write(spec, input)).rows).to.include({ read: 3, loaded: 3 });
    await put({ 'etag/b.csv': 'id\n4\n', 'etag/c.csv': 'id\n5\n' });
    expect((await on.write(spec, input)).rows).to.include({ read: 3, loaded: 2, skipped: 1 });
    await put({ 'etag/c.csv': 'id\n5\n' }); // the same content is the same object
    expect((await on.write(spec, input)).rows).to.include({ read: 3, loaded: 0, skipped: 3 });
  });

  it('are found in another region, and refused where another account owns the bucket', async () => {
    await on.table('far', 'id INTEGER');
    await put({ 'x.csv': 'id\n1\n' }, 'acme-far');
    const input = { file: 's3://acme-far/x.csv' };
    const [account] = on.world.world.accounts;
    expect((await on.write({ object: 'sales.far', sourceBucketOwner: account?.id ?? '' }, input)).rows.loaded).to.equal(
      1,
    );
    const error = await on.refusal({ object: 'sales.far', sourceBucketOwner: '999999999999' }, input);
    expect(error.code).to.equal('RS_STAGING_DENIED');
    expect((await on.refusal({ object: 'sales.far', sourceBucketOwner: 'me' }, input)).code).to.equal(
      'RS_CONFIG_INVALID',
    );
  });

  for (const { title, file, code, words } of [
    {
      title: 'a key that is not there',
      file: 's3://acme-landing/nope.csv',
      code: 'RS_CONFIG_OBJECT_MISSING',
      words: 's3://acme-landing/nope.csv does not exist',
    },
    {
      title: 'a folder with nothing in it',
      file: 's3://acme-landing/nope/',
      code: 'RS_CONFIG_OBJECT_MISSING',
      words: 'There are no files at',
    },
    {
      title: 'a bucket that is not there',
      file: 's3://acme-nowhere/a.csv',
      code: 'RS_CONFIG_OBJECT_MISSING',
      words: 'does not exist',
    },
    {
      title: 'a bucket that may not be read',
      file: 's3://acme-secret/a.csv',
      code: 'RS_STAGING_DENIED',
      words: 'S3 refused',
    },
    { title: 'an empty object', file: 's3://acme-landing/bad/empty.csv', code: 'RS_INPUT_INVALID', words: 'is empty' },
    {
      title: 'an object that tells no format',
      file: 's3://acme-landing/bad/data',
      code: 'RS_INPUT_INVALID',
      words: 'cannot be told by its name',
    },
    {
      title: 'an object that is no Parquet',
      file: 's3://acme-landing/bad/no.parquet',
      code: 'RS_INPUT_INVALID',
      words: 'not a whole Parquet file',
    },
    { title: 'no address', file: 's3://', code: 'RS_CONFIG_INVALID', words: 'is no address of objects' },
    {
      title: 'a bucket alone',
      file: 's3://acme-landing',
      code: 'RS_CONFIG_INVALID',
      words: 'is no address of objects',
    },
  ]) {
    it(`refuses ${title}`, async () => {
      await put({ 'bad/empty.csv': '', 'bad/data': 'id\n1\n', 'bad/no.parquet': 'id\n1\n' });
      const error = await on.refusal({ object: 'sales.beside' }, { file });
      expect([error.code, error.message.includes(words)], error.message).to.deep.equal([code, true]);
    });
  }

  it('refuses an object larger than may lie in the work directory', async () => {
    await put({ 'large.csv': Buffer.alloc(1024 * 1024 + 1, 'id\n') });
    const error = await on.refusal({ object: 'sales.beside', spoolMib: 1 }, { file: 's3://acme-landing/large.csv' });
    expect([error.code, error.issues[0]?.path]).to.deep.equal(['RS_CONFIG_INVALID', 'spoolMib']);
  });

  it('refuses an object that changes or goes while the ones before it are read', async () => {
    await on.table('moving_target', 'id INTEGER');
    for (const [name, strike, words] of [
      ['changed', () => put({ 'late/b.csv': 'id\n9\n' }), 'changed while it was being read'],
      ['gone', () => client.send(new DeleteObjectCommand({ Bucket: 'acme-landing', Key: 'late/b.csv' })), 'is gone'],
    ] as const) {
      await put({ 'late/a.csv': 'id\n1\n', 'late/b.csv': 'id\n2\n' });
      // The list is made, and then the second object becomes another one.
      await on.world.faults({ on: 's3:GetObject', matching: 'late/a.csv', effect: { kind: 'delay', ms: 800 } });
      const lists = (await on.world.calls('s3:ListObjectsV2')).length;
      const writing = on.refusal({ object: 'sales.moving_target' }, { file: 's3://acme-landing/late/' });
      while ((await on.world.calls('s3:ListObjectsV2')).length === lists) await setTimeout(20);
      await strike();
      const error = await writing;
      expect([name, error.code, error.message.includes(words)], error.message).to.deep.equal([
        name,
        'RS_INPUT_INVALID',
        true,
      ]);
      await on.world.clearFaults();
    }
    expect(await on.rows('SELECT COUNT(*) FROM sales.moving_target')).to.deep.equal([['0']]);
  });
});
