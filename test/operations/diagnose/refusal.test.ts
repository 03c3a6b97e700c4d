import { expect } from 'chai';
import { ConnectorError, type ErrorCode, type ErrorDetails } from '../../../src/core/errors.ts';
import { type Refusal, readRefusal } from '../../../src/operations/diagnose/refusal.ts';

const WHO = 'User: arn:aws:sts::111122223333:assumed-role/Login/roleshift is not authorized to perform:';
const ROLE = 'arn:aws:iam::111122223333:role/Login';
const assume = { operation: 'sts:AssumeRole', roleArn: ROLE, callerArn: 'arn:aws:iam::111122223333:user/agent' };

interface Case {
  readonly said: string;
  readonly code: ErrorCode;
  readonly step?: string;
  readonly details?: ErrorDetails;
  readonly is: Partial<Refusal> | undefined;
}

/** Texts of AWS, its troubleshooting page among the sources: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
const CASES: readonly Case[] = [
  {
    said: `${WHO} sts:AssumeRole on resource: ${ROLE}`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: assume,
    is: { work: 'role', action: 'sts:AssumeRole', resource: ROLE, roleArn: ROLE },
  },
  {
    said: `${WHO} sts:TagSession on resource: ${ROLE}`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: assume,
    is: { work: 'role', action: 'sts:TagSession' },
  },
  {
    said: `${WHO} sts:AssumeRole on resource: ${ROLE} because no identity-based policy allows the sts:AssumeRole action`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: assume,
    is: { hint: { effect: 'silent', policy: 'identity', words: 'identity-based policy' } },
  },
  {
    said: `${WHO} redshift:JoinGroup on resource: arn:aws:redshift:us-east-1:111122223333:dbgroup:warehouse/loaders because no permissions boundary allows the redshift:JoinGroup action`,
    code: 'RS_AUTH_LOGIN_DENIED',
    details: { operation: 'redshift:GetClusterCredentials' },
    is: {
      work: 'login',
      action: 'redshift:JoinGroup',
      resource: 'arn:aws:redshift:us-east-1:111122223333:dbgroup:warehouse/loaders',
      hint: { effect: 'silent', policy: 'boundary', words: 'permissions boundary' },
    },
  },
  {
    said: `${WHO} redshift:GetClusterCredentials on resource: arn:aws:redshift:us-east-1:1:dbuser:w/etl because no session policy allows the redshift:GetClusterCredentials action`,
    code: 'RS_AUTH_LOGIN_DENIED',
    details: { operation: 'redshift:GetClusterCredentials' },
    is: { hint: { effect: 'silent', policy: 'session', words: 'session policy' } },
  },
  {
    said: `${WHO} sts:AssumeRole on resource: ${ROLE} with an explicit deny in a service control policy`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: assume,
    is: { hint: { effect: 'deny', policy: 'organization', words: 'service control policy' } },
  },
  {
    said: `${WHO} sts:AssumeRole on resource: ${ROLE} with an explicit deny in an identity-based policy: arn:aws:iam::111122223333:policy/Night. Read more at https://example.com`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: assume,
    is: {
      hint: {
        effect: 'deny',
        policy: 'identity',
        words: 'identity-based policy',
        policyArn: 'arn:aws:iam::111122223333:policy/Night',
      },
    },
  },
  {
    said: `${WHO} s3:PutObject on resource: "arn:aws:s3:::staging/roleshift/run/x" because no VPC endpoint policy allows the s3:PutObject action`,
    code: 'RS_STAGING_DENIED',
    details: { action: 's3:PutObject', resource: 'arn:aws:s3:::staging/roleshift/run/x' },
    is: {
      work: 'staging',
      action: 's3:PutObject',
      resource: 'arn:aws:s3:::staging/roleshift/run/x',
      hint: { effect: 'silent', policy: 'endpoint', words: 'VPC endpoint policy' },
    },
  },
  {
    said: 'Access Denied',
    code: 'RS_STAGING_DENIED',
    details: { action: 's3:ListBucket', resource: 'arn:aws:s3:::staging' },
    is: { work: 'staging', action: 's3:ListBucket', resource: 'arn:aws:s3:::staging' },
  },
  {
    said: `${WHO} kms:GenerateDataKey on this resource because no resource-based policy allows the kms:GenerateDataKey action`,
    code: 'RS_STAGING_DENIED',
    details: { action: 's3:PutObject', resource: 'arn:aws:s3:::staging/x' },
    is: { work: 'staging', action: 'kms:GenerateDataKey' },
  },
  {
    said: 'S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X,ExtRid Y,CanRetry 1',
    code: 'RS_STAGING_DENIED',
    step: 'staging:copy',
    details: { verb: 'COPY', sqlState: 'XX000' },
    is: { work: 'copyFiles', verb: 'COPY' },
  },
  {
    said: `User arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse/etl is not authorized to assume IAM Role ${ROLE},arn:aws:iam::777788889999:role/Store`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: { verb: 'UNLOAD', sqlState: 'XX000' },
    is: { work: 'copyRole', verb: 'UNLOAD', roleArn: ROLE },
  },
  {
    said: `exception name : UnauthorizedException, error type : 138, message: The requested role ${ROLE} is not associated to cluster, should retry : 0`,
    code: 'RS_AUTH_ROLE_DENIED',
    details: { verb: 'COPY', sqlState: 'XX000' },
    is: { work: 'attachment', roleArn: ROLE },
  },
  {
    said: 'there are no credentials for role Machine (Code AssumeRoleUnauthorizedAccess)',
    code: 'RS_AUTH_NO_SOURCE',
    step: 'identity',
    is: { work: 'identity', roleName: 'Machine' },
  },
  {
    said: 'EC2 cannot assume the role etl.agent. Please see documentation',
    code: 'RS_AUTH_NO_SOURCE',
    is: { work: 'identity', roleName: 'etl.agent' },
  },
  { said: 'no IAM role is attached to the instance', code: 'RS_AUTH_NO_SOURCE', step: 'identity', is: undefined },
  {
    said: `${WHO} redshift-serverless:GetWorkgroup on resource: arn:aws:redshift-serverless:us-east-1:1:workgroup/abc`,
    code: 'RS_AUTH_LOGIN_DENIED',
    details: { operation: 'redshift-serverless:GetWorkgroup' },
    is: { work: 'lookup', action: 'redshift-serverless:GetWorkgroup' },
  },
  { said: 'read ECONNRESET', code: 'RS_CONN_LOST', step: 'staging:copy', is: undefined },
  { said: 'password authentication failed', code: 'RS_AUTH_LOGIN_REJECTED', step: 'session', is: undefined },
  {
    said: 'permission denied for schema sales',
    code: 'RS_AUTH_PERMISSION',
    details: { verb: 'SELECT' },
    is: undefined,
  },
];

describe('A refusal', () => {
  for (const { said, code, step, details = {}, is } of CASES) {
    it(`is read out of: ${said.slice(0, 90)}`, () => {
      const error = new ConnectorError(code, 'It was refused', { details, cause: new Error(said) });
      const refusal = readRefusal({ error, ...(step === undefined ? {} : { step }) });
      if (is === undefined) expect(refusal).to.equal(undefined);
      else expect(refusal).to.deep.include(is);
    });
  }

  it('is read behind an error of ours that was looked into', () => {
    const cause = new ConnectorError('RS_AUTH_LOGIN_DENIED', 'inner', {
      cause: new Error(`${WHO} redshift:JoinGroup`),
    });
    const error = new ConnectorError('RS_AUTH_LOGIN_DENIED', 'outer', {
      details: { operation: 'redshift:GetClusterCredentials' },
      cause,
    });
    expect(readRefusal({ error })).to.deep.include({ work: 'login', action: 'redshift:JoinGroup' });
  });
});
