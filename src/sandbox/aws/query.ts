import type { Authorize } from '../iam/authorizer.ts';
import type { Principal } from '../identity.ts';
import type { AuthenticationProblem } from './authenticate.ts';
import { renderXml, type XmlElements } from './xml.ts';

/** An answer of the Query protocol that is not success. */
export class QueryFailure extends Error {
  override readonly name = 'QueryFailure';
  constructor(
    readonly code: string,
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

export const accessDenied = (message: string): QueryFailure => new QueryFailure('AccessDenied', 403, message);
export const validationError = (message: string): QueryFailure => new QueryFailure('ValidationError', 400, message);

/** One call of a Query API: whose it is and what it asks. */
export interface QueryCall {
  readonly principal: Principal;
  readonly region: string;
  readonly action: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly authorize: Authorize;
}

export interface QueryService {
  readonly name: string;
  /** Of the API, as every request names it. */
  readonly version: string;
  readonly namespace: string;
  /** Resource of a call for the log, before it is carried out. */
  readonly resourceOf: (call: Pick<QueryCall, 'action' | 'parameters'>) => string;
  /** Actions that come without a signature: the caller proves itself by what it sends. */
  readonly unsigned?: ReadonlySet<string>;
  readonly actions: ReadonlyMap<string, (call: QueryCall) => XmlElements>;
}

export function parseForm(body: string): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(body));
}

/** The first of these parameters, or lists of them, that a request has: what the sandbox must not pass over in silence. */
export function findParameter(parameters: ReadonlyMap<string, string>, names: readonly string[]): string | undefined {
  return names.find((name) => [...parameters.keys()].some((key) => key === name || key.startsWith(`${name}.`)));
}

/** `Tags.member.1.Key=..` and the like, in order of their numbers. */
export function listParameter(parameters: ReadonlyMap<string, string>, prefix: string): readonly string[] {
  const found: string[] = [];
  for (let number = 1; ; number++) {
    const value = parameters.get(`${prefix}.${number}`);
    if (value === undefined) return found;
    found.push(value);
  }
}

export function renderAnswer(service: QueryService, action: string, result: XmlElements, requestId: string): string {
  return renderXml(
    `${action}Response`,
    { [`${action}Result`]: result, ResponseMetadata: { RequestId: requestId } },
    service.namespace,
  );
}

export function renderFailure(namespace: string, failure: QueryFailure, requestId: string): string {
  const type = failure.status >= 500 ? 'Receiver' : 'Sender';
  return renderXml(
    'ErrorResponse',
    { Error: { Type: type, Code: failure.code, Message: failure.message }, RequestId: requestId },
    namespace,
  );
}

/** A signature that does not stand, in the words of the Query services. */
export function queryFailureOf(problem: AuthenticationProblem): QueryFailure {
  switch (problem.kind) {
    case 'incomplete':
      return new QueryFailure('IncompleteSignature', 400, problem.message);
    case 'oldVersion':
      return new QueryFailure('IncompleteSignature', 400, 'The sandbox verifies AWS4-HMAC-SHA256 only');
    case 'unknownKey':
    case 'invalidToken':
      return new QueryFailure('InvalidClientTokenId', 403, 'The security token included in the request is invalid.');
    case 'expiredToken':
      return new QueryFailure('ExpiredToken', 403, 'The security token included in the request is expired');
    case 'signature':
      return new QueryFailure(
        'SignatureDoesNotMatch',
        403,
        'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      );
    case 'unsignedHeader':
      return new QueryFailure(
        'SignatureDoesNotMatch',
        403,
        `'${problem.header}' must be a 'SignedHeader' in the AWS Authorization.`,
      );
    case 'skew':
      return new QueryFailure(
        'SignatureDoesNotMatch',
        403,
        problem.early
          ? `Signature not yet current: ${problem.requestTime} is still later than ${problem.limitTime} (${problem.serverTime} + ${problem.toleratedMinutes} min.)`
          : `Signature expired: ${problem.requestTime} is now earlier than ${problem.limitTime} (${problem.serverTime} - ${problem.toleratedMinutes} min.)`,
      );
    case 'presignedExpired':
      return new QueryFailure(
        'SignatureDoesNotMatch',
        403,
        `Signature expired: it was valid until ${problem.expiresAt}`,
      );
  }
}
