import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { ACCOUNT, type ClientDesk, openClientDesk, REDSHIFT_ROLE, roleArn } from './client-desk.ts';
import type { PythonSession } from './python-session.ts';

const SETUP = `
global boto3, s3, BUCKET, ClientError, Config
import boto3
from botocore.exceptions import ClientError
from botocore.client import Config
BUCKET = 'acme-staging'
s3 = boto3.client('s3', config=Config(signature_version='s3v4'))
`;

describe('boto3 judges the sandbox', () => {
  let desk: ClientDesk;
  let python: PythonSession;
  before(async () => {
    desk = await openClientDesk({ client: 'boto3', databases: false });
    python = await desk.python();
    await python.run(SETUP);
  });
  after(async () => {
    await python?.[Symbol.asyncDispose]();
    await desk?.[Symbol.asyncDispose]();
  });

  describe('objects', () => {
    it('keeps what is said about an object', async () => {
      const told = await python.run<Record<string, unknown>>(`
        s3.put_object(Bucket=BUCKET, Key='roleshift/meta', Body=b'hello', ContentType='text/csv',
                      ContentEncoding='identity', CacheControl='no-store', Metadata={'run': '7'})
        got = s3.get_object(Bucket=BUCKET, Key='roleshift/meta')
        return {'body': got['Body'].read(), 'type': got['ContentType'], 'encoding': got['ContentEncoding'],
                'cache': got['CacheControl'], 'meta': got['Metadata'], 'etag': got['ETag'], 'length': got['ContentLength']}
      `);
      expect(told).to.deep.equal({
        body: 'hello',
        type: 'text/csv',
        encoding: 'identity',
        cache: 'no-store',
        meta: { run: '7' },
        etag: `"${createHash('md5').update('hello').digest('hex')}"`,
        length: 5,
      });
    });

    it('gives ranges as RFC 9110 counts them', async () => {
      const told = await python.run(`
        def part(wanted):
            got = s3.get_object(Bucket=BUCKET, Key='roleshift/meta', Range=wanted)
            return [got['Body'].read().decode(), got['ContentRange'], got['ResponseMetadata']['HTTPStatusCode']]
        return [part('bytes=1-2'), part('bytes=3-'), part('bytes=-2'), part('bytes=0-99')]
      `);
      expect(told).to.deep.equal([
        ['el', 'bytes 1-2/5', 206],
        ['lo', 'bytes 3-4/5', 206],
        ['lo', 'bytes 3-4/5', 206],
        ['hello', 'bytes 0-4/5', 206],
      ]);
      const beyond = await python.refused(`s3.get_object(Bucket=BUCKET, Key='roleshift/meta', Range='bytes=5-9')`);
      expect([beyond.code, beyond.status]).to.deep.equal(['InvalidRange', 416]);
    });

    it('keeps keys of any letters apart', async () => {
      const keys = ['a b', 'a+b', 'a%20b', 'Größe/"x"', '数据/😀', "it's (1)!*~", 'q?x=1&y#z', 'dot/../dot', 'x//y'];
      const told = await python.run<string[][]>(
        `
        for key in input:
            s3.put_object(Bucket=BUCKET, Key='roleshift/odd/' + key, Body=key.encode())
        listed = [each['Key'] for each in s3.list_objects_v2(Bucket=BUCKET, Prefix='roleshift/odd/')['Contents']]
        bodies = [s3.get_object(Bucket=BUCKET, Key=key)['Body'].read().decode() for key in listed]
        return [[key[len('roleshift/odd/'):] for key in listed], bodies]
      `,
        keys,
      );
      const inOrder = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(told).to.deep.equal([inOrder, inOrder]);
    });

    it('verifies and returns checksums of every kind', async () => {
      const told = await python.run(`
        told = []
        for algorithm in ['CRC32', 'SHA1', 'SHA256']:
            put = s3.put_object(Bucket=BUCKET, Key='roleshift/sum', Body=b'checked', ChecksumAlgorithm=algorithm)
            got = s3.get_object(Bucket=BUCKET, Key='roleshift/sum', ChecksumMode='ENABLED')
            told.append([got['Body'].read().decode(), put['Checksum' + algorithm] == got['Checksum' + algorithm]])
        return told
      `);
      expect(told).to.deep.equal([
        ['checked', true],
        ['checked', true],
        ['checked', true],
      ]);
      const wrong = await python.refused(
        `s3.put_object(Bucket=BUCKET, Key='roleshift/sum', Body=b'checked', ChecksumSHA256='${createHash('sha256').update('other').digest('base64')}')`,
      );
      expect([wrong.code, wrong.status]).to.deep.equal(['BadDigest', 400]);
    });

    it('heeds conditions', async () => {
      const codes = await python.run(`
        etag = s3.put_object(Bucket=BUCKET, Key='roleshift/once', Body=b'1')['ETag']
        def code(call, **more):
            try:
                call(Bucket=BUCKET, Key='roleshift/once', **more)
                return 'done'
            except ClientError as error:
                return [error.response['Error']['Code'], error.response['ResponseMetadata']['HTTPStatusCode']]
        return [code(s3.put_object, Body=b'2', IfNoneMatch='*'), code(s3.get_object, IfMatch=etag),
                code(s3.get_object, IfMatch='"other"'), code(s3.get_object, IfNoneMatch=etag)]
      `);
      expect(codes).to.deep.equal([['PreconditionFailed', 412], 'done', ['PreconditionFailed', 412], ['304', 304]]);
    });

    it('copies an object with its metadata, or with other', async () => {
      const told = await python.run(`
        source = {'Bucket': BUCKET, 'Key': 'roleshift/meta'}
        s3.copy_object(Bucket=BUCKET, Key='roleshift/same', CopySource=source)
        s3.copy_object(Bucket=BUCKET, Key='roleshift/other', CopySource=source, MetadataDirective='REPLACE', Metadata={'run': '8'})
        return [s3.head_object(Bucket=BUCKET, Key='roleshift/' + key)['Metadata'] for key in ['same', 'other']]
      `);
      expect(told).to.deep.equal([{ run: '7' }, { run: '8' }]);
    });

    it('tells an absent key from one it may not see', async () => {
      const absent = await python.refused(`s3.get_object(Bucket=BUCKET, Key='roleshift/absent')`);
      expect(absent).to.deep.include({
        type: 'NoSuchKey',
        code: 'NoSuchKey',
        status: 404,
        message: 'The specified key does not exist.',
      });
      const closed = await python.refused(`s3.get_object(Bucket='acme-closed', Key='absent')`);
      expect([closed.code, closed.status]).to.deep.equal(['AccessDenied', 403]);
      expect((await python.refused(`s3.head_object(Bucket=BUCKET, Key='roleshift/absent')`)).code).to.equal('404');
      expect((await python.refused(`s3.head_object(Bucket='acme-closed', Key='absent')`)).code).to.equal('403');
    });
  });

  describe('lists', () => {
    before(() =>
      python.run(`
        for number in range(25):
            s3.put_object(Bucket=BUCKET, Key=f'roleshift/list/{number // 10}/{number:02}', Body=b'x' * number)
      `),
    );
    const keys = Array.from(
      { length: 25 },
      (_, number) => `${Math.floor(number / 10)}/${String(number).padStart(2, '0')}`,
    );

    for (const operation of ['list_objects_v2', 'list_objects']) {
      it(`come in pages, by ${operation}`, async () => {
        const pages = await python.run<string[][]>(
          `
          pages = s3.get_paginator(input).paginate(Bucket=BUCKET, Prefix='roleshift/list/', PaginationConfig={'PageSize': 10})
          return [[each['Key'][len('roleshift/list/'):] for each in page['Contents']] for page in pages]
        `,
          operation,
        );
        expect(pages).to.deep.equal([keys.slice(0, 10), keys.slice(10, 20), keys.slice(20)]);
      });

      it(`group by a delimiter, over pages, by ${operation}`, async () => {
        const pages = await python.run(
          `
          pages = s3.get_paginator(input).paginate(Bucket=BUCKET, Prefix='roleshift/list/', Delimiter='/', PaginationConfig={'PageSize': 2})
          return [[each['Prefix'] for each in page['CommonPrefixes']] for page in pages]
        `,
          operation,
        );
        expect(pages).to.deep.equal([['roleshift/list/0/', 'roleshift/list/1/'], ['roleshift/list/2/']]);
      });
    }

    it('begin after a key', async () => {
      const after = await python.run(`
        page = s3.list_objects_v2(Bucket=BUCKET, Prefix='roleshift/list/', StartAfter='roleshift/list/2/22')
        return [page['KeyCount'], page['IsTruncated'], [each['Size'] for each in page['Contents']]]
      `);
      expect(after).to.deep.equal([2, false, [23, 24]]);
    });

    it('are deleted from in one call, which tells what it could not delete', async () => {
      const told = await python.run(`
        keys = ['roleshift/list/0/00', 'roleshift/list/never/was', 'elsewhere/denied']
        answer = s3.delete_objects(Bucket=BUCKET, Delete={'Objects': [{'Key': key} for key in keys]})
        return [[each['Key'] for each in answer['Deleted']], [[each['Key'], each['Code']] for each in answer['Errors']]]
      `);
      expect(told).to.deep.equal([
        ['roleshift/list/0/00', 'roleshift/list/never/was'],
        [['elsewhere/denied', 'AccessDenied']],
      ]);
      expect(
        await python.run(`
          everything = s3.get_paginator('list_objects_v2').paginate(Bucket=BUCKET, Prefix='roleshift/list/').search('Contents[].Key')
          answer = s3.delete_objects(Bucket=BUCKET, Delete={'Quiet': True, 'Objects': [{'Key': key} for key in everything]})
          return ['Deleted' in answer, s3.list_objects_v2(Bucket=BUCKET, Prefix='roleshift/list/')['KeyCount']]
        `),
      ).to.deep.equal([false, 0]);
    });
  });

  describe('uploads in parts', () => {
    it('are put together in the order of their numbers', async () => {
      const told = await python.run(`
        import hashlib
        parts = [bytes([number]) * (5 * 1024 * 1024 if number < 3 else 10) for number in (1, 2, 3)]
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key='roleshift/parts')['UploadId']
        etags = {}
        for number in (3, 1, 2):
            etags[number] = s3.upload_part(Bucket=BUCKET, Key='roleshift/parts', UploadId=upload, PartNumber=number, Body=parts[number - 1])['ETag']
        listed = s3.list_parts(Bucket=BUCKET, Key='roleshift/parts', UploadId=upload)['Parts']
        open_ones = [each['Key'] for each in s3.list_multipart_uploads(Bucket=BUCKET, Prefix='roleshift/parts')['Uploads']]
        done = s3.complete_multipart_upload(Bucket=BUCKET, Key='roleshift/parts', UploadId=upload, MultipartUpload={
            'Parts': [{'PartNumber': number, 'ETag': etags[number]} for number in (1, 2, 3)]})
        expected = hashlib.md5(b''.join(hashlib.md5(part).digest() for part in parts)).hexdigest() + '-3'
        body = s3.get_object(Bucket=BUCKET, Key='roleshift/parts')['Body'].read()
        return {'listed': [[each['PartNumber'], each['Size']] for each in listed], 'open': open_ones,
                'etag': done['ETag'] == f'"{expected}"', 'same': body == b''.join(parts)}
      `);
      expect(told).to.deep.equal({
        listed: [
          [1, 5_242_880],
          [2, 5_242_880],
          [3, 10],
        ],
        open: ['roleshift/parts'],
        etag: true,
        same: true,
      });
    });

    it('are refused when a part is too small, absent or out of order', async () => {
      const codes = await python.run(`
        def attempt(order, size, forge=False):
            upload = s3.create_multipart_upload(Bucket=BUCKET, Key='roleshift/bad')['UploadId']
            where = {'Bucket': BUCKET, 'Key': 'roleshift/bad', 'UploadId': upload}
            etags = {number: s3.upload_part(PartNumber=number, Body=b'x' * size, **where)['ETag'] for number in (1, 2)}
            if forge:
                etags[2] = '"' + '0' * 32 + '"'
            try:
                s3.complete_multipart_upload(MultipartUpload={'Parts': [{'PartNumber': n, 'ETag': etags[n]} for n in order]}, **where)
                return 'done'
            except ClientError as error:
                s3.abort_multipart_upload(**where)
                return error.response['Error']['Code']
        return [attempt((1, 2), 10), attempt((2, 1), 10), attempt((1, 2), 10, forge=True)]
      `);
      expect(codes).to.deep.equal(['EntityTooSmall', 'InvalidPartOrder', 'InvalidPart']);
      const gone = await python.refused(
        `s3.upload_part(Bucket=BUCKET, Key='roleshift/bad', UploadId='none', PartNumber=1, Body=b'x')`,
      );
      expect([gone.code, gone.status]).to.deep.equal(['NoSuchUpload', 404]);
    });

    it('by the transfer manager, several at once', async () => {
      const same = await python.run(`
        import io, os
        content = os.urandom(20 * 1024 * 1024)
        s3.upload_fileobj(io.BytesIO(content), BUCKET, 'roleshift/transfer')
        back = io.BytesIO()
        s3.download_fileobj(BUCKET, 'roleshift/transfer', back)
        return back.getvalue() == content
      `);
      expect(same).to.equal(true);
    });
  });

  describe('buckets', () => {
    it('tell where they are', async () => {
      const told = await python.run(`
        places = [s3.get_bucket_location(Bucket=BUCKET)['LocationConstraint'],
                  s3.get_bucket_location(Bucket='acme-frankfurt')['LocationConstraint']]
        return places + [s3.head_bucket(Bucket=BUCKET)['BucketRegion']]
      `);
      expect(told).to.deep.equal([null, 'eu-central-1', 'us-east-1']);
    });

    it('of another region are found by way of the redirect', async () => {
      const told = await python.run(`
        here = boto3.client('s3')
        here.put_object(Bucket='acme-frankfurt', Key='x', Body=b'far')
        return here.get_object(Bucket='acme-frankfurt', Key='x')['Body'].read()
      `);
      expect(told).to.equal('far');
    });

    it('of another owner than expected are refused', async () => {
      await python.run(`s3.head_bucket(Bucket=BUCKET, ExpectedBucketOwner='${ACCOUNT}')`);
      const other = await python.refused(`s3.list_objects_v2(Bucket=BUCKET, ExpectedBucketOwner='444455556666')`);
      expect([other.code, other.status]).to.deep.equal(['AccessDenied', 403]);
    });
  });

  describe('signed addresses', () => {
    const fetchSigned = (method: string, seconds: number): string => `
      return s3.generate_presigned_url('${method}', Params={'Bucket': BUCKET, 'Key': 'roleshift/signed'}, ExpiresIn=${seconds})
    `;
    it('carry an upload and a download until they expire', async () => {
      const put = await fetch(await python.run<string>(fetchSigned('put_object', 60)), {
        method: 'PUT',
        body: 'by hand',
      });
      expect(put.status).to.equal(200);
      const address = await python.run<string>(fetchSigned('get_object', 60));
      const got = await fetch(address, { headers: { range: 'bytes=3-' } });
      expect([got.status, await got.text()]).to.deep.equal([206, 'hand']);
      expect((await fetch(address, { method: 'DELETE' })).status).to.equal(403);
    });

    it('of signature version 2 are not taken', async () => {
      const old = await python.run<string>(`
        signer = boto3.client('s3', config=Config(signature_version='s3'))
        return signer.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'roleshift/signed'})
      `);
      const answer = await fetch(old);
      expect([answer.status, await answer.text()]).to.satisfy(
        ([status, text]: [number, string]) =>
          status === 400 &&
          text.includes('<Code>InvalidRequest</Code>') &&
          text.includes('Please use AWS4-HMAC-SHA256'),
      );
    });
  });

  describe('who it is', () => {
    const whoami = `
      global boto3
      import boto3
      session = boto3.Session()
      return [session.get_credentials().method, session.client('sts').get_caller_identity()['Arn']]
    `;
    const session = (role: string): RegExp => new RegExp(`^arn:aws:sts::${ACCOUNT}:assumed-role/${role}/`);

    it('an EC2 machine, by its metadata endpoint', async () => {
      await using machine = await desk.python({
        AWS_PROFILE: 'default',
        AWS_EC2_METADATA_DISABLED: 'false',
        AWS_EC2_METADATA_SERVICE_ENDPOINT: desk.world.metadataEndpoints['agent']?.imds ?? '',
      });
      const [method, arn] = await machine.run<[string, string]>(whoami);
      expect(method).to.equal('iam-role');
      expect(arn).to.match(session('AgentMachine'));
      // From one role to the next: at most an hour, whatever that role allows.
      const tooLong = await machine.refused(`
        boto3.client('sts').assume_role(RoleArn='${REDSHIFT_ROLE}', RoleSessionName='next', DurationSeconds=7200)
      `);
      expect(tooLong).to.deep.include({
        code: 'ValidationError',
        status: 400,
        message: 'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
      });
    });

    it('a machine without a role has nobody to be', async () => {
      await using machine = await desk.python({
        AWS_PROFILE: 'default',
        AWS_EC2_METADATA_DISABLED: 'false',
        AWS_EC2_METADATA_SERVICE_ENDPOINT: desk.world.metadataEndpoints['bare']?.imds ?? '',
      });
      const nobody = await machine.refused(`import boto3\nboto3.client('sts').get_caller_identity()`);
      expect(nobody.type).to.equal('NoCredentialsError');
    });

    it('a container, by its endpoint and token', async () => {
      const { url = '', token = '' } = desk.world.metadataEndpoints['worker-1']?.container ?? {};
      const environment = { AWS_PROFILE: 'default', AWS_CONTAINER_CREDENTIALS_FULL_URI: url };
      await using worker = await desk.python({ ...environment, AWS_CONTAINER_AUTHORIZATION_TOKEN: token });
      const [method, arn] = await worker.run<[string, string]>(whoami);
      expect(method).to.equal('container-role');
      expect(arn).to.match(session('WorkerNode'));
    });

    it('a pod, by the token of its service account', async () => {
      await using pod = await desk.python({
        AWS_PROFILE: 'default',
        AWS_WEB_IDENTITY_TOKEN_FILE: desk.world.metadataEndpoints['pod-1']?.webIdentity?.tokenFile ?? '',
        AWS_ROLE_ARN: roleArn('WorkerNode'),
        AWS_ROLE_SESSION_NAME: 'pod',
      });
      expect(await pod.run(whoami)).to.deep.equal([
        'assume-role-with-web-identity',
        `arn:aws:sts::${ACCOUNT}:assumed-role/WorkerNode/pod`,
      ]);
    });

    it('a session that gave up rights of its role', async () => {
      const told = await python.run(`
        import json
        policy = {'Version': '2012-10-17', 'Statement': [{'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource': '*'}]}
        keys = boto3.Session(profile_name='agent').client('sts').assume_role(
            RoleArn='${REDSHIFT_ROLE}', RoleSessionName='narrow', Policy=json.dumps(policy))['Credentials']
        narrow = boto3.client('s3', aws_access_key_id=keys['AccessKeyId'], aws_secret_access_key=keys['SecretAccessKey'],
                              aws_session_token=keys['SessionToken'])
        body = narrow.get_object(Bucket=BUCKET, Key='roleshift/meta')['Body'].read()
        try:
            narrow.put_object(Bucket=BUCKET, Key='roleshift/meta', Body=b'')
        except ClientError as error:
            return [body, error.response['Error']['Code'], 'no session policy allows the s3:PutObject action' in str(error)]
      `);
      expect(told).to.deep.equal(['hello', 'AccessDenied', true]);
    });
  });

  describe('the end of a session and of a signed address', () => {
    it('is told of by STS and by S3', async () => {
      const address = await python.run<string>(`
      global old
      frozen = boto3.Session(profile_name='redshift').get_credentials().get_frozen_credentials()
      old = dict(aws_access_key_id=frozen.access_key, aws_secret_access_key=frozen.secret_key, aws_session_token=frozen.token)
      return s3.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': 'roleshift/signed'}, ExpiresIn=60)
    `);
      await setTimeout(1100); // a signature knows whole seconds only
      await desk.world.advance(120);
      const late = await fetch(address);
      expect([late.status, await late.text()]).to.satisfy(
        ([status, text]: [number, string]) =>
          status === 403 && /<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/.test(text),
      );
      await desk.world.advance(3600);
      const sts = await python.refused(`boto3.client('sts', **old).get_caller_identity()`);
      expect([sts.code, sts.status]).to.deep.equal(['ExpiredToken', 403]);
      const store = await python.refused(`boto3.client('s3', **old).list_objects_v2(Bucket=BUCKET)`);
      expect([store.code, store.status]).to.deep.equal(['ExpiredToken', 400]);
    });
  });
});
