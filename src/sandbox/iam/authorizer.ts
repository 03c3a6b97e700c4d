import type { WorldClock } from '../clock.ts';
import type { Principal } from '../identity.ts';
import { type Decision, evaluate, type PolicyType } from './evaluate.ts';
import { type Membership, obeysResourceControl } from './organization.ts';
import { contextOf } from './pattern.ts';
import type { PolicyDocument } from './policy.ts';
import type { IdentityRegistry } from './registry.ts';

export type ContextValues = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface AuthorizationRequest {
  readonly principal: Principal;
  /** `service:Action`. */
  readonly action: string;
  readonly resource: string;
  /** Default: the principal's own account. */
  readonly resourceAccount?: string;
  readonly resourcePolicy?: PolicyDocument | undefined;
  readonly resourcePolicyRequired?: boolean;
  readonly region?: string;
  /** Condition keys of the service, beside the global ones. */
  readonly context?: ContextValues;
}

/** Answers whether a principal of this world may do something. */
export type Authorize = (request: AuthorizationRequest) => Decision;

/** What a request tells of whoever asks. `tags` are those of the user or role itself. */
export function principalContext(principal: Principal, tags: Readonly<Record<string, string>>): ContextValues {
  const { kind, arn, account, userId, roleArn, sourceIdentity, sessionTags = {}, issuedAt } = principal;
  if (kind === 'anonymous') return { 'aws:PrincipalType': 'Anonymous', 'aws:userid': 'anonymous' };
  if (kind === 'service') return { 'aws:PrincipalIsAWSService': true, 'aws:PrincipalServiceName': arn };
  if (kind === 'federated') return { 'aws:FederatedProvider': arn, 'aws:userid': userId };
  return {
    'aws:PrincipalArn': roleArn ?? arn,
    'aws:PrincipalAccount': account,
    'aws:PrincipalType': kind === 'user' ? 'User' : 'AssumedRole',
    'aws:userid': userId,
    'aws:username': kind === 'user' ? arn.slice(arn.lastIndexOf('/') + 1) : undefined,
    'aws:SourceIdentity': sourceIdentity,
    'aws:TokenIssueTime': issuedAt?.toISOString(),
    'aws:MultiFactorAuthPresent': kind === 'assumedRole' ? false : undefined,
    'aws:PrincipalIsAWSService': false,
    ...Object.fromEntries(
      Object.entries({ ...tags, ...sessionTags }).map(([key, value]) => [`aws:PrincipalTag/${key}`, value]),
    ),
  };
}

/** What the organization adds: the caller's and the resource's place in it. */
function organizationContext(
  own: Membership | undefined,
  resources: Membership | undefined,
  principal: Principal,
): ContextValues {
  return {
    'aws:PrincipalOrgID': principal.kind === 'anonymous' ? undefined : own?.organization,
    'aws:PrincipalOrgPaths': own && [own.path],
    'aws:ResourceOrgID': resources?.organization,
    'aws:ResourceOrgPaths': resources && [resources.path],
  };
}

export function createAuthorizer(
  registry: IdentityRegistry,
  clock: WorldClock,
  members: ReadonlyMap<string, Membership> = new Map(),
): Authorize {
  return ({ principal, context = {}, region, ...request }) => {
    const now = clock.now();
    const { identityPolicies, boundary, tags } = registry.grantsOf(principal);
    const resourceAccount = request.resourceAccount ?? principal.account;
    const own = members.get(principal.account);
    const resources = members.get(resourceAccount);
    return evaluate({
      principal,
      action: request.action,
      resource: request.resource,
      resourceAccount,
      resourcePolicy: request.resourcePolicy,
      resourcePolicyRequired: request.resourcePolicyRequired ?? false,
      identityPolicies,
      boundary,
      sessionPolicies: principal.sessionPolicies,
      serviceControlPolicies: own?.serviceControlPolicies,
      resourceControlPolicies: obeysResourceControl(request.action) ? resources?.resourceControlPolicies : undefined,
      context: contextOf({
        ...principalContext(principal, tags),
        ...organizationContext(own, resources, principal),
        'aws:CurrentTime': new Date(now).toISOString(),
        'aws:EpochTime': Math.floor(now / 1000),
        'aws:SourceIp': principal.kind === 'service' ? undefined : '127.0.0.1',
        'aws:SecureTransport': true, // plain HTTP on loopback stands in for AWS's HTTPS
        'aws:ViaAWSService': false,
        'aws:RequestedRegion': region,
        'aws:ResourceAccount': resourceAccount,
        ...context,
      }),
    });
  };
}

/** `an identity-based policy`, `a permissions boundary`. */
function named(type: PolicyType): string {
  return type === 'permissions boundary' ? type : `${type} policy`;
}

/** AWS's sentence for a refusal. Across accounts it does not say which policy of the other side is at fault. */
export function refusalMessage(
  { principal, action, resource }: Pick<AuthorizationRequest, 'principal' | 'action' | 'resource'>,
  decision: Exclude<Decision, { allowed: true }>,
): string {
  const sentence = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource}`;
  if (decision.crossAccount && !(decision.explicit && decision.by !== 'resource-based')) return sentence;
  const article = decision.by === 'identity-based' ? 'an' : 'a';
  return decision.explicit
    ? `${sentence} with an explicit deny in ${article} ${named(decision.by)}`
    : `${sentence} because no ${named(decision.by)} allows the ${action} action`;
}
