import { managedPolicy } from '../iam/holdings.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import { readPolicyText } from '../iam/policy-refusal.ts';
import type { StoredPolicy } from '../iam/state.ts';
import { fixPrincipals } from '../iam/trusted.ts';
import { type IamCall, limitExceeded, needed, noSuchEntity } from './iam-call.ts';
import { QueryFailure } from './query.ts';

const malformed = (message: string): QueryFailure => new QueryFailure('MalformedPolicyDocument', 400, message);

/** Characters that count towards a limit: white space does not. */
export const sizeOf = (text: string): number => text.replaceAll(/\s/g, '').length;

/** The parameter `PolicyDocument` as an identity policy. */
export function identityDocument(call: IamCall): StoredPolicy {
  const text = needed(call, 'PolicyDocument');
  const read = readPolicyText(text, 'identity', call.partition);
  if ('refusal' in read) throw malformed(read.refusal);
  return { text, document: read.policy };
}

/** A trust policy as IAM stores it. Whoever it names must exist. */
export function trustDocument(call: IamCall, parameter: string): PolicyDocument {
  const text = needed(call, parameter);
  const read = readPolicyText(text, 'trust', call.partition);
  if ('refusal' in read) throw malformed(read.refusal);
  if (sizeOf(text) > 2048) throw limitExceeded('Cannot exceed quota for ACLSizePerRole: 2048');
  const { document, invalid } = fixPrincipals(read.policy, call.state, call.partition);
  if (invalid !== undefined) throw malformed(`Invalid principal in policy: "AWS":"${invalid}"`);
  return document;
}

/** The ARN of a managed policy that may be attached. */
export function attachableArn(call: IamCall, parameter: string): string {
  const arn = needed(call, parameter);
  const isForeign = !arn.includes(`:iam::${call.account.id}:`) && !arn.includes(':iam::aws:');
  if (!/^arn:[a-z-]+:iam::(\d{12}|aws):policy\/.+/.test(arn)) {
    throw new QueryFailure('ValidationError', 400, `ARN ${arn} is not valid.`);
  }
  if (isForeign || managedPolicy(call.state, arn) === undefined) {
    throw noSuchEntity(`Policy ${arn} does not exist or is not attachable.`);
  }
  return arn;
}
