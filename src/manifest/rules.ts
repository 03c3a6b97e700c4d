import { isCustomDomain, readEndpointName } from '../core/endpoint-name.ts';
import type { ConfigIssue } from '../core/errors.ts';
import { issue } from './check-value.ts';
import { ENDPOINT_KEYS, endpointProblem, hostRefusal, isNetwork, proxyProblem } from './endpoint-address.ts';
import type { ConnectionOptions } from './options.gen.ts';
import { RESERVED_WORDS } from './reserved-words.ts';

/** Options that passed their own checks; those that did not, or were not given, are absent. */
export type CheckedOptions = Partial<ConnectionOptions>;

/** What a rule needs to know beside the values. */
export interface RuleContext {
  /** Keys whose value was refused already: a rule says nothing more about them. */
  readonly refused: ReadonlySet<string>;
}

type Rule = (options: CheckedOptions, context: RuleContext) => readonly ConfigIssue[];

/** Loopback passes here: whether a host allows it is its policy's matter. */
const WITH_LOOPBACK = true;

/** One function for each rule that connector.json lists. `endpointGiven` is applied where the JDBC URL is. */
export const RULES: Readonly<Record<string, Rule>> = {
  databaseKnown: ({ database, jdbcUrl }, { refused }) =>
    database !== undefined || jdbcUrl === undefined || refused.has('database')
      ? []
      : [issue('database', 'Database Name is missing: the JDBC URL ends without it', 'Set database.')],

  regionKnown: (options, { refused }) => {
    const { authType, useStaging, region, stagingRegion } = options;
    const isNeeded = authType === 'assumeRole' || (useStaging === true && stagingRegion === undefined);
    if (!isNeeded || region !== undefined || ['region', 'host', 'jdbcUrl'].some((key) => refused.has(key))) return [];
    return [issue('region', 'Region is missing, and the name of the endpoint does not tell it', 'Set region.')];
  },

  clusterKnown: ({ authType, clusterIdentifier, workgroup, host }, { refused }) => {
    if (authType !== 'assumeRole') return [];
    if (['clusterIdentifier', 'workgroup', 'host', 'jdbcUrl'].some((key) => refused.has(key))) return [];
    if (clusterIdentifier !== undefined && (workgroup !== undefined || isServerless(host))) {
      const message = 'Cluster Identifier and Serverless workgroup exclude each other: one of them issues the login';
      return [
        issue('clusterIdentifier', message, 'Remove clusterIdentifier or workgroup; a host name tells one, too.'),
      ];
    }
    if (clusterIdentifier !== undefined || workgroup !== undefined) return [];
    if (host !== undefined && isCustomDomain(host)) return [];
    const [path, title] = isServerless(host)
      ? (['workgroup', 'Serverless workgroup'] as const)
      : (['clusterIdentifier', 'Cluster Identifier'] as const);
    return [issue(path, `${title} is missing, and the name of the endpoint does not tell it`, `Set ${path}.`)];
  },

  databaseUserKnown: ({ authType, loginMethod, username, workgroup, host }, { refused }) => {
    if (authType !== 'assumeRole' || loginMethod !== 'databaseUser') return [];
    if (workgroup !== undefined || isServerless(host)) return [];
    if (username !== undefined || ['username', 'workgroup', 'host', 'jdbcUrl'].some((key) => refused.has(key)))
      return [];
    const action = 'Set username, or set loginMethod to iamIdentity to log in as the user of the role.';
    return [issue('username', 'Username is missing: the login is one for a database user', action)];
  },

  issuedLoginNames: ({ authType, username, database, dbGroups = [] }) => {
    if (authType !== 'assumeRole') return [];
    return [
      ...issuedName('username', 'Username', username),
      ...issuedName('database', 'Database Name', database),
      ...dbGroups.flatMap((group, index) => reservedName(`dbGroups[${index}]`, 'Group', group)),
    ];
  },

  temporaryKeys: ({ accessKeyId, sessionToken }, { refused }) => {
    if (sessionToken !== undefined || refused.has('sessionToken')) return [];
    if (accessKeyId?.reveal().startsWith('ASIA') !== true) return [];
    const message = 'Session Token is missing: the access key is a temporary one';
    return [issue('sessionToken', message, 'Set sessionToken, or use the access keys of an IAM user.')];
  },

  endpointAddress: (options) =>
    ENDPOINT_KEYS.flatMap((key) => {
      const endpoint = options[key];
      const problem = endpoint === undefined ? undefined : endpointProblem(endpoint, WITH_LOOPBACK);
      return problem === undefined ? [] : [issue(key, `The endpoint ${problem}`, `Change ${key}: it ${problem}.`)];
    }),

  proxyAddress: ({ awsProxyUrl, awsNoProxy = [] }) => {
    const problem = awsProxyUrl === undefined ? undefined : proxyProblem(awsProxyUrl.reveal(), WITH_LOOPBACK);
    return [
      ...(problem === undefined
        ? []
        : [issue('awsProxyUrl', `The proxy ${problem}`, `Change awsProxyUrl: it ${problem}.`)]),
      ...awsNoProxy.flatMap((pattern, index) =>
        !pattern.includes('/') || isNetwork(pattern)
          ? []
          : [issue(`awsNoProxy[${index}]`, 'Host is no network', 'Write a network as address/bits: 10.0.0.0/8.')],
      ),
    ];
  },

  sessionPolicies: ({ sessionPolicy, intermediateRoles = [] }) => [
    ...sessionPolicyIssues('sessionPolicy', sessionPolicy),
    ...intermediateRoles.flatMap((role, index) =>
      sessionPolicyIssues(`intermediateRoles[${index}].sessionPolicy`, role.sessionPolicy),
    ),
  ],

  hostAddress: ({ host }) => {
    const refusal = host === undefined ? undefined : hostRefusal(host, WITH_LOOPBACK);
    if (refusal === undefined) return [];
    return [issue('host', `The host is ${refusal}`, 'Give the endpoint of the cluster as its console shows it.')];
  },
};

function isServerless(host: string | undefined): boolean {
  return host !== undefined && readEndpointName(host)?.isServerless === true;
}

/** AWS judges what the statements say; that there are some is seen before any call. */
function sessionPolicyIssues(path: string, text: string | undefined): readonly ConfigIssue[] {
  if (text === undefined || hasStatements(text)) return [];
  const must = 'must be an IAM policy: a JSON object with Version and Statement';
  return [issue(path, `Session policy ${must}`, `Change ${path}: it ${must}.`)];
}

function hasStatements(text: string): boolean {
  try {
    const policy: unknown = JSON.parse(text);
    return typeof policy === 'object' && policy !== null && 'Statement' in policy;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const ISSUED_NAME = /^[A-Za-z][A-Za-z0-9_+.@-]{0,63}$/;

function issuedName(path: string, title: string, name: string | undefined): readonly ConfigIssue[] {
  if (name === undefined) return [];
  if (ISSUED_NAME.test(name)) return reservedName(path, title, name);
  const must = 'must be 1 to 64 letters, digits and _ + . @ -, starting with a letter, for a login that AWS issues';
  return [issue(path, `${title} ${must}`, `Change ${path}: it ${must}.`)];
}

function reservedName(path: string, title: string, name: string): readonly ConfigIssue[] {
  if (!RESERVED_WORDS.has(name.toLowerCase())) return [];
  return [
    issue(path, `${title} is a reserved word, for which AWS issues no login`, `Choose another name for ${path}.`),
  ];
}
