import { isIP } from 'node:net';
import { defined } from '../core/defined.ts';
import { type ConfigIssue, ConnectorError } from '../core/errors.ts';
import { matchesWildcard } from '../core/wildcard.ts';
import { issue } from './check-value.ts';
import { ENDPOINT_KEYS, endpointProblem, hostRefusal, proxyProblem } from './endpoint-address.ts';
import type { ConnectionOptions } from './options.gen.ts';

/** Kinds of AWS identity, as a policy names them. `machineRole` is *Use EC2 Role to Assume Role*. */
export type IdentityKind = 'accessKeys' | 'machineRole' | 'workerRole' | 'profile' | 'environment';

/**
 * What a host platform lets a connection form ask for. Whatever the agent itself owns (its role, files, environment,
 * loopback) is off until the policy allows it; what the form brings along is on until the policy forbids it.
 */
export interface HostPolicy {
  /** Identities a form may choose. Default: `accessKeys` only. */
  readonly identities?: readonly IdentityKind[];
  /** Profiles a form may name where `identities` has `profile`; `*` stands for any text. Default: any. */
  readonly profiles?: readonly string[];
  /**
   * Roles a form may name: ARNs, `*` stands for any text. Default: any. Where it is given, an identity of the agent's own
   * assumes one of them: it does not use S3 as itself.
   */
  readonly roleArns?: readonly string[];
  /** Roles that Redshift may be told to use in COPY and UNLOAD; `default` is the cluster's own. Default: `roleArns`. */
  readonly copyRoles?: readonly string[];
  /** Buckets a form may stage in; `*` stands for any text. Default: any. */
  readonly buckets?: readonly string[];
  /**
   * Places in S3 that rows may be read from: buckets, or with a slash in them keys too (`acme-landing/in/*`); `*` stands for
   * any text. Default: `buckets`.
   */
  readonly sourceBuckets?: readonly string[];
  /** Places in S3 that rows may be written to; words and default as for `sourceBuckets`. */
  readonly targetBuckets?: readonly string[];
  /**
   * Database hosts that a form may name, and that AWS may tell for the cluster it names; `*` stands for any text. Default:
   * any but loopback.
   */
  readonly hosts?: readonly string[];
  /** Addresses a form may give for AWS endpoints, as `https://name[:port]`; `*` stands for any text. Default: none. */
  readonly endpoints?: readonly string[];
  /** Proxies a form may send the calls to AWS through, as `http://name[:port]`; `*` stands for any text. Default: none. */
  readonly proxies?: readonly string[];
  /**
   * Folders that files must lie under, links followed: those that a form names and those to load. Default: none, so that
   * no file can be used.
   */
  readonly fileRoots?: readonly string[];
  /**
   * Keys of the session tags that a form may set: policies elsewhere may trust what they say. `*` stands for any text.
   * Default: none where the identity is the agent's own, any with access keys of the form.
   */
  readonly sessionTags?: readonly string[];
  /** Source identities that a form may set where the host sets none; `*` and default as for `sessionTags`. */
  readonly sourceIdentities?: readonly string[];
  /** Set by the host whatever the form says. */
  readonly externalId?: string;
  /** Put before the form's session name, cut at 64 characters. */
  readonly roleSessionNamePrefix?: string;
  readonly sourceIdentity?: string;
  /** Whether a form may bring SQL of its own that runs in each session. Default: true. */
  readonly allowConnectSql?: boolean;
  /** Whether a form may bring queries, conditions and statements of its own. Default: true; `checkCustomSql` applies it. */
  readonly allowCustomSql?: boolean;
  /** Whether hosts and http endpoints may be this machine: for a sandbox. Default: false. */
  readonly allowLoopback?: boolean;
}

/** What the policy makes of a connection. */
export interface PolicyVerdict {
  /** The options with the host's own values set. */
  readonly options: ConnectionOptions;
  /** Each thing the policy forbids. */
  readonly issues: readonly ConfigIssue[];
  readonly notices: readonly string[];
  /** Keys whose value the host set. */
  readonly fixed: readonly string[];
}

/** The identity that the options choose, and the option that says so; undefined when no call to AWS is made. */
function chosenIdentity(options: ConnectionOptions): readonly [path: string, IdentityKind] | undefined {
  const { authType, useStaging, loginIdentity, useEc2Role, identitySource } = options;
  if (authType === 'password' && !useStaging) return undefined;
  if (loginIdentity === 'worker') return ['loginIdentity', 'workerRole'];
  return useEc2Role ? ['useEc2Role', 'machineRole'] : ['identitySource', identitySource];
}

