import { mayAssume } from '../iam/assume.ts';
import type { ContextValues } from '../iam/authorizer.ts';
import type { IdentityRegistry, RoleRecord } from '../iam/registry.ts';
import { accessDenied, type QueryCall, type QueryService } from './query.ts';
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
  };
  const actions = [
    'sts:AssumeRole',
    ...(Object.keys(tags).length > 0 ? ['sts:TagSession'] : []),
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

function assumeRole(call: QueryCall, registry: IdentityRegistry): XmlElements {
  const input = readAssumeRole(call);
  const role = checkTrust(call, registry.role(input.roleArn), input);
  checkDuration(call, role, input.durationSeconds);
  const { sessionPolicies, tags } = input;
  const sourceIdentity = input.sourceIdentity ?? call.principal.sourceIdentity;
  const session = registry.openSession(role, {
    sessionName: input.sessionName,
    lifetimeSeconds: input.durationSeconds,
    sessionPolicies,
    sessionTags: tags,
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
