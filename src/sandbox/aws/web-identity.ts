import { mayAssume } from '../iam/assume.ts';
import type { IdentityRegistry } from '../iam/registry.ts';
import type { Principal } from '../identity.ts';
import type { TokenIssuer } from '../web-identity.ts';
import { accessDenied, type QueryCall, QueryFailure } from './query.ts';
import { checkDuration, credentialsXml, readSessionPolicy, readSessionRequest, refuseAbsent } from './sts-input.ts';
import type { XmlElements } from './xml.ts';

export interface WebIdentityDeps {
  readonly registry: IdentityRegistry;
  readonly issuer: TokenIssuer;
  /** World time in milliseconds. */
  readonly now: () => number;
}

const NOT_AUTHORIZED = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';

/** A role taken with the token of a service account instead of a signature. */
export function assumeRoleWithWebIdentity(call: QueryCall, { registry, issuer, now }: WebIdentityDeps): XmlElements {
  const request = readSessionRequest(call);
  const { roleArn, sessionName, durationSeconds } = request;
  refuseAbsent(call, ['PolicyArns', 'ProviderId']);
  const sessionPolicies = readSessionPolicy(call, request);
  const identity = issuer.read(call.parameters.get('WebIdentityToken') ?? '');
  if (!identity) {
    throw new QueryFailure(
      'InvalidIdentityToken',
      400,
      'No OpenIDConnect provider found in your account for the token',
    );
  }
  if (identity.expiresAt.getTime() <= now()) {
    const message = `Token expired: current date/time ${Math.floor(now() / 1000)} must be before the expiration date/time ${identity.expiresAt.getTime() / 1000}`;
    throw new QueryFailure('ExpiredTokenException', 400, message);
  }
  const role = registry.role(roleArn);
  const principal: Principal = {
    kind: 'federated',
    arn: `arn:${roleArn.split(':')[1] ?? 'aws'}:iam::${role?.account ?? ''}:oidc-provider/${identity.issuer}`,
    account: '',
    userId: identity.subject,
  };
  const verdict = mayAssume(call.authorize, role, {
    principal,
    roleArn,
    action: 'sts:AssumeRoleWithWebIdentity',
    region: call.region,
    context: {
      [`${identity.issuer}:sub`]: identity.subject,
      [`${identity.issuer}:aud`]: identity.audience,
      'sts:RoleSessionName': sessionName,
    },
  });
  if (!role || !verdict.allowed) throw accessDenied(NOT_AUTHORIZED);
  checkDuration(call, role, durationSeconds);
  const session = registry.openSession(role, { sessionName, lifetimeSeconds: durationSeconds, sessionPolicies });
  return {
    ...credentialsXml(session),
    SubjectFromWebIdentityToken: identity.subject,
    Provider: principal.arn,
    Audience: identity.audience,
  };
}
