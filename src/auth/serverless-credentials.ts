import { GetCredentialsCommand, GetWorkgroupCommand } from '@aws-sdk/client-redshift-serverless';
import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { Secret } from '../core/secret.ts';
import type { AwsCredentials, Login } from './access.ts';
import { type AwsWire, callAws, callFacts, openRedshiftServerless } from './aws-call.ts';
import type { AwsOperation, ClusterPlace, ServerlessLogin } from './classify.ts';
import { type ClusterEndpoint, emptyAnswer } from './cluster-credentials.ts';
import { explainRefusal } from './explain-refusal.ts';

/**
 * Buys a login from a serverless workgroup. The user is the one that belongs to the caller; the name that AWS returns is
 * the one to log in with. A refusal is looked into, as that of a cluster.
 */
export async function buyServerlessLogin(
  caller: AwsCredentials,
  login: ServerlessLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<Login> {
  const { workgroup, database, lifetimeSeconds } = login;
  const operation: AwsOperation = {
    action: 'redshift-serverless:GetCredentials',
    login,
    place,
    ...callFacts(wire, 'redshift-serverless', caller),
  };
  const serverless = openRedshiftServerless(wire.target, caller);
  const command = new GetCredentialsCommand({
    workgroupName: workgroup,
    dbName: database,
    durationSeconds: lifetimeSeconds,
  });
  const answer = await callAws(wire, operation, serverless, (options) => serverless.send(command, options)).catch(
    async (error: unknown) => {
      throw await explainRefusal(error, { workgroup }, caller, place, wire);
    },
  );
  const { dbUser: user, dbPassword: password, expiration: expiresAt } = answer;
  if (user === undefined || password === undefined) throw emptyAnswer(operation);
  return { user, password: new Secret(password), ...defined({ expiresAt }), database };
}

/** Looks up the endpoint. Throws RS_CONFIG_OBJECT_MISSING, or RS_CONN_UNREACHABLE for a workgroup that has none yet. */
export async function lookUpWorkgroup(
  caller: AwsCredentials,
  workgroup: string,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<ClusterEndpoint> {
  const operation: AwsOperation = {
    action: 'redshift-serverless:GetWorkgroup',
    workgroup,
    place,
    ...callFacts(wire, 'redshift-serverless', caller),
  };
  const serverless = openRedshiftServerless(wire.target, caller);
  const command = new GetWorkgroupCommand({ workgroupName: workgroup });
  const answer = await callAws(wire, operation, serverless, (options) => serverless.send(command, options));
  const found = answer.workgroup;
  if (found === undefined) throw emptyAnswer(operation);
  const { address: host, port } = found.endpoint ?? {};
  if (host === undefined || port === undefined) {
    const status = found.status ?? 'unknown';
    throw new ConnectorError('RS_CONN_UNREACHABLE', `Workgroup ${workgroup} has no endpoint: it is ${status}`, {
      action: 'Wait until the workgroup is available.',
      details: { workgroup, workgroupStatus: status },
    });
  }
  return { host, port };
}
