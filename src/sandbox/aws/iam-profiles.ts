import { roleById } from '../iam/find.ts';
import { freshId } from '../iam/ids.ts';
import { type ProfileState, withEntry } from '../iam/state.ts';
import {
  alreadyExists,
  deleteConflict,
  demand,
  type IamAction,
  type IamCall,
  iamArn,
  limitExceeded,
  neededName,
  noSuchEntity,
  page,
  pathParameter,
  shownTime,
} from './iam-call.ts';
import { existing, findHolder, holderArn, holderName } from './iam-holders.ts';
import { shownRole } from './iam-roles.ts';
import type { XmlElements } from './xml.ts';

const profileName = (call: IamCall): string => neededName(call, 'InstanceProfileName', 128);

/** An instance profile with its role. */
export function shownProfile(call: IamCall, { path, name, id, arn, createdAt, roleId }: ProfileState): XmlElements {
  const role = roleId === undefined ? undefined : roleById(call.state, roleId);
  return {
    Path: path,
    InstanceProfileName: name,
    InstanceProfileId: id,
    Arn: arn,
    CreateDate: shownTime(createdAt),
    Roles: { member: role ? [shownRole(call, role)] : [] },
  };
}

function profile(call: IamCall): ProfileState {
  const name = profileName(call);
  const found = call.account.profiles.get(name.toLowerCase());
  demand(call, found?.arn ?? iamArn(call, 'instance-profile', '/', name));
  if (!found) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return found;
}

function save(call: IamCall, changed: ProfileState): XmlElements {
  const profiles = withEntry(call.account.profiles, changed.name.toLowerCase(), changed);
  call.save({ ...call.account, profiles });
  return {};
}

function createProfile(call: IamCall): XmlElements {
  const name = profileName(call);
  const path = pathParameter(call);
  const arn = iamArn(call, 'instance-profile', path, name);
  demand(call, arn);
  if (call.account.profiles.has(name.toLowerCase())) throw alreadyExists(`Instance Profile ${name} already exists.`);
  const made: ProfileState = { name, path, arn, id: freshId('AIPA'), createdAt: call.now, roleId: undefined };
  save(call, made);
  return { InstanceProfile: shownProfile(call, made) };
}

function deleteProfile(call: IamCall): XmlElements {
  const found = profile(call);
  if (found.roleId !== undefined) {
    throw deleteConflict('Cannot delete entity, must remove roles from instance profile first.');
  }
  const profiles = withEntry(call.account.profiles, found.name.toLowerCase(), undefined);
  call.save({ ...call.account, profiles });
  return {};
}

/** Whoever gives a machine a role must be allowed to pass that role. */
function addRole(call: IamCall): XmlElements {
  const found = profile(call);
  const name = holderName(call, 'Role');
  demand({ ...call, action: 'PassRole' }, holderArn(call, 'Role', name));
  const role = existing(findHolder(call, 'Role', name), 'Role', name);
  if (found.roleId !== undefined) throw limitExceeded('Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1');
  return save(call, { ...found, roleId: role.id });
}

function removeRole(call: IamCall): XmlElements {
  const found = profile(call);
  const name = holderName(call, 'Role');
  if (findHolder(call, 'Role', name)?.id !== found.roleId || found.roleId === undefined) {
    throw noSuchEntity(`The role with name ${name} cannot be found.`);
  }
  return save(call, { ...found, roleId: undefined });
}

function listForRole(call: IamCall): XmlElements {
  const name = holderName(call, 'Role');
  demand(call, holderArn(call, 'Role', name));
  const { id } = existing(findHolder(call, 'Role', name), 'Role', name);
  const found = [...call.account.profiles.values()].filter(({ roleId }) => roleId === id);
  return page(call, found, 'InstanceProfiles', (each) => shownProfile(call, each));
}

/** Instance profiles: what carries a role to an EC2 machine. */
export const PROFILE_ACTIONS: readonly IamAction[] = [
  ['CreateInstanceProfile', createProfile],
  ['GetInstanceProfile', (call) => ({ InstanceProfile: shownProfile(call, profile(call)) })],
  ['DeleteInstanceProfile', deleteProfile],
  ['AddRoleToInstanceProfile', addRole],
  ['RemoveRoleFromInstanceProfile', removeRole],
  ['ListInstanceProfilesForRole', listForRole],
];
