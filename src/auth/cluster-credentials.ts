import { DescribeClustersCommand, GetClusterCredentialsCommand } from '@aws-sdk/client-redshift';
import { ConnectorError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { AwsCredentials, Login } from './access.ts';
import { type AwsWire, callAws, callFacts, openRedshift } from './aws-call.ts';
import type { AwsOperation, ClusterLogin, ClusterPlace } from './classify.ts';
import { explainRefusal } from './explain-refusal.ts';

/**
 * Buys a login from the cluster. The user name that AWS returns is the one to log in with, prefix and all. A refusal is
 * looked into: under a narrow policy AWS answers for a misspelt cluster as for a missing permission.
 */
export async function buyClusterLogin(
  caller: AwsCredentials,
  login: ClusterLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<Login> {
  try {
    return await askForLogin(caller, login, place, wire);
  } catch (error) {
    throw await explainRefusal(error, login.clusterIdentifier, caller, place, wire);
  }
}

async function askForLogin(
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
    ClusterIdentifier: login.clusterIdentifier,
    DbUser: login.username,
    DbName: login.database,
    AutoCreate: login.autoCreate,
    DurationSeconds: login.lifetimeSeconds,
    ...(login.groups.length === 0 ? {} : { DbGroups: [...login.groups] }),
  });
  const answer = await callAws(wire, operation, redshift, (options) => redshift.send(command, options));
  const { DbUser: user, DbPassword: password, Expiration: expiresAt } = answer;
  if (user === undefined || password === undefined) throw emptyAnswer(operation);
  return {
    user,
    password: new Secret(password),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    database: login.database,
  };
}

/** Where the cluster listens, as AWS tells it. */
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

function emptyAnswer({ action, host }: AwsOperation): ConnectorError {
  return new ConnectorError('RS_AWS_FAILED', `${host} answered ${action} with nothing in it`, {
    action: 'Check what answers at this endpoint.',
    details: { operation: action, host },
  });
}
