import type { Principal } from '../identity.ts';
import type { PolicyPrincipal, PolicyStatement } from './policy.ts';

/**
 * How closely a statement names the caller. An `account` match delegates: the caller's own policies must allow as well.
 * `session` names one role session, so a session policy does not narrow it.
 */
export type PrincipalMatch = 'none' | 'account' | 'identity' | 'session';

const STRENGTH: readonly PrincipalMatch[] = ['none', 'account', 'identity', 'session'];

const listOf = (value: string | readonly string[] | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

const isRootOf = (entry: string, account: string): boolean =>
  entry === account ||
  (entry.endsWith(`:iam::${account}:root`) && /^arn:aws(-cn|-us-gov)?:iam::\d{12}:root$/.test(entry));

/** Names of the user or the role itself: its ARN, and the id by which IAM stores it. */
const namesOf = ({ kind, arn, roleArn, userId }: Principal): readonly (string | undefined)[] =>
  kind === 'assumedRole' ? [roleArn, userId.split(':')[0]] : [arn, userId];

function matchAws(entry: string, principal: Principal): PrincipalMatch {
  if (entry === '*') return 'identity';
  if (principal.account !== '' && isRootOf(entry, principal.account)) return 'account';
  if (principal.kind === 'assumedRole' && entry === principal.arn) return 'session';
  return namesOf(principal).includes(entry) ? 'identity' : 'none';
}

function matchPrincipal(element: PolicyPrincipal, principal: Principal): PrincipalMatch {
  if (element === '*') return 'identity';
  const matches = [
    ...(principal.kind === 'service' || principal.kind === 'federated'
      ? []
      : listOf(element.AWS).map((entry) => matchAws(entry, principal))),
    ...listOf(element.Federated).map(
      (entry): PrincipalMatch => (principal.kind === 'federated' && entry === principal.arn ? 'identity' : 'none'),
    ),
    ...listOf(element.Service).map(
      (entry): PrincipalMatch => (principal.kind === 'service' && entry === principal.arn ? 'identity' : 'none'),
    ),
  ];
  return matches.reduce<PrincipalMatch>(
    (best, match) => (STRENGTH.indexOf(match) > STRENGTH.indexOf(best) ? match : best),
    'none',
  );
}

/** `NotPrincipal` spares a caller only when it names the account, the role and the session alike, as AWS documents. */
function isSpared(element: PolicyPrincipal, principal: Principal): boolean {
  if (element === '*') return true;
  if (principal.kind === 'service') return listOf(element.Service).includes(principal.arn);
  if (principal.kind === 'federated') return listOf(element.Federated).includes(principal.arn);
  const named = listOf(element.AWS);
  if (named.includes('*')) return true;
  const isNamed = namesOf(principal).some((name) => name !== undefined && named.includes(name));
  const isSessionNamed = principal.kind !== 'assumedRole' || named.includes(principal.arn);
  return isNamed && isSessionNamed && named.some((entry) => isRootOf(entry, principal.account));
}

/** Whether, and how closely, a statement of a resource's policy speaks of the caller. */
export function principalMatch(statement: PolicyStatement, principal: Principal): PrincipalMatch {
  if (statement.Principal !== undefined) return matchPrincipal(statement.Principal, principal);
  if (statement.NotPrincipal !== undefined) return isSpared(statement.NotPrincipal, principal) ? 'none' : 'identity';
  return 'none';
}
