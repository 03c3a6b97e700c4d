import type { AccessPlan, RoleHop } from '../access/plan.ts';
import type { AwsClock } from '../core/aws-clock.ts';
import type { Run } from '../core/run.ts';
import type { Secret } from '../core/secret.ts';
import type { AwsHandler } from './aws-handler.ts';
import type { HopForecast } from './forecast.ts';
import type { LifeNeed } from './life.ts';

/** AWS credentials with their evidence. Hand the provider on, never these: they expire. */
export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: Secret;
  readonly expiresAt?: Date;
  /** Who AWS says these are; absent where AWS would not say. */
  readonly principalArn?: string;
  readonly account?: string;
  /** Which source or call gave them: `access keys`, `EC2 instance metadata (IMDSv2)`, `sts:AssumeRole`. */
  readonly source: string;
  /** What a reader should know of how they came about: a duration that was cut, and why. */
  readonly note?: string;
}

/** A database user and its password, to be used together and verbatim. */
export interface Login {
  readonly user: string;
  readonly password: Secret;
  /** New connections are refused after this; open sessions live on. Absent for a stored password. */
  readonly expiresAt?: Date;
  readonly database: string;
}

export interface LoginRequest {
  /**
   * The login that the server just refused. If it is still the cached one it is replaced, once for all callers;
   * a login refused while fresh is not bought again for a short while.
   */
  readonly rejected?: Login;
}

export interface CredentialRequest {
  /**
   * The credentials that a service just refused before their end: expired, revoked, unknown. If they are still those in
   * hand they are replaced, once for all callers; a replacement that is refused too is not replaced again for a while.
   */
  readonly rejected?: Pick<AwsCredentials, 'accessKeyId'>;
}

/** The credential graph of one opened connector: walks the plan on demand and owns every cache. */
export interface Access extends AsyncDisposable {
  readonly plan: AccessPlan;
  /** AWS's time, as its answers told it: whoever compares an expiry with now asks this clock. */
  readonly clock: AwsClock;
  /** AWS's time minus this machine's, in ms; positive while this machine is behind. Undefined before the first answer. */
  clockOffset(): number | undefined;
  /** The identity before any role. Throws RS_AUTH_NO_SOURCE, RS_AUTH_KEYS_INVALID, RS_AUTH_EXPIRED. */
  identity(run: Run): Promise<AwsCredentials>;
  /** The role that asks for the login: the last of `plan.roles`. Throws RS_AUTH_ROLE_DENIED besides. */
  role(run: Run): Promise<AwsCredentials>;
  /** The session of the last of these hops, each assumed from the one before; hops already made come from the cache. */
  assume(hops: readonly RoleHop[], run: Run): Promise<AwsCredentials>;
  /** Who reads and writes the staging area. Call before every use, or hand on as a provider. */
  staging(run: Run, request?: CredentialRequest): Promise<AwsCredentials>;
  /** A login for a new connection. Throws RS_AUTH_LOGIN_DENIED, RS_AUTH_LOGIN_REJECTED, RS_CONFIG_OBJECT_MISSING. */
  login(run: Run, request?: LoginRequest): Promise<Login>;
  /**
   * Before a long step: renews the hops that it uses and that would end before it, as far as a new one lasts longer. Warns,
   * once, of those that nothing can renew. Throws what the hops throw, RS_AUTH_EXPIRED above all.
   */
  ensureLife(run: Run, need: LifeNeed): Promise<void>;
  /** Each hop as it stands: until when, what renews it, what caps it. Makes the hops that are not in hand; a failed one is told, not thrown. */
  forecast(run: Run): Promise<readonly HopForecast[]>;
  /** How other clients of AWS connect: through the proxy, if there is one. One for each client. */
  awsHandler(): AwsHandler;
  /** The host and port to connect to: from the options, or asked of AWS when no host was given. */
  endpoint(run: Run): Promise<{ readonly host: string; readonly port: number }>;
}
