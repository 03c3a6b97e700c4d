import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, HeadObjectCommand, ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { ConnectorError } from '../../../src/core/errors.ts';
import { openRun } from '../../../src/core/run.ts';
import type { FileDestination } from '../../../src/operations/export/file-destination.ts';
import { readToFiles } from '../../../src/operations/export/read-to-files.ts';
import { read } from '../../../src/operations/read/read.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

/** More than one part of 8 MiB as text. */
const ROWS = 75_000;

describe('a read to files that meets trouble', () => {
  let reading: ReadWorld;
  let folder: string;
  let s3: S3Client;

  before(async function () {
    this.timeout(90_000);
    reading = await openReadWorld();
    await reading.table(
      'many',
      'id integer, day date, note varchar(160)',
      `SELECT n, '2024-02-29', repeat(md5(n::text), 4) FROM generate_series(1, ${ROWS}) AS n`,
    );
    await reading.table('few', 'id integer', 'SELECT n FROM generate_series(1, 3) AS n');
    s3 = new S3Client({
      region: 'us-east-1',
      endpoint: reading.world.awsEndpoint,
      forcePathStyle: true,
      credentials: {
        accessKeyId: 'AKIAAUDITOR000000002',
        secretAccessKey: 'auditor+not+a+real+secret+000000000000002',
      },
    });
  });
  after(async () => {
    s3?.destroy();
    await reading?.[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-files-'));
  });
  afterEach(async () => {
    await reading.world.clearFaults();
    await rm(folder, { recursive: true });
  });

  const save = (spec: ReadSpec, destination: FileDestination) =>
    readToFiles(reading.connection, spec, destination, reading.run());

  async function refusal(spec: ReadSpec, destination: FileDestination): Promise<ConnectorError> {
    const outcome: unknown = await save(spec, destination).catch((error: unknown) => error);
    if (outcome instanceof ConnectorError) return outcome;
    throw new Error('expected a ConnectorError', { cause: outcome });
  }

  const exported = async (): Promise<readonly string[]> =>
    (await reading.leftovers()).filter((key) => key.startsWith('roleshift/out/'));
  const sizeOf = async (Key: string): Promise<number | undefined> =>
    (await s3.send(new HeadObjectCommand({ Bucket: 'acme-staging', Key }))).ContentLength;
  const uploads = async (): Promise<number> =>
    ((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'acme-staging' }))).Uploads ?? []).length;
  const unloads = async (): Promise<number> =>
    (await reading.world.statements()).filter(({ text }) => text?.startsWith('UNLOAD')).length;

  describe('in S3', () => {
    const to = 's3://acme-staging/roleshift/out/all.jsonl';
    afterEach(async () => {
      await s3.send(new DeleteObjectCommand({ Bucket: 'acme-staging', Key: 'roleshift/out/all.jsonl' }));
    });
    const spec: ReadSpec = { object: 'many', mode: 'staged' };

    it('leaves neither object nor parts when it is stopped in the middle of an upload', async () => {
      const stop = new AbortController();
      const reason = new Error('enough');
      const run = openRun({
        clock: reading.world.clock,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'progress' && event.phase === 'export' && (event.bytes ?? 0) > 9e6) stop.abort(reason);
        },
      });
      const outcome = await readToFiles(reading.connection, spec, { to }, run).catch((error: unknown) => error);
      expect(outcome).to.equal(reason);
      expect(await reading.leftovers()).to.deep.equal([]);
      expect(await uploads()).to.equal(0);
    });

    it('leaves neither object nor parts when a part is refused', async () => {
      await reading.world.faults({
        on: 's3:UploadPart',
        matching: 'out/all.jsonl',
        after: 1,
        times: 'always',
        effect: { kind: 'error', status: 403, code: 'AccessDenied' },
      });
      expect((await refusal(spec, { to })).code).to.equal('RS_STAGING_DENIED');
      expect(await reading.leftovers()).to.deep.equal([]);
      expect(await uploads()).to.equal(0);
    });

    it('takes one key as one object, of several parts where it is large; it is replaced only when that is asked for', async () => {
      const first = await save(spec, { to, checksums: true });
      expect(first.files).to.have.length(1);
      expect(first.files[0]).to.include({ file: to, rows: ROWS });
      expect((await refusal(spec, { to })).message).to.contain('already');
      const broken = await refusal({ query: 'select 1/(id-2) as x from few', mode: 'direct' }, { to, replace: true });
      expect(broken.code).to.equal('RS_SQL_USER_FAILED');
      const differs: ReadSpec = { query: 'select random() as x, id from few', mode: 'staged', verify: true };
      expect((await refusal(differs, { to, replace: true })).code).to.equal('RS_COUNT_MISMATCH');
      expect(await sizeOf('roleshift/out/all.jsonl')).to.equal(first.bytes);
      expect(await exported()).to.deep.equal(['roleshift/out/all.jsonl']);
      const second = await save({ object: 'few' }, { to, replace: true });
      expect(second.rows).to.equal(3);
      expect(await exported()).to.deep.equal(['roleshift/out/all.jsonl']);
    });
  });

  describe('on the local disk', () => {
    for (const { title, path, says } of [
      {
        title: 'a folder that is not there',
        path: () => join(folder, 'none/out.csv'),
        says: /there is no such folder/,
      },
      { title: 'a folder in which nothing can be made', path: () => '/proc/out.csv', says: /takes no new file/ },
      { title: 'a folder in the place of the file', path: () => folder, says: /it is a folder/ },
    ]) {
      it(`refuses ${title} before anything is asked`, async () => {
        const before = (await reading.world.statements()).length;
        const failure = await refusal({ object: 'few' }, { to: path(), format: 'csv' });
        expect(failure.code).to.equal('RS_CONFIG_INVALID');
        expect(failure.message).to.match(says);
        expect((await reading.world.statements()).length).to.equal(before);
      });
    }

    for (const format of ['parquet', 'jsonl'] as const) {
      it(`tells a full disk, ${format}`, async () => {
        const failure = await refusal({ object: 'many', mode: 'staged' }, { to: '/dev/full', format });
        expect(failure.message).to.match(/the disk is full/);
        expect(await reading.leftovers()).to.deep.equal([]);
      });
    }

    it('keeps a file that came meanwhile', async () => {
      const to = join(folder, 'out.csv');
      const run = openRun({
        clock: reading.world.clock,
        onEvent: (event) => {
          if (event.type === 'progress' && event.phase === 'export') void writeFile(to, 'of somebody else');
        },
      });
      const spec: ReadSpec = { object: 'many', mode: 'staged' };
      const outcome = await readToFiles(reading.connection, spec, { to }, run).catch((error: unknown) => error);
      expect(outcome).to.have.property('code', 'RS_CONFIG_INVALID');
      expect(await readFile(to, 'utf8')).to.equal('of somebody else');
      expect(await readdir(folder)).to.deep.equal(['out.csv']);
    });

    it('leaves none of several files where one of them came meanwhile', async () => {
      const run = openRun({
        clock: reading.world.clock,
        onEvent: (event) => {
          if (event.type === 'progress' && event.phase === 'export') void writeFile(join(folder, 'out-00002.csv'), '');
        },
      });
      const spec: ReadSpec = { object: 'few', mode: 'direct' };
      const destination = { to: join(folder, 'out.csv'), splitRows: 1 };
      const outcome = await readToFiles(reading.connection, spec, destination, run).catch((error: unknown) => error);
      expect(outcome).to.have.property('code', 'RS_CONFIG_INVALID');
      expect(await readdir(folder)).to.deep.equal(['out-00002.csv']);
    });
  });

  it('gives everything back when what an earlier attempt unloaded does not fit the file', async () => {
    const run = () => openRun({ clock: reading.world.clock, runId: 'fits-not' });
    const spec: ReadSpec = { query: 'select id as a, note as a from many', mode: 'staged', resumable: true };
    for await (const batch of read(reading.connection, spec, run())) if (batch.rowCount > 0) break;
    const kept = await readdir(reading.connection.workDirectory);
    expect(kept.join()).to.match(/^roleshift-resume-[0-9a-f]+\.json$/);
    const to = join(folder, 'out.parquet');
    const outcome = await readToFiles(reading.connection, spec, { to }, run()).catch((error: unknown) => error);
    expect(outcome).to.have.property('code', 'RS_CONFIG_INVALID');
    expect(await readdir(reading.connection.workDirectory)).to.deep.equal(kept);
    await readToFiles(reading.connection, spec, { to: join(folder, 'out.csv') }, run());
    expect(await reading.leftovers()).to.deep.equal([]);
  });

  describe('with columns that a file cannot hold', () => {
    for (const mode of ['direct', 'staged'] as const) {
      for (const format of ['parquet', 'jsonl'] as const) {
        it(`refuses two of one name before the rows are asked for: ${format}, ${mode}`, async () => {
          const before = await unloads();
          const failure = await refusal({ query: 'select 1 as a, 2 as a', mode }, { to: join(folder, 'out'), format });
          expect(failure.message).to.contain('"a"');
          expect(await unloads()).to.equal(before);
          expect(await readdir(folder)).to.deep.equal([]);
        });
      }
    }
  });
});
