import { timingSafeEqual } from 'node:crypto';
import type { WorldClock } from '../clock.ts';
import type { IdentityRegistry, KeyRecord } from '../iam/registry.ts';
import type { Principal } from '../identity.ts';
import {
  type CredentialScope,
  canonicalRequest,
  formatTimestamp,
  parseTimestamp,
  queryPairs,
  signatureOf,
  signingKey,
  stringToSign,
  type WireRequest,
} from './sigv4.ts';

export type AuthenticationProblem =
  | { readonly kind: 'incomplete'; readonly message: string }
  /** Signature version 2, which no Region since 2014 and no bucket since 2020 takes. */
  | { readonly kind: 'oldVersion' }
  | { readonly kind: 'unknownKey' }
  | { readonly kind: 'signature' }
  | { readonly kind: 'unsignedHeader'; readonly header: string }
  | {
      readonly kind: 'skew';
      readonly requestTime: string;
      readonly serverTime: string;
      /** The latest or earliest time that would still do. */
      readonly limitTime: string;
      readonly toleratedMinutes: number;
      readonly early: boolean;
    }
  | { readonly kind: 'presignedExpired'; readonly expiresAt: string; readonly serverTime: string }
  | { readonly kind: 'expiredToken' }
  | { readonly kind: 'invalidToken' };

/** Raised when a signature does not stand; each protocol puts it into its own words. */
export class AuthenticationFailure extends Error {
  override readonly name = 'AuthenticationFailure';
  constructor(readonly problem: AuthenticationProblem) {
    super(problem.kind);
  }
}

const fail = (problem: AuthenticationProblem): never => {
  throw new AuthenticationFailure(problem);
};

/** A verified signature and what later parts of the body need to be verified with. */
export interface Signed {
  readonly kind: 'signed';
  readonly principal: Principal;
  readonly scope: CredentialScope;
  readonly timestamp: string;
  readonly signature: string;
  readonly key: Buffer;
  readonly payloadHash: string;
}

/** What a request says about its signature, before anything is believed. */
export interface Claim {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly timestamp: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** Present in a presigned URL. */
  readonly expiresSeconds?: number;
}

/** S3 says so; the others reckon with five. */
const S3_SKEW_MINUTES = 15;
const SKEW_MINUTES = 5;
const MAX_PRESIGNED_SECONDS = 604_800;

export const headerOf = (request: WireRequest, name: string): string | undefined =>
  request.headers.find(([header]) => header === name)?.[1];

function splitCredential(credential: string): { accessKeyId: string; scope: CredentialScope } {
  const parts = credential.split('/');
  const [accessKeyId, date, region, service, terminator] = parts;
  if (!accessKeyId || !date || !region || !service || terminator !== 'aws4_request' || parts.length !== 5) {
    throw new AuthenticationFailure({
      kind: 'incomplete',
      message: 'Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term',
    });
  }
  return { accessKeyId, scope: { date, region, service } };
}

