import { refusalMessage } from '../iam/authorizer.ts';
import type { LoginRegistry } from '../logins.ts';
import type { World, WorldCluster } from '../world.ts';
import {
  accessDenied,
  findParameter,
  listParameter,
  type QueryCall,
  QueryFailure,
  type QueryService,
} from './query.ts';
import { isReservedWord } from './reserved-words.ts';
import type { XmlElements } from './xml.ts';

/** A cluster as the Redshift API sees it. */
export interface ClusterRecord {
  readonly cluster: WorldCluster;
  readonly account: string;
  readonly endpoint: { readonly host: string; readonly port: number };
}

export interface RedshiftDeps {
  readonly world: World;
  readonly logins: LoginRegistry;
  /** Filled as clusters come up. */
  readonly clusters: ReadonlyMap<string, ClusterRecord>;
  /** World time, for `ClusterCreateTime`. */
  readonly createdAt: Date;
}

const invalidParameter = (message: string): QueryFailure => new QueryFailure('InvalidParameterValue', 400, message);
const missingParameter = (name: string): QueryFailure =>
  new QueryFailure('MissingParameter', 400, `The request must contain the parameter ${name}.`);

function refuseAbsent(parameters: ReadonlyMap<string, string>, names: readonly string[]): void {
  const name = findParameter(parameters, names);
  if (name !== undefined) throw invalidParameter(`The sandbox does not imitate the parameter ${name}`);
}

function readBoolean(value: string | undefined, name: string): boolean {
  const text = (value ?? 'false').toLowerCase();
  if (text !== 'true' && text !== 'false') throw invalidParameter(`${name} must be true or false`);
  return text === 'true';
}

function checkName(value: string, name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_+.@-]{0,63}$/.test(value) || isReservedWord(value)) {
    throw invalidParameter(
      `Invalid ${name} name: must begin with a letter, hold letters, digits and _+.@- only, and be no reserved word`,
    );
  }
  return value;
}

interface LoginInput {
  readonly clusterId: string;
  readonly dbUser: string;
  readonly database: string | undefined;
  readonly groups: readonly string[];
  readonly autoCreate: boolean;
  readonly lifetimeSeconds: number;
}

function readLogin({ parameters }: QueryCall): LoginInput {
  const dbUser = parameters.get('DbUser');
  const clusterId = parameters.get('ClusterIdentifier');
  if (dbUser === undefined) throw missingParameter('DbUser');
  refuseAbsent(parameters, ['CustomDomainName']);
  if (clusterId === undefined) throw missingParameter('ClusterIdentifier');
  const groups = listParameter(parameters, 'DbGroups.DbGroup');
  const badGroup = groups.find((group) => group !== group.toLowerCase());
  if (badGroup !== undefined) throw invalidParameter(`Invalid DbGroups name: ${badGroup} must be lowercase`);
  const database = parameters.get('DbName');
  const durationText = parameters.get('DurationSeconds') ?? '900';
  const lifetimeSeconds = Number(durationText);
  if (!Number.isInteger(lifetimeSeconds) || lifetimeSeconds < 900 || lifetimeSeconds > 3600) {
    throw invalidParameter(`Invalid DurationSeconds: ${durationText} must be between 900 and 3600`);
  }
  if (dbUser.toUpperCase() === 'PUBLIC') throw invalidParameter('Invalid DbUser name: PUBLIC');
  return {
    clusterId,
    dbUser: checkName(dbUser, 'DbUser'),
    database: database === undefined ? undefined : checkName(database, 'DbName'),
    groups: groups.map((group) => checkName(group, 'DbGroups')),
    autoCreate: readBoolean(parameters.get('AutoCreate'), 'AutoCreate'),
    lifetimeSeconds,
  };
}

/** Every action and resource a login needs, in the order they are checked. */
function neededFor(
  { clusterId, dbUser, database, groups, autoCreate }: LoginInput,
  prefix: string,
): readonly (readonly [action: string, resource: string])[] {
  const userArn = `${prefix}:dbuser:${clusterId}/${dbUser}`;
  return [
    ['redshift:GetClusterCredentials', userArn],
    ...(database === undefined
      ? []
      : [['redshift:GetClusterCredentials', `${prefix}:dbname:${clusterId}/${database}`] as const]),
    ...(autoCreate ? [['redshift:CreateClusterUser', userArn] as const] : []),
    ...groups.map((group) => ['redshift:JoinGroup', `${prefix}:dbgroup:${clusterId}/${group}`] as const),
  ];
}

