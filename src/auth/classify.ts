import type { LoginHop, RoleHop } from '../access/plan.ts';
import { ConnectorError, type ErrorDetails } from '../core/errors.ts';
import { classifyByCode } from './classify-code.ts';
import { classifyConnection } from './classify-connection.ts';
import { loginDenied, lookupDenied, roleDenied } from './classify-denied.ts';
import { roleRequestRefused } from './classify-role.ts';
import { type ForeignError, readForeignError, safeCause } from './foreign-error.ts';

/** Facts that every call knows about itself, for messages. */
export interface CallFacts {
  /** Host that was asked. */
  readonly host: string;
  /** Where the credentials that signed the call came from: `access keys`, `sts:AssumeRole`. */
  readonly source: string;
  /** The caller's ARN, where known. */
  readonly callerArn?: string | undefined;
}

/** Where a cluster stands, for the ARNs that a policy needs. */
export interface ClusterPlace {
  readonly partition: string;
  readonly region: string;
  readonly account: string;
}

/** A login that AWS issues: every one but that with a stored password. */
export type IssuedLogin = Exclude<LoginHop, { kind: 'password' }>;

export type ClusterLogin = Extract<LoginHop, { kind: 'clusterCredentials' }>;
export type IamClusterLogin = Extract<LoginHop, { kind: 'clusterCredentialsWithIam' }>;
export type ServerlessLogin = Extract<LoginHop, { kind: 'serverlessCredentials' }>;

interface LoginPurchase<L extends IssuedLogin> extends CallFacts {
  readonly login: L;
  readonly place: ClusterPlace;
}

/** One AWS call, as far as its failure must name it. */
export type AwsOperation =
  | ({ readonly action: 'sts:GetCallerIdentity' } & CallFacts)
  | ({ readonly action: 'sts:AssumeRole'; readonly hop: RoleHop } & CallFacts)
  | ({ readonly action: 'redshift:GetClusterCredentials' } & LoginPurchase<ClusterLogin>)
  | ({ readonly action: 'redshift:GetClusterCredentialsWithIAM' } & LoginPurchase<IamClusterLogin>)
  | ({ readonly action: 'redshift-serverless:GetCredentials' } & LoginPurchase<ServerlessLogin>)
  | ({
      readonly action: 'redshift:DescribeClusters';
      readonly clusterIdentifier: string;
      readonly place: ClusterPlace;
    } & CallFacts)
  | ({
      readonly action: 'redshift-serverless:GetWorkgroup';
      readonly workgroup: string;
      readonly place: ClusterPlace;
    } & CallFacts);

/**
 * Turns whatever an AWS call threw into a `ConnectorError` that names who was refused what, and the mend. Secrets never
 * pass: AWS's text is cut where it echoes the request, and the cause is a copy without it.
 */
export function classifyAwsError(cause: unknown, operation: AwsOperation): ConnectorError {
  if (cause instanceof ConnectorError) return cause;
  const error = readForeignError(cause);
  const details = callDetails(error, operation);
  const { code, message, action, facts } =
    classifyConnection(error, operation) ??
    classifyByCode(error, operation) ??
    classifyRefusal(error, operation) ??
    unclassified(error, operation);
  return new ConnectorError(code, message, { action, details: { ...details, ...facts }, cause: safeCause(cause) });
}

/** A verdict before it becomes an error. */
export interface Verdict {
  readonly code: ConnectorError['code'];
  readonly message: string;
  readonly action: string;
  readonly facts?: ErrorDetails;
}

function classifyRefusal(error: ForeignError, operation: AwsOperation): Verdict | undefined {
  switch (operation.action) {
    case 'sts:GetCallerIdentity':
      return undefined;
    case 'sts:AssumeRole':
      if (isAccessDenied(error)) return roleDenied(error, operation.hop, operation.callerArn);
      return roleRequestRefused(error, operation.hop);
    case 'redshift:GetClusterCredentials':
    case 'redshift:GetClusterCredentialsWithIAM':
      if (isAccessDenied(error)) return loginDenied(error, operation);
      return clusterMissing(error, operation.login, operation.place);
    case 'redshift:DescribeClusters':
      if (isAccessDenied(error)) return lookupDenied(operation);
      return clusterMissing(error, operation, operation.place);
    case 'redshift-serverless:GetCredentials':
      if (isAccessDenied(error)) return loginDenied(error, operation);
      return workgroupMissing(error, operation.login.workgroup, operation.place);
    case 'redshift-serverless:GetWorkgroup':
      if (isAccessDenied(error)) return lookupDenied(operation);
      return workgroupMissing(error, operation.workgroup, operation.place);
  }
  return operation satisfies never;
}

