import { Secret } from '../../core/secret.ts';
import type { World, WorldAccount, WorldGroup, WorldManagedPolicy, WorldRole, WorldUser } from '../world.ts';
import { type IdPrefix, stableId } from './ids.ts';
import type { PolicyDocument } from './policy.ts';
import type {
  AccessKeyState,
  AccountState,
  GroupState,
  IamState,
  ManagedPolicyState,
  RoleState,
  StoredPolicy,
  UserState,
} from './state.ts';
import { fixPrincipals } from './trusted.ts';

const stored = (document: PolicyDocument): StoredPolicy => ({ document, text: JSON.stringify(document, undefined, 2) });

/** Policies of a world file have no names of their own. */
const inlineOf = (policies: readonly PolicyDocument[] = []): ReadonlyMap<string, StoredPolicy> =>
  new Map(policies.map((document, at) => [`world-${at + 1}`, stored(document)]));

function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name.toLowerCase(), item]));
}

interface Origin {
  readonly account: string;
  readonly partition: string;
  readonly createdAt: Date;
}

function entity(
  { account, partition, createdAt }: Origin,
  kind: string,
  prefix: IdPrefix,
  { name, path = '/' }: { readonly name: string; readonly path?: string },
) {
  const arn = `arn:${partition}:iam::${account}:${kind}${path}${name}`;
  return { name, path, arn, id: stableId(prefix, arn), createdAt };
}

const bounds = ({ managedPolicies = [], permissionsBoundary, tags = {} }: WorldUser | WorldRole) => ({
  attached: managedPolicies,
  boundary: permissionsBoundary,
  tags,
});

function userState(origin: Origin, user: WorldUser): UserState {
  return {
    kind: 'user',
    ...entity(origin, 'user', 'AIDA', user),
    inline: inlineOf(user.policies),
    ...bounds(user),
  };
}

function keysOf(user: WorldUser, state: UserState): readonly [string, AccessKeyState][] {
  return (user.accessKeys ?? []).map(({ id, secret }) => [
    id,
    { id, secret: new Secret(secret), userId: state.id, active: true, createdAt: state.createdAt },
  ]);
}

function groupState(origin: Origin, group: WorldGroup, users: ReadonlyMap<string, UserState>): GroupState {
  return {
    kind: 'group',
    ...entity(origin, 'group', 'AGPA', group),
    inline: inlineOf(group.policies),
    attached: group.managedPolicies ?? [],
    members: (group.users ?? []).flatMap((name) => users.get(name.toLowerCase())?.id ?? []),
  };
}

function roleState(origin: Origin, role: WorldRole): RoleState {
  return {
    kind: 'role',
    ...entity(origin, 'role', 'AROA', role),
    inline: inlineOf(role.policies),
    ...bounds(role),
    trust: role.trust,
    maxSessionSeconds: role.maxSessionSeconds ?? 3600,
    description: undefined,
  };
}

function policyState(origin: Origin, policy: WorldManagedPolicy): ManagedPolicyState {
  const { createdAt } = origin;
  return {
    ...entity(origin, 'policy', 'ANPA', policy),
    description: undefined,
    versions: [{ id: 'v1', createdAt, ...stored(policy.document) }],
    defaultVersion: 'v1',
    nextVersion: 2,
    updatedAt: createdAt,
  };
}

function accountState(account: WorldAccount, partition: string, createdAt: Date): AccountState {
  const origin: Origin = { account: account.id, partition, createdAt };
  const worldUsers = account.users ?? [];
  const states = worldUsers.map((user) => userState(origin, user));
  const users = byName(states);
  return {
    id: account.id,
    users,
    groups: byName((account.groups ?? []).map((group) => groupState(origin, group, users))),
    roles: byName((account.roles ?? []).map((role) => roleState(origin, role))),
    policies: byName((account.managedPolicies ?? []).map((policy) => policyState(origin, policy))),
    profiles: new Map(),
    keys: new Map(worldUsers.flatMap((user, at) => (states[at] ? keysOf(user, states[at]) : []))),
  };
}

/** IAM as a world file declares it. A trusted name that the world does not hold stays a name. */
export function initialIamState(world: World, partition: string, createdAt: Date): IamState {
  const accounts = new Map(world.accounts.map((account) => [account.id, accountState(account, partition, createdAt)]));
  const fix = (role: RoleState): RoleState => ({
    ...role,
    trust: fixPrincipals(role.trust, accounts, partition).document,
  });
  return new Map(
    [...accounts].map(([id, account]) => [
      id,
      { ...account, roles: new Map([...account.roles].map(([name, role]) => [name, fix(role)])) },
    ]),
  );
}
