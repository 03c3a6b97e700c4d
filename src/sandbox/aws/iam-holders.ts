import { type AccountState, type GroupState, type RoleState, type UserState, withEntry } from '../iam/state.ts';
import { type IamCall, iamArn, neededName, noSuchEntity } from './iam-call.ts';
import { validationError } from './query.ts';

export type Holder = UserState | GroupState | RoleState;

/** As the names of actions and parameters have it. */
export type HolderKind = 'User' | 'Group' | 'Role';

const MAX_NAME: Readonly<Record<HolderKind, number>> = { User: 64, Group: 128, Role: 64 };

function holders(account: AccountState, kind: HolderKind): ReadonlyMap<string, Holder> {
  switch (kind) {
    case 'User':
      return account.users;
    case 'Group':
      return account.groups;
    case 'Role':
      return account.roles;
  }
}

/** The name in `UserName`, `GroupName` or `RoleName`. */
export const holderName = (call: IamCall, kind: HolderKind): string => neededName(call, `${kind}Name`, MAX_NAME[kind]);

export function findHolder(call: IamCall, kind: 'User', name: string): UserState | undefined;
export function findHolder(call: IamCall, kind: 'Group', name: string): GroupState | undefined;
export function findHolder(call: IamCall, kind: 'Role', name: string): RoleState | undefined;
export function findHolder(call: IamCall, kind: HolderKind, name: string): Holder | undefined;
export function findHolder(call: IamCall, kind: HolderKind, name: string): Holder | undefined {
  return holders(call.account, kind).get(name.toLowerCase());
}

/** ARN to ask permission for, whether or not there is somebody of that name. */
export function holderArn(call: IamCall, kind: HolderKind, name: string): string {
  return findHolder(call, kind, name)?.arn ?? iamArn(call, kind.toLowerCase(), '/', name);
}

export function existing<T>(holder: T | undefined, kind: HolderKind, name: string): T {
  if (holder === undefined) throw noSuchEntity(`The ${kind.toLowerCase()} with name ${name} cannot be found.`);
  return holder;
}

/** The name in `UserName`, or the caller's own when it is a user. */
export function userNameOrOwn(call: IamCall): string {
  if (call.parameters.has('UserName')) return holderName(call, 'User');
  if (call.principal.kind !== 'user') {
    throw validationError('Must specify userName when calling with non-User credentials');
  }
  return call.principal.arn.slice(call.principal.arn.lastIndexOf('/') + 1);
}

/** The account with this holder put in, or put in place of the one it was. */
export function withHolder(account: AccountState, holder: Holder): AccountState {
  const key = holder.name.toLowerCase();
  switch (holder.kind) {
    case 'user':
      return { ...account, users: withEntry(account.users, key, holder) };
    case 'group':
      return { ...account, groups: withEntry(account.groups, key, holder) };
    case 'role':
      return { ...account, roles: withEntry(account.roles, key, holder) };
  }
}
