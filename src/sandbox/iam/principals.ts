import type { Principal } from '../identity.ts';
import type { PolicyPrincipal, PolicyStatement } from './policy.ts';

/**
 * How closely a statement names the caller. An `account` match delegates: the caller's own policies must allow as well.
 * `identity` names a user or a role; what a role is given so, a boundary and session policies narrow. `session` names one
 * session, or everybody, and is narrowed by neither.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-single-account.html
 */
export type PrincipalMatch = 'none' | 'account' | 'identity' | 'session';

const STRENGTH: readonly PrincipalMatch[] = ['none', 'account', 'identity', 'session'];

export const strongerMatch = (a: PrincipalMatch, b: PrincipalMatch): PrincipalMatch =>
  STRENGTH.indexOf(b) > STRENGTH.indexOf(a) ? b : a;

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

const isRootOf = (entry: string, account: string): boolean =>
  entry === account || (/^arn:aws(-cn|-us-gov)?:iam::\d{12}:root$/.test(entry) && entry.split(':')[4] === account);

/** Names of the user or the role itself: its ARN, and the id by which IAM stores it. */
const namesOf = ({ kind, arn, roleArn, userId }: Principal): readonly (string | undefined)[] =>
  kind === 'assumedRole' ? [roleArn, userId.split(':')[0]] : [arn, userId];

function matchAws(entry: string, principal: Principal): PrincipalMatch {
  if (entry === '*') return 'session';
  if (principal.account !== '' && isRootOf(entry, principal.account)) return 'account';
  if (principal.kind === 'assumedRole' && entry === principal.arn) return 'session';
  return namesOf(principal).includes(entry) ? 'identity' : 'none';
}

function matchPrincipal(element: PolicyPrincipal, principal: Principal): PrincipalMatch {
  if (element === '*') return 'session';
  const { kind, arn } = principal;
  const isAws = kind !== 'service' && kind !== 'federated';
  const own = kind === 'service' ? element.Service : kind === 'federated' ? element.Federated : undefined;
  return [
    ...(isAws ? listOf(element.AWS).map((entry) => matchAws(entry, principal)) : []),
    ...listOf(own).map((entry): PrincipalMatch => (entry === arn ? 'identity' : 'none')),
  ].reduce(strongerMatch, 'none');
}

/** `NotPrincipal` of a Deny spares a caller only when it names its account besides the user, or the role of the session. */
function isSpared(element: PolicyPrincipal, principal: Principal): boolean {
  if (element === '*') return true;
  if (principal.kind === 'service') return listOf(element.Service).includes(principal.arn);
  if (principal.kind === 'federated') return listOf(element.Federated).includes(principal.arn);
  const named = listOf(element.AWS);
  if (named.includes('*')) return true;
  const isNamed = namesOf(principal).some((name) => name !== undefined && named.includes(name));
  return isNamed && named.some((entry) => isRootOf(entry, principal.account));
}

/**
 * Whether, and how closely, a statement of a resource's policy speaks of the caller. A Deny with `NotPrincipal` always
 * strikes those who have a permissions boundary.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
export function principalMatch(
  { Effect, Principal: named, NotPrincipal: spared }: PolicyStatement,
  principal: Principal,
  { isBounded }: { readonly isBounded: boolean },
): PrincipalMatch {
  if (named !== undefined) return matchPrincipal(named, principal);
  if (spared === undefined) return 'none';
  if (Effect === 'Allow') return matchPrincipal(spared, principal) === 'none' ? 'identity' : 'none';
  return !isBounded && isSpared(spared, principal) ? 'none' : 'identity';
}
