import { randomBytes } from 'node:crypto';
import { Secret } from '../../core/secret.ts';
import { groupsOf } from '../iam/holdings.ts';
import { freshId } from '../iam/ids.ts';
import { type UserState, withEntry } from '../iam/state.ts';
import {
  alreadyExists,
  belowPrefix,
  deleteConflict,
  demand,
  type IamAction,
  type IamCall,
  iamArn,
  limitExceeded,
  needed,
  noSuchEntity,
  page,
  pathParameter,
  shownBoundary,
  shownTags,
  shownTime,
  tagContext,
  tagsParameter,
} from './iam-call.ts';
import { attachableArn } from './iam-documents.ts';
import { existing, findHolder, holderArn, holderName, userNameOrOwn, withHolder } from './iam-holders.ts';
import type { XmlElements } from './xml.ts';

const MAX_KEYS = 2;

/** A user as lists have it. */
export const shownUser = ({ path, name, id, arn, createdAt }: UserState): XmlElements => ({
  Path: path,
  UserName: name,
  UserId: id,
  Arn: arn,
  CreateDate: shownTime(createdAt),
});

const shownWhole = (user: UserState): XmlElements => ({
  ...shownUser(user),
  PermissionsBoundary: shownBoundary(user.boundary),
  Tags: shownTags(user.tags),
});

function user(call: IamCall, name: string = holderName(call, 'User')): UserState {
  const found = findHolder(call, 'User', name);
  demand(call, holderArn(call, 'User', name), tagContext({}, found?.tags));
  return existing(found, 'User', name);
}

function createUser(call: IamCall): XmlElements {
  const name = holderName(call, 'User');
  const path = pathParameter(call);
  const tags = tagsParameter(call);
  const arn = iamArn(call, 'user', path, name);
  const asked = call.parameters.get('PermissionsBoundary');
  demand(call, arn, { ...tagContext(tags), 'iam:PermissionsBoundary': asked });
  if (findHolder(call, 'User', name)) throw alreadyExists(`User with name ${name} already exists.`);
  const made: UserState = {
    kind: 'user',
    name,
    path,
    arn,
    id: freshId('AIDA'),
    createdAt: call.now,
    inline: new Map(),
    attached: [],
    boundary: asked === undefined ? undefined : attachableArn(call, 'PermissionsBoundary'),
    tags,
  };
  call.save(withHolder(call.account, made));
  return { User: shownWhole(made) };
}

function deleteUser(call: IamCall): XmlElements {
  const found = user(call);
  const { account } = call;
  const refuse = (what: string): never => {
    throw deleteConflict(`Cannot delete entity, must ${what} first.`);
  };
  if (found.attached.length > 0) refuse('detach all policies');
  if (found.inline.size > 0) refuse('delete policies');
  if ([...account.keys.values()].some(({ userId }) => userId === found.id)) refuse('delete access keys');
  if (groupsOf(call.state, found).length > 0) refuse('remove users from group');
  call.save({ ...account, users: withEntry(account.users, found.name.toLowerCase(), undefined) });
  return {};
}

function listUsers(call: IamCall): XmlElements {
  const found = belowPrefix(call, 'user', call.account.users.values());
  return page(call, found, 'Users', shownUser);
}

function listGroupsForUser(call: IamCall): XmlElements {
  return page(call, groupsOf(call.state, user(call)), 'Groups', ({ path, name, id, arn, createdAt }) => ({
    Path: path,
    GroupName: name,
    GroupId: id,
    Arn: arn,
    CreateDate: shownTime(createdAt),
  }));
}

const keysOf = ({ account }: IamCall, { id }: UserState) =>
  [...account.keys.values()].filter((key) => key.userId === id);

function createAccessKey(call: IamCall): XmlElements {
  const found = user(call, userNameOrOwn(call));
  if (keysOf(call, found).length >= MAX_KEYS) {
    throw limitExceeded(`Cannot exceed quota for AccessKeysPerUser: ${MAX_KEYS}`);
  }
  const secret = new Secret(randomBytes(30).toString('base64'));
  const key = { id: freshId('AKIA'), secret, userId: found.id, active: true, createdAt: call.now };
  call.save({ ...call.account, keys: withEntry(call.account.keys, key.id, key) });
  return {
    AccessKey: {
      UserName: found.name,
      AccessKeyId: key.id,
      Status: 'Active',
      SecretAccessKey: secret.reveal(),
      CreateDate: shownTime(key.createdAt),
    },
  };
}

function ownKey(call: IamCall) {
  const found = user(call, userNameOrOwn(call));
  const id = needed(call, 'AccessKeyId');
  const key = keysOf(call, found).find((each) => each.id === id);
  if (!key) throw noSuchEntity(`The Access Key with id ${id} cannot be found.`);
  return key;
}

function updateAccessKey(call: IamCall): XmlElements {
  const key = { ...ownKey(call), active: needed(call, 'Status') === 'Active' };
  call.save({ ...call.account, keys: withEntry(call.account.keys, key.id, key) });
  return {};
}

function deleteAccessKey(call: IamCall): XmlElements {
  call.save({ ...call.account, keys: withEntry(call.account.keys, ownKey(call).id, undefined) });
  return {};
}

function listAccessKeys(call: IamCall): XmlElements {
  const found = user(call, userNameOrOwn(call));
  return page(call, keysOf(call, found), 'AccessKeyMetadata', ({ id, active, createdAt }) => ({
    UserName: found.name,
    AccessKeyId: id,
    Status: active ? 'Active' : 'Inactive',
    CreateDate: shownTime(createdAt),
  }));
}

/** Users and their keys. */
export const USER_ACTIONS: readonly IamAction[] = [
  ['CreateUser', createUser],
  ['GetUser', (call) => ({ User: shownWhole(user(call, userNameOrOwn(call))) })],
  ['DeleteUser', deleteUser],
  ['ListUsers', listUsers],
  ['ListGroupsForUser', listGroupsForUser],
  ['CreateAccessKey', createAccessKey],
  ['UpdateAccessKey', updateAccessKey],
  ['DeleteAccessKey', deleteAccessKey],
  ['ListAccessKeys', listAccessKeys],
];
