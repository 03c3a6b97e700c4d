import { setMaxListeners } from 'node:events';
import type { AccessPlan, RoleHop } from '../access/plan.ts';
import { ConnectorError, type ErrorCode } from '../core/errors.ts';
import type { HopEvent } from '../core/events.ts';
import type { RetryLimits } from '../core/retry.ts';
import { abandonOnAbort, type Clock, type Run, SYSTEM_CLOCK } from '../core/run.ts';
import type { Access, AwsCredentials, Login, LoginRequest } from './access.ts';
import { type AssumeRole, openRoleAssumer } from './assume-role.ts';
import type { AwsWire } from './aws-call.ts';
import type { ClusterPlace, IssuedLogin } from './classify.ts';
import type { ClusterEndpoint } from './cluster-credentials.ts';
import { acquireIdentity } from './identity.ts';
import type { Environment } from './identity-sources.ts';
import { issueLogin, LOGIN_ACTIONS, lookUpTarget } from './issue-login.ts';
import { createKeyedCache, type KeyedCache } from './keyed-cache.ts';
import { createLoginCache, type LoginCache, loginRejected } from './login-cache.ts';
import { type Memoized, memoizeUntilExpiry } from './memoize.ts';

export interface AccessDeps {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Variables that name sources of credentials. Default: this process's. */
  readonly environment?: Environment;
  /** How often and how long an AWS call is tried. Default: `AWS_CALL_LIMITS`. */
  readonly limits?: RetryLimits;
  /** Refuses a host that AWS tells for a cluster, by throwing. Default: any is fine. */
  readonly checkHost?: (host: string) => void;
}

/** A cluster's endpoint moves only when it is resized or restored. */
const ENDPOINT_LIFETIME_MS = 600_000;

/** Who started a request; it serves all that wait for it, so its own signal is not part of it. */
type Starter = Pick<Run, 'publish'>;

interface RoleRequest extends Starter {
  readonly base: AwsCredentials;
  readonly hop: RoleHop;
}

interface LoginPurchase extends Starter {
  readonly caller: AwsCredentials;
  readonly login: IssuedLogin;
}

/** Opens the credential graph of one connector. No I/O yet. Dispose ends every request under way. */
export function openAccess(plan: AccessPlan, deps: AccessDeps = {}): Access {
  return new CredentialGraph(plan, deps);
}

class CredentialGraph implements Access {
  readonly plan: AccessPlan;
  readonly #lifetime = new AbortController();
  readonly #clock: Clock;
  readonly #wire: AwsWire;
  readonly #checkHost: (host: string) => void;
  readonly #assumeRole: AssumeRole;
  readonly #identity: Memoized<AwsCredentials, Starter>;
  readonly #roles: KeyedCache<AwsCredentials, RoleRequest>;
  readonly #logins: LoginCache<LoginPurchase>;
  readonly #endpoint: Memoized<ClusterEndpoint & { readonly expiresAt: Date }, Starter>;

  constructor(plan: AccessPlan, deps: AccessDeps) {
    const { clock = SYSTEM_CLOCK, environment = process.env, limits, checkHost = () => undefined } = deps;
    this.plan = plan;
    this.#checkHost = checkHost;
    this.#clock = clock;
    setMaxListeners(0, this.#lifetime.signal);
    this.#wire = { target: plan.aws, signal: this.#lifetime.signal, limits };
    this.#assumeRole = openRoleAssumer(this.#wire);
    this.#identity = memoizeUntilExpiry(
      (starter) => this.#acquireIdentity(environment, starter),
      { clock },
      suppressed,
    );
    this.#roles = createKeyedCache((request: RoleRequest) => this.#assumeOne(request), { clock }, suppressed);
    this.#logins = createLoginCache((purchase: LoginPurchase) => this.#buyLogin(purchase), clock, suppressed);
    this.#endpoint = memoizeUntilExpiry((starter) => this.#lookUpEndpoint(starter), { clock }, suppressed);
  }

  identity(run: Run): Promise<AwsCredentials> {
    return this.#wait(run, () => this.#identity.get(starterOf(run)));
  }

  assume(hops: readonly RoleHop[], run: Run): Promise<AwsCredentials> {
    return this.#wait(run, () => this.#assumeAll(hops, starterOf(run)));
  }

  role(run: Run): Promise<AwsCredentials> {
    return this.assume(this.plan.roles, run);
  }

  staging(run: Run): Promise<AwsCredentials> {
    return this.assume(this.plan.stagingRoles, run);
  }

  async login(run: Run, { rejected }: LoginRequest = {}): Promise<Login> {
    const { login } = this.plan;
    switch (login.kind) {
      case 'password': {
        if (rejected !== undefined) throw loginRejected(login.username);
        return { user: login.username, password: login.password, database: login.database };
      }
      case 'clusterCredentials':
      case 'clusterCredentialsWithIam':
      case 'serverlessCredentials':
        return this.#wait(run, () => this.#issuedLogin(login, starterOf(run), rejected));
    }
    return login satisfies never;
  }

