import { defined } from '../core/defined.ts';
import { readEndpointName } from '../core/endpoint-name.ts';
import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import type { AccessOptions } from './access-options.ts';
import { chooseIdentity, type IdentityChoice, isRoleIdentity, type RunMode } from './identity-source.ts';
import { partitionOf } from './location.ts';
import { chooseLogin } from './login-hop.ts';
import type { AccessPlan } from './plan.ts';
import { planRoles, type RoleWish } from './role-hops.ts';

export interface PlanContext {
  /** Default: standard. */
  readonly mode?: RunMode;
}

/** The roles on the way to the login. */
function loginWishes(options: AccessOptions): RoleWish[] {
  const { authType, roleArn, externalId, sessionPolicy, sessionTags, intermediateRoles } = options;
  if (authType === 'password' || roleArn === undefined) return [];
  const wish = { id: 'redshift', path: 'roleArn', roleArn, externalId, sessionPolicy, sessionTags };
  return [...intermediateWishes(intermediateRoles), wish];
}

function intermediateWishes(roles: AccessOptions['intermediateRoles']): RoleWish[] {
  return roles.map(({ roleSessionName: sessionName, ...role }, index) => ({
    ...role,
    id: `intermediate-${index + 1}`,
    path: `intermediateRoles[${index}].roleArn`,
    sessionName,
  }));
}

/** The roles on the way to S3: the staging role, else the Redshift role, else none but the intermediate ones. */
function stagingWishes(options: AccessOptions): RoleWish[] {
  const { useStaging, intermediateRoles } = options;
  if (!useStaging) return [];
  const roleArn = ownStagingRole(options);
  if (roleArn !== undefined) {
    const externalId = options.stagingExternalId ?? options.externalId;
    const staging = { id: 'staging', path: 'stagingRoleArn', roleArn, externalId };
    return [...intermediateWishes(intermediateRoles), staging];
  }
  const viaLogin = loginWishes(options);
  return viaLogin.length > 0 ? viaLogin : intermediateWishes(intermediateRoles);
}

/** The staging role where it is another one than the Redshift role. */
function ownStagingRole({ stagingRoleArn, roleArn }: AccessOptions): string | undefined {
  return stagingRoleArn === roleArn ? undefined : stagingRoleArn;
}

function regionIssues(options: AccessOptions, region: string | undefined, needsAws: boolean): ConfigIssue[] {
  if (!needsAws || region !== undefined) return [];
  const message =
    options.host === undefined ? 'The AWS region is missing' : 'The host name does not tell the AWS region';
  return [{ path: 'region', message, action: 'Fill in region, for example eu-central-1.' }];
}

/**
 * The one decision table from options to the way in. Pure. Throws RS_CONFIG_INVALID with every problem that stands in the
 * way.
 */
export function planAccess(options: AccessOptions, { mode = 'standard' }: PlanContext = {}): AccessPlan {
  const name = options.host === undefined ? undefined : readEndpointName(options.host);
  const byRole = options.authType === 'assumeRole';
  const needsAws = byRole || options.useStaging;
  const region = options.region ?? name?.region;
  const partition = partitionOf(region ?? options.stagingRegion);
  const chosen: IdentityChoice = needsAws ? chooseIdentity(options, mode) : { issues: [] };
  const { login, ...loginTalk } = chooseLogin(options, name);
  const rules = {
    fromRole: chosen.identity !== undefined && isRoleIdentity(chosen.identity),
    durationSeconds: options.roleDurationSeconds,
    sessionName: options.roleSessionName,
    sourceIdentity: options.sourceIdentity,
    partition,
  };
  const roles = planRoles(loginWishes(options), rules);
  const stagingRoles = planRoles(stagingWishes(options), rules);

  const issues = [
    ...(byRole && options.roleArn === undefined
      ? [{ path: 'roleArn', message: 'The Redshift role is missing', action: 'Fill in the ARN of the role to assume.' }]
      : []),
    ...regionIssues(options, region ?? (byRole ? undefined : options.stagingRegion), needsAws),
    ...chosen.issues,
    ...loginTalk.issues,
    ...distinct([...roles.issues, ...stagingRoles.issues]),
  ];
  if (issues.length > 0 || login === undefined) throw invalid(issues);

  const notes = [...roles.hops, ...stagingRoles.hops].flatMap(({ note }) => (note === undefined ? [] : [note]));
  return Object.freeze({
    ...defined({ identity: chosen.identity, identityNote: chosen.note }),
    roles: roles.hops,
    login,
    stagingRoles: stagingRoles.hops,
    endpoint: defined({ host: options.host, port: options.port, region }),
    aws: awsTarget(options, region ?? options.stagingRegion, partition),
    tls: defined({ mode: options.tlsMode, caFile: options.caFile, serverName: options.tlsServerName }),
    notices: [
      ...(chosen.note === undefined ? [] : [chosen.note]),
      ...loginTalk.notices,
      ...regionNotices(options.region, name?.region),
      ...stagingNotices(options),
      ...proxyNotices(options),
      ...new Set(notes),
    ],
  });
}

function awsTarget(options: AccessOptions, region: string | undefined, partition: string): AccessPlan['aws'] {
  const { stsEndpoint, redshiftEndpoint, redshiftServerlessEndpoint, iamEndpoint, s3Endpoint, awsProxyUrl } = options;
  return {
    ...defined({ region, stsEndpoint, redshiftEndpoint, redshiftServerlessEndpoint, iamEndpoint, s3Endpoint }),
    partition,
    timeoutMs: options.awsTimeoutSeconds * 1000,
    connectTimeoutMs: options.awsConnectTimeoutSeconds * 1000,
    ...(awsProxyUrl === undefined ? {} : { proxy: { url: awsProxyUrl, noProxy: options.awsNoProxy } }),
  };
}

function stagingNotices(options: AccessOptions): string[] {
  if (!options.useStaging || options.stagingExternalId === undefined) return [];
  if (ownStagingRole(options) !== undefined) return [];
  return ['The staging external id is not used: there is no staging role of its own.'];
}

function proxyNotices({ awsProxyUrl }: AccessOptions): string[] {
  const url = awsProxyUrl === undefined ? undefined : new URL(awsProxyUrl.reveal());
  if (url?.protocol !== 'http:' || url.password === '') return [];
  return ['The password of the AWS proxy travels unencrypted to it: its address is http. Calls to AWS stay encrypted.'];
}

function regionNotices(given: string | undefined, byHost: string | undefined): string[] {
  if (given === undefined || byHost === undefined || given === byHost) return [];
  return [`Region ${given} is used as given, though the host name says ${byHost}.`];
}

/** The Redshift role stands in both lists when staging uses it: say its problem once. */
function distinct(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return [...new Map(issues.map((issue) => [`${issue.path} ${issue.message}`, issue])).values()];
}

function invalid(issues: readonly ConfigIssue[]): ConnectorError {
  const list = issues.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new ConnectorError('RS_CONFIG_INVALID', `The connection cannot be planned: ${list}`, {
    issues,
    action: issues.map(({ action }) => action).join(' '),
  });
}
