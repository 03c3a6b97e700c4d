import type { ConfigIssue } from '../core/errors.ts';
import { awsManagedPolicy } from './iam/aws-managed.ts';
import type { PolicyDocument } from './iam/policy.ts';
import { type PolicyPlace, policyProblem } from './iam/policy-check.ts';
import { policyRefusal } from './iam/policy-refusal.ts';
import { partitionOf } from './partition.ts';
import type { World, WorldAccount, WorldGroup, WorldIdentity, WorldOrganizationUnit } from './world.ts';

/** What IAM would refuse about one policy of a world. */
export function* policyIssue(
  path: string,
  document: PolicyDocument | undefined,
  place: PolicyPlace,
  partition: string,
): Generator<ConfigIssue> {
  const message = document && (policyProblem(document, place) ?? policyRefusal(document, place, partition));
  if (message !== undefined) yield { path, message, action: 'Correct the policy as IAM would ask.' };
}

/** What IAM would refuse about a list of policies. */
export function* policyIssues(
  path: string,
  documents: readonly PolicyDocument[] | undefined,
  place: PolicyPlace,
  partition: string,
): Generator<ConfigIssue> {
  for (const [at, document] of (documents ?? []).entries()) {
    yield* policyIssue(`${path}[${at}]`, document, place, partition);
  }
}

function* absentIssues(
  path: string,
  arns: readonly (string | undefined)[],
  managed: ReadonlySet<string>,
): Generator<ConfigIssue> {
  for (const arn of arns) {
    if (arn === undefined || managed.has(arn) || awsManagedPolicy(arn) !== undefined) continue;
    const action = 'Declare it under managedPolicies of its account.';
    yield { path, message: `no managed policy ${arn} in this world`, action };
  }
}

function* groupIssues(
  path: string,
  group: WorldGroup,
  account: WorldAccount,
  partition: string,
): Generator<ConfigIssue> {
  yield* policyIssues(`${path}.policies`, group.policies, 'identity', partition);
  const names = new Set((account.users ?? []).map(({ name }) => name));
  for (const user of group.users ?? []) {
    if (!names.has(user)) {
      const action = 'Declare it under users of the same account.';
      yield { path: `${path}.users`, message: `no user ${user}`, action };
    }
  }
}

function* accountIssues(
  path: string,
  account: WorldAccount,
  managed: ReadonlySet<string>,
  partition: string,
): Generator<ConfigIssue> {
  const { users = [], roles = [], groups = [], managedPolicies = [] } = account;
  const holders: readonly (readonly [string, WorldIdentity | WorldGroup])[] = [
    ...users.map((user, at) => [`${path}.users[${at}]`, user] as const),
    ...roles.map((role, at) => [`${path}.roles[${at}]`, role] as const),
    ...groups.map((group, at) => [`${path}.groups[${at}]`, group] as const),
  ];
  for (const [place, holder] of holders) {
    const boundary = 'permissionsBoundary' in holder ? holder.permissionsBoundary : undefined;
    yield* absentIssues(place, [...(holder.managedPolicies ?? []), boundary], managed);
  }
  for (const [at, group] of groups.entries()) yield* groupIssues(`${path}.groups[${at}]`, group, account, partition);
  const documents = managedPolicies.map(({ document }) => document);
  yield* policyIssues(`${path}.managedPolicies`, documents, 'identity', partition);
}

function* unitIssues(
  path: string,
  unit: WorldOrganizationUnit,
  accounts: ReadonlySet<string>,
  seen: Set<string>,
  partition: string,
): Generator<ConfigIssue> {
  yield* policyIssues(`${path}.serviceControlPolicies`, unit.serviceControlPolicies, 'identity', partition);
  yield* policyIssues(`${path}.resourceControlPolicies`, unit.resourceControlPolicies, 'bucket', partition);
  for (const [at, account] of (unit.accounts ?? []).entries()) {
    const place = `${path}.accounts[${at}]`;
    yield* policyIssues(`${place}.serviceControlPolicies`, account.serviceControlPolicies, 'identity', partition);
    yield* policyIssues(`${place}.resourceControlPolicies`, account.resourceControlPolicies, 'bucket', partition);
    if (!accounts.has(account.id)) {
      yield { path: place, message: `no account ${account.id} in this world`, action: 'Declare it under accounts.' };
    }
    if (seen.has(account.id)) {
      yield { path: place, message: `account ${account.id} is in two places`, action: 'Leave it in one of them.' };
    }
    seen.add(account.id);
  }
  for (const [at, below] of (unit.units ?? []).entries()) {
    yield* unitIssues(`${path}.units[${at}]`, below, accounts, seen, partition);
  }
}

/** What the schema cannot say of groups, managed policies, boundaries and the organization. */
export function* iamIssues({ accounts, organization, region }: World): Generator<ConfigIssue> {
  const partition = partitionOf(region);
  const managed = new Set(
    accounts.flatMap(({ id, managedPolicies = [] }) =>
      managedPolicies.map(({ name, path = '/' }) => `arn:${partition}:iam::${id}:policy${path}${name}`),
    ),
  );
  for (const [at, account] of accounts.entries()) yield* accountIssues(`accounts[${at}]`, account, managed, partition);
  if (organization === undefined) return;
  const ids = new Set(accounts.map(({ id }) => id));
  yield* unitIssues('organization.root', organization.root, ids, new Set(), partition);
}
