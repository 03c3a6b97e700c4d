import { attachedRoles, attachRoles } from '../attached-roles.ts';
import { type AuthorizationRequest, refusalMessage } from '../iam/authorizer.ts';
import { databaseUserOf } from '../identity.ts';
import type { LoginRegistry } from '../logins.ts';
import { partitionOf } from '../partition.ts';
import type { WorkgroupRecord } from '../workgroups.ts';
import type { World } from '../world.ts';
import {
  accessDeniedException,
  type JsonCall,
  type JsonObject,
  type JsonService,
  numberOf,
  refuseOthers,
  resourceNotFound,
  textOf,
  validationException,
} from './json-protocol.ts';

export interface ServerlessDeps {
  readonly world: World;
  readonly logins: LoginRegistry;
  /** By name; filled as workgroups come up. */
  readonly workgroups: ReadonlyMap<string, WorkgroupRecord>;
  /** World time. */
  readonly createdAt: Date;
}

const NAME = /^[a-z0-9-]+$/;

function checkName(name: string, member: string): string {
  const constraint = (rule: string) =>
    validationException(
      `1 validation error detected: Value '${name}' at '${member}' failed to satisfy constraint: Member must ${rule}`,
    );
  if (name.length < 3) throw constraint('have length greater than or equal to 3');
  if (name.length > 64) throw constraint('have length less than or equal to 64');
  if (!NAME.test(name)) throw constraint('satisfy regular expression pattern: [a-z0-9-]+');
  return name;
}

