import type { Authorize } from '../iam/authorizer.ts';
import type { Principal } from '../identity.ts';
import type { AuthenticationProblem } from './authenticate.ts';
import { QueryFailure, queryFailureOf } from './query.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** One call of an API that speaks JSON 1.1: whose it is and what it asks. */
export interface JsonCall {
  readonly principal: Principal;
  readonly region: string;
  readonly input: JsonObject;
  readonly authorize: Authorize;
}

export interface JsonService {
  /** As signatures name it. */
  readonly name: string;
  /** What stands before the action in `X-Amz-Target`. */
  readonly target: string;
  /** Resource of a call for the log, before it is carried out. */
  readonly resourceOf: (input: JsonObject) => string;
  readonly actions: ReadonlyMap<string, (call: JsonCall) => JsonObject>;
}

export const validationException = (message: string): QueryFailure =>
  new QueryFailure('ValidationException', 400, message);
export const resourceNotFound = (message: string): QueryFailure =>
  new QueryFailure('ResourceNotFoundException', 400, message);
export const accessDeniedException = (message: string): QueryFailure =>
  new QueryFailure('AccessDeniedException', 400, message);

const CODES: Readonly<Record<string, string>> = {
  IncompleteSignature: 'IncompleteSignatureException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
};

/** A signature that does not stand, in the words of the JSON services. */
export function jsonFailureOf(problem: AuthenticationProblem): QueryFailure {
  const { code, message } = queryFailureOf(problem);
  return new QueryFailure(CODES[code] ?? code, 400, message);
}

/** A member of the input that must be text, if it is there. Throws `SerializationException`. */
export function textOf(input: JsonObject, name: string): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  throw new QueryFailure('SerializationException', 400, `${typeof value} value can not be converted to String`);
}

/** A member of the input that must be a number, if it is there. Throws `SerializationException`. */
export function numberOf(input: JsonObject, name: string): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  throw new QueryFailure('SerializationException', 400, `${typeof value} value can not be converted to Integer`);
}

/** Members that the sandbox must not pass over in silence. */
export function refuseOthers(input: JsonObject, known: readonly string[]): void {
  const name = Object.keys(input).find((key) => !known.includes(key));
  if (name !== undefined) throw validationException(`The sandbox does not imitate the parameter ${name}`);
}
