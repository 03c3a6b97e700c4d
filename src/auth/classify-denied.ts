import type { RoleHop } from '../access/plan.ts';
import type { AwsOperation, ClusterPlace, IssuedLogin, Verdict } from './classify.ts';
import type { ForeignError } from './foreign-error.ts';

type Operation<A extends AwsOperation['action']> = Extract<AwsOperation, { action: A }>;

/** One IAM statement, ready to paste. */
function statement(action: string | readonly string[], rest: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ Effect: 'Allow', Action: action, ...rest });
}

/**
 * The ARN by which a trust or identity policy names a caller: for a role's session that of the role. The path of a role
 * is not part of its session's ARN, so a role with a path has to be named by hand.
 */
export function policyPrincipal(callerArn: string): string {
  const session = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(callerArn);
  return session === null ? callerArn : `arn:${session[1]}:iam::${session[2]}:role/${session[3]}`;
}

function accountOf(arn: string | undefined): string | undefined {
  return arn?.split(':')[4];
}

// "User: ARN is not authorized to perform: sts:TagSession on resource: ARN": the three actions of one AssumeRole call.
const REFUSED_ACTION = /not authorized to perform: (sts:(?:AssumeRole|TagSession|SetSourceIdentity))\b/;

const DOINGS: Readonly<Record<string, string>> = {
  'sts:AssumeRole': 'assume the role',
  'sts:TagSession': 'set session tags (sts:TagSession) for the role',
  'sts:SetSourceIdentity': 'set the source identity (sts:SetSourceIdentity) for the role',
};

/**
 * AWS answers alike for a missing permission of the caller, a trust policy that does not accept it, a wrong external id
 * and a role that does not exist; so both sides are named, with what to add to each.
 */
export function roleDenied(error: ForeignError, hop: RoleHop, callerArn: string | undefined): Verdict {
  const { roleArn, externalId, sourceIdentity, sessionTags } = hop;
  const principal = callerArn === undefined ? undefined : policyPrincipal(callerArn);
  const refused = REFUSED_ACTION.exec(error.message)?.[1] ?? 'sts:AssumeRole';
  const needed = [
    'sts:AssumeRole',
    ...(sourceIdentity === undefined ? [] : ['sts:SetSourceIdentity']),
    ...(sessionTags === undefined ? [] : ['sts:TagSession']),
  ];
  // A session whose tags or source identity are handed on needs the right as well, whatever the hop itself asks for.
  const all = needed.includes(refused) ? needed : [...needed, refused];
  const actions = all.length === 1 ? 'sts:AssumeRole' : all;
  const condition = externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': externalId } } };
  const external =
    externalId === undefined
      ? 'if it demands an sts:ExternalId, fill in externalId'
      : 'and accept the external id that is configured here';
  const sides =
    accountOf(callerArn) === hop.account
      ? 'The trust policy alone is enough where it names the caller itself; where it names the account, both are needed.'
      : 'Across accounts both are needed.';
  const hint = denialHint(error.message);
  return {
    code: 'RS_AUTH_ROLE_DENIED',
    message: `AWS does not let ${callerArn ?? 'the caller'} ${DOINGS[refused] ?? DOINGS['sts:AssumeRole']} ${roleArn}${hint === undefined ? '' : ` (${hint})`}`,
    action:
      `Caller: its IAM policy must allow ${[actions].flat().join(' and ')} on ${roleArn}. ` +
      `Role: check that it exists; its trust policy must name ${principal ?? 'the caller'} as principal; ${external}. ${sides}`,
    facts: {
      hop: hop.id,
      roleArn,
      missingAction: refused,
      ...(hint === undefined ? {} : { hint }),
      callerStatement: statement(actions, { Resource: roleArn }),
      ...(principal === undefined
        ? {}
        : { trustStatement: statement(actions, { Principal: { AWS: principal }, ...condition }) }),
    },
  };
}

// The suffix is optional, names one policy type only, and newer texts go on after it.
const HINT = /because no ([a-z -]+?) allows|with an explicit deny in (?:an? )?([a-z -]+ policy|permissions boundary)/;

function denialHint(message: string): string | undefined {
  const match = HINT.exec(message);
  if (match === null) return undefined;
  return match[1] === undefined ? `explicit deny in a ${match[2]}` : `no ${match[1]} allows it`;
}

/** Stands for what only AWS knows: it has to be filled in by hand. */
const UNKNOWN_CLUSTER = '<CLUSTER>';
const UNKNOWN_WORKGROUP = '<WORKGROUP-ID>';