function needName(input: JsonObject, member: string): string {
  const name = textOf(input, member);
  if (name !== undefined) return checkName(name, member);
  throw validationException(
    `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  );
}

function demand(call: JsonCall, request: Pick<AuthorizationRequest, 'action' | 'resource' | 'context'>): void {
  const { principal, region } = call;
  const decision = call.authorize({ ...request, principal, region });
  if (!decision.allowed) throw accessDeniedException(refusalMessage({ ...request, principal }, decision));
}

function visible(call: JsonCall, { workgroups, world }: ServerlessDeps): readonly WorkgroupRecord[] {
  return [...workgroups.values()].filter(
    ({ account }) => account === call.principal.account && call.region === world.region,
  );
}

/**
 * The thing meant, once the caller may do this with it. What does not exist has no id to be named by in a policy: whoever
 * may do it with all of them learns that it is missing.
 */
function find(
  call: JsonCall,
  deps: ServerlessDeps,
  action: string,
  kind: 'workgroup' | 'namespace',
  meant: { readonly name: string; readonly is: (record: WorkgroupRecord) => boolean },
): WorkgroupRecord {
  const found = visible(call, deps).find(meant.is);
  const prefix = `arn:${partitionOf(call.region)}:redshift-serverless:${call.region}:${call.principal.account}:${kind}`;
  const arn = kind === 'workgroup' ? found?.arn : found?.namespaceArn;
  demand(call, { action: `redshift-serverless:${action}`, resource: arn ?? `${prefix}/*` });
  if (!found) throw resourceNotFound(`The ${kind} ${meant.name} does not exist.`);
  return found;
}

function getCredentials(call: JsonCall, deps: ServerlessDeps): JsonObject {
  const { input } = call;
  refuseOthers(input, ['workgroupName', 'customDomainName', 'dbName', 'durationSeconds']);
  const name = textOf(input, 'workgroupName');
  const domain = textOf(input, 'customDomainName')?.toLowerCase();
  const database = textOf(input, 'dbName');
  const lifetimeSeconds = numberOf(input, 'durationSeconds') ?? 900;
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 900 || lifetimeSeconds > 3600) {
    throw validationException('durationSeconds must be between 900 and 3600');
  }
  if (name === undefined && domain === undefined) {
    throw validationException('Either workgroupName or customDomainName must be given');
  }
  if (name !== undefined) checkName(name, 'workgroupName');
  const { cluster } = find(call, deps, 'GetCredentials', 'workgroup', {
    name: name ?? domain ?? '',
    is: (record) => (name === undefined ? record.cluster.customDomain === domain : record.cluster.id === name),
  });
  const login = deps.logins.issueToIdentity(cluster.id, {
    dbUser: databaseUserOf(call.principal),
    lifetimeSeconds,
    ...(database !== undefined && { database }),
  });
  return {
    dbUser: login.dbUser,
    dbPassword: login.dbPassword.reveal(),
    expiration: login.expiresAt.getTime() / 1000,
    nextRefreshTime: login.nextRefreshAt.getTime() / 1000,
  };
}

function describeWorkgroup({ cluster, id, arn, namespace, endpoint }: WorkgroupRecord, createdAt: Date): JsonObject {
  return {
    workgroupName: cluster.id,
    workgroupId: id,
    workgroupArn: arn,
    namespaceName: namespace.name,
    status: 'AVAILABLE',
    baseCapacity: 8,
    creationDate: createdAt.toISOString(),
    enhancedVpcRouting: false,
    publiclyAccessible: false,
    port: endpoint.port,
    endpoint: { address: endpoint.host, port: endpoint.port, vpcEndpoints: [] },
    configParameters: [
      { parameterKey: 'require_ssl', parameterValue: 'true' },
      {
        parameterKey: 'enable_case_sensitive_identifier',
        parameterValue: String(cluster.caseSensitiveIdentifiers ?? false),
      },
    ],
    ...(cluster.customDomain !== undefined && { customDomainName: cluster.customDomain }),
  };
}

function getWorkgroup(call: JsonCall, deps: ServerlessDeps): JsonObject {
  refuseOthers(call.input, ['workgroupName']);
  const name = needName(call.input, 'workgroupName');
  const found = find(call, deps, 'GetWorkgroup', 'workgroup', { name, is: ({ cluster }) => cluster.id === name });
  return { workgroup: describeWorkgroup(found, deps.createdAt) };
}

function getNamespace(call: JsonCall, deps: ServerlessDeps): JsonObject {
  refuseOthers(call.input, ['namespaceName']);
  const name = needName(call.input, 'namespaceName');
  const found = find(call, deps, 'GetNamespace', 'namespace', { name, is: ({ namespace }) => namespace.name === name });
  return { namespace: describeNamespace(found, deps.createdAt) };
}

function describeNamespace({ cluster, namespace, namespaceArn }: WorkgroupRecord, createdAt: Date): JsonObject {
  const { iamRoles, defaultIamRole } = attachedRoles(cluster);
  return {
    namespaceName: namespace.name,
    namespaceId: namespace.id,
    namespaceArn,
    status: 'AVAILABLE',
    creationDate: createdAt.toISOString(),
    dbName: cluster.databases?.[0]?.name ?? 'dev',
    adminUsername: cluster.users?.find(({ superuser }) => superuser)?.name ?? 'admin',
    kmsKeyId: 'AWS_OWNED_KMS_KEY',
    // As the API sends them: text, not structures.
    iamRoles: iamRoles.map((arn) => `IamRole(applyStatus=in-sync, iamRoleArn=${arn})`),
    ...(defaultIamRole !== undefined && { defaultIamRoleArn: defaultIamRole }),
  };
}

/** Puts other roles in place of all that the namespace has; whoever asks has to be allowed to pass each. */
function updateNamespace(call: JsonCall, deps: ServerlessDeps): JsonObject {
  const { input } = call;
  refuseOthers(input, ['namespaceName', 'iamRoles', 'defaultIamRoleArn']);
  const name = needName(input, 'namespaceName');
  const found = find(call, deps, 'UpdateNamespace', 'namespace', {
    name,
    is: ({ namespace }) => namespace.name === name,
  });
  const before = attachedRoles(found.cluster);
  const iamRoles = input['iamRoles'] === undefined ? before.iamRoles : roleArns(input['iamRoles']);
  const context = { 'iam:PassedToService': 'redshift-serverless.amazonaws.com' };
  for (const resource of iamRoles) demand(call, { action: 'iam:PassRole', resource, context });
  const wanted = textOf(input, 'defaultIamRoleArn') ?? before.defaultIamRole;
  const defaultIamRole = wanted !== undefined && iamRoles.includes(wanted) ? wanted : undefined;
  attachRoles(found.cluster, { iamRoles, ...(defaultIamRole !== undefined && { defaultIamRole }) });
  return { namespace: describeNamespace(found, deps.createdAt) };
}

function roleArns(value: unknown): readonly string[] {
  const isArn = (each: unknown): each is string => typeof each === 'string' && each.startsWith('arn:');
  if (Array.isArray(value) && value.every(isArn)) return value;
  throw validationException('iamRoles must be a list of ARNs of IAM roles');
}

function listWorkgroups(call: JsonCall, deps: ServerlessDeps): JsonObject {
  refuseOthers(call.input, ['maxResults']);
  demand(call, { action: 'redshift-serverless:ListWorkgroups', resource: '*' });
  return { workgroups: visible(call, deps).map((record) => describeWorkgroup(record, deps.createdAt)) };
}

function getCustomDomainAssociation(call: JsonCall, deps: ServerlessDeps): JsonObject {
  refuseOthers(call.input, ['customDomainName', 'workgroupName']);
  const name = needName(call.input, 'workgroupName');
  const domain = textOf(call.input, 'customDomainName')?.toLowerCase();
  const { cluster } = find(call, deps, 'GetCustomDomainAssociation', 'workgroup', {
    name,
    is: (record) => record.cluster.id === name,
  });
  if (domain === undefined || cluster.customDomain !== domain) {
    throw resourceNotFound(`The custom domain name ${domain ?? ''} is not associated with the workgroup ${name}.`);
  }
  return { customDomainName: domain, workgroupName: name };
}

/** The part of Redshift Serverless that a connection meets. */
export function createRedshiftServerless(deps: ServerlessDeps): JsonService {
  return {
    name: 'redshift-serverless',
    target: 'RedshiftServerless',
    resourceOf: (input) => {
      const [name] = ['workgroupName', 'namespaceName', 'customDomainName']
        .map((member) => input[member])
        .filter((value) => typeof value === 'string');
      return name ?? '*';
    },
    actions: new Map([
      ['GetCredentials', (call) => getCredentials(call, deps)],
      ['GetWorkgroup', (call) => getWorkgroup(call, deps)],
      ['GetNamespace', (call) => getNamespace(call, deps)],
      ['UpdateNamespace', (call) => updateNamespace(call, deps)],
      ['ListWorkgroups', (call) => listWorkgroups(call, deps)],
      ['GetCustomDomainAssociation', (call) => getCustomDomainAssociation(call, deps)],
    ]),
  };
}
