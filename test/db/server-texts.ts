import type { ErrorCode } from '../../src/core/errors.ts';

/** A message as the server sends it, with what it is to become. */
export interface ServerText {
  readonly message: string;
  readonly detail?: string;
  readonly code: ErrorCode;
  /** Parts that must not be seen afterwards. */
  readonly hidden?: readonly string[];
}

/** Messages of SQLSTATE XX000, in the wording of the documentation, of AWS forums and of issues of other clients. */
export const SERVER_TEXTS: readonly ServerText[] = [
  {
    message: '1023',
    detail:
      'Serializable isolation violation on table - 102574, transactions forming the cycle are: 9691, 9692 (pid:21744)',
    code: 'RS_CONFLICT',
    hidden: ['102574'],
  },
  { message: '1023 DETAIL: Serializable isolation violation on table in Redshift', code: 'RS_CONFLICT' },
  {
    message: 'could not complete because of conflict with concurrent transaction',
    code: 'RS_CONFLICT',
  },
  { message: 'could not open relation with OID 1234567', code: 'RS_CONFLICT' },
  {
    message: 'Relation with OID 1234567 does not exist.',
    detail: 'error:  Relation with OID 1234567 does not exist.\n  code:      1018',
    code: 'RS_CONFLICT',
  },
  {
    message:
      'S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_THROTTLED',
  },
  {
    message:
      'S3ServiceException:We encountered an internal error. Please try again.,Status 500,Error InternalError,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_AWS_FAILED',
  },
  {
    message: 'S3ServiceException:Connection reset by peer,Status 0,Error NetworkError,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_AWS_FAILED',
  },
  {
    message:
      'S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_CONFIG_OBJECT_MISSING',
  },
  {
    message: 'Spectrum Scan Error',
    detail:
      "error:  Spectrum Scan Error\n  code:      15007\n  context:   File 'https://s3.us-east-1.amazonaws.com/bucket/file.parquet' has an incompatible Parquet schema for column 's3://bucket/lake.secret'.",
    code: 'RS_INPUT_INVALID',
    hidden: ['lake.secret'],
  },
  {
    message: "Load into table 'orders' failed.  Check 'stl_load_errors' system table for details.",
    code: 'RS_LOAD_REJECTED',
  },
  {
    message: "Load into table 'orders' failed.  Check 'sys_load_error_detail' system table for details.",
    code: 'RS_LOAD_REJECTED',
  },
  {
    message:
      'exception name : UnauthorizedException, error type : 138, message: The requested role arn:aws:iam::111122223333:role/RedshiftCopy is not associated to cluster, should retry : 0',
    code: 'RS_AUTH_ROLE_DENIED',
  },
  {
    message: 'The cluster does not have a default IAM role. Associate one with the cluster and try again',
    code: 'RS_CONFIG_OBJECT_MISSING',
  },
  {
    message: 'Not authorized to get credentials of role arn:aws:iam::111122223333:role/RedshiftCopy',
    code: 'RS_AUTH_ROLE_DENIED',
  },
  {
    message:
      'User arn:aws:redshift:us-east-1:111122223333:dbuser:warehouse/loader is not authorized to assume IAM Role arn:aws:iam::111122223333:role/RedshiftCopy',
    code: 'RS_AUTH_ROLE_DENIED',
  },
  {
    message: 'S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_STAGING_DENIED',
  },
  {
    message:
      'S3ServiceException:The provided token has expired.,Status 400,Error ExpiredToken,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_AUTH_EXPIRED',
  },
  {
    message:
      'S3ServiceException:The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.,Status 301,Error PermanentRedirect,Rid 8F3B,ExtRid zz,CanRetry 1',
    code: 'RS_STAGING_REGION',
  },
  {
    message: 'The specified bucket does not exist',
    code: 'RS_CONFIG_OBJECT_MISSING',
  },
  { message: "Query (3415) cancelled on user's request", code: 'RS_TIMEOUT' },
  { message: 'canceling statement due to statement timeout', code: 'RS_TIMEOUT' },
  {
    message:
      'Fetch size 10000 exceeds the limit of 1000 for a single node configuration. Reduce the client fetch/cache size or upgrade to a multi node installation.',
    code: 'RS_FEATURE_UNSUPPORTED',
  },
  {
    message: 'exceeded the maximum size allowed for the total set of cursor data: 16000MB.',
    code: 'RS_FEATURE_UNSUPPORTED',
  },
  {
    message: 'Disk Full',
    detail: 'error: Disk Full code: 1016 context: node: 0 query: 3415',
    code: 'RS_SQL_FAILED',
  },
  {
    message: "Invalid digit, Value 'canary-4711', Pos 0, Type: Integer",
    code: 'RS_SQL_FAILED',
    hidden: ['canary'],
  },
  {
    message: 'Assert',
    detail: 'error: Assert code: 1000 context: canary-4711',
    code: 'RS_SQL_FAILED',
    hidden: ['canary'],
  },
];