/** Every permission that a login needs, as `action on resource`. */
function loginPermissions(
  login: IssuedLogin,
  { partition, region, account }: ClusterPlace,
): readonly (readonly [action: string, resource: string])[] {
  if (login.kind === 'serverlessCredentials') {
    const arn = `arn:${partition}:redshift-serverless:${region}:${account}:workgroup/${UNKNOWN_WORKGROUP}`;
    return [['redshift-serverless:GetCredentials', arn]];
  }
  const cluster = login.clusterIdentifier ?? UNKNOWN_CLUSTER;
  const arn = (kind: string, name: string): string =>
    `arn:${partition}:redshift:${region}:${account}:${kind}:${cluster}/${name}`;
  const database = arn('dbname', login.database);
  if (login.kind === 'clusterCredentialsWithIam') return [['redshift:GetClusterCredentialsWithIAM', database]];
  const user = arn('dbuser', login.username);
  return [
    ['redshift:GetClusterCredentials', user],
    ['redshift:GetClusterCredentials', database],
    ...(login.autoCreate ? ([['redshift:CreateClusterUser', user]] as const) : []),
    ...login.groups.map((group) => ['redshift:JoinGroup', arn('dbgroup', group)] as const),
  ];
}

// "... is not authorized to perform: ACTION on resource: ARN ...": where AWS says so, it says what is missing.
const MISSING = /not authorized to perform: (redshift(?:-serverless)?:[A-Za-z]+)(?: on resource: (arn:[^\s]+))?/;

/** A login refused: names the missing action and resource as far as AWS does, and all that is needed. */
export function loginDenied(
  error: ForeignError,
  { action: asked, login, place, callerArn }: Extract<AwsOperation, { login: IssuedLogin }>,
): Verdict {
  const needed = loginPermissions(login, place);
  const said = MISSING.exec(error.message);
  const action = said?.[1] ?? asked;
  const resource = said?.[2] ?? needed.find(([name]) => name === action)?.[1] ?? needed[0]?.[1] ?? '';
  const who = callerArn ?? 'the role';
  const list = needed.map(([name, arn]) => `${name} on ${arn}`).join(', ');
  return {
    code: 'RS_AUTH_LOGIN_DENIED',
    message: `AWS does not let ${who} get a login${loginName(login)}: ${action} on ${resource} is not allowed`,
    action:
      `Allow ${action} on ${resource} in the policy of ${callerArn === undefined ? 'the role' : policyPrincipal(callerArn)}. ` +
      `All that this login needs: ${list}.${action === asked ? spelling(login) : ''}`,
    facts: {
      missingAction: action,
      missingResource: resource,
      roleStatement: statement([...new Set(needed.map(([name]) => name))], {
        Resource: [...new Set(needed.map(([, arn]) => arn))],
      }),
    },
  };
}

function loginName(login: IssuedLogin): string {
  return login.kind === 'clusterCredentials' ? ` for ${login.username}` : '';
}

/** Under a narrow policy AWS refuses a wrong name in the same words as a missing right. */
function spelling(login: IssuedLogin): string {
  if (login.kind === 'serverlessCredentials') {
    return ` Check the spelling of workgroup first; ${UNKNOWN_WORKGROUP} is the id (a UUID) that its page in the console shows.`;
  }
  if (login.clusterIdentifier === undefined) {
    return ` ${UNKNOWN_CLUSTER} is the cluster behind ${login.customDomain ?? 'the host'}: fill in clusterIdentifier to name it.`;
  }
  return ' Check the spelling of clusterIdentifier first: under a narrow policy a wrong name is refused in the same words.';
}

/** The host lookup refused: there is a way round it. */
export function lookupDenied(
  operation: Operation<'redshift:DescribeClusters'> | Operation<'redshift-serverless:GetWorkgroup'>,
): Verdict {
  const { action, callerArn } = operation;
  const { partition, region, account } = operation.place;
  const arn =
    operation.action === 'redshift:DescribeClusters'
      ? `arn:${partition}:redshift:${region}:${account}:cluster:${operation.clusterIdentifier}`
      : `arn:${partition}:redshift-serverless:${region}:${account}:workgroup/${UNKNOWN_WORKGROUP}`;
  return {
    code: 'RS_AUTH_LOGIN_DENIED',
    message: `AWS does not let ${callerArn ?? 'the role'} look up the host: ${action} on ${arn} is not allowed`,
    action: `Fill in host, or allow ${action} on ${arn}.`,
    facts: {
      missingAction: action,
      missingResource: arn,
      roleStatement: statement(action, { Resource: arn }),
    },
  };
}