function demand(
  call: QueryCall,
  action: string,
  resource: string,
  context: Readonly<Record<string, string | undefined>> = {},
): void {
  const { principal, region } = call;
  const decision = call.authorize({ principal, action, resource, region, context });
  if (!decision.allowed) throw accessDenied(refusalMessage({ principal, action, resource }, decision));
}

function getClusterCredentials(call: QueryCall, { logins, clusters, world }: RedshiftDeps): XmlElements {
  const input = readLogin(call);
  const prefix = `arn:aws:redshift:${call.region}:${call.principal.account}`;
  for (const [action, resource] of neededFor(input, prefix)) {
    demand(call, action, resource, {
      'redshift:DbUser': input.dbUser,
      'redshift:DbName': input.database,
      'redshift:DurationSeconds': String(input.lifetimeSeconds),
    });
  }
  const record = clusters.get(input.clusterId);
  if (!record || record.account !== call.principal.account || call.region !== world.region) {
    throw new QueryFailure('ClusterNotFound', 404, `Cluster ${input.clusterId} not found.`);
  }
  const { dbUser, dbPassword, expiresAt } = logins.issue(input.clusterId, {
    dbUser: input.dbUser,
    autoCreate: input.autoCreate,
    groups: input.groups,
    lifetimeSeconds: input.lifetimeSeconds,
    ...(input.database !== undefined && { database: input.database }),
  });
  return { DbUser: dbUser, DbPassword: dbPassword.reveal(), Expiration: expiresAt };
}

function describe({ cluster, endpoint }: ClusterRecord, createdAt: Date): XmlElements {
  return {
    ClusterIdentifier: cluster.id,
    NodeType: 'ra3.large',
    ClusterStatus: 'available',
    ClusterAvailabilityStatus: 'Available',
    MasterUsername: cluster.users?.find(({ superuser }) => superuser)?.name ?? 'awsuser',
    DBName: cluster.databases?.[0]?.name ?? 'dev',
    Endpoint: { Address: endpoint.host, Port: endpoint.port },
    ClusterCreateTime: createdAt,
    NumberOfNodes: cluster.nodes ?? 2,
    PubliclyAccessible: false,
    Encrypted: true,
    IamRoles: { ClusterIamRole: (cluster.iamRoles ?? []).map((arn) => ({ IamRoleArn: arn, ApplyStatus: 'in-sync' })) },
    DefaultIamRoleArn: cluster.defaultIamRole,
  };
}

function describeClusters(call: QueryCall, { clusters, createdAt, world }: RedshiftDeps): XmlElements {
  refuseAbsent(call.parameters, ['TagKeys', 'TagValues', 'Marker']);
  const wanted = call.parameters.get('ClusterIdentifier');
  const records = Number(call.parameters.get('MaxRecords') ?? 100);
  if (!Number.isInteger(records) || records < 20 || records > 100) {
    throw invalidParameter('MaxRecords must be between 20 and 100');
  }
  demand(
    call,
    'redshift:DescribeClusters',
    `arn:aws:redshift:${call.region}:${call.principal.account}:cluster:${wanted ?? '*'}`,
  );
  const found = [...clusters.values()].filter(
    ({ cluster, account }) =>
      account === call.principal.account &&
      call.region === world.region &&
      (wanted === undefined || cluster.id === wanted),
  );
  if (wanted !== undefined && found.length === 0) {
    throw new QueryFailure('ClusterNotFound', 404, `Cluster ${wanted} not found.`);
  }
  return { Clusters: { Cluster: found.map((record) => describe(record, createdAt)) } };
}

function describeCustomDomains(call: QueryCall): XmlElements {
  demand(call, 'redshift:DescribeCustomDomainAssociations', '*');
  throw new QueryFailure('CustomDomainAssociationNotFoundFault', 404, 'The custom domain name was not found.');
}

export function createRedshift(deps: RedshiftDeps): QueryService {
  return {
    name: 'redshift',
    version: '2012-12-01',
    namespace: 'http://redshift.amazonaws.com/doc/2012-12-01/',
    resourceOf: ({ parameters }) =>
      [parameters.get('ClusterIdentifier'), parameters.get('DbUser')].filter((part) => part !== undefined).join('/') ||
      '*',
    actions: new Map([
      ['GetClusterCredentials', (call) => getClusterCredentials(call, deps)],
      ['DescribeClusters', (call) => describeClusters(call, deps)],
      ['DescribeCustomDomainAssociations', describeCustomDomains],
    ]),
  };
}
