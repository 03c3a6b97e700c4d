import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AuthenticationFailure,
  type AuthenticationProblem,
  authenticate,
  type Claim,
  headerOf,
  type Signed,
} from '../aws/authenticate.ts';
import {
  type AwsContext,
  ConnectionDropped,
  type Exchange,
  isAfter,
  record,
  stayAway,
  suffer,
} from '../aws/endpoint.ts';
import type { WorldClock } from '../clock.ts';
import type { Fault } from '../faults.ts';
import { NOBODY } from '../identity.ts';
import { refuseAbsentHeaders } from './absent-headers.ts';
import { refusalAnswer, type S3Answer } from './answers.ts';
import type { FileStore } from './file-store.ts';
import { S3_OPERATIONS } from './operations.ts';
import { openRequestBody } from './request-body.ts';
import { routeS3, type S3Route } from './route.ts';
import { S3Refusal, type StoreCaller } from './store.ts';

function s3RefusalOf(problem: AuthenticationProblem): S3Refusal {
  switch (problem.kind) {
    case 'incomplete':
      return new S3Refusal(
        'AuthorizationHeaderMalformed',
        400,
        `The authorization header is malformed; ${problem.message}`,
      );
    case 'oldVersion':
      return new S3Refusal(
        'InvalidRequest',
        400,
        'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
      );
    case 'unknownKey':
      return new S3Refusal(
        'InvalidAccessKeyId',
        403,
        'The AWS Access Key Id you provided does not exist in our records.',
      );
    case 'signature':
      return new S3Refusal(
        'SignatureDoesNotMatch',
        403,
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      );
    case 'unsignedHeader':
      return new S3Refusal('AccessDenied', 403, 'There were headers present in the request which were not signed', {
        HeadersNotSigned: problem.header,
      });
    case 'skew':
      return new S3Refusal(
        'RequestTimeTooSkewed',
        403,
        'The difference between the request time and the current time is too large.',
        {
          RequestTime: problem.requestTime,
          ServerTime: isoTime(problem.serverTime),
          MaxAllowedSkewMilliseconds: '900000',
        },
      );
    case 'presignedExpired':
      return new S3Refusal('AccessDenied', 403, 'Request has expired', {
        Expires: problem.expiresAt,
        ServerTime: isoTime(problem.serverTime),
      });
    case 'expiredToken':
      return new S3Refusal('ExpiredToken', 400, 'The provided token has expired.');
    case 'invalidToken':
      return new S3Refusal('InvalidToken', 400, 'The provided token is malformed or otherwise invalid.');
  }
}

function verify(context: AwsContext, { request }: Exchange, claim: Claim, route: S3Route): Signed {
  const header = headerOf(request, 'x-amz-content-sha256');
  const presigned = claim.expiresSeconds !== undefined;
  const payloadHash =
    header ?? (presigned ? (route.query.get('X-Amz-Content-Sha256') ?? 'UNSIGNED-PAYLOAD') : undefined);
  if (payloadHash === undefined) {
    throw new S3Refusal('InvalidRequest', 400, 'Missing required header for this request: x-amz-content-sha256');
  }
  try {
    return authenticate(request, claim, payloadHash, context);
  } catch (error) {
    throw error instanceof AuthenticationFailure ? s3RefusalOf(error.problem) : error;
  }
}

function callerOf(exchange: Exchange, signed: Signed | undefined, claim: Claim | undefined): StoreCaller {
  const { request } = exchange;
  const expectedOwner = headerOf(request, 'x-amz-expected-bucket-owner');
  const encryption = headerOf(request, 'x-amz-server-side-encryption');
  const key = headerOf(request, 'x-amz-server-side-encryption-aws-kms-key-id');
  const payload = headerOf(request, 'x-amz-content-sha256');
  return {
    principal: signed?.principal ?? NOBODY,
    ...(signed && { region: signed.scope.region }),
    ...(expectedOwner !== undefined && { expectedOwner }),
    context: {
      ...(claim?.expiresSeconds !== undefined && { 's3:authType': 'REST-QUERY-STRING' }),
      ...(payload !== undefined && { 's3:x-amz-content-sha256': payload }),
      ...(encryption !== undefined && { 's3:x-amz-server-side-encryption': encryption }),
      ...(key !== undefined && { 's3:x-amz-server-side-encryption-aws-kms-key-id': key }),
    },
  };
}

/** Half a body, then a cut. */
async function* firstPart(body: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = Math.floor(bytes);
  for await (const part of body as AsyncIterable<Buffer>) {
    yield part.subarray(0, left);
    left -= part.length;
    if (left <= 0) break;
  }
  throw new ConnectionDropped('midway');
}

/** What is there is half of the object, and nothing says so. */
function halfOf(answer: S3Answer): S3Answer {
  if (!(answer.body instanceof Readable)) return answer;
  const half = Math.floor(Number(answer.headers?.['content-length'] ?? 0) / 2);
  const body = Readable.from(firstBytes(answer.body, half));
  const kept = Object.entries(answer.headers ?? {}).filter(([name]) => !name.startsWith('x-amz-checksum-'));
  return { ...answer, headers: { ...Object.fromEntries(kept), 'content-length': half }, body };
}

