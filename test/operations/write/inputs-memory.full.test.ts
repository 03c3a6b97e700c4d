import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { columnFromArray, int32, tableFromColumns, tableToIPC, utf8 } from '@uwdata/flechette';
import { expect } from 'chai';
import { peakOf } from '../../peak-memory.ts';
import { openWriteWorld, type WriteWorld } from './write-world.ts';

const LIMIT_BYTES = 400 * 1024 * 1024;
const WRITER = { accessKeyId: 'AKIALANDING000000001', secretAccessKey: 'landing+not+a+real+secret+000000000000001' };
const BLOCK_ROWS = 20_000;
const NOTE = 'x'.repeat(400);

describe('write: memory stays flat, whatever the rows come from', () => {
  let on: WriteWorld;
  let client: S3Client;
  let folder: string;
  before(async () => {
    on = await openWriteWorld((_world, account) => {
      const allow = (Action: string, Resource: string) => ({
        Version: '2012-10-17' as const,
        Statement: [{ Effect: 'Allow' as const, Action, Resource }],
      });
      const accessKeys = [{ id: WRITER.accessKeyId, secret: WRITER.secretAccessKey }];
      account.users?.push({ name: 'landing', accessKeys, policies: [allow('s3:*', '*')] });
      account.buckets?.push({ name: 'acme-landing' });
      account.roles
        ?.find(({ name }) => name === 'RedshiftLogin')
        ?.policies?.push(allow('s3:*', 'arn:aws:s3:::acme-landing*'));
    });
    folder = await mkdtemp(join(tmpdir(), 'inputs-memory-'));
    client = new S3Client({
      region: 'us-east-1',
      endpoint: on.world.awsEndpoint,
      forcePathStyle: true,
      credentials: WRITER,
    });
  });
  after(async () => {
    client.destroy();
    await on[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const block = (number: number): string =>
    Array.from({ length: BLOCK_ROWS }, (_, index) => `${number * BLOCK_ROWS + index},${NOTE}\n`).join('');

  it('loads 800 MB of CSV out of 100 objects', async () => {
    await on.table('of_objects', 'id INTEGER, note VARCHAR(400)');
    for (let number = 0; number < 100; number += 1) {
      const Body = Buffer.from(`id,note\n${block(number)}`);
      const Key = `many/${String(number).padStart(3, '0')}.csv`;
      await client.send(new PutObjectCommand({ Bucket: 'acme-landing', Key, Body }));
    }
    const peak = await peakOf(async () => {
      const report = await on.write({ object: 'sales.of_objects' }, { file: 's3://acme-landing/many/' });
      expect(report.rows.loaded).to.equal(100 * BLOCK_ROWS);
    });
    tell('100 objects', peak);
    expect(peak).to.be.lessThan(LIMIT_BYTES);
  });

  it('loads 800 MB of CSV as a stream', async () => {
    await on.table('of_stream', 'id INTEGER, note VARCHAR(400)');
    async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
      yield Buffer.from('id,note\n');
      const rows = Buffer.from(block(0)); // one for all: what the test makes is not to be measured
      for (let number = 0; number < 100; number += 1) yield rows;
    }
    const peak = await peakOf(async () => {
      const report = await on.write({ object: 'sales.of_stream' }, { file: bytes(), format: 'csv' });
      expect(report.rows.loaded).to.equal(100 * BLOCK_ROWS);
    });
    tell('a stream of CSV', peak);
    expect(peak).to.be.lessThan(LIMIT_BYTES);
  });

  it('loads 400 MB of Arrow as a stream', async () => {
    await on.table('of_arrow', 'id INTEGER, note VARCHAR(400)');
    const note = columnFromArray(
      Array.from({ length: BLOCK_ROWS }, () => NOTE),
      utf8(),
    );
    const id = columnFromArray(
      Array.from({ length: BLOCK_ROWS }, (_, index) => index),
      int32(),
    );
    const one = Buffer.from(tableToIPC(tableFromColumns({ id, note }), { format: 'stream' })!);
    const schemaBytes = 8 + one.readInt32LE(4);
    async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
      yield one.subarray(0, schemaBytes);
      for (let number = 0; number < 50; number += 1) yield one.subarray(schemaBytes, -8);
      yield one.subarray(-8);
    }
    const peak = await peakOf(async () => {
      const report = await on.write({ object: 'sales.of_arrow' }, { file: bytes(), format: 'arrow' });
      expect(report.rows.loaded).to.equal(50 * BLOCK_ROWS);
    });
    tell('a stream of Arrow', peak);
    expect(peak).to.be.lessThan(LIMIT_BYTES);
  });

  function tell(what: string, peak: number): void {
    console.log(`      ${what}: peak ${Math.round(peak / 1024 / 1024)} MB`);
  }
});
