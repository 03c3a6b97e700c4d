import { awsManagedPolicy } from './aws-managed.ts';
import { policyByArn } from './find.ts';
import type { PolicyDocument } from './policy.ts';
import type { GroupState, IamState, RoleState, StoredPolicy, UserState } from './state.ts';

/** A policy in force for somebody, with the name that a simulation gives it. */
export interface HeldPolicy extends StoredPolicy {
  readonly sourceId: string;
}

/** A managed policy as it is in force: its default version. */
export function managedPolicy(state: IamState, arn: string): StoredPolicy | undefined {
  const own = policyByArn(state, arn);
  if (own) return own.versions.find(({ id }) => id === own.defaultVersion);
  const document = awsManagedPolicy(arn);
  return document && { document, text: JSON.stringify(document, undefined, 4) };
}

function ownPolicies(state: IamState, holder: UserState | GroupState | RoleState): readonly HeldPolicy[] {
  const inline = [...holder.inline].map(([name, policy]) => ({
    ...policy,
    sourceId: `${holder.kind}_${holder.name}_${name}`,
  }));
  const attached = holder.attached.flatMap((arn) => {
    const policy = managedPolicy(state, arn);
    return policy ? [{ ...policy, sourceId: arn.slice(arn.lastIndexOf('/') + 1) }] : [];
  });
  return [...inline, ...attached];
}

export function groupsOf(state: IamState, user: UserState): readonly GroupState[] {
  const account = [...state.values()].find(({ users }) => users.get(user.name.toLowerCase())?.id === user.id);
  return [...(account?.groups.values() ?? [])].filter(({ members }) => members.includes(user.id));
}

/** Every identity policy in force: inline and managed, a user's groups' too. */
export function policiesHeld(state: IamState, holder: UserState | GroupState | RoleState): readonly HeldPolicy[] {
  const groups = holder.kind === 'user' ? groupsOf(state, holder) : [];
  return [holder, ...groups].flatMap((each) => ownPolicies(state, each));
}

const NOTHING: PolicyDocument = { Statement: [] };

/** The document of a permissions boundary; of one that is gone it allows nothing. */
export function boundaryOf(state: IamState, holder: UserState | RoleState): PolicyDocument | undefined {
  if (holder.boundary === undefined) return undefined;
  return managedPolicy(state, holder.boundary)?.document ?? NOTHING;
}
