import type { Secret } from '../core/secret.ts';
import type { PolicyDocument } from './iam/policy.ts';

/** Who a request comes from, once its signature is verified. */
export interface Principal {
  readonly kind: 'user' | 'assumedRole' | 'service' | 'federated' | 'anonymous';
  /** ARN of a user, a role session or an identity provider; a service's name; or `anonymous`. */
  readonly arn: string;
  /** Twelve digits; empty for a service and for nobody. */
  readonly account: string;
  /** As `GetCallerIdentity` shows it: `AIDA...`, `AROA...:session`. */
  readonly userId: string;
  /** Of an assumed role: `arn:aws:iam::ACCOUNT:role/NAME`. */
  readonly roleArn?: string;
  readonly sessionName?: string;
  readonly sourceIdentity?: string;
  /** Policies given to AssumeRole: they narrow what the role may do. */
  readonly sessionPolicies?: readonly PolicyDocument[];
  readonly sessionTags?: Readonly<Record<string, string>>;
  /** Keys of `sessionTags` that go on to the next role in a chain. */
  readonly transitiveTagKeys?: readonly string[];
  readonly issuedAt?: Date;
}

/** Who sends a request without a signature. */
export const NOBODY: Principal = { kind: 'anonymous', arn: 'anonymous', account: '', userId: 'anonymous' };

/**
 * The database user that Redshift makes of an IAM identity: `IAM:user` or `IAMR:role`.
 * https://docs.aws.amazon.com/redshift/latest/mgmt/data-api-iam.html
 */
export function databaseUserOf({ arn, roleArn }: Principal): string {
  const named = roleArn ?? arn;
  return `${roleArn === undefined ? 'IAM' : 'IAMR'}:${named.slice(named.lastIndexOf('/') + 1)}`;
}

/** Temporary credentials and whose they are. */
export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret;
  readonly expiresAt: Date;
  readonly principal: Principal;
}

/** An answer that AWS would have given instead of success. */
export interface Refusal {
  readonly allowed: false;
  /** AWS's code: `AccessDenied`, `NoSuchEntity`. */
  readonly code: string;
  /** AWS's wording; never a secret. */
  readonly message: string;
}

export interface ServiceContext {
  /** ARN of the thing the service acts for (a cluster): `aws:SourceArn` in trust policies. */
  readonly sourceArn?: string;
  readonly sourceAccount?: string;
  /** What a trust policy can tell one database user from another by: `sts:ExternalId`. */
  readonly externalId?: string;
}

/** Part of the sandbox that COPY and UNLOAD need of IAM. */
export interface ServiceRoles {
  /**
   * What a service does when it works under a role: assumes the first one as `service`, then each next one from the one
   * before (a chain). Every trust policy and `sts:AssumeRole` permission on the way is evaluated.
   */
  assumeRoleAsService(
    service: string,
    roleArns: readonly string[],
    context?: ServiceContext,
  ): ({ readonly allowed: true } & SessionCredentials) | Refusal;
  /** Whose keys these are, or S3's refusal: unknown key, wrong secret, wrong or missing token, expired. */
  principalOfKeys(keys: GivenKeys): { readonly allowed: true; readonly principal: Principal } | Refusal;
}

/** Keys that somebody wrote down, not yet believed. */
export interface GivenKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
}
