import { mayAssume } from '../iam/assume.ts';
import type { ContextValues } from '../iam/authorizer.ts';
import type { IdentityRegistry, RoleRecord } from '../iam/registry.ts';
import { accessDenied, type QueryCall, QueryFailure, type QueryService } from './query.ts';
import { type AssumeRoleInput, checkDuration, credentialsXml, readAssumeRole } from './sts-input.ts';
import { assumeRoleWithWebIdentity, type WebIdentityDeps } from './web-identity.ts';
import type { XmlElements } from './xml.ts';

/** `sts:AssumeRole`, and the permissions that tags and a source identity need besides. */
function checkTrust(call: QueryCall, role: RoleRecord | undefined, input: AssumeRoleInput): RoleRecord {
  const { roleArn, sessionName, externalId, tags } = input;
  // One that came along from an earlier session is asked for at each role of the chain as well.
  const inherited = call.principal.sourceIdentity;
  const sourceIdentity = input.sourceIdentity ?? inherited;
  const context: ContextValues = {
    'sts:ExternalId': externalId,
    'sts:RoleSessionName': sessionName,
    'sts:SourceIdentity': sourceIdentity,
    ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:RequestTag/${key}`, value])),
    'aws:TagKeys': Object.keys(tags).length > 0 ? Object.keys(tags) : undefined,
    'sts:TransitiveTagKeys': input.transitiveTagKeys.length > 0 ? input.transitiveTagKeys : undefined,
  };
  const actions = [
    'sts:AssumeRole',
    // Tags that came along are set on the new session like those of the request.
    ...(Object.keys({ ...tags, ...handedOn(call) }).length > 0 ? ['sts:TagSession'] : []),
    ...(sourceIdentity !== undefined ? ['sts:SetSourceIdentity'] : []),
  ];
  for (const action of actions) {
    const { principal, region, authorize } = call;
    const verdict = mayAssume(authorize, role, { principal, roleArn, action, region, context });
    if (!verdict.allowed) throw accessDenied(verdict.message);
  }
  if (!role)
    throw accessDenied(
      `User: ${call.principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
    );
  if (inherited !== undefined && inherited !== sourceIdentity) {
    throw accessDenied('The source identity of a session cannot be changed');
  }
  return role;
}

/** The tags of the caller's own session that it hands on. */
function handedOn({ principal }: QueryCall): Readonly<Record<string, string>> {
  const { sessionTags = {}, transitiveTagKeys = [] } = principal;
  return Object.fromEntries(Object.entries(sessionTags).filter(([key]) => transitiveTagKeys.includes(key)));
}

/** Those of the request and those that came along, which none may set again. */
function sessionTagsOf(call: QueryCall, { tags, transitiveTagKeys }: AssumeRoleInput) {
  const inherited = handedOn(call);
  const given = new Set(Object.keys(tags).map((key) => key.toLowerCase()));
  const again = Object.keys(inherited).find((key) => given.has(key.toLowerCase()));
  if (again !== undefined) {
    throw new QueryFailure(
      'InvalidParameterValue',
      400,
      `One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session: ${again}`,
    );
  }
  return {
    sessionTags: { ...inherited, ...tags },
    transitiveTagKeys: [...Object.keys(inherited), ...transitiveTagKeys],
  };
}

function assumeRole(call: QueryCall, registry: IdentityRegistry): XmlElements {
  const input = readAssumeRole(call);
  const role = checkTrust(call, registry.role(input.roleArn), input);
  checkDuration(call, role, input.durationSeconds);
  const { sessionPolicies } = input;
  const sourceIdentity = input.sourceIdentity ?? call.principal.sourceIdentity;
  const session = registry.openSession(role, {
    sessionName: input.sessionName,
    lifetimeSeconds: input.durationSeconds,
    sessionPolicies,
    ...sessionTagsOf(call, input),
    sourceIdentity,
  });
  return {
    ...credentialsXml(session),
    ...(sessionPolicies && { PackedPolicySize: 6 }),
    SourceIdentity: sourceIdentity,
  };
}

function getCallerIdentity({ principal }: QueryCall): XmlElements {
  return { Arn: principal.arn, UserId: principal.userId, Account: principal.account };
}

export function createSts(deps: WebIdentityDeps): QueryService {
  const { registry } = deps;
  return {
    name: 'sts',
    version: '2011-06-15',
    namespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
    resourceOf: ({ parameters }) => parameters.get('RoleArn') ?? '*',
    unsigned: new Set(['AssumeRoleWithWebIdentity']),
    actions: new Map([
      ['AssumeRole', (call) => assumeRole(call, registry)],
      ['AssumeRoleWithWebIdentity', (call) => assumeRoleWithWebIdentity(call, deps)],
      ['GetCallerIdentity', getCallerIdentity],
    ]),
  };
}
