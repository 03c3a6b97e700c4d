import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { DeleteObjectCommand, HeadObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import type { ConnectorEvent } from '../../src/core/events.ts';
import { openRun } from '../../src/core/run.ts';
import { Secret } from '../../src/core/secret.ts';
import type { StagingCredentials } from '../../src/staging/credentials.ts';
import { StagingArea } from '../../src/staging/staging-area.ts';
import type { StagingPlan } from '../../src/staging/staging-plan.ts';
import { rejectionOf } from '../failure.ts';
import { openWorld, type TestWorld } from '../harness.ts';

const MIB = 1024 * 1024;
const ACCOUNT = '111122223333';
const allow = (Action: string | string[], Resource: string | string[]) => ({
  Effect: 'Allow' as const,
  Action,
  Resource,
});

const WORLD = {
  region: 'us-east-1',
  accounts: [
    {
      id: ACCOUNT,
      users: [
        {
          name: 'stager',
          accessKeys: [{ id: 'AKIASTAGER0000000001', secret: 'stager-secret-stager-secret-stager-secret' }],
          policies: [
            { Version: '2012-10-17', Statement: [allow('s3:*', ['arn:aws:s3:::acme-*', 'arn:aws:s3:::acme-*/*'])] },
          ],
        },
        {
          name: 'reader',
          accessKeys: [{ id: 'AKIAREADER0000000001', secret: 'reader-secret-reader-secret-reader-secret' }],
          policies: [{ Version: '2012-10-17', Statement: [allow('s3:ListBucket', 'arn:aws:s3:::acme-*')] }],
        },
        {
          name: 'nobody',
          accessKeys: [{ id: 'AKIANOBODY0000000001', secret: 'nobody-secret-nobody-secret-nobody-secret' }],
        },
      ],
      kmsKeys: [
        {
          id: 'k',
          policy: {
            Version: '2012-10-17',
            Statement: [{ ...allow('kms:*', '*'), Principal: { AWS: `arn:aws:iam::${ACCOUNT}:user/stager` } }],
          },
        },
      ],
      buckets: [{ name: 'acme-staging' }, { name: 'acme-elsewhere', region: 'eu-west-1' }],
    },
  ],
};

const STAGER = {
  accessKeyId: 'AKIASTAGER0000000001',
  secretAccessKey: new Secret('stager-secret-stager-secret-stager-secret'),
};
const READER = {
  accessKeyId: 'AKIAREADER0000000001',
  secretAccessKey: new Secret('reader-secret-reader-secret-reader-secret'),
};
const NOBODY = {
  accessKeyId: 'AKIANOBODY0000000001',
  secretAccessKey: new Secret('nobody-secret-nobody-secret-nobody-secret'),
};

describe('the staging area', () => {
  let sandbox: TestWorld;
  let client: S3Client;
  before(async () => {
    sandbox = await openWorld(WORLD, { databases: false });
    const { accessKeyId, secretAccessKey } = STAGER;
    client = new S3Client({
      region: 'us-east-1',
      endpoint: sandbox.awsEndpoint,
      forcePathStyle: true,
      credentials: { accessKeyId, secretAccessKey: secretAccessKey.reveal() },
    });
  });
  after(async () => {
    client.destroy();
    await sandbox[Symbol.asyncDispose]();
  });
  afterEach(() => sandbox.clearFaults());

  function setUp(
    plan: Partial<StagingPlan> = {},
    credentials: StagingCredentials = STAGER,
    controller = new AbortController(),
  ) {
    const events: ConnectorEvent[] = [];
    const run = openRun({ runId: 'r', signal: controller.signal, onEvent: (event) => events.push(event) });
    const full: StagingPlan = {
      bucket: 'acme-staging',
      prefix: 'roleshift/',
      region: 'us-east-1',
      partition: 'aws',
      endpoint: sandbox.awsEndpoint,
      expectedOwner: ACCOUNT,
      timeoutMs: 2000,
      ...plan,
    };
    return { events, controller, open: () => StagingArea.open(full, { staging: async () => credentials }, run) };
  }

  /** Everything in the bucket, asked by a client of our own. */
  async function inBucket(): Promise<string[]> {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: 'acme-staging' }));
    return Contents.map(({ Key = '' }) => Key);
  }

  async function emptyBucket(): Promise<void> {
    for (const Key of await inBucket()) await client.send(new DeleteObjectCommand({ Bucket: 'acme-staging', Key }));
  }

  async function callsOf(action: string): Promise<number> {
    return (await sandbox.calls(`s3:${action}`)).length;
  }

  async function* pieces(whole: Buffer, size = 1_000_003): AsyncGenerator<Buffer> {
    for (let start = 0; start < whole.length; start += size) yield whole.subarray(start, start + size);
  }

  async function refusal(work: Promise<unknown>): Promise<ConnectorError> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof ConnectorError) return error;
    throw new Error('expected a ConnectorError', { cause: error });
  }

  it('reads a small object whole, though its bytes break off', async () => {
    const { open } = setUp();
    const area = await open();
    await area.put('small', pieces(Buffer.from('0123456789')));
    await sandbox.faults({ on: 's3:GetObject', times: 2, effect: { kind: 'drop', when: 'midway' } });
    expect(String(await area.read('small'))).to.equal('0123456789');
    await sandbox.faults({ on: 's3:GetObject', times: 'always', effect: { kind: 'drop', when: 'midway' } });
    expect((await rejectionOf(area.read('small'))).code).to.equal('RS_CONN_UNREACHABLE');
    await sandbox.clearFaults();
    await area.close();
  });

  it('takes a call that is never answered for one attempt of several, and asks again', async () => {
    const { open } = setUp({ timeoutMs: 150 });
    await sandbox.faults(
      { on: 's3:HeadBucket', effect: { kind: 'silence' } },
      { on: 's3:PutObject', effect: { kind: 'silence', when: 'after' } },
      { on: 's3:ListObjectsV2', effect: { kind: 'silence' } },
      { on: 's3:DeleteObjects', effect: { kind: 'silence', when: 'after' } },
    );
    const area = await open();
    await area.verify();
    expect(await area.close()).to.equal(true);
    expect((await sandbox.points()).filter(({ struck }) => struck === 'silence')).to.have.length(4);
    expect(await inBucket()).to.deep.equal([]);
  });

  it('works in a random folder below the prefix and lists what it put there', async () => {
    await using area = await setUp().open();
    const file = await area.put('a.txt', pieces(Buffer.from('0123456789')));
    expect(file).to.deep.equal({ name: 'a.txt', url: `s3://acme-staging/${area.folder}a.txt`, bytes: 10 });
    expect(area.folder).to.match(/^roleshift\/run-\d{4}-\d\d-\d\d-[0-9a-f]{24}\/$/);
    const names: string[] = [];
    for await (const { name } of area.list()) names.push(name);
    expect(names).to.deep.equal(['a.txt']);
  });

  for (const size of [0, 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 24 * MIB, 25 * MIB + 7]) {
    it(`streams ${size} bytes in and out unchanged`, async () => {
      await using area = await setUp().open();
      const sent = randomBytes(size);
      let told = 0;
      const file = await area.put('x', pieces(sent), (count) => {
        told += count;
      });
      expect([file.bytes, told]).to.deep.equal([size, size]);
      expect((await buffer(await area.open('x'))).equals(sent)).to.equal(true);
    });
  }

  it('uploads local files and reads ranges', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'staging-test-'));
    try {
      await writeFile(join(folder, 'f'), 'abcdefghij');
      await using area = await setUp().open();
      await area.putFile('f', join(folder, 'f'));
      expect(await text(await area.open('f', { first: 2, last: 4 }))).to.equal('cde');
      expect([await area.size('f'), await area.size('absent')]).to.deep.equal([10, undefined]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('puts a manifest with its digest', async () => {
    await using area = await setUp().open();
    const file = await area.put('part', pieces(Buffer.from('x')));
    const manifest = await area.putManifest('manifest.json', [file]);
    expect(manifest.sha256).to.match(/^[0-9a-f]{64}$/);
    expect(JSON.parse(await text(await area.open('manifest.json')))).to.deep.equal({
      entries: [{ url: file.url, mandatory: true, meta: { content_length: 1 } }],
    });
  });

  it('holds a lease while it is open', async () => {
    await using area = await setUp().open();
    const lease = JSON.parse(await text(await area.open('_lease.json'))) as Record<string, string>;
    expect(lease).to.include({ kind: 'roleshift-lease', runId: 'r' });
    expect(Date.parse(lease['expiresAt'] ?? '')).to.be.greaterThan(Date.now());
  });

  it('deletes its folder on dispose, and nothing else', async () => {
    const kept = await setUp().open();
    await kept.put('mine', pieces(Buffer.from('x')));
    {
      await using area = await setUp().open();
      for (let number = 0; number < 5; number += 1) await area.put(`dir/${number}`, pieces(Buffer.from('x')));
    }
    expect(await inBucket()).to.have.members([`${kept.folder}mine`, `${kept.folder}_lease.json`]);
    await kept.close();
    expect(await inBucket()).to.deep.equal([]);
  });

  it('leaves its files when it is told to keep them', async () => {
    const area = await setUp().open();
    await area.put('x', pieces(Buffer.from('x')));
    area.keep();
    await area.close();
    expect(await inBucket()).to.include(`${area.folder}x`);
    await emptyBucket();
  });

  it('deletes its folder after an abort, part of an upload included', async () => {
    const { open, controller } = setUp();
    const area = await open();
    async function* endless() {
      for (let count = 0; ; count += 1) {
        if (count === 40) controller.abort(new Error('enough'));
        yield randomBytes(MIB);
      }
    }
    const failure = await area.put('big', endless()).catch((error: unknown) => error);
    expect(failure).to.have.property('message', 'enough');
    await area[Symbol.asyncDispose]();
    expect(await inBucket()).to.deep.equal([]);
    expect(await callsOf('AbortMultipartUpload')).to.be.greaterThan(0);
  });

  it('does not wait for a source that is silent when it is aborted', async () => {
    const { open, controller } = setUp();
    const area = await open();
    async function* silent() {
      yield randomBytes(9 * MIB);
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    }
    setTimeout(() => controller.abort(new Error('enough')), 100);
    const failure = await area.put('x', silent()).catch((error: unknown) => error);
    expect(failure).to.have.property('message', 'enough');
    await area[Symbol.asyncDispose]();
    expect(await inBucket()).to.deep.equal([]);
  });

  it('passes on the failure of a source, and leaves no upload open', async () => {
    const before = await callsOf('AbortMultipartUpload');
    await using area = await setUp().open();
    async function* broken() {
      yield randomBytes(20 * MIB);
      throw new Error('the source broke');
    }
    const failure = await area.put('x', broken()).catch((error: unknown) => error);
    expect(failure).to.have.property('message', 'the source broke');
    expect(await callsOf('AbortMultipartUpload')).to.equal(before + 1);
  });

  it('survives a moment of throttling', async () => {
    await sandbox.faults({ on: 's3:PutObject', times: 2, effect: { kind: 'throttle' } });
    await using area = await setUp().open();
    expect((await area.put('x', pieces(Buffer.from('x')))).bytes).to.equal(1);
  });

  it('says where files may be left when they cannot be deleted, and does not throw', async () => {
    const { open, events } = setUp();
    const area = await open();
    await sandbox.faults({ on: 's3:DeleteObjects', times: 100, effect: { kind: 'error', status: 403 } });
    expect(await area.close()).to.equal(false);
    expect(events.filter(({ type }) => type === 'warning')).to.deep.equal([
      { type: 'warning', code: 'STAGED_FILES_LEFT', message: `Staged files may be left below ${area.url()}` },
    ]);
    await sandbox.clearFaults();
    await emptyBucket();
  });

  for (const { title, plan, credentials, code, says } of [
    {
      title: 'a missing bucket',
      plan: { bucket: 'acme-missing' },
      credentials: STAGER,
      code: 'RS_CONFIG_OBJECT_MISSING',
      says: /no bucket "acme-missing"/,
    },
    {
      title: 'a bucket in another region, naming both',
      plan: { bucket: 'acme-elsewhere' },
      credentials: STAGER,
      code: 'RS_STAGING_REGION',
      says: /in region eu-west-1, not in us-east-1/,
    },
    {
      title: 'the lack of s3:ListBucket',
      plan: {},
      credentials: NOBODY,
      code: 'RS_STAGING_DENIED',
      says: /s3:ListBucket on arn:aws:s3:::acme-staging/,
    },
    {
      title: 'the lack of s3:PutObject',
      plan: {},
      credentials: READER,
      code: 'RS_STAGING_DENIED',
      says: /s3:PutObject on arn:aws:s3:::acme-staging\/roleshift\/run-/,
    },
    {
      title: "another owner's bucket",
      plan: { expectedOwner: '999999999999' },
      credentials: STAGER,
      code: 'RS_STAGING_DENIED',
      says: /does not belong to account 999999999999/,
    },
    {
      title: 'a wrong secret',
      plan: {},
      credentials: { ...STAGER, secretAccessKey: new Secret('wrong') },
      code: 'RS_AUTH_KEYS_INVALID',
      says: /s3:ListBucket/,
    },
    {
      title: 'an unknown key, though HEAD says no more than 403',
      plan: {},
      credentials: { ...STAGER, accessKeyId: 'AKIANOBODYATALL00000' },
      code: 'RS_AUTH_KEYS_INVALID',
      says: /s3:ListBucket/,
    },
  ]) {
    it(`tells ${title}`, async () => {
      const error = await refusal(setUp(plan, credentials).open());
      expect(error.code).to.equal(code);
      expect(error.message).to.match(says);
      expect(error.action).to.be.a('string');
    });
  }

  it('tells a token that has ended, though HEAD says no more than 400, as for a wrong region', async () => {
    const effect = { kind: 'error', status: 400, code: 'ExpiredToken' } as const;
    await sandbox.faults({ on: 's3:HeadBucket', effect }, { on: 's3:ListObjectsV2', effect });
    expect((await refusal(setUp().open())).code).to.equal('RS_AUTH_EXPIRED');
    await sandbox.faults({ on: 's3:HeadBucket', effect });
    expect((await refusal(setUp().open())).code).to.equal('RS_STAGING_REGION');
  });

  it('lets a failure of the credentials pass as it is', async () => {
    const denied = new ConnectorError('RS_AUTH_ROLE_DENIED', 'no');
    const plan = { bucket: 'acme-staging', prefix: 'p/', region: 'us-east-1', partition: 'aws', timeoutMs: 2000 };
    const access = { staging: () => Promise.reject(denied) };
    const error = await refusal(StagingArea.open({ ...plan, endpoint: sandbox.awsEndpoint }, access, openRun()));
    expect(error).to.equal(denied);
  });

  it('encrypts every object with the KMS key', async () => {
    const key = 'arn:aws:kms:us-east-1:111122223333:key/k';
    await using area = await setUp({ kmsKeyId: key }).open();
    const file = await area.put('small', pieces(Buffer.from('x')));
    await area.put('large', pieces(randomBytes(9 * MIB)));
    await area.putManifest('manifest.json', [file]);
    for (const name of ['small', 'large', 'manifest.json', '_lease.json']) {
      const head = await client.send(new HeadObjectCommand({ Bucket: 'acme-staging', Key: `${area.folder}${name}` }));
      expect([name, head.ServerSideEncryption, head.SSEKMSKeyId]).to.deep.equal([name, 'aws:kms', key]);
      expect(await area.keyOf(name)).to.equal(key);
    }
  });
});
