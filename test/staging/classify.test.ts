import { inspect } from 'node:util';
import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { classifyStagingError } from '../../src/staging/classify.ts';

const CONTEXT = {
  action: 's3:PutObject',
  resource: 'arn:aws:s3:::acme/roleshift/x',
  bucket: 'acme',
  region: 'eu-west-1',
};

function failure(name: string, status: number, more: object = {}) {
  return Object.assign(new Error('told'), { name, $metadata: { httpStatusCode: status } }, more);
}

describe('failures of S3', () => {
  for (const { title, cause, code } of [
    { title: 'a refusal', cause: failure('AccessDenied', 403), code: 'RS_STAGING_DENIED' },
    { title: 'a refused HEAD, which has no body', cause: failure('403', 403), code: 'RS_STAGING_DENIED' },
    { title: 'a missing bucket', cause: failure('NoSuchBucket', 404), code: 'RS_CONFIG_OBJECT_MISSING' },
    { title: 'a missing bucket on HEAD', cause: failure('NotFound', 404), code: 'RS_CONFIG_OBJECT_MISSING' },
    { title: 'a redirect', cause: failure('PermanentRedirect', 301), code: 'RS_STAGING_REGION' },
    { title: 'a bare redirect', cause: failure('301', 301), code: 'RS_STAGING_REGION' },
    { title: 'a bare 400', cause: failure('UnknownError', 400), code: 'RS_STAGING_REGION' },
    { title: 'another 400', cause: failure('InvalidRequest', 400), code: 'RS_AWS_FAILED' },
    { title: 'an expired token', cause: failure('ExpiredToken', 400), code: 'RS_AUTH_EXPIRED' },
    { title: 'a wrong secret', cause: failure('SignatureDoesNotMatch', 403), code: 'RS_AUTH_KEYS_INVALID' },
    { title: 'a plea to slow down', cause: failure('SlowDown', 503), code: 'RS_THROTTLED' },
    { title: 'a failure of S3', cause: failure('InternalError', 500), code: 'RS_AWS_FAILED' },
    {
      title: 'no connection',
      cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      code: 'RS_CONN_UNREACHABLE',
    },
    {
      title: 'a connection that was cut, as the client tells it',
      cause: Object.assign(new Error('socket hang up'), { name: 'TimeoutError', code: 'ECONNRESET' }),
      code: 'RS_CONN_UNREACHABLE',
    },
    { title: 'silence', cause: Object.assign(new Error(''), { name: 'TimeoutError' }), code: 'RS_TIMEOUT' },
    { title: 'something that is no error', cause: 'oops', code: 'RS_AWS_FAILED' },
  ] as const) {
    it(`tells ${title}`, () => {
      const error = classifyStagingError(cause, CONTEXT);
      expect(error.code).to.equal(code);
      expect(error.action).to.be.a('string');
    });
  }

  it('names the action and the resource of a refusal', () => {
    expect(classifyStagingError(failure('AccessDenied', 403), CONTEXT).message).to.equal(
      'S3 refused s3:PutObject on arn:aws:s3:::acme/roleshift/x',
    );
  });

  it('names what KMS refused through S3', () => {
    const cause = failure('AccessDenied', 403, {
      message:
        'User: arn:aws:sts::1:assumed-role/R/s is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:eu-west-1:1:key/k because no',
    });
    const { message, details } = classifyStagingError(cause, CONTEXT);
    expect(message).to.include('kms:GenerateDataKey on arn:aws:kms:eu-west-1:1:key/k');
    expect(details).to.include({ action: 'kms:GenerateDataKey' });
  });

  it('doubts the owner where one is demanded', () => {
    const error = classifyStagingError(failure('403', 403), { ...CONTEXT, expectedOwner: '111122223333' });
    expect(error.message).to.include('does not belong to account 111122223333');
  });

  it('names both regions where S3 tells the other one', () => {
    const cause = failure('PermanentRedirect', 301, { $response: { headers: { 'x-amz-bucket-region': 'us-east-2' } } });
    expect(classifyStagingError(cause, CONTEXT).message).to.equal(
      'Bucket "acme" is in region us-east-2, not in eu-west-1',
    );
  });

  it('hands on neither the answer nor what S3 echoes of the request, and nothing that a terminal obeys', () => {
    const echo = 'x-amz-security-token:canary-token';
    const cause = failure('SignatureDoesNotMatch\u001b[2J', 403, {
      message: `told \u009b31m\n${echo}`,
      StringToSign: echo,
      CanonicalRequest: echo,
      $response: { headers: { echo, 'x-amz-bucket-region': 'us-east-2\u001b[2J' }, body: echo },
    });
    const told = inspect(classifyStagingError(cause, CONTEXT), { depth: Infinity, showHidden: true });
    expect(told).to.include('told');
    for (const never of ['canary', '\u001b', '\u009b', '\\x1B']) expect(told).not.to.include(never);
  });

  it('lets failures of the credentials pass', () => {
    const denied = new ConnectorError('RS_AUTH_ROLE_DENIED', 'no');
    expect(classifyStagingError(denied, CONTEXT)).to.equal(denied);
  });
});
