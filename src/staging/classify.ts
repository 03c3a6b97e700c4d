import { ConnectorError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import { plainLine } from '../core/plain-text.ts';

/** What was being asked of S3 when it failed. */
export interface StagingContext {
  /** IAM action: `s3:PutObject`. */
  readonly action: string;
  /** ARN that the action was asked on. */
  readonly resource: string;
  readonly bucket: string;
  readonly region: string;
  readonly expectedOwner?: string;
}

const BY_NAME: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'RS_STAGING_DENIED',
  Forbidden: 'RS_STAGING_DENIED',
  AllAccessDisabled: 'RS_STAGING_DENIED',
  NoSuchBucket: 'RS_CONFIG_OBJECT_MISSING',
  NoSuchKey: 'RS_CONFIG_OBJECT_MISSING',
  NotFound: 'RS_CONFIG_OBJECT_MISSING',
  PermanentRedirect: 'RS_STAGING_REGION',
  TemporaryRedirect: 'RS_STAGING_REGION',
  AuthorizationHeaderMalformed: 'RS_STAGING_REGION',
  IllegalLocationConstraintException: 'RS_STAGING_REGION',
  ExpiredToken: 'RS_AUTH_EXPIRED',
  RequestExpired: 'RS_AUTH_EXPIRED',
  InvalidToken: 'RS_AUTH_KEYS_INVALID',
  InvalidAccessKeyId: 'RS_AUTH_KEYS_INVALID',
  SignatureDoesNotMatch: 'RS_AUTH_KEYS_INVALID',
  SlowDown: 'RS_THROTTLED',
  ThrottlingException: 'RS_THROTTLED',
  TooManyRequestsException: 'RS_THROTTLED',
  TimeoutError: 'RS_TIMEOUT',
};

// A HEAD answer has no body: only the status speaks then.
const BY_STATUS: Readonly<Record<number, ErrorCode>> = {
  301: 'RS_STAGING_REGION',
  307: 'RS_STAGING_REGION',
  400: 'RS_STAGING_REGION',
  403: 'RS_STAGING_DENIED',
  404: 'RS_CONFIG_OBJECT_MISSING',
  429: 'RS_THROTTLED',
  503: 'RS_THROTTLED',
};

const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

/** Turns any failure of an S3 call into ours. A `ConnectorError`, such as one of the credential provider, passes. */
export function classifyStagingError(foreign: unknown, context: StagingContext): ConnectorError {
  if (foreign instanceof ConnectorError) return foreign;
  const facts = readFacts(foreign);
  const cause = safeCause(facts);
  const code = decideCode(facts);
  const { action, resource, bucket, region } = context;
  const details: ErrorDetails = {
    action,
    resource,
    bucket,
    region,
    ...(facts.status === undefined ? {} : { httpStatus: facts.status }),
    ...(facts.name === '' ? {} : { awsCode: facts.name }),
    ...(facts.requestId === undefined ? {} : { requestId: facts.requestId }),
  };
  if (code === 'RS_STAGING_DENIED') return denied(facts, context, details, cause);
  if (code === 'RS_STAGING_REGION') return wrongRegion(bucket, region, facts.bucketRegion, details, cause);
  if (code === 'RS_CONFIG_OBJECT_MISSING') {
    return new ConnectorError(code, `S3 has no ${facts.name === 'NoSuchKey' ? resource : `bucket "${bucket}"`}`, {
      action: 'Check the staging bucket: its name, and the account and region it is in.',
      details,
      cause,
    });
  }
  return new ConnectorError(code, `S3 did not complete ${action} on ${resource}`, {
    action: ACTIONS[code] ?? 'Try again; if it stays, look the AWS code up in the details.',
    details,
    cause,
  });
}

const REFUSED_KEYS = new Set(['ExpiredToken', 'TokenRefreshRequired', 'InvalidToken', 'InvalidAccessKeyId']);

/**
 * Whether other credentials may do better: S3 says that these have ended or are unknown, or a policy denies outright, as
 * that of a revoked session does. An answer to HEAD says nothing, so a bare one counts unless it tells another region.
 */
export function isRefusedEarly(foreign: unknown): boolean {
  if (foreign instanceof ConnectorError) return false;
  const { name, message, status, bucketRegion } = readFacts(foreign);
  if (REFUSED_KEYS.has(name)) return true;
  if (name === 'AccessDenied') return /with an explicit deny/.test(message);
  return isBare(name) && ((status === 400 && bucketRegion === undefined) || status === 403);
}

