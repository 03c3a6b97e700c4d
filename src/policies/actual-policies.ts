import { ConnectorError } from '../core/errors.ts';
import type { DocumentKind, PlannedDocument, PolicyDocument } from './document.ts';
import { isJson, type Json, readDocument } from './read-document.ts';

/** A policy that exists. */
export interface ActualPolicy {
  readonly kind: DocumentKind | 'boundary';
  /** ARN of the user, role, bucket or key. */
  readonly holder: string;
  readonly document: PolicyDocument;
  /** Where it was found: a file, and the policy's own name. */
  readonly source: string;
}

/** All that was given about what exists. */
export interface ActualState {
  readonly policies: readonly ActualPolicy[];
  /** Where the users or the roles of an account were given all together, `arn:aws:iam::111122223333:role`: no others exist. */
  readonly listed: ReadonlySet<string>;
  /** Managed policies that are attached and whose text was not given, by holder. */
  readonly unread: readonly { readonly holder: string; readonly policy: string }[];
}

/** A file with its text. */
export interface ActualFile {
  readonly name: string;
  readonly text: string;
}

/**
 * Reads policies out of files: documents named as `roleshift policies --output` names them, its `--json` output, or what
 * the AWS CLI prints (`iam get-account-authorization-details`, `get-role`, `get-role-policy`, `get-user-policy`,
 * `s3api get-bucket-policy`). Throws RS_CONFIG_INVALID for a file that is none of these.
 */
export function readActualPolicies(files: readonly ActualFile[], planned: readonly PlannedDocument[]): ActualState {
  const parsed = files.map(({ name, text }) => ({ name, json: parse(name, text) }));
  const listed = parsed
    .filter(({ json }) => isListing(json) && json['IsTruncated'] !== true)
    .flatMap(({ json }) => [...list(json['RoleDetailList']), ...list(json['UserDetailList'])]);
  return {
    policies: parsed.flatMap(({ name, json }) => readFile(name, json, planned)),
    listed: new Set(listed.map(({ Arn }) => listingOf(String(Arn)))),
    unread: parsed.flatMap(({ json }) => unreadIn(json)),
  };
}

/** What all users, or all roles, of an account have in common. */
export function listingOf(arn: string): string {
  return arn.split('/')[0] ?? arn;
}

function isListing(json: Json): boolean {
  return Array.isArray(json['RoleDetailList']) || Array.isArray(json['UserDetailList']);
}

function parse(name: string, text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw unreadable(name, 'is not valid JSON', cause);
  }
  if (!isJson(value)) throw unreadable(name, 'holds no policy');
  return value;
}

function readFile(name: string, json: Json, planned: readonly PlannedDocument[]): readonly ActualPolicy[] {
  if (isListing(json)) return readDetails(name, json);
  if (Array.isArray(json['documents'])) return readOwn(name, json['documents']);
  const role = json['Role'];
  if (isJson(role)) return readRole(name, role);
  if (json['PolicyDocument'] !== undefined) {
    const document = documentOf(name, json['PolicyDocument'], json['PolicyName']);
    return [{ ...holderByName(name, json, planned), document, source: sourceOf(name, json['PolicyName']) }];
  }
  const plain = readDocument(json['Policy']) ?? readDocument(json);
  const match = planned.find((each) => baseName(name) === `${each.name}.json`);
  if (plain !== undefined && match !== undefined) {
    return [{ kind: match.kind, holder: match.holder.arn, document: plain, source: name }];
  }
  throw unreadable(
    name,
    plain === undefined
      ? 'holds no policy'
      : 'does not say whose policy it holds, or names somebody whom the connection does not use',
  );
}

/** `aws iam get-account-authorization-details`: everything about users, groups, roles and managed policies. */
function readDetails(name: string, json: Json): readonly ActualPolicy[] {
  const managed = managedIn(json);
  const groups = new Map(list(json['GroupDetailList']).map((group) => [String(group['GroupName']), group]));
  const attachedTo = (holder: string, details: Json, inline: string): readonly ActualPolicy[] => [
    ...list(details[inline]).flatMap((policy) => {
      const document = documentOf(name, policy['PolicyDocument'], policy['PolicyName']);
      return [{ kind: 'permissions' as const, holder, document, source: sourceOf(name, policy['PolicyName']) }];
    }),
    ...list(details['AttachedManagedPolicies']).flatMap((policy) => {
      const document = managed.get(String(policy['PolicyArn']));
      const source = sourceOf(name, policy['PolicyName']);
      return document === undefined ? [] : [{ kind: 'permissions' as const, holder, document, source }];
    }),
    ...boundaryOf(name, holder, details, managed),
  ];
  const users = list(json['UserDetailList']).flatMap((user) => {
    const names = Array.isArray(user['GroupList']) ? user['GroupList'].map(String) : [];
    const arn = String(user['Arn']);
    return [
      ...attachedTo(arn, user, 'UserPolicyList'),
      ...names.flatMap((group) => attachedTo(arn, groups.get(group) ?? {}, 'GroupPolicyList')),
    ];
  });
  const roles = list(json['RoleDetailList']).flatMap((role) => [
    ...readRole(name, role),
    ...attachedTo(String(role['Arn']), role, 'RolePolicyList'),
  ]);
  return [...users, ...roles];
}

