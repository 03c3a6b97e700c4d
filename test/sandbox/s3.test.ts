import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListPartsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { expect } from 'chai';
import { ANN, AWAY, AwsWorld, BOB, HOME, type Keys, refusalOf, roleArn } from './aws-world.ts';
import { type ChunkedInit, chunkedBody, sign } from './sign.ts';

describe('S3 of the sandbox', () => {
  let aws: AwsWorld;
  let s3: S3Client;
  before(async () => {
    aws = await AwsWorld.open();
    s3 = aws.s3();
  });
  after(async () => {
    await aws[Symbol.asyncDispose]();
  });

  const put = (Key: string, Body: PutObjectCommandInput['Body'] = Key, rest: Partial<PutObjectCommandInput> = {}) =>
    s3.send(new PutObjectCommand({ Bucket: 'home-data', Key, Body, ...rest }));
  const get = async (Key: string, rest: Partial<GetObjectCommandInput> = {}): Promise<string> =>
    (await s3.send(new GetObjectCommand({ Bucket: 'home-data', Key, ...rest }))).Body!.transformToString();

  it('gives back what was put, with its type, metadata, ETag and checksum', async () => {
    const sent = await put('plain/a.txt', 'hello', {
      ContentType: 'text/plain',
      ContentEncoding: 'gzip',
      Metadata: { run: '7' },
    });
    expect(sent.ETag).to.equal('"5d41402abc4b2a76b9719d911017c592"');
    const { Body, $metadata, ...rest } = await s3.send(
      new GetObjectCommand({ Bucket: 'home-data', Key: 'plain/a.txt' }),
    );
    expect(await Body!.transformToString()).to.equal('hello');
    expect($metadata.httpStatusCode).to.equal(200);
    expect(rest).to.deep.include({
      ContentType: 'text/plain',
      ContentEncoding: 'gzip',
      Metadata: { run: '7' },
      ContentLength: 5,
      ETag: sent.ETag,
      ServerSideEncryption: 'AES256',
    });
    expect(rest.ChecksumCRC32).to.equal(sent.ChecksumCRC32);
    const head = await s3.send(new HeadObjectCommand({ Bucket: 'home-data', Key: 'plain/a.txt' }));
    expect(head).to.deep.include({ ContentLength: 5, Metadata: { run: '7' } });
  });

  it('keeps any key apart from paths of its own disk', async () => {
    const keys = [
      '../../etc/passwd',
      'a//b',
      './x',
      '/lead',
      'Größe "x" & <y>',
      'sp ace+plus%25',
      'q?a=b#c',
      '日本/🦀',
      "it's(1)!*~",
    ];
    for (const key of keys) await put(`odd/${key}`, key);
    for (const key of keys) expect(await get(`odd/${key}`)).to.equal(key);
    const { Contents } = await s3.send(
      new ListObjectsV2Command({ Bucket: 'home-data', Prefix: 'odd/', EncodingType: 'url' }),
    );
    expect(Contents!.map(({ Key }) => decodeURIComponent(Key!)).sort()).to.deep.equal(
      keys.map((key) => `odd/${key}`).sort(),
    );
  });

  describe('reads', () => {
    before(async () => {
      await put('range.txt', '0123456789');
    });
    const cases: readonly (readonly [string, string | undefined, string | undefined])[] = [
      ['bytes=0-3', '0123', 'bytes 0-3/10'],
      ['bytes=8-', '89', 'bytes 8-9/10'],
      ['bytes=-3', '789', 'bytes 7-9/10'],
      ['bytes=5-999', '56789', 'bytes 5-9/10'],
      ['bytes=-99', '0123456789', 'bytes 0-9/10'],
      ['lines=1-2', '0123456789', undefined],
    ];
    for (const [Range, text, shown] of cases) {
      it(`answers ${Range}`, async () => {
        const { Body, ContentRange, $metadata } = await s3.send(
          new GetObjectCommand({ Bucket: 'home-data', Key: 'range.txt', Range }),
        );
        expect(await Body!.transformToString()).to.equal(text);
        expect(ContentRange).to.equal(shown);
        expect($metadata.httpStatusCode).to.equal(shown === undefined ? 200 : 206);
      });
    }
    it('refuses a range beyond the end', async () => {
      const { code, status } = await refusalOf(get('range.txt', { Range: 'bytes=10-' }));
      expect([code, status]).to.deep.equal(['InvalidRange', 416]);
    });
    it('heeds If-Match and If-None-Match', async () => {
      const { ETag = '' } = await s3.send(new HeadObjectCommand({ Bucket: 'home-data', Key: 'range.txt' }));
      expect(await get('range.txt', { IfMatch: ETag })).to.equal('0123456789');
      expect(await refusalOf(get('range.txt', { IfMatch: '"other"' }))).to.include({
        code: 'PreconditionFailed',
        status: 412,
      });
      expect((await refusalOf(get('range.txt', { IfNoneMatch: ETag }))).status).to.equal(304);
    });
    it('goes on reading an object that is replaced and deleted meanwhile', async () => {
      const big = randomBytes(3_000_000);
      await put('held', big);
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'home-data', Key: 'held' }));
      await put('held', 'new');
      await s3.send(new DeleteObjectCommand({ Bucket: 'home-data', Key: 'held' }));
      expect(Buffer.compare(Buffer.from(await Body!.transformToByteArray()), big)).to.equal(0);
    });
    it('says NoSuchKey to who may list, AccessDenied to who may not, NoSuchBucket to all', async () => {
      expect(await refusalOf(get('nothing'))).to.include({ code: 'NoSuchKey', status: 404 });
      const Policy = JSON.stringify({ Statement: { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' } });
      const narrow = aws.s3(await aws.assume(roleArn('Chained'), { Policy }, await aws.assume(roleArn('ByUser'))));
      expect(
        (await refusalOf(narrow.send(new GetObjectCommand({ Bucket: 'home-data', Key: 'nothing' })))).code,
      ).to.equal('AccessDenied');
      expect((await refusalOf(s3.send(new GetObjectCommand({ Bucket: 'no-such-bucket', Key: 'x' })))).code).to.equal(
        'NoSuchBucket',
      );
      expect(
        (await refusalOf(s3.send(new HeadObjectCommand({ Bucket: 'home-data', Key: 'nothing' })))).status,
      ).to.equal(404);
    });
  });

  describe('lists', () => {
    const keys = ['l/a', 'l/b/1', 'l/b/2', 'l/c', 'l/ￜ', 'l/😀', 'm'];
    before(async () => {
      for (const key of keys) await put(key, 'x');
    });
    const list = async (rest: Partial<ListObjectsV2CommandInput>) => {
      const answer = await s3.send(new ListObjectsV2Command({ Bucket: 'home-data', Prefix: 'l/', ...rest }));
      return {
        ...answer,
        keys: (answer.Contents ?? []).map(({ Key }) => Key!),
        prefixes: (answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix!),
      };
    };
    it('in the order of UTF-8 bytes', async () => {
      expect((await list({})).keys).to.deep.equal(keys.slice(0, 6));
    });
    it('with common prefixes', async () => {
      const { keys: found, prefixes, KeyCount } = await list({ Delimiter: '/' });
      expect([found, prefixes, KeyCount]).to.deep.equal([['l/a', 'l/c', 'l/ￜ', 'l/😀'], ['l/b/'], 5]);
    });
    for (const MaxKeys of [1, 2, 3]) {
      it(`by pages of ${MaxKeys}, each entry once`, async () => {
        const seen: string[] = [];
        let ContinuationToken: string | undefined;
        do {
          const page = await list({
            Delimiter: '/',
            MaxKeys,
            ...(ContinuationToken !== undefined && { ContinuationToken }),
          });
          expect(page.keys.length + page.prefixes.length).to.be.at.most(MaxKeys);
          seen.push(...page.keys, ...page.prefixes);
          ContinuationToken = page.NextContinuationToken;
        } while (ContinuationToken !== undefined);
        expect(seen).to.have.members(['l/a', 'l/b/', 'l/c', 'l/ￜ', 'l/😀']);
        expect(seen).to.have.length(5);
      });
    }
    it('after a key, nothing at all, and by the first version', async () => {
      expect((await list({ StartAfter: 'l/b/1' })).keys[0]).to.equal('l/b/2');
      expect(await list({ MaxKeys: 0 })).to.deep.include({ keys: [], IsTruncated: false });
      const first = await s3.send(new ListObjectsCommand({ Bucket: 'home-data', Prefix: 'l/', MaxKeys: 2 }));
      const second = await s3.send(
        new ListObjectsCommand({ Bucket: 'home-data', Prefix: 'l/', MaxKeys: 2, Marker: first.Contents!.at(-1)!.Key! }),
      );
      expect([...first.Contents!, ...second.Contents!].map(({ Key }) => Key)).to.deep.equal(keys.slice(0, 4));
    });
    it('by the first version and common prefixes, each entry once', async () => {
      const page = (Marker?: string) =>
        s3.send(
          new ListObjectsCommand({
            Bucket: 'home-data',
            Prefix: 'l/',
            Delimiter: '/',
            MaxKeys: 2,
            ...(Marker !== undefined && { Marker }),
          }),
        );
      const first = await page();
      expect(first.CommonPrefixes).to.deep.equal([{ Prefix: first.NextMarker }]);
      const second = await page(first.NextMarker);
      expect(second.CommonPrefixes).to.equal(undefined);
      expect(second.Contents?.map(({ Key }) => Key)).to.deep.equal(['l/c', 'l/ￜ']);
    });
    it('refuses a token that is none', async () => {
      expect((await refusalOf(list({ ContinuationToken: 'nonsense' }))).code).to.equal('InvalidArgument');
    });
  });

  it('deletes, one and many, and succeeds where nothing is', async () => {
    for (const key of ['d/1', 'd/2', 'd/3 &<>"']) await put(key);
    await s3.send(new DeleteObjectCommand({ Bucket: 'home-data', Key: 'd/1' }));
    await s3.send(new DeleteObjectCommand({ Bucket: 'home-data', Key: 'd/1' }));
    const Objects = ['d/2', 'd/3 &<>"', 'd/4'].map((Key) => ({ Key }));
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket: 'home-data', Delete: { Objects } }));
    expect(Deleted!.map(({ Key }) => Key)).to.deep.equal(['d/2', 'd/3 &<>"', 'd/4']);
    expect(Errors ?? []).to.deep.equal([]);
    const quiet = await s3.send(new DeleteObjectsCommand({ Bucket: 'home-data', Delete: { Objects, Quiet: true } }));
    expect(quiet.Deleted ?? []).to.deep.equal([]);
    const refused = await aws
      .s3(BOB)
      .send(new DeleteObjectsCommand({ Bucket: 'home-data', Delete: { Objects: [{ Key: 'd/9' }] } }));
    expect(refused.Errors).to.have.length(1);
    expect(refused.Errors![0]).to.include({ Key: 'd/9', Code: 'AccessDenied' });
  });

  it('copies within and between buckets, metadata kept or replaced', async () => {
    await put('copy/from ü', 'data', { Metadata: { a: '1' } });
    const CopySource = `home-data/${encodeURIComponent('copy/from ü')}`;
    await s3.send(new CopyObjectCommand({ Bucket: 'home-data', Key: 'copy/kept', CopySource }));
    await s3.send(
      new CopyObjectCommand({
        Bucket: 'home-data',
        Key: 'copy/new',
        CopySource,
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    );
    expect(await get('copy/kept')).to.equal('data');
    const metadataOf = async (Key: string) =>
      (await s3.send(new HeadObjectCommand({ Bucket: 'home-data', Key }))).Metadata;
    expect([await metadataOf('copy/kept'), await metadataOf('copy/new')]).to.deep.equal([{ a: '1' }, { b: '2' }]);
  });

  it('puts only where nothing is, if asked', async () => {
    await put('once', '1', { IfNoneMatch: '*' });
    expect((await refusalOf(put('once', '2', { IfNoneMatch: '*' }))).code).to.equal('PreconditionFailed');
    expect(await get('once')).to.equal('1');
  });

  describe('multipart uploads', () => {
    const at = { Bucket: 'home-data', Key: 'multi' };
    const begin = async () =>
      (await s3.send(new CreateMultipartUploadCommand({ ...at, ContentType: 'text/csv' }))).UploadId!;
    const part = (UploadId: string, PartNumber: number, Body: Buffer | string) =>
      s3.send(new UploadPartCommand({ ...at, UploadId, PartNumber, Body }));

    it('join their parts in order, and read across them', async () => {
      const UploadId = await begin();
      const parts = [randomBytes(5 * 1024 * 1024), randomBytes(5 * 1024 * 1024), Buffer.from('tail')];
      const etags = await Promise.all(parts.map(async (body, index) => (await part(UploadId, index + 1, body)).ETag!));
      await part(UploadId, 9, 'left out');
      const listed = await s3.send(new ListPartsCommand({ ...at, UploadId }));
      expect(listed.Parts!.map(({ PartNumber }) => PartNumber)).to.deep.equal([1, 2, 3, 9]);
      const open = await s3.send(new ListMultipartUploadsCommand({ Bucket: 'home-data', Prefix: 'multi' }));
      expect(open.Uploads).to.have.length(1);
      const Parts = etags.map((ETag, index) => ({ ETag, PartNumber: index + 1 }));
      const { ETag } = await s3.send(
        new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload: { Parts } }),
      );
      expect(ETag).to.match(/^"[0-9a-f]{32}-3"$/);
      const whole = Buffer.concat(parts);
      const answer = await s3.send(new GetObjectCommand(at));
      expect(answer.ContentType).to.equal('text/csv');
      expect(Buffer.compare(Buffer.from(await answer.Body!.transformToByteArray()), whole)).to.equal(0);
      const edge = await s3.send(
        new GetObjectCommand({ ...at, Range: `bytes=${5 * 1024 * 1024 - 2}-${10 * 1024 * 1024 + 1}` }),
      );
      expect(
        Buffer.compare(
          Buffer.from(await edge.Body!.transformToByteArray()),
          whole.subarray(5 * 1024 * 1024 - 2, 10 * 1024 * 1024 + 2),
        ),
      ).to.equal(0);
    });

    it('copy parts from objects', async () => {
      await put('source', '0123456789');
      const UploadId = await begin();
      const { CopyPartResult } = await s3.send(
        new UploadPartCopyCommand({
          ...at,
          UploadId,
          PartNumber: 1,
          CopySource: 'home-data/source',
          CopySourceRange: 'bytes=2-4',
        }),
      );
      await s3.send(
        new CompleteMultipartUploadCommand({
          ...at,
          UploadId,
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag: CopyPartResult!.ETag! }] },
        }),
      );
      expect(await get('multi')).to.equal('234');
    });

    it('refuse small parts, missing parts, wrong order, no parts and unknown uploads', async () => {
      const UploadId = await begin();
      const first = { PartNumber: 1, ETag: (await part(UploadId, 1, 'small')).ETag! };
      const second = { PartNumber: 2, ETag: (await part(UploadId, 2, 'small')).ETag! };
      const complete = (Parts: (typeof first)[], id = UploadId) =>
        refusalOf(s3.send(new CompleteMultipartUploadCommand({ ...at, UploadId: id, MultipartUpload: { Parts } })));
      expect((await complete([first, second])).code).to.equal('EntityTooSmall');
      expect((await complete([second, first])).code).to.equal('InvalidPartOrder');
      expect((await complete([{ ...first, ETag: '"x"' }])).code).to.equal('InvalidPart');
      expect((await complete([])).code).to.equal('MalformedXML');
      expect((await complete([first], 'unknown')).code).to.match(/^NoSuchUpload/);
      await s3.send(new AbortMultipartUploadCommand({ ...at, UploadId }));
      expect((await refusalOf(part(UploadId, 3, 'late'))).code).to.match(/^NoSuchUpload/);
      expect((await s3.send(new ListMultipartUploadsCommand({ Bucket: 'home-data' }))).Uploads ?? []).to.deep.equal([]);
    });

    it('work through lib-storage from a stream', async () => {
      const body = randomBytes(6 * 1024 * 1024);
      const upload = new Upload({
        client: s3,
        params: { ...at, Key: 'stream', Body: Readable.from([body]) },
        partSize: 5 * 1024 * 1024,
      });
      await upload.done();
      const { Body } = await s3.send(new GetObjectCommand({ ...at, Key: 'stream' }));
      expect(Buffer.compare(Buffer.from(await Body!.transformToByteArray()), body)).to.equal(0);
    });
  });

  describe('buckets', () => {
    it('tell their region, and send a client of another one away', async () => {
      expect((await s3.send(new HeadBucketCommand({ Bucket: 'home-data' }))).BucketRegion).to.equal('us-east-1');
      expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'home-tokyo' }))).LocationConstraint).to.equal(
        'ap-northeast-1',
      );
      const url = `${aws.sandbox.awsEndpoint}/home-tokyo`;
      const head = await fetch(url, {
        method: 'HEAD',
        headers: sign(ANN, { method: 'HEAD', url, service: 's3' }).headers,
        redirect: 'manual',
      });
      expect([head.status, head.headers.get('x-amz-bucket-region')]).to.deep.equal([301, 'ap-northeast-1']);
      const refusal = await refusalOf(s3.send(new PutObjectCommand({ Bucket: 'home-tokyo', Key: 'x', Body: 'x' })));
      expect(refusal).to.include({ code: 'PermanentRedirect', status: 301 });
      await aws.s3(ANN, 'ap-northeast-1').send(new PutObjectCommand({ Bucket: 'home-tokyo', Key: 'x', Body: 'x' }));
    });
    it('are listed, those of the account', async () => {
      const { Buckets } = await s3.send(new ListBucketsCommand({}));
      expect(Buckets!.map(({ Name }) => Name)).to.deep.equal(['home-data', 'home-tokyo', 'home-kms', 'home-public']);
      expect((await refusalOf(aws.s3(BOB).send(new ListBucketsCommand({})))).code).to.equal('AccessDenied');
    });
    it('refuse when another owner was expected', async () => {
      await s3.send(new HeadBucketCommand({ Bucket: 'home-data', ExpectedBucketOwner: HOME }));
      expect(
        (await refusalOf(s3.send(new HeadBucketCommand({ Bucket: 'home-data', ExpectedBucketOwner: AWAY })))).status,
      ).to.equal(403);
      expect(await refusalOf(put('x', 'x', { ExpectedBucketOwner: AWAY }))).to.include({
        code: 'AccessDenied',
        status: 403,
      });
    });
    it('refuse by name what the sandbox does not have', async () => {
      const refusal = await refusalOf(s3.send(new GetBucketAclCommand({ Bucket: 'home-data' })));
      expect(refusal).to.include({ code: 'NotImplemented', status: 501 });
      expect(refusal.message).to.include('acl');
      for (const [header, input] of [
        ['x-amz-tagging', { Tagging: 'a=b' }],
        ['x-amz-server-side-encryption-context', { SSEKMSEncryptionContext: 'e30=' }],
        ['x-amz-object-lock-mode', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: new Date() }],
      ] as const) {
        const { code, message } = await refusalOf(put('absent', 'x', input));
        expect([code, message]).to.deep.equal(['NotImplemented', `The sandbox does not imitate the header ${header}`]);
      }
      expect((await refusalOf(put('absent', 'x', { ACL: 'public-read' }))).code).to.equal(
        'AccessControlListNotSupported',
      );
      await put('absent', 'x', { ACL: 'bucket-owner-full-control' });
    });
  });

  describe('permissions', () => {
    it('says who may not do what, and why', async () => {
      expect(await refusalOf(aws.s3(BOB).send(new GetObjectCommand({ Bucket: 'home-data', Key: 'k' })))).to.deep.equal({
        code: 'AccessDenied',
        status: 403,
        message: `User: arn:aws:iam::${HOME}:user/bob is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::home-data/k" because no identity-based policy allows the s3:GetObject action`,
      });
    });
    it('says less across accounts, and lets in whom the other account lets in', async () => {
      const away = (Key: string) => s3.send(new GetObjectCommand({ Bucket: 'away-data', Key }));
      expect((await refusalOf(away('private/x'))).message).to.equal('Access Denied');
      expect((await refusalOf(away('shared/x'))).code).to.equal('AccessDenied'); // listing needs its prefix, so no NoSuchKey
      await s3.send(new ListObjectsV2Command({ Bucket: 'away-data', Prefix: 'shared/a' }));
      expect((await refusalOf(s3.send(new ListObjectsV2Command({ Bucket: 'away-data' })))).code).to.equal(
        'AccessDenied',
      );
      expect((await refusalOf(s3.send(new HeadBucketCommand({ Bucket: 'away-closed' })))).status).to.equal(403);
      expect(
        (await refusalOf(aws.s3(BOB).send(new GetObjectCommand({ Bucket: 'away-data', Key: 'shared/x' })))).code,
      ).to.equal('AccessDenied');
    });
    it('heeds a bucket that demands encryption, and records it', async () => {
      const at = { Bucket: 'home-kms', Key: 'k', Body: 'x' };
      expect((await refusalOf(s3.send(new PutObjectCommand(at)))).message).to.include(
        'with an explicit deny in a resource-based policy',
      );
      await s3.send(
        new PutObjectCommand({
          ...at,
          ServerSideEncryption: 'aws:kms',
          SSEKMSKeyId: 'arn:aws:kms:us-east-1:111122223333:key/1',
        }),
      );
      const head = await s3.send(new HeadObjectCommand({ Bucket: 'home-kms', Key: 'k' }));
      expect(head).to.include({
        ServerSideEncryption: 'aws:kms',
        SSEKMSKeyId: 'arn:aws:kms:us-east-1:111122223333:key/1',
      });
    });
    it('gives the public what is public and nothing more', async () => {
      await s3.send(new PutObjectCommand({ Bucket: 'home-public', Key: 'open/a', Body: 'for all' }));
      const open = await fetch(`${aws.sandbox.awsEndpoint}/home-public/open/a`);
      expect([open.status, await open.text()]).to.deep.equal([200, 'for all']);
      const closed = await fetch(`${aws.sandbox.awsEndpoint}/home-public/closed`);
      expect([closed.status, /<Message>(.*)<\/Message>/.exec(await closed.text())?.[1]]).to.deep.equal([
        403,
        'Access Denied',
      ]);
    });
  });

  describe('bodies and signatures', () => {
    interface Raw {
      readonly status: number;
      readonly code: string;
    }
    const send = async (
      method: string,
      path: string,
      headers: Record<string, string>,
      body?: Buffer | string,
    ): Promise<Raw> => {
      const response = await fetch(`${aws.sandbox.awsEndpoint}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body }),
      });
      const text = await response.text();
      return { status: response.status, code: /<Code>(.*?)<\/Code>/.exec(text)?.[1] ?? text };
    };
    const putSigned = (
      key: string,
      body: string,
      headers: Record<string, string> = {},
      payloadHash?: string,
      keys: Keys = ANN,
    ): Promise<Raw> => {
      const path = `/home-data/${key}`;
      const signed = sign(keys, {
        method: 'PUT',
        url: `${aws.sandbox.awsEndpoint}${path}`,
        service: 's3',
        headers,
        body,
        ...(payloadHash !== undefined && { payloadHash }),
      });
      return send('PUT', path, signed.headers, body);
    };
    const putChunked = (key: string, chunked: ChunkedInit, headers: Record<string, string> = {}): Promise<Raw> => {
      const path = `/home-data/${key}`;
      const length = chunked.chunks.reduce((sum, chunk) => sum + Buffer.byteLength(chunk), 0);
      const signed = sign(ANN, {
        method: 'PUT',
        url: `${aws.sandbox.awsEndpoint}${path}`,
        service: 's3',
        payloadHash: `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${chunked.trailers ? '-TRAILER' : ''}`,
        headers: { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(length), ...headers },
      });
      return send('PUT', path, signed.headers, chunkedBody(signed, chunked));
    };
    const crc = (text: string): string => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(crc32(text));
      return bytes.toString('base64');
    };

    it('reads signed chunks, none at all included', async () => {
      expect(
        (await putChunked('chunked', { chunks: ['a'.repeat(70_000), Buffer.from('b'.repeat(9))] })).status,
      ).to.equal(200);
      expect(await get('chunked')).to.equal('a'.repeat(70_000) + 'b'.repeat(9));
      expect((await putChunked('marker/', { chunks: [] })).status).to.equal(200);
      expect(await get('marker/')).to.equal('');
      const head = await s3.send(new HeadObjectCommand({ Bucket: 'home-data', Key: 'chunked' }));
      expect(head.ContentEncoding).to.equal(undefined);
    });
    it('verifies signed trailers and their checksums', async () => {
      const headers = { 'x-amz-trailer': 'x-amz-checksum-crc32' };
      const chunks = ['hello ', 'world'];
      expect(
        (await putChunked('trailed', { chunks, trailers: { 'x-amz-checksum-crc32': crc('hello world') } }, headers))
          .status,
      ).to.equal(200);
      const got = await s3.send(new GetObjectCommand({ Bucket: 'home-data', Key: 'trailed', ChecksumMode: 'ENABLED' }));
      expect([got.ChecksumCRC32, await got.Body!.transformToString()]).to.deep.equal([
        crc('hello world'),
        'hello world',
      ]);
      expect(
        (await putChunked('bad', { chunks, trailers: { 'x-amz-checksum-crc32': crc('other') } }, headers)).code,
      ).to.equal('BadDigest');
      expect(
        (
          await putChunked(
            'bad',
            { chunks, trailers: { 'x-amz-checksum-crc32': crc('hello world') }, spoil: 'trailer' },
            headers,
          )
        ).code,
      ).to.equal('SignatureDoesNotMatch');
    });
    it('refuses a chunk whose signature is wrong, and keeps nothing of it', async () => {
      for (const spoil of [0, 1, 2])
        expect((await putChunked('bad', { chunks: ['one', 'two'], spoil })).code).to.equal('SignatureDoesNotMatch');
      expect((await refusalOf(get('bad'))).code).to.equal('NoSuchKey');
    });
    it('refuses a body that is cut or longer than it said', async () => {
      const path = '/home-data/bad';
      const signed = sign(ANN, {
        method: 'PUT',
        url: `${aws.sandbox.awsEndpoint}${path}`,
        service: 's3',
        payloadHash: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        headers: { 'x-amz-decoded-content-length': '3' },
      });
      const body = chunkedBody(signed, { chunks: ['abc'] });
      expect((await send('PUT', path, signed.headers, body.subarray(0, 60))).code).to.equal('IncompleteBody');
      expect((await send('PUT', path, signed.headers, Buffer.from('zz\r\n'))).code).to.equal('IncompleteBody');
      expect((await putChunked('bad', { chunks: ['abc'] }, { 'x-amz-decoded-content-length': '4' })).code).to.equal(
        'IncompleteBody',
      );
    });
    it('reads a stream the SDK sends with unsigned chunks and a trailer', async () => {
      const body = Readable.from([Buffer.from('from '), Buffer.from('a stream')]);
      await put('streamed', body, { ContentLength: 13 });
      expect(await get('streamed')).to.equal('from a stream');
    });
    it('holds a body to its hash, its MD5 and its checksums, and takes UNSIGNED-PAYLOAD', async () => {
      expect((await putSigned('hashed', 'x', {}, 'f'.repeat(64))).code).to.equal('XAmzContentSHA256Mismatch');
      expect((await putSigned('hashed', 'x', { 'content-md5': Buffer.alloc(16).toString('base64') })).code).to.equal(
        'BadDigest',
      );
      expect((await putSigned('hashed', 'x', { 'x-amz-checksum-crc32': crc('y') })).code).to.equal('BadDigest');
      expect(
        (await putSigned('hashed', 'x', { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') })).code,
      ).to.equal('BadDigest');
      expect(
        (await putSigned('hashed', 'x', { 'x-amz-checksum-crc64nvme': 'AAAAAAAAAAA=' }, 'UNSIGNED-PAYLOAD')).status,
      ).to.equal(200);
    });
    it('refuses keys, tokens and times in the words of S3', async () => {
      expect((await putSigned('k', 'x', {}, undefined, { ...ANN, accessKeyId: 'AKIANOBODYNOBODYNOBO' })).code).to.equal(
        'InvalidAccessKeyId',
      );
      expect(await putSigned('k', 'x', {}, undefined, { ...ANN, secretAccessKey: 'wrong' })).to.deep.equal({
        status: 403,
        code: 'SignatureDoesNotMatch',
      });
      expect((await putSigned('k', 'x', {}, undefined, { ...ANN, sessionToken: 'made up' })).code).to.equal(
        'InvalidToken',
      );
      const url = `${aws.sandbox.awsEndpoint}/home-data/k`;
      const late = sign(ANN, { method: 'GET', url, service: 's3', date: new Date(Date.now() - 20 * 60_000) });
      expect((await send('GET', '/home-data/k', late.headers)).code).to.equal('RequestTimeTooSkewed');
    });
    it('refuses a signature that cannot be read', async () => {
      const authorization = 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0';
      expect(await send('GET', '/home-data/k', { authorization })).to.deep.equal({
        status: 400,
        code: 'AuthorizationHeaderMalformed',
      });
    });
    it('refuses signature version 2', async () => {
      const refused = { status: 400, code: 'InvalidRequest' };
      const query = 'AWSAccessKeyId=AKIDANNANNANNANNANNA&Signature=eA%3D%3D&Expires=4102444800';
      expect(await send('GET', `/home-data/k?${query}`, {})).to.deep.equal(refused);
      expect(await send('GET', '/home-data/k', { authorization: 'AWS AKID:eA==' })).to.deep.equal(refused);
    });
    it('refuses x-amz headers that were added after signing, and a missing payload hash', async () => {
      const url = `${aws.sandbox.awsEndpoint}/home-data/k`;
      const { headers } = sign(ANN, { method: 'PUT', url, service: 's3', body: 'x' });
      expect((await send('PUT', '/home-data/k', { ...headers, 'x-amz-acl': 'public-read' }, 'x')).code).to.equal(
        'AccessDenied',
      );
      const { 'x-amz-content-sha256': _hash, ...without } = headers;
      expect((await send('PUT', '/home-data/k', without, 'x')).code).to.equal('InvalidRequest');
    });
    it('leaves no file behind for what was refused', async () => {
      const files = async (): Promise<number> => (await readdir(`${aws.sandbox.dataDir}/objects`)).length;
      const before = await files();
      await putSigned('hashed', 'x', {}, 'f'.repeat(64));
      await putChunked('bad', { chunks: ['one'], spoil: 0 });
      expect(await files()).to.equal(before);
    });
  });

  it('strikes with SlowDown, errors and cuts', async () => {
    aws.sandbox.faults.add(
      { on: 's3:PutObject', matching: 'home-data/f/', effect: { kind: 'throttle' } },
      { on: 's3:PutObject', matching: 'home-data/f/', effect: { kind: 'error', status: 500 } },
      { on: 's3:PutObject', matching: 'home-data/f/', effect: { kind: 'drop' } },
    );
    await put('other');
    expect(await refusalOf(put('f/1'))).to.include({ code: 'SlowDown', status: 503 });
    expect(await refusalOf(put('f/1'))).to.include({ code: 'InternalError', status: 500 });
    expect((await refusalOf(put('f/1'))).status).to.equal(undefined);
    await put('f/1', 'x'.repeat(500_000));
    aws.sandbox.faults.add({ on: 's3:GetObject', effect: { kind: 'drop', when: 'midway' } });
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'home-data', Key: 'f/1' }));
    let received = 0;
    const cut = await (async () => {
      for await (const part of Body as AsyncIterable<Buffer>) received += part.length;
    })().catch((error: unknown) => error);
    expect(cut).to.be.instanceOf(Error);
    expect(received).to.be.at.most(250_000);
    expect(await get('f/1')).to.have.length(500_000);
  });
});
