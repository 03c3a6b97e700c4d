import { databaseUserOf } from '../identity.ts';
import type { IssuedLogin } from '../logins.ts';
import { listParameter, type QueryCall, QueryFailure } from './query.ts';
import {
  arnPrefix,
  type ClusterRecord,
  checkName,
  clusterNotFound,
  demand,
  invalidParameter,
  missingParameter,
  ownClusters,
  type RedshiftDeps,
  readBoolean,
  refuseAbsent,
} from './redshift-call.ts';
import type { XmlElements } from './xml.ts';

interface LoginInput {
  readonly dbUser: string;
  readonly database: string | undefined;
  readonly groups: readonly string[];
  readonly autoCreate: boolean;
  readonly lifetimeSeconds: number;
}

function readLifetime(parameters: ReadonlyMap<string, string>): number {
  const text = parameters.get('DurationSeconds') ?? '900';
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 900 || seconds > 3600) {
    throw invalidParameter(`Invalid DurationSeconds: ${text} must be between 900 and 3600`);
  }
  return seconds;
}

function readDatabase(parameters: ReadonlyMap<string, string>): string | undefined {
  const database = parameters.get('DbName');
  return database === undefined ? undefined : checkName(database, 'DbName');
}

/** The cluster's identifier, given or behind a custom domain name. What is given need not exist. */
function readClusterId(call: QueryCall, deps: RedshiftDeps): string {
  const id = call.parameters.get('ClusterIdentifier');
  const domain = call.parameters.get('CustomDomainName');
  if (id !== undefined && domain !== undefined) {
    throw new QueryFailure(
      'InvalidParameterCombination',
      400,
      'Specify either ClusterIdentifier or CustomDomainName, not both.',
    );
  }
  if (id !== undefined) return id;
  if (domain === undefined) throw missingParameter('ClusterIdentifier');
  const found = ownClusters(call, deps).find(({ cluster }) => cluster.customDomain === domain.toLowerCase());
  if (!found) throw clusterNotFound(domain);
  return found.cluster.id;
}

function readLogin({ parameters }: QueryCall): LoginInput {
  const dbUser = parameters.get('DbUser');
  if (dbUser === undefined) throw missingParameter('DbUser');
  const groups = listParameter(parameters, 'DbGroups.DbGroup');
  const badGroup = groups.find((group) => group !== group.toLowerCase());
  if (badGroup !== undefined) throw invalidParameter(`Invalid DbGroups name: ${badGroup} must be lowercase`);
  if (dbUser.toUpperCase() === 'PUBLIC') throw invalidParameter('Invalid DbUser name: PUBLIC');
  return {
    dbUser: checkName(dbUser, 'DbUser'),
    database: readDatabase(parameters),
    groups: groups.map((group) => checkName(group, 'DbGroups')),
    autoCreate: readBoolean(parameters.get('AutoCreate'), 'AutoCreate'),
    lifetimeSeconds: readLifetime(parameters),
  };
}

interface Need {
  readonly action: string;
  readonly resource: string;
  /** The condition keys that AWS gives to this very action. */
  readonly context: Readonly<Record<string, string | undefined>>;
}

/**
 * Every action and resource a login needs, in the order they are checked.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html
 */
function neededFor(input: LoginInput, clusterId: string, prefix: string): readonly Need[] {
  const { dbUser, database, groups, autoCreate, lifetimeSeconds } = input;
  const userArn = `${prefix}:dbuser:${clusterId}/${dbUser}`;
  const user = { 'redshift:DbUser': dbUser };
  const all = { ...user, 'redshift:DbName': database, 'redshift:DurationSeconds': String(lifetimeSeconds) };
  const resources = [userArn, ...(database === undefined ? [] : [`${prefix}:dbname:${clusterId}/${database}`])];
  return [
    ...resources.map((resource) => ({ action: 'redshift:GetClusterCredentials', resource, context: all })),
    ...(autoCreate ? [{ action: 'redshift:CreateClusterUser', resource: userArn, context: user }] : []),
    ...groups.map((group) => ({
      action: 'redshift:JoinGroup',
      resource: `${prefix}:dbgroup:${clusterId}/${group}`,
      context: {},
    })),
  ];
}

function existing(call: QueryCall, deps: RedshiftDeps, clusterId: string): ClusterRecord {
  const record = ownClusters(call, deps).find(({ cluster }) => cluster.id === clusterId);
  if (!record) throw clusterNotFound(clusterId);
  return record;
}

const loginXml = ({ dbUser, dbPassword, expiresAt }: IssuedLogin): XmlElements => ({
  DbUser: dbUser,
  DbPassword: dbPassword.reveal(),
  Expiration: expiresAt,
});

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html */
export function getClusterCredentials(call: QueryCall, deps: RedshiftDeps): XmlElements {
  const input = readLogin(call);
  const clusterId = readClusterId(call, deps);
  for (const { action, resource, context } of neededFor(input, clusterId, arnPrefix(call))) {
    demand(call, action, resource, context);
  }
  const { cluster } = existing(call, deps, clusterId);
  return loginXml(
    deps.logins.issue(cluster.id, {
      dbUser: input.dbUser,
      autoCreate: input.autoCreate,
      groups: input.groups,
      lifetimeSeconds: input.lifetimeSeconds,
      ...(input.database !== undefined && { database: input.database }),
    }),
  );
}

/** https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html */
export function getClusterCredentialsWithIam(call: QueryCall, deps: RedshiftDeps): XmlElements {
  refuseAbsent(call.parameters, ['DbUser', 'DbGroups', 'AutoCreate']);
  const database = readDatabase(call.parameters);
  const lifetimeSeconds = readLifetime(call.parameters);
  const clusterId = readClusterId(call, deps);
  demand(call, 'redshift:GetClusterCredentialsWithIAM', `${arnPrefix(call)}:dbname:${clusterId}/${database ?? '*'}`, {
    'redshift:DbName': database,
    'redshift:DurationSeconds': String(lifetimeSeconds),
  });
  const { cluster } = existing(call, deps, clusterId);
  const login = deps.logins.issueToIdentity(cluster.id, {
    dbUser: databaseUserOf(call.principal),
    lifetimeSeconds,
    ...(database !== undefined && { database }),
  });
  return { ...loginXml(login), NextRefreshTime: login.nextRefreshAt };
}
