import { readFileSync } from 'node:fs';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import pg from 'pg';
import type { PolicyStatement } from '../../src/sandbox/iam/policy.ts';
import type { World, WorldUser } from '../../src/sandbox/world.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { AWAY, allow, HOME, policy, refusalOf } from './aws-world.ts';

const keysOf = (name: string) => ({
  accessKeyId: `AKIA${name.toUpperCase().padEnd(16, '0')}`,
  secretAccessKey: `${name}/`.repeat(10).slice(0, 40),
});
const user = (name: string, ...kms: string[]): WorldUser => {
  const { accessKeyId: id, secretAccessKey: secret } = keysOf(name);
  const policies = [allow('s3:*'), ...(kms.length > 0 ? [allow(kms, `arn:aws:kms:us-east-1:*:key/*`)] : [])];
  return { name, accessKeys: [{ id, secret }], policies };
};
const key = (id: string, account = HOME) => `arn:aws:kms:us-east-1:${account}:key/${id}`;
const arnOf = (name: string, account = HOME) => `arn:aws:iam::${account}:user/${name}`;
const root: PolicyStatement = {
  Effect: 'Allow',
  Principal: { AWS: `arn:aws:iam::${HOME}:root` },
  Action: 'kms:*',
  Resource: '*',
};
const service = policy({ Effect: 'Allow', Principal: { Service: 'redshift.amazonaws.com' }, Action: 'sts:AssumeRole' });
const COPY_ROLE = `arn:aws:iam::${HOME}:role/Copy`;
const KMS_COPY_ROLE = `arn:aws:iam::${HOME}:role/KmsCopy`;
const PASSWORD = 'Loader-Passw0rd';

const WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        user('full', 'kms:GenerateDataKey', 'kms:Decrypt'),
        user('writer', 'kms:GenerateDataKey'),
        user('none'),
        user('named'),
      ],
      roles: [
        { name: 'Copy', trust: service, policies: [allow('s3:*')] },
        {
          name: 'KmsCopy',
          trust: service,
          policies: [allow('s3:*'), allow(['kms:GenerateDataKey', 'kms:Decrypt'], key('delegating'))],
        },
      ],
      kmsKeys: [
        { id: 'delegating', alias: 'staging', policy: policy(root) },
        { id: 'closed', policy: policy({ ...root, Principal: { AWS: arnOf('full') }, Action: 'kms:DescribeKey' }) },
        { id: 'naming', policy: policy({ ...root, Principal: { AWS: arnOf('named') } }) },
        { id: 'plain' },
        { id: 'elsewhere', region: 'eu-west-1' },
        {
          id: 'shared',
          policy: policy(root, { ...root, Principal: { AWS: `arn:aws:iam::${AWAY}:root` } }),
        },
      ],
      buckets: [
        { name: 'home-data' },
        { name: 'home-sealed', kmsKey: 'alias/staging' },
        { name: 'home-tokyo', region: 'ap-northeast-1' },
      ],
      clusters: [
        {
          id: 'warehouse',
          iamRoles: [COPY_ROLE, KMS_COPY_ROLE],
          users: [{ name: 'loader', password: PASSWORD, superuser: true }],
          databases: [{ name: 'dev', setup: 'CREATE TABLE t (n integer); GRANT ALL ON t TO loader' }],
        },
      ],
    },
    {
      id: AWAY,
      users: [user('guest', 'kms:GenerateDataKey', 'kms:Decrypt')],
      buckets: [
        {
          name: 'away-data',
          policy: policy({
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${HOME}:root` },
            Action: 's3:*',
            Resource: ['arn:aws:s3:::away-data', 'arn:aws:s3:::away-data/*'],
          }),
        },
      ],
    },
  ],
};

describe('KMS behind S3', () => {
  let world: TestWorld;
  let database: pg.Client;
  before(async function () {
    this.timeout(60_000);
    world = await openWorld(WORLD);
    const { host, port, caFile } = world.clusters['warehouse']!;
    database = new pg.Client({
      host,
      port,
      user: 'loader',
      password: PASSWORD,
      database: 'dev',
      ssl: { ca: readFileSync(caFile, 'utf8') },
    });
    await database.connect();
  });
  after(async () => {
    await database?.end();
    await world?.[Symbol.asyncDispose]();
  });

  const s3 = (name: string, region = 'us-east-1') =>
    new S3Client({
      region,
      endpoint: world.awsEndpoint,
      credentials: keysOf(name),
      forcePathStyle: true,
      maxAttempts: 1,
      followRegionRedirects: false,
    });
  const put = (name: string, SSEKMSKeyId?: string, rest: object = {}) =>
    s3(name).send(
      new PutObjectCommand({
        Bucket: 'home-data',
        Key: 'k',
        Body: 'x',
        ServerSideEncryption: 'aws:kms',
        ...(SSEKMSKeyId !== undefined && { SSEKMSKeyId }),
        ...rest,
      }),
    );
  const get = (name: string, Bucket = 'home-data', Key = 'k') => s3(name).send(new GetObjectCommand({ Bucket, Key }));

  describe('lets somebody write', () => {
    for (const [title, name, id, arn] of [
      ['whose policy allows it where the key leaves it to the account', 'writer', key('delegating'), key('delegating')],
      ['by the id of the key', 'writer', 'delegating', key('delegating')],
      ['by its alias', 'writer', 'alias/staging', key('delegating')],
      ['with a key that has no policy of its own', 'writer', key('plain'), key('plain')],
      ['whom the key itself names', 'named', key('naming'), key('naming')],
      ["with the account's own key for S3, without any right", 'none', undefined, undefined],
    ] as const) {
      it(title, async () => {
        const { ServerSideEncryption, SSEKMSKeyId } = await put(name, id);
        expect(ServerSideEncryption).to.equal('aws:kms');
        if (arn !== undefined) expect(SSEKMSKeyId).to.equal(arn);
        else expect(SSEKMSKeyId).to.match(new RegExp(`^arn:aws:kms:us-east-1:${HOME}:key/[0-9a-f-]{36}$`));
      });
    }
  });

  describe('refuses to write', () => {
    const sentence = (name: string, id: string, reason: string) =>
      `User: ${arnOf(name)} is not authorized to perform: kms:GenerateDataKey on resource: ${key(id)} because no ${reason} policy allows the kms:GenerateDataKey action`;
    for (const [title, name, id, reason] of [
      ['without a right of the identity', 'none', 'delegating', 'identity-based'],
      ['where the key does not leave it to the account', 'full', 'closed', 'resource-based'],
      ['whom the key does not name', 'full', 'naming', 'resource-based'],
    ] as const) {
      it(title, async () => {
        expect(await refusalOf(put(name, key(id)))).to.deep.equal({
          code: 'AccessDenied',
          status: 403,
          message: sentence(name, id, reason),
        });
      });
    }

    for (const [title, id] of [
      ['with a key that is not there', key('missing')],
      ['with a key of another region', 'arn:aws:kms:eu-west-1:111122223333:key/elsewhere'],
      ['with an alias that is nobody', 'alias/nobody'],
    ] as const) {
      it(title, async () => {
        expect(await refusalOf(put('full', id))).to.deep.include({ code: 'KMS.NotFoundException', status: 400 });
      });
    }
  });

  it('asks for kms:Decrypt to read, and not to look', async () => {
    await put('full', key('delegating'));
    expect(await (await get('full')).Body!.transformToString()).to.equal('x');
    const refusal = await refusalOf(get('writer'));
    expect(refusal.message).to.match(/is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:/);
    await s3('writer').send(new HeadObjectCommand({ Bucket: 'home-data', Key: 'k' }));
  });

  it('asks for both in a copy', async () => {
    await put('full', key('delegating'));
    const copy = (name: string) =>
      s3(name).send(new CopyObjectCommand({ Bucket: 'home-data', Key: 'c', CopySource: 'home-data/k' }));
    await copy('full');
    expect((await refusalOf(copy('writer'))).message).to.include('kms:Decrypt');
  });

  it('asks for kms:Decrypt with the parts of an upload', async () => {
    const upload = async (name: string) => {
      const client = s3(name);
      const at = { Bucket: 'home-data', Key: 'parts' };
      const created = await client.send(
        new CreateMultipartUploadCommand({ ...at, ServerSideEncryption: 'aws:kms', SSEKMSKeyId: 'alias/staging' }),
      );
      expect(created.SSEKMSKeyId).to.equal(key('delegating'));
      const part = { ...at, UploadId: created.UploadId, PartNumber: 1, Body: 'part' };
      const { ETag } = await client.send(new UploadPartCommand(part));
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await client.send(new CompleteMultipartUploadCommand({ ...at, UploadId: created.UploadId, MultipartUpload }));
    };
    await upload('full');
    expect((await refusalOf(upload('writer'))).message).to.include('kms:Decrypt');
    expect((await refusalOf(upload('none'))).message).to.include('kms:GenerateDataKey');
  });

  it("encrypts by a bucket's default, and asks for it", async () => {
    const at = { Bucket: 'home-sealed', Key: 'd', Body: 'x' };
    expect((await s3('full').send(new PutObjectCommand(at))).SSEKMSKeyId).to.equal(key('delegating'));
    expect((await refusalOf(s3('none').send(new PutObjectCommand(at)))).code).to.equal('AccessDenied');
    await s3('none').send(new PutObjectCommand({ ...at, ServerSideEncryption: 'AES256' }));
  });

  it('needs both sides across accounts, and does not say which refused', async () => {
    const at = { Bucket: 'away-data', Key: 's' };
    const sealed = { ...at, Body: 'x', ServerSideEncryption: 'aws:kms' as const };
    await s3('guest').send(new PutObjectCommand({ ...sealed, SSEKMSKeyId: key('shared') }));
    const refusal = await refusalOf(s3('guest').send(new PutObjectCommand({ ...sealed, SSEKMSKeyId: key('plain') })));
    expect(refusal.message).to.equal(
      `User: ${arnOf('guest', AWAY)} is not authorized to perform: kms:GenerateDataKey on resource: ${key('plain')}`,
    );
    await s3('guest').send(new PutObjectCommand(sealed)); // under AWAY's own key for S3, which nobody else can use
    expect((await refusalOf(get('full', 'away-data', 's'))).code).to.equal('AccessDenied');
  });

  describe('under the role of COPY and UNLOAD', () => {
    const refused = async (sql: string) =>
      database.query(sql).then(
        () => expect.fail('allowed'),
        ({ message, detail }: pg.DatabaseError) => `${message} ${detail}`,
      );
    const unload = (role: string) =>
      `UNLOAD ('SELECT 1 AS n') TO 's3://home-data/u/' IAM_ROLE '${role}' KMS_KEY_ID 'delegating' ENCRYPTED CSV ALLOWOVERWRITE`;

    it('writes and reads what the role may', async () => {
      await database.query(unload(KMS_COPY_ROLE));
      await database.query(`COPY t FROM 's3://home-data/u/' IAM_ROLE '${KMS_COPY_ROLE}' CSV`);
      const { rows } = await database.query<{ count: string }>('SELECT count(*) FROM t');
      expect(rows[0]?.count).to.equal('1');
    });

    it('refuses both in words that name the key', async () => {
      await database.query(unload(KMS_COPY_ROLE));
      expect(await refused(unload(COPY_ROLE))).to.include(
        'is not authorized to perform: kms:GenerateDataKey on resource',
      );
      expect(await refused(`COPY t FROM 's3://home-data/u/' IAM_ROLE '${COPY_ROLE}' CSV`)).to.match(
        /S3ServiceException:User: .*assumed-role\/Copy\/.* is not authorized to perform: kms:Decrypt on resource: .*Status 403,Error AccessDenied/,
      );
    });
  });

  it('tells where a bucket is, even to those who may not look in', async () => {
    const { LocationConstraint } = await s3('full').send(new GetBucketLocationCommand({ Bucket: 'home-tokyo' }));
    expect(LocationConstraint).to.equal('ap-northeast-1');
    const here = await s3('full').send(new GetBucketLocationCommand({ Bucket: 'home-data' }));
    expect(here.LocationConstraint).to.equal(undefined);
    expect((await s3('full').send(new HeadBucketCommand({ Bucket: 'home-data' }))).BucketRegion).to.equal('us-east-1');
    for (const [name, Bucket, region] of [
      ['full', 'home-tokyo', 'ap-northeast-1'],
      ['guest', 'home-data', 'us-east-1'],
    ] as const) {
      const error: unknown = await s3(name)
        .send(new HeadBucketCommand({ Bucket }))
        .catch((refusal: unknown) => refusal);
      const { $response } = error as { $response: { headers: Record<string, string> } };
      expect($response.headers['x-amz-bucket-region']).to.equal(region);
    }
  });
});