  async endpoint(run: Run): Promise<{ readonly host: string; readonly port: number }> {
    const { host, port } = this.plan.endpoint;
    if (host !== undefined) return { host, port };
    return this.#wait(run, () => this.#endpoint.get(starterOf(run)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lifetime.abort(
      new ConnectorError('RS_INTERNAL', 'The connector was closed while credentials were being obtained'),
    );
  }

  /** A caller's abort ends its own wait; the shared request goes on for the others. */
  async #wait<T>({ signal }: Run, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    return abandonOnAbort(this.#freshOnExpiry(work), signal);
  }

  async #acquireIdentity(environment: Environment, { publish }: Starter): Promise<AwsCredentials> {
    if (this.plan.identity === undefined) {
      throw new ConnectorError('RS_INTERNAL', 'AWS was asked although the plan names no identity');
    }
    const credentials = await acquireIdentity(this.plan.identity, this.#wire, environment);
    const notes = [this.plan.identityNote, credentials.note].filter((note) => note !== undefined);
    const noted = notes.length === 0 ? credentials : { ...credentials, note: notes.join(' ') };
    publish(hopEvent('identity', noted));
    return noted;
  }

  async #assumeAll(hops: readonly RoleHop[], starter: Starter): Promise<AwsCredentials> {
    let credentials = await this.#identity.get(starter);
    for (const hop of hops) {
      // The hop holds every parameter of the call.
      const key = [callerKey(credentials), hop];
      credentials = await this.#roles.get(key, { ...starter, base: credentials, hop });
    }
    return credentials;
  }

  async #assumeOne({ base, hop, publish }: RoleRequest): Promise<AwsCredentials> {
    const credentials = await this.#assumeRole(base, hop);
    publish(hopEvent('role', credentials));
    return credentials;
  }

  async #issuedLogin(login: IssuedLogin, starter: Starter, rejected: Login | undefined): Promise<Login> {
    const caller = await this.#assumeAll(this.plan.roles, starter);
    const { region, redshiftEndpoint, redshiftServerlessEndpoint } = this.plan.aws;
    // The login holds every parameter of the call, and no secret.
    const key = [callerKey(caller), redshiftEndpoint, redshiftServerlessEndpoint, region, login];
    return this.#logins.get(key, { ...starter, caller, login }, rejected);
  }

  async #buyLogin({ caller, login, publish }: LoginPurchase): Promise<Login> {
    const place = this.#place(caller);
    const bought = await issueLogin(caller, login, place, this.#wire);
    publish({
      type: 'hop',
      hop: 'login',
      principal: bought.user,
      source: LOGIN_ACTIONS[login.kind],
      account: place.account,
      ...(bought.expiresAt === undefined ? {} : { expiresAt: bought.expiresAt.toISOString() }),
    });
    return bought;
  }

  async #lookUpEndpoint(starter: Starter): Promise<ClusterEndpoint & { readonly expiresAt: Date }> {
    const { login, roles } = this.plan;
    if (login.kind === 'password') {
      throw new ConnectorError('RS_INTERNAL', 'A login by password was planned without a host');
    }
    const caller = await this.#assumeAll(roles, starter);
    const found = await lookUpTarget(caller, login, this.#place(caller), this.#wire);
    this.#checkHost(found.host);
    return { ...found, expiresAt: new Date(this.#clock.now() + ENDPOINT_LIFETIME_MS) };
  }

  #place({ account }: AwsCredentials): ClusterPlace {
    const { partition, region = 'unknown' } = this.plan.aws;
    return { partition, region, account: account ?? this.plan.roles.at(-1)?.account ?? 'unknown' };
  }

  /** Credentials may end early: a session revoked, keys replaced in their file. One fresh walk is then tried. */
  async #freshOnExpiry<T>(work: () => Promise<T>): Promise<T> {
    this.#lifetime.signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConnectorError) || !this.#mayBeOutdated(error.code)) throw error;
      this.#identity.forget();
      this.#roles.forgetAll();
      return work();
    }
  }

  #mayBeOutdated(code: ErrorCode): boolean {
    if (code === 'RS_AUTH_EXPIRED') return true;
    // Keys of the form are what they are; all others are read again.
    return code === 'RS_AUTH_KEYS_INVALID' && this.plan.identity?.kind !== 'accessKeys';
  }
}

function starterOf({ publish }: Run): Starter {
  return { publish };
}

function callerKey({ principalArn, accessKeyId }: AwsCredentials): string {
  return principalArn ?? accessKeyId;
}

function hopEvent(hop: 'identity' | 'role', credentials: AwsCredentials): HopEvent {
  const { principalArn, source, account, expiresAt, note } = credentials;
  return {
    type: 'hop',
    hop,
    principal: principalArn ?? 'unknown (sts:GetCallerIdentity was refused)',
    source,
    ...(account === undefined ? {} : { account }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
    ...(note === undefined ? {} : { note }),
  };
}

function suppressed(error: unknown, { publish }: Starter): void {
  publish({
    type: 'suppressed',
    reason: 'Credentials could not be renewed ahead of time; the ones in hand are still valid',
    message: error instanceof Error ? error.message : String(error),
  });
}
