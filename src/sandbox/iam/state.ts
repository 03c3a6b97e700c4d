import type { Secret } from '../../core/secret.ts';
import type { PolicyDocument } from './policy.ts';

/** A policy as it was sent, and as it is read. */
export interface StoredPolicy {
  readonly text: string;
  readonly document: PolicyDocument;
}

interface Entity {
  readonly name: string;
  /** `/` or `/team/`. */
  readonly path: string;
  readonly arn: string;
  /** `AIDA...`, `AROA...`, `AGPA...`: never given twice, so that a name made anew is somebody else. */
  readonly id: string;
  readonly createdAt: Date;
}

/** What users, groups and roles have in common: policies of their own, and managed ones by ARN. */
export interface Grantee extends Entity {
  readonly inline: ReadonlyMap<string, StoredPolicy>;
  readonly attached: readonly string[];
}

interface Bounded extends Grantee {
  /** ARN of a managed policy beyond which no identity policy reaches. */
  readonly boundary: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
}

export interface UserState extends Bounded {
  readonly kind: 'user';
}

export interface GroupState extends Grantee {
  readonly kind: 'group';
  /** Ids of its users. */
  readonly members: readonly string[];
}

export interface RoleState extends Bounded {
  readonly kind: 'role';
  /** Users and roles in it are named by their ids, as long as they exist by their ARNs to a reader. */
  readonly trust: PolicyDocument;
  readonly maxSessionSeconds: number;
  readonly description: string | undefined;
}

export interface PolicyVersion extends StoredPolicy {
  /** `v1`, `v2`. */
  readonly id: string;
  readonly createdAt: Date;
}

export interface ManagedPolicyState extends Entity {
  readonly description: string | undefined;
  /** Newest first; at most five. */
  readonly versions: readonly PolicyVersion[];
  readonly defaultVersion: string;
  /** Number of the next version: ids are not given twice. */
  readonly nextVersion: number;
  readonly updatedAt: Date;
}

export interface ProfileState extends Entity {
  /** Id of its role. */
  readonly roleId: string | undefined;
}

export interface AccessKeyState {
  readonly id: string;
  readonly secret: Secret;
  readonly userId: string;
  readonly active: boolean;
  readonly createdAt: Date;
}

/** All that IAM knows of one account. Names are keys in lower case: IAM tells no two apart by case. */
export interface AccountState {
  readonly id: string;
  readonly users: ReadonlyMap<string, UserState>;
  readonly groups: ReadonlyMap<string, GroupState>;
  readonly roles: ReadonlyMap<string, RoleState>;
  readonly policies: ReadonlyMap<string, ManagedPolicyState>;
  readonly profiles: ReadonlyMap<string, ProfileState>;
  readonly keys: ReadonlyMap<string, AccessKeyState>;
}

/** IAM of a whole world at one moment. Changed by replacing, so that yesterday's stays readable. */
export type IamState = ReadonlyMap<string, AccountState>;

/** A map with one entry set, or taken out when the value is undefined. */
export function withEntry<T>(map: ReadonlyMap<string, T>, key: string, value: T | undefined): ReadonlyMap<string, T> {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}
