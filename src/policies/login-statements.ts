import type { AccessPlan, LoginHop, RoleHop } from '../access/plan.ts';
import { ConnectorError } from '../core/errors.ts';
import type { AccessRequest, PolicyCondition } from './document.ts';
import type { Drafts } from './drafts.ts';
import type { PolicyExtras } from './extras.ts';
import { roleHolder } from './holders.ts';
import { PAGES } from './pages.ts';

/** What the last role may do with Redshift: buy a login for one database user, and find the endpoint if it has to. */
export function addLogin(drafts: Drafts, plan: AccessPlan, extras: PolicyExtras): void {
  const { login } = plan;
  const hop = plan.roles.at(-1);
  switch (login.kind) {
    case 'password':
      return; // Redshift is asked for nothing
    case 'clusterCredentials':
      if (hop !== undefined) addClusterCredentials(drafts, plan, { hop, login, extras });
      return;
  }
  login satisfies never;
}

type ClusterCredentials = Extract<LoginHop, { kind: 'clusterCredentials' }>;

function addClusterCredentials(
  drafts: Drafts,
  plan: AccessPlan,
  { hop, login, extras }: { readonly hop: RoleHop; readonly login: ClusterCredentials; readonly extras: PolicyExtras },
): void {
  const { endpoint } = plan;
  const role = roleHolder(hop.roleArn, hop);
  const { clusterIdentifier: cluster, username, database, groups } = login;
  // The cluster lives with the role that asks: neither call crosses accounts.
  const arnOf = (kind: string, name: string): string =>
    `arn:${plan.aws.partition}:redshift:${plan.aws.region ?? ''}:${role.account}:${kind}:${name}`;
  const user = arnOf('dbuser', `${cluster}/${username}`);
  const context = {
    'redshift:DbUser': username,
    'redshift:DbName': database,
    'redshift:DurationSeconds': String(login.lifetimeSeconds),
    // The first half is the role's unique id, which only AWS knows; a condition on it stays undecided without the pin.
    ...(extras.pinSessionName === true ? { 'aws:userid': `AROAEXAMPLE:${hop.sessionName}` } : {}),
  };
  const ask = (action: string, resource: string): AccessRequest => ({
    principal: role.arn,
    action,
    resource,
    resourceAccount: role.account,
    context,
  });

  const databaseArn = arnOf('dbname', `${cluster}/${database}`);
  const condition = pins(hop, username, extras);
  drafts.add(role, 'permissions', {
    Sid: 'Login',
    Action: 'redshift:GetClusterCredentials',
    Resource: [user, databaseArn],
    ...(condition === undefined ? {} : { Condition: condition }),
    reason: `Buys a temporary login as ${username} to the database ${database}: AWS asks for the right on both.`,
    page: PAGES.loginPermission,
    requests: [user, databaseArn].map((arn) => ask('redshift:GetClusterCredentials', arn)),
  });
  if (login.autoCreate) {
    drafts.add(role, 'permissions', {
      Sid: 'CreateUser',
      Action: 'redshift:CreateClusterUser',
      Resource: user,
      ...(condition === undefined ? {} : { Condition: condition }),
      reason: `Auto create DBUser is on: ${username} is created at its first login.`,
      page: PAGES.loginPermission,
      requests: [ask('redshift:CreateClusterUser', user)],
    });
  }
  if (groups.length > 0) {
    const arns = groups.map((group) => arnOf('dbgroup', `${cluster}/${group}`));
    drafts.add(role, 'permissions', {
      Sid: 'JoinGroups',
      Action: 'redshift:JoinGroup',
      Resource: arns.length === 1 ? (arns[0] ?? '') : arns,
      reason: `The session joins the database groups that the connection lists: ${groups.join(', ')}.`,
      page: PAGES.loginPermission,
      requests: arns.map((arn) => ask('redshift:JoinGroup', arn)),
    });
  }
  if (endpoint.host === undefined) {
    const arn = arnOf('cluster', cluster);
    drafts.add(role, 'permissions', {
      Sid: 'FindEndpoint',
      Action: 'redshift:DescribeClusters',
      Resource: arn,
      reason: 'The connection gives no host, so it is looked up. Give host, and this is not needed.',
      page: PAGES.describe,
      requests: [ask('redshift:DescribeClusters', arn)],
    });
  }
}

function pins(
  { sessionName }: RoleHop,
  username: string,
  { pinDbUser = false, pinSessionName = false }: PolicyExtras,
): PolicyCondition | undefined {
  if (pinSessionName && sessionName !== username) {
    throw new ConnectorError(
      'RS_CONFIG_INVALID',
      `The session is named ${sessionName} and the database user ${username}: pinned to its name, it would get no login`,
      { action: `Set roleSessionName to ${username}, or leave pinSessionName out.` },
    );
  }
  if (!pinDbUser && !pinSessionName) return undefined;
  return {
    ...(pinDbUser ? { StringEquals: { 'redshift:DbUser': username } } : {}),
    // aws:userid of a session is AROA...:SESSIONNAME; the role's unique id is not known here.
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable of IAM
    ...(pinSessionName ? { StringLike: { 'aws:userid': '*:${redshift:DbUser}' } } : {}),
  };
}
