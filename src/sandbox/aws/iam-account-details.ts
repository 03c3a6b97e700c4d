import { groupsOf, managedPolicy } from '../iam/holdings.ts';
import type { Grantee, GroupState, ManagedPolicyState, RoleState, UserState } from '../iam/state.ts';
import { demand, type IamAction, type IamCall, pageOf, shownBoundary, shownDocument, shownTags } from './iam-call.ts';
import { shownGroup } from './iam-groups.ts';
import { AWS_MADE, shownAwsPolicy, shownPolicy, shownVersion } from './iam-managed.ts';
import { shownProfile } from './iam-profiles.ts';
import { shownRole } from './iam-roles.ts';
import { shownUser } from './iam-users.ts';
import { listParameter, validationError } from './query.ts';
import type { XmlElements } from './xml.ts';

type Filter = 'User' | 'Group' | 'Role' | 'LocalManagedPolicy' | 'AWSManagedPolicy';

const LISTS: Readonly<Record<Filter, string>> = {
  User: 'UserDetailList',
  Group: 'GroupDetailList',
  Role: 'RoleDetailList',
  LocalManagedPolicy: 'Policies',
  AWSManagedPolicy: 'Policies',
};

interface Entry {
  readonly filter: Filter;
  readonly show: () => XmlElements;
}

const inlineOf = ({ inline }: Grantee): XmlElements => ({
  member: [...inline].map(([PolicyName, { text }]) => ({ PolicyName, PolicyDocument: shownDocument(text) })),
});

const attachedOf = ({ attached }: Grantee): XmlElements => ({
  member: attached.map((arn) => ({ PolicyName: arn.slice(arn.lastIndexOf('/') + 1), PolicyArn: arn })),
});

const boundsOf = ({ boundary, tags }: UserState | RoleState): XmlElements => ({
  PermissionsBoundary: shownBoundary(boundary),
  Tags: shownTags(tags),
});

const userDetail = (call: IamCall, user: UserState): XmlElements => ({
  ...shownUser(user),
  UserPolicyList: inlineOf(user),
  GroupList: { member: groupsOf(call.state, user).map(({ name }) => name) },
  AttachedManagedPolicies: attachedOf(user),
  ...boundsOf(user),
});

const groupDetail = (group: GroupState): XmlElements => ({
  ...shownGroup(group),
  GroupPolicyList: inlineOf(group),
  AttachedManagedPolicies: attachedOf(group),
});

const roleDetail = (call: IamCall, role: RoleState): XmlElements => ({
  ...shownRole(call, role),
  InstanceProfileList: {
    member: [...call.account.profiles.values()]
      .filter(({ roleId }) => roleId === role.id)
      .map((profile) => shownProfile(call, profile)),
  },
  RolePolicyList: inlineOf(role),
  AttachedManagedPolicies: attachedOf(role),
  RoleLastUsed: {},
  ...boundsOf(role),
});

const policyDetail = (call: IamCall, policy: ManagedPolicyState): XmlElements => ({
  ...shownPolicy(call, policy),
  PolicyVersionList: { member: policy.versions.map((version) => shownVersion(policy, version, true)) },
});

function awsPolicyDetail(call: IamCall, arn: string): XmlElements {
  const Document = shownDocument(managedPolicy(call.state, arn)?.text ?? '');
  const version = { Document, VersionId: 'v1', IsDefaultVersion: true, CreateDate: AWS_MADE };
  return { ...shownAwsPolicy(call, arn), PolicyVersionList: { member: [version] } };
}

/** Of AWS's own policies only those that somebody has. */
function awsPoliciesInUse({ account }: IamCall): readonly string[] {
  const holders = [...account.users.values(), ...account.groups.values(), ...account.roles.values()];
  const arns = holders.flatMap((holder) => [
    ...holder.attached,
    ...('boundary' in holder && holder.boundary !== undefined ? [holder.boundary] : []),
  ]);
  return [...new Set(arns.filter((arn) => arn.includes(':iam::aws:')))].sort();
}

function entriesOf(call: IamCall): readonly Entry[] {
  const { users, groups, roles, policies } = call.account;
  const entries = <T>(filter: Filter, items: Iterable<T>, show: (item: T) => XmlElements): readonly Entry[] =>
    [...items].map((item) => ({ filter, show: () => show(item) }));
  return [
    ...entries('User', users.values(), (user) => userDetail(call, user)),
    ...entries('Group', groups.values(), groupDetail),
    ...entries('Role', roles.values(), (role) => roleDetail(call, role)),
    ...entries('LocalManagedPolicy', policies.values(), (policy) => policyDetail(call, policy)),
    ...entries('AWSManagedPolicy', awsPoliciesInUse(call), (arn) => awsPolicyDetail(call, arn)),
  ];
}

function details(call: IamCall): XmlElements {
  demand(call, '*');
  const wanted = listParameter(call.parameters, 'Filter.member');
  const unknown = wanted.find((filter) => !Object.hasOwn(LISTS, filter));
  if (unknown !== undefined) {
    throw validationError(
      `1 validation error detected: Value '[${unknown}]' at 'filter' failed to satisfy constraint: Member must satisfy enum value set: [${Object.keys(LISTS).join(', ')}]`,
    );
  }
  const entries = entriesOf(call).filter(({ filter }) => wanted.length === 0 || wanted.includes(filter));
  const { shown, rest } = pageOf(call, entries);
  const lists = [...new Set(Object.values(LISTS))].map((list): readonly [string, XmlElements] => [
    list,
    { member: shown.filter(({ filter }) => LISTS[filter] === list).map(({ show }) => show()) },
  ]);
  return { ...Object.fromEntries(lists), ...rest };
}

/**
 * Everything about an account's identities in one answer, page by page.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
 */
export const ACCOUNT_ACTIONS: readonly IamAction[] = [['GetAccountAuthorizationDetails', details]];
