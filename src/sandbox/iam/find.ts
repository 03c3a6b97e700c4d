import type { AccountState, GroupState, IamState, ManagedPolicyState, RoleState, UserState } from './state.ts';

/** The parts of an IAM ARN; undefined when it is none. */
export interface IamArn {
  readonly partition: string;
  readonly account: string;
  /** `user`, `role`, `group`, `policy`, `instance-profile`, `root`. */
  readonly type: string;
  /** Last part of what follows; empty for `root`. */
  readonly name: string;
}

export function parseIamArn(arn: string): IamArn | undefined {
  const found = /^arn:(aws|aws-cn|aws-us-gov):iam::(\d{12}|aws):(root|([a-z-]+)\/(?:.*\/)?([^/]+))$/.exec(arn);
  if (!found) return undefined;
  const [, partition = '', account = '', whole = '', type = 'root', name = ''] = found;
  return { partition, account, type: whole === 'root' ? 'root' : type, name };
}

const accountsOf = (state: IamState): readonly AccountState[] => [...state.values()];

export function userByArn(state: IamState, arn: string): UserState | undefined {
  const parts = parseIamArn(arn);
  const user = parts?.type === 'user' ? state.get(parts.account)?.users.get(parts.name.toLowerCase()) : undefined;
  return user?.arn === arn ? user : undefined;
}

export function roleByArn(state: IamState, arn: string): RoleState | undefined {
  const parts = parseIamArn(arn);
  const role = parts?.type === 'role' ? state.get(parts.account)?.roles.get(parts.name.toLowerCase()) : undefined;
  return role?.arn === arn ? role : undefined;
}

export function groupByArn(state: IamState, arn: string): GroupState | undefined {
  const parts = parseIamArn(arn);
  const group = parts?.type === 'group' ? state.get(parts.account)?.groups.get(parts.name.toLowerCase()) : undefined;
  return group?.arn === arn ? group : undefined;
}

/** A customer's managed policy. */
export function policyByArn(state: IamState, arn: string): ManagedPolicyState | undefined {
  const parts = parseIamArn(arn);
  const policy =
    parts?.type === 'policy' ? state.get(parts.account)?.policies.get(parts.name.toLowerCase()) : undefined;
  return policy?.arn === arn ? policy : undefined;
}

export function userById(state: IamState, id: string): UserState | undefined {
  return accountsOf(state)
    .flatMap(({ users }) => [...users.values()])
    .find((user) => user.id === id);
}

export function roleById(state: IamState, id: string): RoleState | undefined {
  return accountsOf(state)
    .flatMap(({ roles }) => [...roles.values()])
    .find((role) => role.id === id);
}
