import { AWS_MANAGED_NAMES } from '../iam/aws-managed.ts';
import { policyByArn } from '../iam/find.ts';
import { managedPolicy } from '../iam/holdings.ts';
import { freshId } from '../iam/ids.ts';
import { type AccountState, type ManagedPolicyState, type PolicyVersion, withEntry } from '../iam/state.ts';
import {
  alreadyExists,
  deleteConflict,
  demand,
  type IamAction,
  type IamCall,
  iamArn,
  limitExceeded,
  needed,
  neededName,
  noSuchEntity,
  page,
  pathParameter,
  shownDocument,
  shownTime,
} from './iam-call.ts';
import { identityDocument, sizeOf } from './iam-documents.ts';
import { QueryFailure } from './query.ts';
import type { XmlElements } from './xml.ts';

const MAX_VERSIONS = 5;
const MAX_SIZE = 6144;
/** When AWS made its own policies. */
export const AWS_MADE = '2015-02-06T18:40:00Z';

function attachments(account: AccountState, arn: string): { readonly attached: number; readonly bounding: number } {
  const { users, groups, roles } = account;
  const holders = [...users.values(), ...groups.values(), ...roles.values()];
  return {
    attached: holders.filter((holder) => holder.attached.includes(arn)).length,
    bounding: holders.filter((holder) => 'boundary' in holder && holder.boundary === arn).length,
  };
}

/** A policy of the account as lists have it. */
export function shownPolicy({ account }: IamCall, policy: ManagedPolicyState): XmlElements {
  const { attached, bounding } = attachments(account, policy.arn);
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.defaultVersion,
    AttachmentCount: attached,
    PermissionsBoundaryUsageCount: bounding,
    IsAttachable: true,
    Description: policy.description,
    CreateDate: shownTime(policy.createdAt),
    UpdateDate: shownTime(policy.updatedAt),
  };
}

/** One of AWS's own policies as lists have it. */
export function shownAwsPolicy({ account }: IamCall, arn: string): XmlElements {
  const { attached, bounding } = attachments(account, arn);
  return {
    PolicyName: arn.slice(arn.lastIndexOf('/') + 1),
    PolicyId: 'ANPAAWSMANAGEDPOLICY0',
    Arn: arn,
    Path: '/',
    DefaultVersionId: 'v1',
    AttachmentCount: attached,
    PermissionsBoundaryUsageCount: bounding,
    IsAttachable: true,
    CreateDate: AWS_MADE,
    UpdateDate: AWS_MADE,
  };
}

/** A version of a policy; `whole`: with its text. */
export const shownVersion = (policy: ManagedPolicyState, { id, text, createdAt }: PolicyVersion, whole: boolean) => ({
  ...(whole && { Document: shownDocument(text) }),
  VersionId: id,
  IsDefaultVersion: id === policy.defaultVersion,
  CreateDate: shownTime(createdAt),
});

const withPolicy = (account: AccountState, policy: ManagedPolicyState): AccountState => ({
  ...account,
  policies: withEntry(account.policies, policy.name.toLowerCase(), policy),
});

function checkedDocument(call: IamCall) {
  const stored = identityDocument(call);
  if (sizeOf(stored.text) > MAX_SIZE) throw limitExceeded(`Cannot exceed quota for PolicySize: ${MAX_SIZE}`);
  return stored;
}

function askedArn(call: IamCall): string {
  const arn = needed(call, 'PolicyArn');
  demand(call, arn);
  return arn;
}

/** A policy of the caller's own account; AWS's cannot be changed. */
function ownPolicy(call: IamCall): ManagedPolicyState {
  const arn = askedArn(call);
  const found = arn.includes(`:iam::${call.account.id}:`) ? policyByArn(call.state, arn) : undefined;
  if (!found) throw noSuchEntity(`Policy ${arn} was not found.`);
  return found;
}

function versionOf(call: IamCall, policy: ManagedPolicyState): PolicyVersion {
  const id = needed(call, 'VersionId');
  const found = policy.versions.find((version) => version.id === id);
  if (!found) throw noSuchEntity(`Policy ${policy.arn} version ${id} does not exist or is not attachable.`);
  return found;
}

function createPolicy(call: IamCall): XmlElements {
  const name = neededName(call, 'PolicyName', 128);
  const path = pathParameter(call);
  const arn = iamArn(call, 'policy', path, name);
  demand(call, arn);
  const stored = checkedDocument(call);
  if (call.account.policies.has(name.toLowerCase())) {
    throw alreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
  }
  const { now } = call;
  const made: ManagedPolicyState = {
    name,
    path,
    arn,
    id: freshId('ANPA'),
    createdAt: now,
    updatedAt: now,
    description: call.parameters.get('Description'),
    versions: [{ id: 'v1', createdAt: now, ...stored }],
    defaultVersion: 'v1',
    nextVersion: 2,
  };
  call.save(withPolicy(call.account, made));
  return { Policy: shownPolicy(call, made) };
}

