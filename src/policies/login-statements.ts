import type { AccessPlan, LoginHop, RoleHop } from '../access/plan.ts';
import { ConnectorError } from '../core/errors.ts';
import type { AccessRequest, PolicyCondition, PolicyHolder } from './document.ts';
import type { Drafts } from './drafts.ts';
import type { PolicyExtras } from './extras.ts';
import { roleHolder } from './holders.ts';
import { PAGES } from './pages.ts';
import type { RedshiftPlace } from './place.ts';

/** The last role, and the place where it asks for a login: the two are of one account. */
interface Asking {
  readonly plan: AccessPlan;
  readonly hop: RoleHop;
  readonly role: PolicyHolder;
  readonly place: RedshiftPlace;
  readonly ask: (action: string, resource: string) => AccessRequest;
}

/** What the last role may do with Redshift: buy a login, and find the endpoint if it has to. */
export function addLogin(drafts: Drafts, plan: AccessPlan, place: RedshiftPlace, extras: PolicyExtras): void {
  const hop = plan.roles.at(-1);
  if (hop === undefined) return; // a stored password: Redshift is asked for nothing
  const { login } = plan;
  const asking = askingOf(plan, hop, place, extras);
  switch (login.kind) {
    case 'password':
      return;
    case 'clusterCredentials':
      addClusterCredentials(drafts, asking, login, extras);
      return;
    case 'clusterCredentialsWithIam':
      refusePins(extras);
      addWithIam(drafts, asking, login.database);
      return;
    case 'serverlessCredentials':
      refusePins(extras);
      addServerless(drafts, asking, login);
      return;
  }
  login satisfies never;
}

function askingOf(plan: AccessPlan, hop: RoleHop, place: RedshiftPlace, { pinSessionName }: PolicyExtras): Asking {
  const { login } = plan;
  const role = roleHolder(hop.roleArn, hop);
  const isServerless = login.kind === 'serverlessCredentials';
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonredshift.html: a user is made with its name
  // alone, and a group is joined without any of these keys. A workgroup knows none of them.
  const user = login.kind === 'clusterCredentials' ? { 'redshift:DbUser': login.username } : {};
  const others =
    login.kind === 'password' || isServerless
      ? {}
      : { 'redshift:DbName': login.database, 'redshift:DurationSeconds': String(login.lifetimeSeconds) };
  // The first half is the role's unique id, which only AWS knows; a condition on it stays undecided without the pin.
  const session = pinSessionName === true ? { 'aws:userid': `AROAEXAMPLE:${hop.sessionName}` } : {};
  const contextOf = (action: string): AccessRequest['context'] => ({
    ...(action.startsWith('redshift:GetClusterCredentials') || action === 'redshift:CreateClusterUser' ? user : {}),
    ...(action.startsWith('redshift:GetClusterCredentials') ? others : {}),
    ...session,
  });
  return {
    plan,
    hop,
    role,
    place,
    ask: (action, resource) => ({
      principal: role.arn,
      action,
      resource,
      resourceAccount: role.account,
      context: contextOf(action),
    }),
  };
}

type ClusterCredentials = Extract<LoginHop, { kind: 'clusterCredentials' }>;

function addClusterCredentials(drafts: Drafts, asking: Asking, login: ClusterCredentials, extras: PolicyExtras): void {
  const { hop, role, place, ask } = asking;
  const { username, database, groups } = login;
  const user = place.arnOf('dbuser', username);
  const databaseArn = place.arnOf('dbname', database);
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
    const arns = groups.map((group) => place.arnOf('dbgroup', group));
    drafts.add(role, 'permissions', {
      Sid: 'JoinGroups',
      Action: 'redshift:JoinGroup',
      Resource: arns.length === 1 ? (arns[0] ?? '') : arns,
      reason: `The session joins the database groups that the connection lists: ${groups.join(', ')}.`,
      page: PAGES.loginPermission,
      requests: arns.map((arn) => ask('redshift:JoinGroup', arn)),
    });
  }
  addClusterEndpoint(drafts, asking);
}

function addWithIam(drafts: Drafts, asking: Asking, database: string): void {
  const { role, place, ask } = asking;
  const arn = place.arnOf('dbname', database);
  drafts.add(role, 'permissions', {
    Sid: 'Login',
    Action: 'redshift:GetClusterCredentialsWithIAM',
    Resource: arn,
    reason: `Buys a temporary login to the database ${database} as the user that belongs to the role, ${place.user}: AWS asks for the right on the database only.`,
    page: PAGES.loginWithIam,
    requests: [ask('redshift:GetClusterCredentialsWithIAM', arn)],
  });
  addClusterEndpoint(drafts, asking);
}

function addClusterEndpoint(drafts: Drafts, { plan, role, place, ask }: Asking): void {
  if (plan.endpoint.host !== undefined) return;
  drafts.add(role, 'permissions', {
    Sid: 'FindEndpoint',
    Action: 'redshift:DescribeClusters',
    Resource: place.arn,
    reason: 'The connection gives no host, so it is looked up. Give host, and this is not needed.',
    page: PAGES.describe,
    requests: [ask('redshift:DescribeClusters', place.arn)],
  });
}

function addServerless(
  drafts: Drafts,
  { plan, role, place, ask }: Asking,
  { workgroup, database }: Extract<LoginHop, { kind: 'serverlessCredentials' }>,
): void {
  drafts.add(role, 'permissions', {
    Sid: 'Login',
    Action: 'redshift-serverless:GetCredentials',
    Resource: place.arn,
    reason: `Buys a temporary login to the workgroup ${workgroup} (database ${database}) as the user that belongs to the role, ${place.user}.`,
    page: PAGES.loginServerless,
    requests: [ask('redshift-serverless:GetCredentials', place.arn)],
  });
  if (plan.endpoint.host !== undefined) return;
  drafts.add(role, 'permissions', {
    Sid: 'FindEndpoint',
    Action: 'redshift-serverless:GetWorkgroup',
    Resource: place.arn,
    reason: 'The connection gives no host, so it is looked up. Give host, and this is not needed.',
    page: PAGES.describeWorkgroup,
    requests: [ask('redshift-serverless:GetWorkgroup', place.arn)],
  });
}

/** A login that names no database user has none to pin. */
function refusePins({ pinDbUser = false, pinSessionName = false }: PolicyExtras): void {
  const asked = [...(pinDbUser ? ['pinDbUser'] : []), ...(pinSessionName ? ['pinSessionName'] : [])];
  if (asked.length === 0) return;
  throw new ConnectorError(
    'RS_CONFIG_INVALID',
    'The database user follows from the role here: AWS knows no redshift:DbUser in such a login, and nothing could be pinned',
    { action: `Leave ${asked.join(' and ')} out.` },
  );
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