function readHeaderClaim(request: WireRequest, authorization: string): Claim {
  const fields = new Map(
    authorization
      .slice('AWS4-HMAC-SHA256'.length)
      .split(',')
      .map((part) => part.trim())
      .map((part): [string, string] => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const need = (name: string): string =>
    fields.get(name) ??
    fail({
      kind: 'incomplete',
      message: `Authorization header requires '${name}' parameter. Authorization=AWS4-HMAC-SHA256`,
    });
  const { accessKeyId, scope } = splitCredential(need('Credential'));
  const timestamp = headerOf(request, 'x-amz-date') ?? '';
  if (Number.isNaN(parseTimestamp(timestamp))) {
    fail({
      kind: 'incomplete',
      message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    });
  }
  return {
    accessKeyId,
    scope,
    timestamp,
    signedHeaders: need('SignedHeaders').split(';'),
    signature: need('Signature'),
    sessionToken: headerOf(request, 'x-amz-security-token'),
  };
}

function readPresignedClaim(query: ReadonlyMap<string, string>): Claim {
  const need = (name: string): string =>
    query.get(name) ??
    fail({ kind: 'incomplete', message: `Query-string authentication requires the ${name} parameter` });
  const { accessKeyId, scope } = splitCredential(need('X-Amz-Credential'));
  const expiresSeconds = Number(need('X-Amz-Expires'));
  if (!Number.isInteger(expiresSeconds) || expiresSeconds < 0 || expiresSeconds > MAX_PRESIGNED_SECONDS) {
    fail({
      kind: 'incomplete',
      message:
        'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    });
  }
  return {
    accessKeyId,
    scope,
    timestamp: need('X-Amz-Date'),
    signedHeaders: need('X-Amz-SignedHeaders').split(';'),
    signature: need('X-Amz-Signature'),
    sessionToken: query.get('X-Amz-Security-Token'),
    expiresSeconds,
  };
}

/** What the request claims; undefined when it carries no signature at all. */
export function readClaim(request: WireRequest): Claim | undefined {
  const authorization = headerOf(request, 'authorization');
  if (authorization !== undefined) {
    if (authorization.startsWith('AWS ')) fail({ kind: 'oldVersion' });
    if (!authorization.startsWith('AWS4-HMAC-SHA256')) {
      fail({
        kind: 'incomplete',
        message: 'Unsupported authorization scheme: the sandbox verifies AWS4-HMAC-SHA256 only',
      });
    }
    return readHeaderClaim(request, authorization);
  }
  const query = new Map(queryPairs(request.query));
  if (query.has('AWSAccessKeyId') && query.has('Signature')) fail({ kind: 'oldVersion' });
  return query.has('X-Amz-Algorithm') ? readPresignedClaim(query) : undefined;
}

/** A timestamp has whole seconds: one written in the second of an advance counts as written after it. */
const WHOLE_SECONDS_MS = 999;
/** A request's clock may lag by a little more: clients keep an offset that they learned from an earlier answer. */
const CLIENT_LAG_MS = 2_000 + WHOLE_SECONDS_MS;

const nearest = (times: readonly number[], now: number): number =>
  times.reduce((a, b) => (Math.abs(a - now) <= Math.abs(b - now) ? a : b));

function checkTime({ timestamp, expiresSeconds, scope }: Claim, clock: WorldClock): void {
  const signedAt = parseTimestamp(timestamp);
  const now = clock.now();
  const serverTime = formatTimestamp(now);
  const toleratedMinutes = scope.service === 's3' ? S3_SKEW_MINUTES : SKEW_MINUTES;
  const toleratedMs = toleratedMinutes * 60_000;
  const skewed = (early: boolean): never =>
    fail({
      kind: 'skew',
      requestTime: timestamp,
      serverTime,
      limitTime: formatTimestamp(now + (early ? toleratedMs : -toleratedMs)),
      toleratedMinutes,
      early,
    });
  if (expiresSeconds !== undefined) {
    const [, inWorld = signedAt] = clock.readingsOf(signedAt, WHOLE_SECONDS_MS);
    const expiresAt = inWorld + expiresSeconds * 1000;
    if (now > expiresAt + WHOLE_SECONDS_MS)
      fail({ kind: 'presignedExpired', expiresAt: new Date(expiresAt).toISOString(), serverTime });
    if (inWorld > now + toleratedMs) skewed(true);
    return;
  }
  const skew = nearest(clock.readingsOf(signedAt, CLIENT_LAG_MS), now) - now;
  if (Math.abs(skew) > toleratedMs) skewed(skew > 0);
}

function checkToken(claim: Claim, record: KeyRecord, clock: WorldClock): void {
  const expected = record.sessionToken?.reveal();
  if (expected !== claim.sessionToken) {
    fail(
      expected !== undefined && claim.sessionToken === undefined ? { kind: 'unknownKey' } : { kind: 'invalidToken' },
    );
  }
  if (record.expiresAt && record.expiresAt.getTime() <= clock.now()) fail({ kind: 'expiredToken' });
}

function checkSignedHeaders(request: WireRequest, { signedHeaders, expiresSeconds }: Claim): void {
  const signed = new Set(signedHeaders);
  const needed = request.headers
    .map(([name]) => name)
    .filter((name) => name === 'host' || (name.startsWith('x-amz-') && name !== 'x-amz-user-agent'))
    .filter((name) => expiresSeconds === undefined || name === 'host' || name !== 'x-amz-content-sha256');
  for (const header of needed) if (!signed.has(header)) fail({ kind: 'unsignedHeader', header });
}

/** Verifies a claim against the world's keys and clock. Throws `AuthenticationFailure`. */
export function authenticate(
  request: WireRequest,
  claim: Claim,
  payloadHash: string,
  { registry, clock }: { readonly registry: IdentityRegistry; readonly clock: WorldClock },
): Signed {
  const { scope, timestamp, accessKeyId, signedHeaders } = claim;
  const record = registry.key(accessKeyId);
  if (!record) throw new AuthenticationFailure({ kind: 'unknownKey' });
  if (scope.date !== timestamp.slice(0, 8)) {
    fail({
      kind: 'incomplete',
      message: 'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP',
    });
  }
  checkSignedHeaders(request, claim);
  const isS3 = scope.service === 's3';
  const canonical = canonicalRequest(request, signedHeaders, payloadHash, {
    normalize: !isS3,
    doubleEncode: !isS3,
    ...(claim.expiresSeconds !== undefined && { withoutQuery: 'X-Amz-Signature' }),
  });
  const key = signingKey(record.secretAccessKey.reveal(), scope);
  const expected = signatureOf(key, stringToSign(timestamp, scope, canonical));
  if (
    expected.length !== claim.signature.length ||
    !timingSafeEqual(Buffer.from(expected), Buffer.from(claim.signature))
  ) {
    fail({ kind: 'signature' });
  }
  checkTime(claim, clock);
  checkToken(claim, record, clock);
  return { kind: 'signed', principal: record.principal, scope, timestamp, signature: expected, key, payloadHash };
}
