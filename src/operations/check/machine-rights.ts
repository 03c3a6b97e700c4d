import type { AccessPlan, LoginHop } from '../../access/plan.ts';
import { policyPrincipal } from '../../auth/classify-denied.ts';
import type { PrincipalPolicies } from '../../auth/iam-reads.ts';
import { openAccess } from '../../auth/open-access.ts';
import { ConnectorError } from '../../core/errors.ts';
import { AWS_CALL_LIMITS } from '../../core/retry.ts';
import type { Run } from '../../core/run.ts';
import { Secret } from '../../core/secret.ts';
import { decideBy } from '../../policies/decide.ts';
import type { AccessRequest } from '../../policies/document.ts';
import { placeOf, type RedshiftPlace } from '../../policies/place.ts';
import { readDocument } from '../../policies/read-document.ts';
import type { Connection } from '../connection.ts';
import type { IamGlance } from './iam-glance.ts';
import type { CheckTask, Finding } from './tasks.ts';

/**
 * A machine's role may assume the Redshift role, and nothing on Redshift itself: else every program on the machine gets in.
 * Read in IAM where that is allowed; else one call is tried as the machine itself, which makes nothing and whose answer is
 * thrown away.
 */
export function machineRightsTasks(connection: Connection, glance: IamGlance, run: Run): readonly CheckTask[] {
  const { plan } = connection.access;
  const { identity, roles, login } = plan;
  if (identity?.kind !== 'machineRole' && identity?.kind !== 'workerRole') return [];
  if (roles.length === 0 || login.kind === 'password') return [];
  return [
    {
      id: 'identity:rights',
      title: 'That role itself holds nothing on Redshift',
      needs: ['identity'],
      unless: ['reach:redshift', 'reach:redshift-serverless'],
      attempt: async () => {
        const { principalArn } = await connection.access.identity(run);
        const arn = principalArn === undefined ? undefined : policyPrincipal(principalArn);
        const policies = arn === undefined ? undefined : await glance(arn);
        if (arn !== undefined && policies?.permissions !== undefined && policies.unread.length === 0) {
          return byReading(arn, policies, placeOf(plan, connection.options, {}), login);
        }
        return byTrying(connection, run);
      },
    },
  ];
}

/** What the policies that were read allow of the calls by which one gets in. Pure. */
export function byReading(
  principal: string,
  { permissions = [], boundary }: Pick<PrincipalPolicies, 'permissions' | 'boundary'>,
  place: Pick<RedshiftPlace, 'arn' | 'account' | 'arnOf' | 'user'>,
  login: Exclude<LoginHop, { kind: 'password' }>,
): Finding {
  const documents = permissions.flatMap(({ text }) => readDocument(text) ?? []);
  const bounds = boundary === undefined ? undefined : readDocument(boundary.text);
  const held = requestsToGetIn(principal, place, login).filter((request) =>
    [documents, ...(bounds === undefined ? [] : [[bounds]])].every(
      (each) => decideBy(each, request, { byPrincipal: false }).verdict !== 'denied',
    ),
  );
  const how = `by its policies, as IAM shows them`;
  if (held.length === 0) return { evidence: `none of ${actionsOf(requestsToGetIn(principal, place, login))}, ${how}` };
  return { evidence: `${principal}, ${how}`, warning: warningOf(actionsOf(held)) };
}

function requestsToGetIn(
  principal: string,
  { arn, account, arnOf, user }: Pick<RedshiftPlace, 'arn' | 'account' | 'arnOf' | 'user'>,
  { kind, database }: Exclude<LoginHop, { kind: 'password' }>,
): readonly AccessRequest[] {
  const asked: readonly (readonly [action: string, resource: string])[] =
    kind === 'serverlessCredentials'
      ? [
          ['redshift-serverless:GetCredentials', arn],
          ['redshift-serverless:GetWorkgroup', arn],
        ]
      : [
          ['redshift:GetClusterCredentials', arnOf('dbuser', user)],
          ['redshift:GetClusterCredentialsWithIAM', arnOf('dbname', database)],
          ['redshift:DescribeClusters', arn],
        ];
  return asked.map(([action, resource]) => ({ principal, action, resource, resourceAccount: account, context: {} }));
}

function actionsOf(requests: readonly AccessRequest[]): string {
  return requests.map(({ action }) => action).join(', ');
}

function warningOf(actions: string): string {
  return (
    `The machine's role itself may ${actions}: every program on the machine gets in without the Redshift role. ` +
    'Take Redshift actions out of its policies; sts:AssumeRole on the Redshift role is all it needs.'
  );
}

/** A login for the user that exists, or, where that would be another user's, the look-up of the endpoint. */
async function byTrying({ access }: Connection, run: Run): Promise<Finding> {
  const { accessKeyId, secretAccessKey, sessionToken } = await access.identity(run);
  const { plan } = access;
  const identity = {
    kind: 'accessKeys',
    accessKeyId: new Secret(accessKeyId),
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  } as const;
  const own: AccessPlan = { ...plan, identity, roles: [], ...trialOf(plan) };
  const action = actionOfTrial(own.login);
  await using alone = openAccess(own, { clock: run.clock, limits: { ...AWS_CALL_LIMITS, attempts: 1 } });
  try {
    await (own.login.kind === 'clusterCredentials' ? alone.login(run) : alone.endpoint(run));
  } catch (error) {
    run.signal.throwIfAborted();
    if (!(error instanceof ConnectorError)) throw error;
    if (error.code === 'RS_AUTH_LOGIN_DENIED') return { evidence: `${action} as the machine itself was refused` };
    // Whoever hears that there is no such cluster was allowed to ask.
    if (error.code !== 'RS_CONFIG_OBJECT_MISSING') return { skipped: `${action} as the machine itself gave no answer` };
  }
  return { evidence: `${action} as the machine itself went through (thrown away)`, warning: warningOf(action) };
}

function trialOf({ login, endpoint }: AccessPlan): Pick<AccessPlan, 'login' | 'endpoint'> {
  if (login.kind === 'clusterCredentials') return { login: { ...login, autoCreate: false, groups: [] }, endpoint };
  const { host: _, ...withoutHost } = endpoint;
  return { login, endpoint: withoutHost };
}

function actionOfTrial({ kind }: LoginHop): string {
  switch (kind) {
    case 'clusterCredentials':
      return 'redshift:GetClusterCredentials';
    case 'serverlessCredentials':
      return 'redshift-serverless:GetWorkgroup';
    case 'clusterCredentialsWithIam':
    case 'password':
      return 'redshift:DescribeClusters';
  }
}