async function* firstBytes(body: AsyncIterable<Buffer>, count: number): AsyncGenerator<Buffer, void, undefined> {
  let left = count;
  for await (const part of body) {
    if (left <= 0) return;
    yield part.subarray(0, left);
    left -= part.length;
  }
}

function failureOf(effect: Fault['effect']): S3Refusal | undefined {
  if (effect.kind === 'throttle') return new S3Refusal('SlowDown', 503, 'Please reduce your request rate.');
  if (effect.kind === 'missing') return new S3Refusal('NoSuchKey', 404, 'The specified key does not exist.');
  if (effect.kind !== 'error') return undefined;
  const { code = 'InternalError', status = 500 } = effect;
  return new S3Refusal(code, status, effect.message ?? 'We encountered an internal error. Please try again.');
}

interface Progress {
  signed: Signed | undefined;
  fault: string | undefined;
}

async function carryOut(
  context: AwsContext,
  exchange: Exchange,
  store: FileStore,
  claim: Claim | undefined,
  route: S3Route,
  progress: Progress,
): Promise<S3Answer> {
  const { operation, bucket, key } = route;
  const fault = await suffer(context.faults, `s3:${operation ?? 'unknown'}`, `${bucket}/${key}`, exchange.incoming);
  progress.fault = fault?.effect.kind;
  const failure = fault && failureOf(fault.effect);
  if (fault && failure && !isAfter(fault)) throw failure;
  if (claim) progress.signed = verify(context, exchange, claim, route);
  const { signed } = progress;
  if (!operation) {
    throw new S3Refusal(
      'NotImplemented',
      501,
      `The sandbox does not have this operation of S3: ${exchange.request.method} ${[...route.query.keys()].filter((name) => !name.startsWith('X-Amz-')).join('&')}`,
    );
  }
  refuseAbsentHeaders(exchange.request);
  const body = openRequestBody(exchange.request, exchange.incoming as AsyncIterable<Buffer>, signed);
  const caller = callerOf(exchange, signed, claim);
  const answer = await S3_OPERATIONS[operation]({ ...route, request: exchange.request, caller, signed, body, store });
  if (fault?.effect.kind === 'truncated') return halfOf(answer);
  if (fault && isAfter(fault) && answer.body instanceof Readable) answer.body.destroy();
  if (failure) throw failure;
  if (fault?.effect.kind === 'silence') await stayAway(exchange.incoming.socket, operation);
  if (fault?.effect.kind !== 'drop') return answer;
  if (fault.effect.when === 'midway' && answer.body instanceof Readable) {
    return {
      ...answer,
      body: Readable.from(firstPart(answer.body, Number(answer.headers?.['content-length'] ?? 0) / 2)),
    };
  }
  if (answer.body instanceof Readable) answer.body.destroy();
  throw new ConnectionDropped(operation);
}

async function send(clock: WorldClock, { response, requestId }: Exchange, answer: S3Answer): Promise<void> {
  const { status, headers = {}, body } = answer;
  const length = typeof body === 'string' ? { 'content-length': Buffer.byteLength(body) } : {};
  const date = clock.date().toUTCString();
  response.writeHead(status, { date, 'x-amz-request-id': requestId, 'x-amz-id-2': requestId, ...length, ...headers });
  if (body === undefined || typeof body === 'string') response.end(body);
  else await pipeline(body, response);
}

/** Answers a request whose signature cannot even be read. */
export async function refuseS3(
  { clock }: Pick<AwsContext, 'clock'>,
  exchange: Exchange,
  problem: AuthenticationProblem,
): Promise<void> {
  await send(
    clock,
    exchange,
    refusalAnswer(s3RefusalOf(problem), exchange.requestId, exchange.request.method === 'HEAD'),
  );
}

/** Answers one request to S3. */
export async function answerS3(
  context: AwsContext,
  exchange: Exchange,
  store: FileStore,
  claim: Claim | undefined,
): Promise<void> {
  const route = routeS3(exchange.request);
  const progress: Progress = { signed: undefined, fault: undefined };
  let refusal: S3Refusal | undefined;
  let answer: S3Answer;
  try {
    answer = await carryOut(context, exchange, store, claim, route, progress);
  } catch (error) {
    if (!(error instanceof S3Refusal)) throw error;
    refusal = error;
    answer = refusalAnswer(error, exchange.requestId, exchange.request.method === 'HEAD');
  }
  record(context.log, {
    service: 's3',
    action: route.operation ?? 'unknown',
    principal: progress.signed?.principal.arn ?? 'anonymous',
    resource: route.key === '' ? route.bucket : `${route.bucket}/${route.key}`,
    allowed: refusal === undefined,
    status: answer.status,
    ...(refusal && { errorCode: refusal.code }),
    ...(progress.fault !== undefined && { fault: progress.fault }),
  });
  await send(context.clock, exchange, answer);
  exchange.incoming.resume(); // what is left of a refused body
}

/** `20260101T000000Z`, as signatures have it, in the form of S3's own answers, which the SDK reads. */
function isoTime(compact: string): string {
  return compact.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
}
