import type { WorldClock } from '../clock.ts';
import type { Principal, Refusal, ServiceContext, ServiceRoles, SessionCredentials } from '../identity.ts';
import { type Authorize, type ContextValues, refusalMessage } from './authorizer.ts';
import type { IdentityRegistry, RoleRecord } from './registry.ts';

/** Whether a principal may take a role: the role's trust policy and, where due, the principal's own policies. */
export function mayAssume(
  authorize: Authorize,
  role: RoleRecord | undefined,
  request: {
    readonly principal: Principal;
    readonly roleArn: string;
    readonly action?: string;
    readonly region?: string;
    readonly context?: ContextValues;
  },
): { readonly allowed: true } | Refusal {
  const { principal, roleArn, action = 'sts:AssumeRole', region } = request;
  const tags = Object.entries(role?.tags ?? {}).flatMap(([key, value]) => [
    [`aws:ResourceTag/${key}`, value],
    [`iam:ResourceTag/${key}`, value],
  ]);
  const context: ContextValues = { ...Object.fromEntries(tags), ...request.context };
  const decision = authorize({
    principal,
    action,
    resource: roleArn,
    resourceAccount: /^arn:[a-z-]+:iam::(\d{12}):/.exec(roleArn)?.[1] ?? '',
    resourcePolicy: role?.trust,
    resourcePolicyRequired: true,
    ...(region !== undefined && { region }),
    context,
  });
  if (role && decision.allowed) return { allowed: true };
  const plain = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${roleArn}`;
  // STS answers alike for a trust policy that says no and a role that is not there.
  const message =
    decision.allowed || (decision.by === 'resource-based' && !decision.explicit)
      ? plain
      : refusalMessage({ principal, action, resource: roleArn }, decision);
  return { allowed: false, code: 'AccessDenied', message };
}

const SESSION_NAME = 'RedshiftIamRoleSession';

/** Services that work under roles: a cluster's COPY, an EC2 machine, a container. */
export function createServiceRoles(registry: IdentityRegistry, authorize: Authorize, clock: WorldClock): ServiceRoles {
  return {
    principalOfKeys: ({ accessKeyId, secretAccessKey, sessionToken }) => {
      const refuse = (code: string, message: string): Refusal => ({ allowed: false, code, message });
      const record = registry.key(accessKeyId);
      if (!record || (record.sessionToken && !sessionToken)) {
        return refuse('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.');
      }
      if (record.secretAccessKey.reveal() !== secretAccessKey.reveal()) {
        return refuse(
          'SignatureDoesNotMatch',
          'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
        );
      }
      if (record.sessionToken?.reveal() !== sessionToken?.reveal()) {
        return refuse('InvalidToken', 'The provided token is malformed or otherwise invalid.');
      }
      if (record.expiresAt && record.expiresAt.getTime() <= clock.now()) {
        return refuse('ExpiredToken', 'The provided token has expired.');
      }
      return { allowed: true, principal: record.principal };
    },
    assumeRoleAsService: (service, roleArns, context: ServiceContext = {}) => {
      let principal: Principal = { kind: 'service', arn: service, account: '', userId: service };
      let credentials: SessionCredentials | undefined;
      // What the service says of itself reaches the first role only; the next ones are asked by a role.
      let said: ContextValues = {
        'aws:SourceArn': context.sourceArn,
        'aws:SourceAccount': context.sourceAccount,
        'sts:ExternalId': context.externalId,
      };
      for (const roleArn of roleArns) {
        const role = registry.role(roleArn);
        const verdict = mayAssume(authorize, role, {
          principal,
          roleArn,
          context: { ...said, 'sts:RoleSessionName': SESSION_NAME },
        });
        if (!verdict.allowed) return verdict;
        if (!role) return { allowed: false, code: 'AccessDenied', message: `No such role: ${roleArn}` };
        credentials = registry.openSession(role, { sessionName: SESSION_NAME, lifetimeSeconds: 3600 });
        principal = credentials.principal;
        said = {};
      }
      if (!credentials) return { allowed: false, code: 'AccessDenied', message: 'No role was named' };
      return { allowed: true, ...credentials };
    },
  };
}
