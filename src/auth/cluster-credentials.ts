import {
  DescribeClustersCommand,
  GetClusterCredentialsCommand,
  type GetClusterCredentialsCommandOutput,
  GetClusterCredentialsWithIAMCommand,
} from '@aws-sdk/client-redshift';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { AwsCredentials, Login } from './access.ts';
import { type AwsWire, callAws, callFacts, openRedshift } from './aws-call.ts';
import type { AwsOperation, ClusterLogin, ClusterPlace, IamClusterLogin } from './classify.ts';
import { explainRefusal } from './explain-refusal.ts';

/**
 * Buys a login from the cluster. The user name that AWS returns is the one to log in with, prefix and all. A refusal is
 * looked into: under a narrow policy AWS answers for a misspelt cluster as for a missing permission.
 */
export async function buyClusterLogin(
  caller: AwsCredentials,
  login: ClusterLogin | IamClusterLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<Login> {
  try {
    return login.kind === 'clusterCredentials'
      ? await askForUser(caller, login, place, wire)
      : await askAsIdentity(caller, login, place, wire);
  } catch (error) {
    if (login.clusterIdentifier === undefined) throw error;
    throw await explainRefusal(error, { clusterIdentifier: login.clusterIdentifier }, caller, place, wire);
  }
}

async function askForUser(
  caller: AwsCredentials,
  login: ClusterLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<Login> {
  const operation: AwsOperation = {
    action: 'redshift:GetClusterCredentials',
    login,
    place,
    ...callFacts(wire, 'redshift', caller),
  };
  const redshift = openRedshift(wire.target, caller);
  const command = new GetClusterCredentialsCommand({
    ...clusterParameter(login),
    DbUser: login.username,
    DbName: login.database,
    AutoCreate: login.autoCreate,
    DurationSeconds: login.lifetimeSeconds,
    ...(login.groups.length === 0 ? {} : { DbGroups: [...login.groups] }),
  });
  const answer = await callAws(wire, operation, redshift, (options) => redshift.send(command, options));
  return readLogin(answer, operation);
}

/** The user is the one that belongs to the caller: `IAMR:role` for a role's session. */
async function askAsIdentity(
  caller: AwsCredentials,
  login: IamClusterLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<Login> {
  const operation: AwsOperation = {
    action: 'redshift:GetClusterCredentialsWithIAM',
    login,
    place,
    ...callFacts(wire, 'redshift', caller),
  };
  const redshift = openRedshift(wire.target, caller);
  const command = new GetClusterCredentialsWithIAMCommand({
    ...clusterParameter(login),
    DbName: login.database,
    DurationSeconds: login.lifetimeSeconds,
  });
  const answer = await callAws(wire, operation, redshift, (options) => redshift.send(command, options));
  return readLogin(answer, operation);
}

function clusterParameter({ clusterIdentifier, customDomain }: ClusterLogin | IamClusterLogin) {
  return defined({ ClusterIdentifier: clusterIdentifier, CustomDomainName: customDomain });
}

function readLogin(
  { DbUser: user, DbPassword: password, Expiration: expiresAt }: GetClusterCredentialsCommandOutput,
  operation: Extract<AwsOperation, { login: unknown }>,
): Login {
  if (user === undefined || password === undefined) throw emptyAnswer(operation);
  const { database } = operation.login;
  return { user, password: new Secret(password), ...defined({ expiresAt }), database };
}

/** Where a cluster or workgroup listens, as AWS tells it. */
export interface ClusterEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Looks up the endpoint. Throws RS_CONFIG_OBJECT_MISSING, or RS_CONN_UNREACHABLE for a cluster without one (paused). */
export async function lookUpEndpoint(
  caller: AwsCredentials,
  clusterIdentifier: string,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<ClusterEndpoint> {
  const operation: AwsOperation = {
    action: 'redshift:DescribeClusters',
    clusterIdentifier,
    place,
    ...callFacts(wire, 'redshift', caller),
  };
  const redshift = openRedshift(wire.target, caller);
  const command = new DescribeClustersCommand({ ClusterIdentifier: clusterIdentifier });
  const answer = await callAws(wire, operation, redshift, (options) => redshift.send(command, options));
  const cluster = answer.Clusters?.[0];
  if (cluster === undefined) throw emptyAnswer(operation);
  const { Address: host, Port: port } = cluster.Endpoint ?? {};
  if (host === undefined || port === undefined) {
    const status = cluster.ClusterStatus ?? 'unknown';
    throw new ConnectorError('RS_CONN_UNREACHABLE', `Cluster ${clusterIdentifier} has no endpoint: it is ${status}`, {
      action: 'Wait until the cluster is available, or resume it.',
      details: { clusterIdentifier, clusterStatus: status },
    });
  }
  return { host, port };
}

/** An answer that is none. */
export function emptyAnswer({ action, host }: AwsOperation): ConnectorError {
  return new ConnectorError('RS_AWS_FAILED', `${host} answered ${action} with nothing in it`, {
    action: 'Check what answers at this endpoint.',
    details: { operation: action, host },
  });
}
