import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GetClusterCredentialsCommand, RedshiftClient } from '@aws-sdk/client-redshift';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import pg from 'pg';
import type { Place } from './protocol.ts';

/** The same world without roleshift: AWS SDK and driver, as one would by hand. */
export interface ByHand {
  readonly client: pg.Client;
  readonly s3: S3Client;
}

export async function openByHand({ connection }: Place): Promise<ByHand> {
  const text = (name: string): string => String(connection[name]);
  const region = text('region');
  const keys = { accessKeyId: text('accessKeyId'), secretAccessKey: text('secretAccessKey') };
  const credentials = fromTemporaryCredentials({
    params: { RoleArn: text('roleArn') },
    masterCredentials: keys,
    clientConfig: { region, endpoint: text('stsEndpoint') },
  });
  const redshift = new RedshiftClient({ region, endpoint: text('redshiftEndpoint'), credentials });
  const login = await redshift.send(
    new GetClusterCredentialsCommand({
      ClusterIdentifier: text('clusterIdentifier'),
      DbUser: text('username'),
      DbName: text('database'),
    }),
  );
  const client = new pg.Client({
    host: text('host'),
    port: Number(connection['port']),
    database: text('database'),
    user: login.DbUser,
    password: login.DbPassword,
    ssl: { ca: await readFile(text('caFile'), 'utf8') },
  });
  await client.connect();
  return {
    client,
    s3: new S3Client({ region, endpoint: text('s3Endpoint'), forcePathStyle: true, credentials }),
  };
}

const AT_ONCE = 4;

/** Runs the work for each item, a few at a time. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Keys below a prefix with their sizes; the manifest left out. */
export async function list(s3: S3Client, bucket: string, prefix: string): Promise<{ key: string; bytes: number }[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size })).filter(
    ({ key }) => !key.endsWith('manifest'),
  );
}

/** Fetches everything below a prefix into a folder; answers the paths and the bytes. */
export async function download(
  s3: S3Client,
  bucket: string,
  prefix: string,
  folder: string,
): Promise<{ readonly files: readonly string[]; readonly bytes: number }> {
  const found = await list(s3, bucket, prefix);
  await inParallel(found, async ({ key }) => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (!(Body instanceof Readable)) throw new TypeError('An object without a body');
    await pipeline(Body, createWriteStream(join(folder, basename(key))));
  });
  return {
    files: found.map(({ key }) => join(folder, basename(key))),
    bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

/** Sends local files below a prefix. */
export async function upload(s3: S3Client, bucket: string, prefix: string, files: readonly string[]): Promise<number> {
  let bytes = 0;
  await inParallel(files, async (file) => {
    const { size } = await stat(file);
    bytes += size;
    const body = createReadStream(file);
    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: prefix + basename(file), Body: body, ContentLength: size }),
    );
  });
  return bytes;
}
