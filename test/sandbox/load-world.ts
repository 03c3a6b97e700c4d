import { readFileSync } from 'node:fs';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import pg from 'pg';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';

const ACCOUNT = '111122223333';
const PASSWORD = 'Loader-Passw0rd';
const KEYS = { id: 'AKIASANDBOXSTAGER001', secret: 'sandbox+stager+not+a+real+secret+00001' };

/** Roles of the world that COPY may be told to use. */
export const ROLES = {
  copy: `arn:aws:iam::${ACCOUNT}:role/WarehouseCopy`,
  reader: `arn:aws:iam::${ACCOUNT}:role/Reader`,
  notAttached: `arn:aws:iam::${ACCOUNT}:role/NotAttached`,
  distrustful: `arn:aws:iam::${ACCOUNT}:role/Distrustful`,
  first: `arn:aws:iam::${ACCOUNT}:role/First`,
  second: `arn:aws:iam::${ACCOUNT}:role/Second`,
  onlyGuest: `arn:aws:iam::${ACCOUNT}:role/OnlyGuest`,
};
/** Keys of a user who may do all at S3, and look at the cluster. */
export const STAGER = { accessKeyId: KEYS.id, secretAccessKey: KEYS.secret };
export const KEY_CREDENTIALS = `aws_access_key_id=${KEYS.id};aws_secret_access_key=${KEYS.secret}`;

function policy(actions: string[], resources: string[]) {
  return { Version: '2012-10-17', Statement: [{ Effect: 'Allow' as const, Action: actions, Resource: resources }] };
}

function trust(principal: { readonly Service?: string; readonly AWS?: string }) {
  return {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow' as const, Principal: principal, Action: 'sts:AssumeRole' }],
  };
}

function trustOfUser(user: string) {
  const [statement] = trust({ Service: 'redshift.amazonaws.com' }).Statement;
  const arn = `arn:aws:redshift:us-east-1:${ACCOUNT}:dbuser:warehouse/${user}`;
  return {
    Version: '2012-10-17',
    Statement: [{ ...statement!, Condition: { StringEquals: { 'sts:ExternalId': [arn] } } }],
  };
}

const REDSHIFT = trust({ Service: 'redshift.amazonaws.com' });
const BUCKETS = ['arn:aws:s3:::acme-staging', 'arn:aws:s3:::acme-staging/*'];

/** A world with a database user, a bucket elsewhere and roles of every kind. */
export interface LoadWorld extends AsyncDisposable {
  readonly world: TestWorld;
  readonly client: pg.Client;
  /** Notices since the last look. */
  notices(): string[];
  query(sql: string): Promise<(string | null)[][]>;
  /** The message of the refusal, its state and detail. */
  refusal(sql: string): Promise<{ readonly code: string; readonly message: string; readonly detail: string }>;
  put(key: string, body: string | Buffer, bucket?: string): Promise<void>;
  list(prefix: string): Promise<Record<string, number>>;
  get(key: string): Promise<Buffer>;
  connect(user?: string): Promise<pg.Client>;
}

export async function openLoadWorld(): Promise<LoadWorld> {
  const world = await openWorld(
    standardWorld((draft, account, cluster) => {
      account.users!.push({
        name: 'stager',
        accessKeys: [KEYS],
        policies: [policy(['s3:*', 'redshift:DescribeClusters'], ['*'])],
      });
      account.roles!.push(
        { name: 'Reader', trust: REDSHIFT, policies: [policy(['s3:GetObject', 's3:ListBucket'], BUCKETS)] },
        { name: 'NotAttached', trust: REDSHIFT, policies: [policy(['s3:*'], ['*'])] },
        { name: 'OnlyGuest', trust: trustOfUser('guest'), policies: [policy(['s3:*'], ['*'])] },
        { name: 'Distrustful', trust: trust({ Service: 'ec2.amazonaws.com' }) },
        { name: 'First', trust: REDSHIFT, policies: [policy(['sts:AssumeRole'], [ROLES.second])] },
        { name: 'Second', trust: trust({ AWS: ROLES.first }), policies: [policy(['s3:*'], ['*'])] },
      );
      account.buckets!.push({ name: 'acme-elsewhere', region: 'eu-west-1' });
      cluster.iamRoles!.push(ROLES.reader, ROLES.distrustful, ROLES.first, ROLES.onlyGuest);
      cluster.users!.push(
        { name: 'loader', password: PASSWORD, superuser: true },
        { name: 'guest', password: PASSWORD },
      );
      draft.name = 'load';
    }),
  );
  const cluster = world.clusters['warehouse']!;
  const connect = async (user = 'loader'): Promise<pg.Client> => {
    const client = new pg.Client({
      host: cluster.host,
      port: cluster.port,
      user,
      password: PASSWORD,
      database: 'dev',
      ssl: { ca: readFileSync(cluster.caFile, 'utf8') },
    });
    await client.connect();
    return client;
  };
  const client = await connect();
  const heard: string[] = [];
  client.on('notice', ({ message }) => heard.push(message ?? ''));
  const s3 = new S3Client({
    endpoint: world.awsEndpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: KEYS.id, secretAccessKey: KEYS.secret },
  });
  const elsewhere = new S3Client({
    endpoint: world.awsEndpoint,
    region: 'eu-west-1',
    forcePathStyle: true,
    credentials: { accessKeyId: KEYS.id, secretAccessKey: KEYS.secret },
  });
  return {
    world,
    client,
    connect,
    notices: () => heard.splice(0),
    query: async (text) => {
      const { rows } = await client.query({ text, rowMode: 'array', types: { getTypeParser: () => String } });
      return rows as (string | null)[][];
    },
    refusal: async (sql) => {
      try {
        await client.query(sql);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        return { code: error.code ?? '', message: error.message, detail: error.detail ?? '' };
      }
      throw new Error(`Accepted: ${sql}`);
    },
    put: async (key, body, bucket = 'acme-staging') => {
      const to = bucket === 'acme-elsewhere' ? elsewhere : s3;
      await to.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));
    },
    list: async (prefix) => {
      const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'acme-staging', Prefix: prefix }));
      return Object.fromEntries(Contents.map(({ Key = '', Size = 0 }) => [Key.slice(prefix.length), Size]));
    },
    get: async (key) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'acme-staging', Key: key }));
      return Buffer.from(await Body!.transformToByteArray());
    },
    [Symbol.asyncDispose]: async () => {
      await client.end();
      s3.destroy();
      elsewhere.destroy();
      await world[Symbol.asyncDispose]();
    },
  };
}