/** Judges checked options by the policy. Pure; paths of files were judged when they were resolved. */
export function applyPolicy(options: ConnectionOptions, policy: HostPolicy): PolicyVerdict {
  const issues = [
    ...identityIssues(options, policy),
    ...roleIssues(options, policy),
    ...claimIssues(options, policy),
    ...stagingIssues(options, policy),
    ...endpointIssues(options, policy),
    ...proxyIssues(options, policy),
    ...hostIssues(options, policy),
    ...(policy.allowConnectSql === false && options.connectSql !== undefined
      ? [forbidden('connectSql', 'SQL of your own')]
      : []),
  ];
  return { issues, ...fixValues(options, policy) };
}

/** Where a specification may hold SQL of its own. */
export interface CustomSqlHolder {
  readonly query?: unknown;
  readonly where?: unknown;
  readonly preSql?: unknown;
  readonly postSql?: unknown;
  readonly objects?: unknown;
  readonly parameters?: unknown;
}

/**
 * Refuses a specification's own SQL where the policy forbids it: queries, conditions, statements before and after, and
 * parameters of kind `sql`. Call it before anything is sent. Throws `RS_CONFIG_FORBIDDEN`.
 */
export function checkCustomSql(spec: CustomSqlHolder, policy: HostPolicy | undefined): void {
  const given = customSqlIn(spec);
  if (policy?.allowCustomSql !== false || given.length === 0) return;
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'The host does not allow SQL of your own', {
    action: 'Name objects, columns and a filter, or ask the owner of the host to allow it.',
    issues: given.map((path) => forbidden(path, 'SQL of your own')),
  });
}

function customSqlIn(spec: CustomSqlHolder): readonly string[] {
  const joined = Array.isArray(spec.objects) ? (spec.objects as readonly unknown[]) : [];
  const parameters = Object.entries((spec.parameters as Readonly<Record<string, unknown>> | undefined) ?? {});
  return [
    ...(['query', 'where', 'preSql', 'postSql'] as const).filter((key) => spec[key] !== undefined),
    ...joined.flatMap((object, index) => (has(object, 'condition') ? [`objects[${index}].condition`] : [])),
    ...parameters.flatMap(([name, value]) => (has(value, 'kind', 'sql') ? [`parameters.${name}`] : [])),
  ];
}

/** Whether something of a form has this key, with this value if one is given. */
function has(value: unknown, key: string, wanted?: string): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const found = (value as Readonly<Record<string, unknown>>)[key];
  return wanted === undefined ? found !== undefined : found === wanted;
}

function identityIssues(
  options: ConnectionOptions,
  { identities = ['accessKeys'], profiles }: HostPolicy,
): readonly ConfigIssue[] {
  const [path, kind] = chosenIdentity(options) ?? [];
  if (path === undefined || kind === undefined) return [];
  if (!identities.includes(kind)) return [forbidden(path, `the identity ${kind}`)];
  const isRefused = kind === 'profile' && profiles && !matchesAny(profiles, options.profile ?? '');
  return isRefused ? [forbidden('profile', 'this profile')] : [];
}

function stagingIssues(options: ConnectionOptions, { buckets, roleArns }: HostPolicy): readonly ConfigIssue[] {
  const { useStaging, stagingBucket = '', authType, stagingRoleArn, intermediateRoles } = options;
  if (!useStaging) return [];
  const isOwn = chosenIdentity(options)?.[1] !== 'accessKeys';
  const hasNoRole = authType === 'password' && stagingRoleArn === undefined && intermediateRoles.length === 0;
  return [
    ...(buckets && !matchesAny(buckets, stagingBucket) ? [forbidden('stagingBucket', 'this bucket')] : []),
    ...(isOwn && hasNoRole && roleArns ? [forbidden('stagingRoleArn', 'S3 without a role')] : []),
  ];
}

function roleIssues(options: ConnectionOptions, { roleArns, copyRoles }: HostPolicy): readonly ConfigIssue[] {
  const { roleArn, stagingRoleArn, workerRoleArn, intermediateRoles, copyRole } = options;
  const named: readonly (readonly [string, string | undefined])[] = [
    ['roleArn', roleArn],
    ['stagingRoleArn', stagingRoleArn],
    ['workerRoleArn', workerRoleArn],
    ...intermediateRoles.map(({ roleArn: arn }, index) => [`intermediateRoles[${index}].roleArn`, arn] as const),
  ];
  const copyAllowed = copyRoles ?? (roleArns && [...roleArns, 'default']);
  const isCopyRefused = copyAllowed && copyRole?.split(',').some((arn) => !matchesAny(copyAllowed, arn));
  return [
    ...named
      .filter(([, arn]) => roleArns && arn !== undefined && !matchesAny(roleArns, arn))
      .map(([path]) => forbidden(path, 'this role')),
    ...(isCopyRefused ? [forbidden('copyRole', 'this role for COPY and UNLOAD')] : []),
  ];
}

