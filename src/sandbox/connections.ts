import type { ClusterEndpoint, MetadataEndpoint } from './sandbox.ts';
import type { World, WorldConnection } from './world.ts';

/** The value of one option. */
export type ConnectionValue =
  | string
  | number
  | boolean
  | readonly string[]
  | NonNullable<WorldConnection['intermediateRoles']>;

/** A ready connection for one identity: option values, and the environment that the identity lives in. */
export interface ReadyConnection {
  /** `keys-USER` (`keys-USER-ACCOUNT` where accounts have a user of one name) or `ec2-INSTANCE`, `worker-INSTANCE`, `pod-INSTANCE`; before it `iam-` or `serverless-` for such logins. */
  readonly name: string;
  readonly description: string;
  readonly values: Readonly<Record<string, ConnectionValue>>;
  readonly environment: Readonly<Record<string, string>>;
}

export interface ConnectionSource {
  readonly world: World;
  readonly awsEndpoint: string;
  readonly clusters: Readonly<Record<string, ClusterEndpoint>>;
  readonly metadataEndpoints: Readonly<Record<string, MetadataEndpoint>>;
}

type Values = Readonly<Record<string, ConnectionValue | undefined>>;

function withoutAbsent(values: Values): ReadyConnection['values'] {
  const present = Object.entries(values).filter((entry): entry is [string, ConnectionValue] => entry[1] !== undefined);
  return Object.fromEntries(present);
}

type LoginMethod = NonNullable<WorldConnection['logins']>[number];

const NAME_PREFIXES: Readonly<Record<LoginMethod, string>> = {
  databaseUser: '',
  iamIdentity: 'iam-',
  serverless: 'serverless-',
};

const DESCRIBED: Readonly<Record<LoginMethod, string>> = {
  databaseUser: '',
  iamIdentity: ', as the database user of its IAM identity',
  serverless: ', at a serverless workgroup',
};

function loginMethods({ accounts, connection }: World): readonly LoginMethod[] {
  if (connection?.logins) return connection.logins;
  const has = (kind: 'clusters' | 'workgroups'): boolean =>
    accounts.some((account) => (account[kind] ?? []).length > 0);
  return has('workgroups') ? [...(has('clusters') ? ['databaseUser' as const] : []), 'serverless'] : ['databaseUser'];
}

/** What says where the login comes from, and to whom. */
function loginValues(
  world: World,
  method: LoginMethod,
  awsEndpoint: string,
): { id: string | undefined; values: Values } {
  const wanted: WorldConnection = world.connection ?? {};
  if (method === 'serverless') {
    const declared = world.accounts.flatMap(({ workgroups = [] }) => workgroups);
    const workgroup = declared.find(({ name }) => name === wanted.workgroup) ?? declared[0];
    const database = wanted.database ?? workgroup?.databases?.[0]?.name;
    return {
      id: workgroup?.name,
      values: { workgroup: workgroup?.name, database, redshiftServerlessEndpoint: awsEndpoint },
    };
  }
  const declared = world.accounts.flatMap(({ clusters = [] }) => clusters);
  const cluster = declared.find(({ id }) => id === wanted.cluster) ?? declared[0];
  return {
    id: cluster?.id,
    values: {
      clusterIdentifier: cluster?.id,
      database: wanted.database ?? cluster?.databases?.[0]?.name,
      redshiftEndpoint: awsEndpoint,
      ...(method === 'iamIdentity'
        ? { loginMethod: method }
        : {
            username: wanted.username ?? cluster?.users?.find(({ superuser }) => !superuser)?.name,
            autoCreateDbUser: wanted.autoCreateDbUser,
            dbGroups: wanted.dbGroups,
          }),
    },
  };
}

function sharedValues({ world, awsEndpoint, clusters }: ConnectionSource, method: LoginMethod): Values {
  const wanted: WorldConnection = world.connection ?? {};
  const login = loginValues(world, method, awsEndpoint);
  const endpoint = login.id === undefined ? undefined : clusters[login.id];
  const usesStaging = wanted.stagingBucket !== undefined && wanted.copyRole !== undefined;
  return {
    host: endpoint?.host,
    port: endpoint?.port,
    ...login.values,
    region: world.region,
    authType: 'assumeRole',
    roleArn: wanted.roleArn,
    externalId: wanted.externalId,
    intermediateRoles: wanted.intermediateRoles,
    caFile: endpoint?.caFile,
    stsEndpoint: awsEndpoint,
    iamEndpoint: awsEndpoint,
    ...(usesStaging && {
      useStaging: true,
      stagingBucket: wanted.stagingBucket,
      copyRole: wanted.copyRole,
      s3Endpoint: awsEndpoint,
    }),
  };
}

/** One connection for each user with keys and each instance with a role, and for each kind of login. */
export function readyConnections(source: ConnectionSource): readonly ReadyConnection[] {
  return loginMethods(source.world).flatMap((method) =>
    connectionsOf(source, sharedValues(source, method)).map(({ name, description, ...connection }) => ({
      ...connection,
      name: `${NAME_PREFIXES[method]}${name}`,
      description: `${description}${DESCRIBED[method]}`,
    })),
  );
}

function connectionsOf(source: ConnectionSource, shared: Values): readonly ReadyConnection[] {
  const { world, metadataEndpoints } = source;
  const users = world.accounts.flatMap(({ id: account, users: own = [] }) => own.map((user) => ({ account, ...user })));
  const withKeys = users.filter(({ accessKeys = [] }) => accessKeys.length > 0);
  const byKeys = withKeys.flatMap(({ account, name, accessKeys: [key] = [] }): ReadyConnection[] => {
    if (!key) return [];
    const values = withoutAbsent({ ...shared, accessKeyId: key.id, secretAccessKey: key.secret });
    const isAlone = withKeys.filter((other) => other.name === name).length === 1;
    const [file, described] = isAlone ? [name, name] : [`${name}-${account}`, `${name} of account ${account}`];
    return [{ name: `keys-${file}`, description: `access keys of the IAM user ${described}`, values, environment: {} }];
  });
  const byInstance = (world.instances ?? []).flatMap(({ name, kind, role }): ReadyConnection[] => {
    if (role === undefined) return [];
    const endpoint = metadataEndpoints[name];
    if (kind === 'ec2') {
      const environment = { AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint?.imds ?? '' };
      return [
        {
          name: `ec2-${name}`,
          description: `the role of the EC2 machine ${name}`,
          values: withoutAbsent({ ...shared, useEc2Role: true }),
          environment,
        },
      ];
    }
    if (kind === 'pod') {
      const environment = { AWS_WEB_IDENTITY_TOKEN_FILE: endpoint?.webIdentity?.tokenFile ?? '', AWS_ROLE_ARN: role };
      const values = withoutAbsent({ ...shared, identitySource: 'workerRole' });
      return [{ name: `pod-${name}`, description: `the role of the Kubernetes pod ${name}`, values, environment }];
    }
    const { url = '', token } = endpoint?.container ?? {};
    return [
      {
        name: `worker-${name}`,
        description: `the role of the container ${name}`,
        values: withoutAbsent({ ...shared, identitySource: 'workerRole' }),
        environment: {
          AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
          ...(token !== undefined && { AWS_CONTAINER_AUTHORIZATION_TOKEN: token }),
        },
      },
    ];
  });
  return [...byKeys, ...byInstance];
}