/** The bucket lives elsewhere: both regions are named where AWS told the other one. */
export function wrongRegion(
  bucket: string,
  region: string,
  actual: string | undefined,
  details: ErrorDetails,
  cause?: unknown,
): ConnectorError {
  const where = actual === undefined ? 'in another region' : `in region ${actual}`;
  return new ConnectorError('RS_STAGING_REGION', `Bucket "${bucket}" is ${where}, not in ${region}`, {
    action: `Set stagingRegion to ${actual ?? 'the region of the bucket'}, or stage in a bucket of ${region}.`,
    details: { ...details, ...(actual === undefined ? {} : { bucketRegion: actual }) },
    ...(cause === undefined ? {} : { cause }),
  });
}

const ACTIONS: Partial<Record<ErrorCode, string>> = {
  RS_AUTH_EXPIRED: 'Obtain fresh credentials and run again.',
  RS_AUTH_KEYS_INVALID: 'Check the access key and its secret.',
  RS_THROTTLED: 'Try again in a moment.',
  RS_TIMEOUT: 'Check the route to S3 (VPC endpoint, proxy) or raise awsTimeoutSeconds.',
  RS_CONN_UNREACHABLE: 'Check the route to S3: a VPC endpoint or a NAT gateway, and the proxy.',
};

function denied(facts: Facts, context: StagingContext, details: ErrorDetails, cause: unknown): ConnectorError {
  // KMS refuses through S3: then the message names the action and the key that count.
  const told = /not authorized to perform: ([\w:*-]+) on resource: "?(arn:[^\s"]+)/.exec(facts.message);
  const action = told?.[1] ?? context.action;
  const resource = told?.[2] ?? context.resource;
  const owner =
    context.expectedOwner === undefined ? '' : `, or the bucket does not belong to account ${context.expectedOwner}`;
  return new ConnectorError('RS_STAGING_DENIED', `S3 refused ${action} on ${resource}${owner}`, {
    action: `Allow ${action} on ${resource} for the staging role, in its policy and in the bucket's.`,
    details: { ...details, action, resource },
    cause,
  });
}

/**
 * A stand-in for the SDK's error, fit to travel as `cause`: its own holds the answer and, for a signature that does not
 * match, S3's echo of the signed headers with the session token in it.
 */
function safeCause({ name, message, networkCode }: Facts): Error {
  const copy = new Error(message === '' ? (networkCode ?? name) : message);
  if (name !== '') copy.name = name;
  return copy;
}

const MAX_TEXT = 500;
const MAX_NAME = 120;

interface Facts {
  readonly name: string;
  readonly message: string;
  readonly status?: number;
  readonly networkCode?: string;
  readonly requestId?: string;
  readonly bucketRegion?: string;
}

function decideCode({ name, status, networkCode }: Facts): ErrorCode {
  // The client names a connection that was cut a TimeoutError too.
  if (networkCode !== undefined && NETWORK.has(networkCode)) return 'RS_CONN_UNREACHABLE';
  const byName = BY_NAME[name];
  if (byName !== undefined) return byName;
  const named = !isBare(name);
  const byStatus = status === undefined ? undefined : BY_STATUS[status];
  // A named 400 is about the request; a bare one is S3's answer to a signature for another region.
  if (byStatus !== undefined && !(named && status === 400)) return byStatus;
  return 'RS_AWS_FAILED';
}

/** A name that was made up on the way, of an answer without a body. */
function isBare(name: string): boolean {
  return name === '' || name === 'Error' || /^\d+$|Unknown/.test(name);
}

function readFacts(cause: unknown): Facts {
  if (!isRecord(cause)) return { name: '', message: '' };
  const metadata = isRecord(cause['$metadata']) ? cause['$metadata'] : {};
  const response = isRecord(cause['$response']) ? cause['$response'] : {};
  const headers = isRecord(response['headers']) ? response['headers'] : {};
  const bucketRegion = text(headers['x-amz-bucket-region']) ?? text(cause['Region']);
  const status = metadata['httpStatusCode'];
  const networkCode = text(cause['code']);
  const requestId = text(metadata['requestId']);
  return {
    name: text(cause['name'], MAX_NAME) ?? '',
    message: text(cause['message'], MAX_TEXT) ?? '',
    ...(typeof status === 'number' ? { status } : {}),
    ...(networkCode === undefined ? {} : { networkCode }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(bucketRegion === undefined ? {} : { bucketRegion }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown, limit = MAX_NAME): string | undefined {
  return typeof value === 'string' ? plainLine(value, limit) : undefined;
}
