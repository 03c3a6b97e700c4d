import type { AccessPlan, RoleHop } from '../access/plan.ts';
import type { Run } from '../core/run.ts';
import type { Secret } from '../core/secret.ts';

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

/** The credential graph of one opened connector: walks the plan on demand and owns every cache. */
export interface Access extends AsyncDisposable {
  readonly plan: AccessPlan;
  /** The identity before any role. Throws RS_AUTH_NO_SOURCE, RS_AUTH_KEYS_INVALID, RS_AUTH_EXPIRED. */
  identity(run: Run): Promise<AwsCredentials>;
  /** The role that asks for the login: the last of `plan.roles`. Throws RS_AUTH_ROLE_DENIED besides. */
  role(run: Run): Promise<AwsCredentials>;
  /** The session of the last of these hops, each assumed from the one before; hops already made come from the cache. */
  assume(hops: readonly RoleHop[], run: Run): Promise<AwsCredentials>;
  /** Who reads and writes the staging area. Call before every use, or hand on as a provider. */
  staging(run: Run): Promise<AwsCredentials>;
  /** A login for a new connection. Throws RS_AUTH_LOGIN_DENIED, RS_AUTH_LOGIN_REJECTED, RS_CONFIG_OBJECT_MISSING. */
  login(run: Run, request?: LoginRequest): Promise<Login>;
  /** The host and port to connect to: from the options, or asked of AWS when no host was given. */
  endpoint(run: Run): Promise<{ readonly host: string; readonly port: number }>;
}
