import { freshId } from '../iam/ids.ts';
import { type RoleState, withEntry } from '../iam/state.ts';
import { showPrincipals } from '../iam/trusted.ts';
import {
  alreadyExists,
  belowPrefix,
  deleteConflict,
  demand,
  type IamAction,
  type IamCall,
  iamArn,
  page,
  pathParameter,
  shownBoundary,
  shownDocument,
  shownTags,
  shownTime,
  tagContext,
  tagsParameter,
} from './iam-call.ts';
import { attachableArn, trustDocument } from './iam-documents.ts';
import { existing, findHolder, holderArn, holderName, withHolder } from './iam-holders.ts';
import { validationError } from './query.ts';
import type { XmlElements } from './xml.ts';

/** A role as lists have it. */
export function shownRole(call: IamCall, role: RoleState): XmlElements {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: shownTime(role.createdAt),
    AssumeRolePolicyDocument: shownDocument(JSON.stringify(showPrincipals(role.trust, call.state))),
    Description: role.description,
    MaxSessionDuration: role.maxSessionSeconds,
  };
}

const shownWhole = (call: IamCall, role: RoleState): XmlElements => ({
  ...shownRole(call, role),
  PermissionsBoundary: shownBoundary(role.boundary),
  Tags: shownTags(role.tags),
});

function role(call: IamCall): RoleState {
  const name = holderName(call, 'Role');
  const found = findHolder(call, 'Role', name);
  demand(call, holderArn(call, 'Role', name), tagContext({}, found?.tags));
  return existing(found, 'Role', name);
}

function sessionSeconds(call: IamCall, otherwise: number): number {
  const text = call.parameters.get('MaxSessionDuration');
  const seconds = text === undefined ? otherwise : Number(text);
  if (!Number.isInteger(seconds) || seconds < 3600 || seconds > 43_200) {
    throw validationError(
      `1 validation error detected: Value '${text}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200`,
    );
  }
  return seconds;
}

function createRole(call: IamCall): XmlElements {
  const name = holderName(call, 'Role');
  const path = pathParameter(call);
  const tags = tagsParameter(call);
  const arn = iamArn(call, 'role', path, name);
  const asked = call.parameters.get('PermissionsBoundary');
  demand(call, arn, { ...tagContext(tags), 'iam:PermissionsBoundary': asked });
  const trust = trustDocument(call, 'AssumeRolePolicyDocument');
  if (findHolder(call, 'Role', name)) throw alreadyExists(`Role with name ${name} already exists.`);
  const made: RoleState = {
    kind: 'role',
    name,
    path,
    arn,
    id: freshId('AROA'),
    createdAt: call.now,
    inline: new Map(),
    attached: [],
    boundary: asked === undefined ? undefined : attachableArn(call, 'PermissionsBoundary'),
    tags,
    trust,
    maxSessionSeconds: sessionSeconds(call, 3600),
    description: call.parameters.get('Description'),
  };
  call.save(withHolder(call.account, made));
  return { Role: shownWhole(call, made) };
}

function updateTrust(call: IamCall): XmlElements {
  const found = role(call);
  call.save(withHolder(call.account, { ...found, trust: trustDocument(call, 'PolicyDocument') }));
  return {};
}

function updateRole(call: IamCall): XmlElements {
  const found = role(call);
  const description = call.parameters.get('Description') ?? found.description;
  const maxSessionSeconds = sessionSeconds(call, found.maxSessionSeconds);
  call.save(withHolder(call.account, { ...found, description, maxSessionSeconds }));
  return {};
}

function deleteRole(call: IamCall): XmlElements {
  const found = role(call);
  const refuse = (what: string): never => {
    throw deleteConflict(`Cannot delete entity, must ${what} first.`);
  };
  if (found.attached.length > 0) refuse('detach all policies');
  if (found.inline.size > 0) refuse('delete policies');
  if ([...call.account.profiles.values()].some(({ roleId }) => roleId === found.id)) {
    refuse('remove roles from instance profile');
  }
  call.save({ ...call.account, roles: withEntry(call.account.roles, found.name.toLowerCase(), undefined) });
  return {};
}

function listRoles(call: IamCall): XmlElements {
  const found = belowPrefix(call, 'role', call.account.roles.values());
  return page(call, found, 'Roles', (each) => shownRole(call, each));
}

/** Roles and whom they trust. */
export const ROLE_ACTIONS: readonly IamAction[] = [
  ['CreateRole', createRole],
  ['GetRole', (call) => ({ Role: { ...shownWhole(call, role(call)), RoleLastUsed: {} } })],
  ['UpdateRole', updateRole],
  ['UpdateAssumeRolePolicy', updateTrust],
  ['DeleteRole', deleteRole],
  ['ListRoles', listRoles],
];