function getPolicy(call: IamCall): XmlElements {
  const arn = needed(call, 'PolicyArn');
  if (arn.includes(':iam::aws:') && managedPolicy(call.state, arn)) {
    demand(call, arn);
    return { Policy: shownAwsPolicy(call, arn) };
  }
  return { Policy: shownPolicy(call, ownPolicy(call)) };
}

function getVersion(call: IamCall): XmlElements {
  const arn = needed(call, 'PolicyArn');
  const aws = arn.includes(':iam::aws:') ? managedPolicy(call.state, arn) : undefined;
  if (aws) {
    demand(call, arn);
    const Document = shownDocument(aws.text);
    return { PolicyVersion: { Document, VersionId: 'v1', IsDefaultVersion: true, CreateDate: AWS_MADE } };
  }
  const policy = ownPolicy(call);
  return { PolicyVersion: shownVersion(policy, versionOf(call, policy), true) };
}

function createVersion(call: IamCall): XmlElements {
  const policy = ownPolicy(call);
  const stored = checkedDocument(call);
  if (policy.versions.length >= MAX_VERSIONS) {
    throw limitExceeded(
      'A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.',
    );
  }
  const made: PolicyVersion = { id: `v${policy.nextVersion}`, createdAt: call.now, ...stored };
  const next: ManagedPolicyState = {
    ...policy,
    versions: [made, ...policy.versions],
    nextVersion: policy.nextVersion + 1,
    updatedAt: call.now,
    defaultVersion: call.parameters.get('SetAsDefault') === 'true' ? made.id : policy.defaultVersion,
  };
  call.save(withPolicy(call.account, next));
  return { PolicyVersion: shownVersion(next, made, false) };
}

function setDefault(call: IamCall): XmlElements {
  const policy = ownPolicy(call);
  const defaultVersion = versionOf(call, policy).id;
  call.save(withPolicy(call.account, { ...policy, defaultVersion, updatedAt: call.now }));
  return {};
}

function deleteVersion(call: IamCall): XmlElements {
  const policy = ownPolicy(call);
  const { id } = versionOf(call, policy);
  if (id === policy.defaultVersion) throw deleteConflict('Cannot delete the default version of a policy.');
  call.save(withPolicy(call.account, { ...policy, versions: policy.versions.filter((version) => version.id !== id) }));
  return {};
}

function deletePolicy(call: IamCall): XmlElements {
  const policy = ownPolicy(call);
  const { attached, bounding } = attachments(call.account, policy.arn);
  if (attached + bounding > 0) throw deleteConflict('Cannot delete a policy attached to entities.');
  if (policy.versions.length > 1) {
    throw deleteConflict(
      "This policy contains more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
    );
  }
  const policies = withEntry(call.account.policies, policy.name.toLowerCase(), undefined);
  call.save({ ...call.account, policies });
  return {};
}

function listPolicies(call: IamCall): XmlElements {
  demand(call, iamArn(call, 'policy', '/', ''));
  const scope = call.parameters.get('Scope') ?? 'All';
  if (!['All', 'AWS', 'Local'].includes(scope))
    throw new QueryFailure('ValidationError', 400, `Invalid Scope: ${scope}`);
  const own = scope === 'AWS' ? [] : [...call.account.policies.values()].map((policy) => shownPolicy(call, policy));
  const aws =
    scope === 'Local'
      ? []
      : AWS_MANAGED_NAMES.map((name) => shownAwsPolicy(call, `arn:${call.partition}:iam::aws:policy/${name}`));
  const onlyAttached = call.parameters.get('OnlyAttached') === 'true';
  const all = [...own, ...aws].filter(({ AttachmentCount }) => !onlyAttached || AttachmentCount !== 0);
  return page(call, all, 'Policies', (policy) => policy);
}

function listVersions(call: IamCall): XmlElements {
  const policy = ownPolicy(call);
  return page(call, policy.versions, 'Versions', (version) => shownVersion(policy, version, false));
}

/** Customer managed policies and their versions; AWS's own can be read. */
export const MANAGED_ACTIONS: readonly IamAction[] = [
  ['CreatePolicy', createPolicy],
  ['GetPolicy', getPolicy],
  ['DeletePolicy', deletePolicy],
  ['ListPolicies', listPolicies],
  ['CreatePolicyVersion', createVersion],
  ['GetPolicyVersion', getVersion],
  ['ListPolicyVersions', listVersions],
  ['SetDefaultPolicyVersion', setDefault],
  ['DeletePolicyVersion', deleteVersion],
];
