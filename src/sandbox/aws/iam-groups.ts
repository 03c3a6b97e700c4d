import { freshId } from '../iam/ids.ts';
import { type GroupState, withEntry } from '../iam/state.ts';
import {
  alreadyExists,
  deleteConflict,
  demand,
  type IamAction,
  type IamCall,
  iamArn,
  limitExceeded,
  page,
  pathParameter,
  shownTime,
} from './iam-call.ts';
import { existing, findHolder, holderArn, holderName, withHolder } from './iam-holders.ts';
import { shownUser } from './iam-users.ts';
import type { XmlElements } from './xml.ts';

const MAX_GROUPS = 10;

/** A group as lists have it. */
export const shownGroup = ({ path, name, id, arn, createdAt }: GroupState): XmlElements => ({
  Path: path,
  GroupName: name,
  GroupId: id,
  Arn: arn,
  CreateDate: shownTime(createdAt),
});

function group(call: IamCall): GroupState {
  const name = holderName(call, 'Group');
  demand(call, holderArn(call, 'Group', name));
  return existing(findHolder(call, 'Group', name), 'Group', name);
}

function createGroup(call: IamCall): XmlElements {
  const name = holderName(call, 'Group');
  const path = pathParameter(call);
  const arn = iamArn(call, 'group', path, name);
  demand(call, arn);
  if (findHolder(call, 'Group', name)) throw alreadyExists(`Group with name ${name} already exists.`);
  const made: GroupState = {
    kind: 'group',
    name,
    path,
    arn,
    id: freshId('AGPA'),
    createdAt: call.now,
    inline: new Map(),
    attached: [],
    members: [],
  };
  call.save(withHolder(call.account, made));
  return { Group: shownGroup(made) };
}

function getGroup(call: IamCall): XmlElements {
  const found = group(call);
  const users = [...call.account.users.values()].filter(({ id }) => found.members.includes(id));
  return {
    Group: shownGroup(found),
    ...page(call, users, 'Users', shownUser),
  };
}

function deleteGroup(call: IamCall): XmlElements {
  const found = group(call);
  const refuse = (what: string): never => {
    throw deleteConflict(`Cannot delete entity, must ${what} first.`);
  };
  if (found.attached.length > 0) refuse('detach all policies');
  if (found.inline.size > 0) refuse('delete policies');
  if (found.members.length > 0) refuse('remove users from group');
  call.save({ ...call.account, groups: withEntry(call.account.groups, found.name.toLowerCase(), undefined) });
  return {};
}

function listGroups(call: IamCall): XmlElements {
  demand(call, iamArn(call, 'group', '/', ''));
  const found = [...call.account.groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return page(call, found, 'Groups', shownGroup);
}

function changeMembers(call: IamCall, change: (members: readonly string[], id: string) => readonly string[]) {
  const found = group(call);
  const name = holderName(call, 'User');
  const { id } = existing(findHolder(call, 'User', name), 'User', name);
  call.save(withHolder(call.account, { ...found, members: change(found.members, id) }));
  return {};
}

function addUser(call: IamCall): XmlElements {
  return changeMembers(call, (members, id) => {
    const groups = [...call.account.groups.values()].filter((each) => each.members.includes(id));
    if (members.includes(id)) return members;
    if (groups.length >= MAX_GROUPS) throw limitExceeded(`Cannot exceed quota for GroupsPerUser: ${MAX_GROUPS}`);
    return [...members, id];
  });
}

/** Groups and who is in them. */
export const GROUP_ACTIONS: readonly IamAction[] = [
  ['CreateGroup', createGroup],
  ['GetGroup', getGroup],
  ['DeleteGroup', deleteGroup],
  ['ListGroups', listGroups],
  ['AddUserToGroup', addUser],
  ['RemoveUserFromGroup', (call) => changeMembers(call, (members, id) => members.filter((other) => other !== id))],
];
