import { setMaxListeners } from 'node:events';
import type { AccessPlan, RoleHop } from '../access/plan.ts';
import { type AwsClock, openAwsClock } from '../core/aws-clock.ts';
import { ConnectorError } from '../core/errors.ts';
import type { RetryLimits } from '../core/retry.ts';
import { abandonOnAbort, type Clock, type Run, SYSTEM_CLOCK } from '../core/run.ts';
import type { Access, AwsCredentials, CredentialRequest, Login, LoginRequest } from './access.ts';
import type { AwsWire } from './aws-call.ts';
import { type AwsHandler, awsHandler } from './aws-handler.ts';
import type { ClusterPlace, IssuedLogin } from './classify.ts';
import type { ClusterEndpoint } from './cluster-credentials.ts';
import { forecastHops, type HopForecast, isUnrenewable } from './forecast.ts';
import type { Environment } from './identity-sources.ts';
import { issueLogin, LOGIN_ACTIONS, lookUpTarget } from './issue-login.ts';
import { judgeLife, type LifeNeed } from './life.ts';
import { createLoginCache, type LoginCache, loginRejected } from './login-cache.ts';
import { makeHops } from './make-hops.ts';
import { type Memoized, memoizeUntilExpiry } from './memoize.ts';
import { renewalWarning } from './renewal-warning.ts';
import { callerKey, RoleWalk, type Starter } from './role-walk.ts';

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
  readonly clock: AwsClock;
  readonly #lifetime = new AbortController();
  readonly #wire: AwsWire;
  readonly #checkHost: (host: string) => void;
  readonly #walk: RoleWalk;
  readonly #logins: LoginCache<LoginPurchase>;
  readonly #endpoint: Memoized<ClusterEndpoint & { readonly expiresAt: Date }, Starter>;
  /** Warnings that were given. */
  readonly #warned = new Set<string>();
  /** Of the login that was asked for last. */
  #loginKey: readonly unknown[] | undefined;
  #hasBought = false;

  constructor(plan: AccessPlan, deps: AccessDeps) {
    const { clock: local = SYSTEM_CLOCK, environment = process.env, limits, checkHost = () => undefined } = deps;
    const clock = openAwsClock(local);
    this.plan = plan;
    this.clock = clock;
    this.#checkHost = checkHost;
    setMaxListeners(0, this.#lifetime.signal);
    this.#wire = { target: plan.aws, signal: this.#lifetime.signal, limits, clock };
    this.#walk = new RoleWalk(plan, this.#wire, environment, clock);
    this.#logins = createLoginCache(
      (purchase: LoginPurchase) => this.#buyLogin(purchase),
      clock,
      ({ context, ...failure }) => renewalWarning('login', failure, context),
    );
    this.#endpoint = memoizeUntilExpiry(
      (starter) => this.#lookUpEndpoint(starter),
      { clock },
      ({ context, ...failure }) => renewalWarning('endpoint', failure, context),
    );
  }

  clockOffset(): number | undefined {
    return this.clock.offsetMs();
  }

  identity(run: Run): Promise<AwsCredentials> {
    return this.#wait(run, () => this.#walk.identity(starterOf(run)));
  }

  assume(hops: readonly RoleHop[], run: Run): Promise<AwsCredentials> {
    return this.#wait(run, () => this.#walk.assume(hops, starterOf(run)));
  }

  role(run: Run): Promise<AwsCredentials> {
    return this.assume(this.plan.roles, run);
  }

  staging(run: Run, { rejected }: CredentialRequest = {}): Promise<AwsCredentials> {
    const { stagingRoles } = this.plan;
    if (rejected === undefined) return this.assume(stagingRoles, run);
    return this.#wait(run, () => this.#walk.replace(stagingRoles, rejected, starterOf(run)));
  }

  /** When nobody can ask for a new one any more, the login in hand serves to its end. */
  async login(run: Run, { rejected }: LoginRequest = {}): Promise<Login> {
    try {
      return await this.#wait(run, () => this.#login(starterOf(run), rejected));
    } catch (error) {
      run.signal.throwIfAborted();
      this.#lifetime.signal.throwIfAborted();
      const value = this.#loginKey && this.#logins.current(this.#loginKey);
      if (value === undefined || value === rejected) throw error;
      const key = `login until ${value.expiresAt?.getTime()}`;
      renewalWarning('login', { error, value, isFirst: !this.#warned.has(key) }, run);
      this.#warned.add(key);
      return value;
    }
  }

  async ensureLife(run: Run, need: LifeNeed): Promise<void> {
    const { identity, roles, stagingRoles, login } = this.plan;
    if (identity === undefined) return;
    const starter = starterOf(run);
    const ways = { login: login.kind === 'password' ? undefined : roles, staging: stagingRoles };
    for (const use of need.uses) {
      const hops = ways[use];
      if (hops) await this.#wait(run, () => this.#walk.assume(hops, starter, need.seconds * 1000));
    }
    const known = this.#walk.knownIdentity;
    if (known === undefined || !isUnrenewable(known)) return;
    const warning = judgeLife(await this.forecast(run), need);
    if (warning === undefined || this.#warned.has(warning.key)) return;
    this.#warned.add(warning.key);
    const { key: _key, ...event } = warning;
    run.publish(event);
  }

  async forecast(run: Run): Promise<readonly HopForecast[]> {
    const starter = starterOf(run);
    const made = await this.#wait(run, () => makeHops(this.plan, this.#walk, starter, () => this.#login(starter)));
    return forecastHops(this.plan, made, this.clock.now());
  }

  awsHandler(): AwsHandler {
    return awsHandler(this.plan.aws);
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
    this.#lifetime.signal.throwIfAborted();
    return abandonOnAbort(this.#walk.freshOnRefusal(work), signal);
  }

  async #login(starter: Starter, rejected?: Login): Promise<Login> {
    const { login } = this.plan;
    switch (login.kind) {
      case 'password': {
        if (rejected !== undefined) throw loginRejected(login.username);
        return { user: login.username, password: login.password, database: login.database };
      }
      case 'clusterCredentials':
      case 'clusterCredentialsWithIam':
      case 'serverlessCredentials':
        return this.#issuedLogin(login, starter, rejected);
    }
    return login satisfies never;
  }

  async #issuedLogin(login: IssuedLogin, starter: Starter, rejected: Login | undefined): Promise<Login> {
    const caller = await this.#walk.assume(this.plan.roles, starter);
    const { region, redshiftEndpoint, redshiftServerlessEndpoint } = this.plan.aws;
    // The login holds every parameter of the call, and no secret.
    const key = [callerKey(caller), redshiftEndpoint, redshiftServerlessEndpoint, region, login];
    this.#loginKey = key;
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
      ...(this.#hasBought ? { isRenewal: true } : {}),
    });
    this.#hasBought = true;
    return bought;
  }

  async #lookUpEndpoint(starter: Starter): Promise<ClusterEndpoint & { readonly expiresAt: Date }> {
    const { login, roles } = this.plan;
    if (login.kind === 'password') {
      throw new ConnectorError('RS_INTERNAL', 'A login by password was planned without a host');
    }
    const caller = await this.#walk.assume(roles, starter);
    const found = await lookUpTarget(caller, login, this.#place(caller), this.#wire);
    this.#checkHost(found.host);
    return { ...found, expiresAt: new Date(this.clock.now() + ENDPOINT_LIFETIME_MS) };
  }

  #place({ account }: AwsCredentials): ClusterPlace {
    const { partition, region = 'unknown' } = this.plan.aws;
    return { partition, region, account: account ?? this.plan.roles.at(-1)?.account ?? 'unknown' };
  }
}

function starterOf({ publish }: Run): Starter {
  return { publish };
}