function isAccessDenied({ name }: ForeignError): boolean {
  return /^(AccessDenied|AccessDeniedException|UnauthorizedOperation)$/.test(name);
}

/** AWS's ways of saying that it knows no cluster by this name: its identifier, or its custom domain name. */
const CLUSTER_MISSING = /^(ClusterNotFound|CustomDomainAssociationNotFound|CustomCnameAssociation)(Fault)?$/;

function clusterMissing(
  error: ForeignError,
  { clusterIdentifier: cluster, customDomain }: { readonly clusterIdentifier?: string; readonly customDomain?: string },
  { region, account }: ClusterPlace,
): Verdict | undefined {
  if (cluster === undefined) return customDomainUnknown(error, customDomain ?? '', { region, account });
  if (!CLUSTER_MISSING.test(error.name)) return undefined;
  return {
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: `There is no cluster ${cluster} in ${region} of account ${account}`,
    action: 'Correct clusterIdentifier or region, or choose a role of the account that owns the cluster.',
    facts: { clusterIdentifier: cluster, region, account },
  };
}

/** Whatever AWS does not accept of a call by custom domain name: the identifier of the cluster is the way round. */
function customDomainUnknown(
  error: ForeignError,
  customDomain: string,
  { region, account }: Omit<ClusterPlace, 'partition'>,
): Verdict | undefined {
  if (error.status === undefined || error.status < 400 || error.status >= 500) return undefined;
  const facts = { customDomain, region, account };
  if (CLUSTER_MISSING.test(error.name)) {
    return {
      code: 'RS_CONFIG_OBJECT_MISSING',
      message: `AWS knows no cluster by the custom domain name ${customDomain} in ${region} of account ${account}`,
      action:
        'Fill in clusterIdentifier, by which the cluster is then asked for, or workgroup where it is a serverless one. Else correct host or region.',
      facts,
    };
  }
  return {
    code: 'RS_CONFIG_INVALID',
    message: `AWS does not accept the call for the custom domain name ${customDomain}: ${error.name}: ${error.message}`,
    action:
      'Fill in clusterIdentifier, by which the cluster is then asked for, or workgroup where it is a serverless one. If AWS speaks of another option, correct that.',
    facts,
  };
}

function workgroupMissing(
  error: ForeignError,
  workgroup: string,
  { region, account }: ClusterPlace,
): Verdict | undefined {
  if (error.name !== 'ResourceNotFoundException') return undefined;
  return {
    code: 'RS_CONFIG_OBJECT_MISSING',
    message: `There is no serverless workgroup ${workgroup} in ${region} of account ${account}`,
    action: 'Correct workgroup or region, or choose a role of the account that owns the workgroup.',
    facts: { workgroup, region, account },
  };
}

function unclassified(error: ForeignError, { action, host }: AwsOperation): Verdict {
  const said = error.message === '' ? error.name : `${error.name}: ${error.message}`;
  if (error.status === 403) {
    return {
      code: 'RS_AUTH_PERMISSION',
      message: `AWS refused ${action}: ${said}`,
      action: `Allow ${action} to the caller.`,
    };
  }
  if (error.status !== undefined && error.status >= 300 && error.status < 400) {
    return {
      code: 'RS_CONFIG_INVALID',
      message: `${host} answered ${action} with a redirect (${error.status}), and redirects are not followed`,
      action: 'Correct the endpoint, or the proxy in front of it.',
    };
  }
  if (error.status !== undefined && error.status >= 400 && error.status < 500) {
    return {
      code: 'RS_CONFIG_INVALID',
      message: `AWS does not accept ${action}: ${said}`,
      action: 'Correct the option that the message speaks of.',
    };
  }
  return {
    code: 'RS_AWS_FAILED',
    message: `${action} failed at ${host}: ${said}`,
    action: 'Try again; if it stays, see the AWS Health Dashboard.',
  };
}

function callDetails(error: ForeignError, { action, host, source, callerArn }: AwsOperation): ErrorDetails {
  return {
    operation: action,
    host,
    source,
    awsCode: error.name,
    ...(error.status === undefined ? {} : { httpStatus: error.status }),
    ...(error.requestId === undefined ? {} : { requestId: error.requestId }),
    ...(callerArn === undefined ? {} : { callerArn }),
  };
}