/** What a form says of its sessions: an identity of the agent's own vouches for it before policies elsewhere. */
function claimIssues(options: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  const { sessionTags, sourceIdentity, intermediateRoles } = options;
  const byDefault = chosenIdentity(options)?.[1] === 'accessKeys' ? ['*'] : [];
  const { sessionTags: tags = byDefault, sourceIdentities = policy.sourceIdentity === undefined ? byDefault : ['*'] } =
    policy;
  const sessions = [
    { at: '', sessionTags, sourceIdentity },
    ...intermediateRoles.map((role, index) => ({ ...role, at: `intermediateRoles[${index}].` })),
  ];
  return sessions.flatMap(({ at, sessionTags: claimed = [], sourceIdentity: name }) => [
    ...(claimed.every(({ key }) => matchesAny(tags, key)) ? [] : [forbidden(`${at}sessionTags`, 'these session tags')]),
    ...(name === undefined || matchesAny(sourceIdentities, name)
      ? []
      : [forbidden(`${at}sourceIdentity`, 'this source identity')]),
  ]);
}

function hostIssues({ host }: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  return host === undefined || mayUseHost(host, policy) ? [] : [forbidden('host', 'this database host')];
}

function mayUseHost(host: string, { hosts, allowLoopback = false }: HostPolicy): boolean {
  // A pattern of addresses is about addresses: `10.0.0.*` does not cover the name 10.0.0.example.com.
  const fitting = hosts?.filter((pattern) => isIP(host) !== 0 || !/^[\d.*]*\d[\d.*]*$/.test(pattern));
  return hostRefusal(host, allowLoopback) === undefined && (fitting === undefined || matchesAny(fitting, host));
}

/** Refuses a host that AWS told for a cluster where the policy does not cover it. Throws `RS_CONFIG_FORBIDDEN`. */
export function checkToldHost(host: string, policy: HostPolicy): void {
  if (mayUseHost(host, policy)) return;
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', 'The host does not allow the endpoint of this cluster', {
    action: 'Choose another cluster, or ask the owner of the host to allow it.',
    issues: [forbidden('clusterIdentifier', 'the endpoint of this cluster')],
    details: { host },
  });
}

function endpointIssues(options: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  const { endpoints = [], allowLoopback = false } = policy;
  return ENDPOINT_KEYS.flatMap((key) => {
    const endpoint = options[key];
    if (endpoint === undefined) return [];
    const isAllowed =
      endpointProblem(endpoint, allowLoopback) === undefined && matchesAny(endpoints, new URL(endpoint).origin);
    return isAllowed ? [] : [forbidden(key, 'this endpoint')];
  });
}

function proxyIssues({ awsProxyUrl }: ConnectionOptions, policy: HostPolicy): readonly ConfigIssue[] {
  if (awsProxyUrl === undefined) return [];
  const { proxies = [], allowLoopback = false } = policy;
  const proxy = awsProxyUrl.reveal();
  const isAllowed = proxyProblem(proxy, allowLoopback) === undefined && matchesAny(proxies, new URL(proxy).origin);
  return isAllowed ? [] : [forbidden('awsProxyUrl', 'this proxy')];
}

function fixValues(options: ConnectionOptions, policy: HostPolicy): Omit<PolicyVerdict, 'issues'> {
  const { externalId, sourceIdentity, roleSessionNamePrefix = '' } = policy;
  const stagingExternalId = options.stagingExternalId === undefined ? undefined : externalId;
  const fixed = defined({ externalId, sourceIdentity, stagingExternalId });
  const replaced = Object.entries(fixed).filter(([key, value]) => {
    const given = options[key as keyof typeof fixed];
    return given !== undefined && given !== value;
  });
  const prefixed = (name: string): string => `${roleSessionNamePrefix}${name}`.slice(0, 64);
  return {
    fixed: Object.keys(fixed),
    options: {
      ...options,
      ...fixed,
      roleSessionName: prefixed(options.roleSessionName),
      // What the host sets belongs to every role on the way, or a form could leave it out of one.
      intermediateRoles: options.intermediateRoles.map(({ sourceIdentity: own, ...role }) => ({
        ...role,
        ...defined({
          externalId: externalId ?? role.externalId,
          sourceIdentity: sourceIdentity === undefined ? own : undefined,
          roleSessionName: role.roleSessionName === undefined ? undefined : prefixed(role.roleSessionName),
        }),
      })),
    },
    notices: replaced.map(([key]) => `The host sets ${key}; the value in the form is not used.`),
  };
}

function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matchesWildcard(pattern, text));
}

function forbidden(path: string, what: string): ConfigIssue {
  return issue(path, `The host does not allow ${what}`, `Choose another value for ${path}, or ask the host's owner.`);
}