/** The managed policies of a listing, in the version that is in force. */
function managedIn(json: Json): ReadonlyMap<string, PolicyDocument> {
  return new Map(
    list(json['Policies']).flatMap((policy) => {
      const version = list(policy['PolicyVersionList']).find((each) => each['IsDefaultVersion'] === true);
      const document = readDocument(version?.['Document']);
      return document === undefined ? [] : [[String(policy['Arn']), document] as const];
    }),
  );
}

/** Attached policies that a listing mentions without their text: a filter left them out. */
function unreadIn(json: Json): ActualState['unread'] {
  const known = managedIn(json);
  return [...list(json['UserDetailList']), ...list(json['RoleDetailList'])].flatMap((details) => {
    const boundary = details['PermissionsBoundary'];
    const attached = list(details['AttachedManagedPolicies']).map(({ PolicyArn }) => String(PolicyArn));
    const all = [...attached, ...(isJson(boundary) ? [String(boundary['PermissionsBoundaryArn'])] : [])];
    return all.filter((arn) => !known.has(arn)).map((policy) => ({ holder: String(details['Arn']), policy }));
  });
}

function boundaryOf(
  name: string,
  holder: string,
  details: Json,
  managed: ReadonlyMap<string, PolicyDocument>,
): readonly ActualPolicy[] {
  const boundary = details['PermissionsBoundary'];
  const arn = isJson(boundary) ? String(boundary['PermissionsBoundaryArn']) : undefined;
  const document = arn === undefined ? undefined : managed.get(arn);
  return document === undefined ? [] : [{ kind: 'boundary', holder, document, source: sourceOf(name, arn) }];
}

function readRole(name: string, role: Json): readonly ActualPolicy[] {
  const document = documentOf(name, role['AssumeRolePolicyDocument'], role['RoleName']);
  return [{ kind: 'trust', holder: String(role['Arn']), document, source: sourceOf(name, 'trust') }];
}

/** `roleshift policies --json`, of this connection or of another. */
function readOwn(name: string, documents: readonly unknown[]): readonly ActualPolicy[] {
  return documents.filter(isJson).flatMap((each) => {
    const document = readDocument(each['document']);
    const holder = each['holder'];
    const kind = (['permissions', 'trust', 'bucket', 'key'] as const).find((known) => known === each['kind']);
    if (document === undefined || kind === undefined || !isJson(holder)) return [];
    return [{ kind, holder: String(holder['arn']), document, source: sourceOf(name, each['name']) }];
  });
}

/** `get-role-policy` and `get-user-policy` give a name, and no account. */
function holderByName(
  name: string,
  json: Json,
  planned: readonly PlannedDocument[],
): Pick<ActualPolicy, 'kind' | 'holder'> {
  const holder = planned
    .map((document) => document.holder)
    .find(({ kind, name: own }) => own === json[kind === 'role' ? 'RoleName' : 'UserName']);
  if (holder === undefined) throw unreadable(name, 'holds a policy of a user or role that the connection does not use');
  return { kind: 'permissions', holder: holder.arn };
}

function documentOf(name: string, value: unknown, policy: unknown): PolicyDocument {
  const document = readDocument(value);
  if (document === undefined) throw unreadable(sourceOf(name, policy), 'is no policy that IAM would take');
  return document;
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isJson) : [];
}

function baseName(name: string): string {
  return name.split(/[\\/]/).at(-1) ?? name;
}

function sourceOf(name: string, policy: unknown): string {
  return typeof policy === 'string' ? `${name}, ${policy}` : name;
}

function unreadable(name: string, problem: string, cause?: unknown): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `${name} ${problem}`, {
    action:
      'Give the output of aws iam get-account-authorization-details, or documents named as roleshift policies --output names them.',
    ...(cause === undefined ? {} : { cause }),
  });
}
