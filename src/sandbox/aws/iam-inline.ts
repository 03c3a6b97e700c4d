import type { StoredPolicy } from '../iam/state.ts';
import { withEntry } from '../iam/state.ts';
import {
  demand,
  type IamAction,
  type IamCall,
  limitExceeded,
  needed,
  neededName,
  noSuchEntity,
  page,
  shownDocument,
} from './iam-call.ts';
import { identityDocument, sizeOf } from './iam-documents.ts';
import {
  existing,
  findHolder,
  type Holder,
  type HolderKind,
  holderArn,
  holderName,
  withHolder,
} from './iam-holders.ts';
import type { XmlElements } from './xml.ts';

/** Of all inline policies of one holder together. */
const MAX_SIZE: Readonly<Record<HolderKind, number>> = { User: 2048, Group: 5120, Role: 10_240 };

function holder(call: IamCall, kind: HolderKind): Holder {
  const name = holderName(call, kind);
  const found = findHolder(call, kind, name);
  const boundary = found && 'boundary' in found ? found.boundary : undefined;
  demand(call, holderArn(call, kind, name), { 'iam:PermissionsBoundary': boundary });
  return existing(found, kind, name);
}

function inlinePolicy(call: IamCall, kind: HolderKind, { inline }: Holder): StoredPolicy & { readonly name: string } {
  const name = needed(call, 'PolicyName');
  const policy = inline.get(name);
  if (!policy) throw noSuchEntity(`The ${kind.toLowerCase()} policy with name ${name} cannot be found.`);
  return { ...policy, name };
}

function put(call: IamCall, kind: HolderKind): XmlElements {
  const found = holder(call, kind);
  const name = neededName(call, 'PolicyName', 128);
  const inline = withEntry(found.inline, name, identityDocument(call));
  const size = [...inline.values()].reduce((sum, { text }) => sum + sizeOf(text), 0);
  if (size > MAX_SIZE[kind]) {
    const whose = `${kind.toLowerCase()} ${found.name}`;
    throw limitExceeded(`Maximum policy size of ${MAX_SIZE[kind]} bytes exceeded for ${whose}`);
  }
  call.save(withHolder(call.account, { ...found, inline }));
  return {};
}

function get(call: IamCall, kind: HolderKind): XmlElements {
  const found = holder(call, kind);
  const { name, text } = inlinePolicy(call, kind, found);
  return { [`${kind}Name`]: found.name, PolicyName: name, PolicyDocument: shownDocument(text) };
}

function remove(call: IamCall, kind: HolderKind): XmlElements {
  const found = holder(call, kind);
  const { name } = inlinePolicy(call, kind, found);
  call.save(withHolder(call.account, { ...found, inline: withEntry(found.inline, name, undefined) }));
  return {};
}

const list = (call: IamCall, kind: HolderKind): XmlElements =>
  page(call, [...holder(call, kind).inline.keys()].sort(), 'PolicyNames', (name) => name);

/** Policies that belong to one user, group or role alone. */
export const INLINE_ACTIONS: readonly IamAction[] = (['User', 'Group', 'Role'] as const).flatMap(
  (kind): readonly IamAction[] => [
    [`Put${kind}Policy`, (call) => put(call, kind)],
    [`Get${kind}Policy`, (call) => get(call, kind)],
    [`Delete${kind}Policy`, (call) => remove(call, kind)],
    [`List${kind}Policies`, (call) => list(call, kind)],
  ],
);
