import { demand, type IamAction, type IamCall, limitExceeded, needed, noSuchEntity, page } from './iam-call.ts';
import { attachableArn } from './iam-documents.ts';
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

const MAX_ATTACHED = 10;

function holder(call: IamCall, kind: HolderKind, policyArn?: string): Holder {
  const name = holderName(call, kind);
  const found = findHolder(call, kind, name);
  const boundary = found && 'boundary' in found ? found.boundary : undefined;
  demand(call, holderArn(call, kind, name), { 'iam:PolicyARN': policyArn, 'iam:PermissionsBoundary': boundary });
  return existing(found, kind, name);
}

function attach(call: IamCall, kind: HolderKind): XmlElements {
  const found = holder(call, kind, needed(call, 'PolicyArn'));
  const arn = attachableArn(call, 'PolicyArn');
  if (found.attached.includes(arn)) return {};
  if (found.attached.length >= MAX_ATTACHED) {
    throw limitExceeded(`Cannot exceed quota for PoliciesPer${kind}: ${MAX_ATTACHED}`);
  }
  call.save(withHolder(call.account, { ...found, attached: [...found.attached, arn] }));
  return {};
}

function detach(call: IamCall, kind: HolderKind): XmlElements {
  const arn = needed(call, 'PolicyArn');
  const found = holder(call, kind, arn);
  if (!found.attached.includes(arn)) throw noSuchEntity(`Policy ${arn} was not found.`);
  call.save(withHolder(call.account, { ...found, attached: found.attached.filter((other) => other !== arn) }));
  return {};
}

function list(call: IamCall, kind: HolderKind): XmlElements {
  const found = holder(call, kind);
  return page(call, [...found.attached].sort(), 'AttachedPolicies', (arn) => ({
    PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
    PolicyArn: arn,
  }));
}

/** Managed policies on a user, a group or a role. */
export const ATTACHED_ACTIONS: readonly IamAction[] = (['User', 'Group', 'Role'] as const).flatMap(
  (kind): readonly IamAction[] => [
    [`Attach${kind}Policy`, (call) => attach(call, kind)],
    [`Detach${kind}Policy`, (call) => detach(call, kind)],
    [`ListAttached${kind}Policies`, (call) => list(call, kind)],
  ],
);
