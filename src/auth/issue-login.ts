import { ConnectorError } from '../core/errors.ts';
import type { AwsCredentials, Login } from './access.ts';
import type { AwsWire } from './aws-call.ts';
import type { ClusterPlace, IssuedLogin } from './classify.ts';
import { buyClusterLogin, type ClusterEndpoint, lookUpEndpoint } from './cluster-credentials.ts';
import { buyServerlessLogin, lookUpWorkgroup } from './serverless-credentials.ts';

/** The IAM action that issues each kind of login. */
export const LOGIN_ACTIONS = {
  clusterCredentials: 'redshift:GetClusterCredentials',
  clusterCredentialsWithIam: 'redshift:GetClusterCredentialsWithIAM',
  serverlessCredentials: 'redshift-serverless:GetCredentials',
} as const satisfies Record<IssuedLogin['kind'], string>;

/** Has AWS issue a login to this caller. Throws RS_AUTH_LOGIN_DENIED, RS_CONFIG_OBJECT_MISSING. */
export function issueLogin(
  caller: AwsCredentials,
  login: IssuedLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<Login> {
  return login.kind === 'serverlessCredentials'
    ? buyServerlessLogin(caller, login, place, wire)
    : buyClusterLogin(caller, login, place, wire);
}

/** Asks AWS where the cluster or workgroup of a login listens. Throws as `lookUpEndpoint` and `lookUpWorkgroup` do. */
export async function lookUpTarget(
  caller: AwsCredentials,
  login: IssuedLogin,
  place: ClusterPlace,
  wire: AwsWire,
): Promise<ClusterEndpoint> {
  if (login.kind === 'serverlessCredentials') return lookUpWorkgroup(caller, login.workgroup, place, wire);
  if (login.clusterIdentifier === undefined) {
    throw new ConnectorError('RS_INTERNAL', 'A login by custom domain name was planned without a host');
  }
  return lookUpEndpoint(caller, login.clusterIdentifier, place, wire);
}
