import type { ContextValues } from '../iam/authorizer.ts';
import type { RoleState, UserState } from '../iam/state.ts';
import { demand, type IamAction, type IamCall, needed, page, tagContext, tagsParameter } from './iam-call.ts';
import { attachableArn } from './iam-documents.ts';
import { existing, findHolder, holderArn, holderName, withHolder } from './iam-holders.ts';
import { listParameter } from './query.ts';
import type { XmlElements } from './xml.ts';

type BoundedKind = 'User' | 'Role';

function holder(call: IamCall, kind: BoundedKind, context: ContextValues): UserState | RoleState {
  const name = holderName(call, kind);
  const found = kind === 'User' ? findHolder(call, kind, name) : findHolder(call, kind, name);
  demand(call, holderArn(call, kind, name), { ...tagContext({}, found?.tags), ...context });
  return existing(found, kind, name);
}

function putBoundary(call: IamCall, kind: BoundedKind): XmlElements {
  const found = holder(call, kind, { 'iam:PermissionsBoundary': needed(call, 'PermissionsBoundary') });
  call.save(withHolder(call.account, { ...found, boundary: attachableArn(call, 'PermissionsBoundary') }));
  return {};
}

function deleteBoundary(call: IamCall, kind: BoundedKind): XmlElements {
  const found = holder(call, kind, {});
  call.save(withHolder(call.account, { ...found, boundary: undefined }));
  return {};
}

function tag(call: IamCall, kind: BoundedKind): XmlElements {
  const tags = tagsParameter(call);
  const found = holder(call, kind, tagContext(tags));
  call.save(withHolder(call.account, { ...found, tags: { ...found.tags, ...tags } }));
  return {};
}

function untag(call: IamCall, kind: BoundedKind): XmlElements {
  const keys = listParameter(call.parameters, 'TagKeys.member');
  const found = holder(call, kind, { 'aws:TagKeys': keys });
  const tags = Object.fromEntries(Object.entries(found.tags).filter(([key]) => !keys.includes(key)));
  call.save(withHolder(call.account, { ...found, tags }));
  return {};
}

const listTags = (call: IamCall, kind: BoundedKind): XmlElements =>
  page(call, Object.entries(holder(call, kind, {}).tags), 'Tags', ([Key, Value]) => ({ Key, Value }));

/** Permissions boundaries and tags of users and roles. */
export const BOUNDS_ACTIONS: readonly IamAction[] = (['User', 'Role'] as const).flatMap(
  (kind): readonly IamAction[] => [
    [`Put${kind}PermissionsBoundary`, (call) => putBoundary(call, kind)],
    [`Delete${kind}PermissionsBoundary`, (call) => deleteBoundary(call, kind)],
    [`Tag${kind}`, (call) => tag(call, kind)],
    [`Untag${kind}`, (call) => untag(call, kind)],
    [`List${kind}Tags`, (call) => listTags(call, kind)],
  ],
);
