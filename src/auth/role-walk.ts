import type { AccessPlan, RoleHop } from '../access/plan.ts';
import { ConnectorError } from '../core/errors.ts';
import type { HopEvent } from '../core/events.ts';
import type { Clock, Run } from '../core/run.ts';
import type { AwsCredentials } from './access.ts';
import { type AssumeRole, openRoleAssumer } from './assume-role.ts';
import type { AwsWire } from './aws-call.ts';
import { acquireIdentity } from './identity.ts';
import type { Environment } from './identity-sources.ts';
import { createKeyedCache, type KeyedCache } from './keyed-cache.ts';
import { type Memoized, memoizeUntilExpiry } from './memoize.ts';
import { renewalWarning } from './renewal-warning.ts';

/** Who started a request; it serves all that wait for it, so its own signal is not part of it. */
export type Starter = Pick<Run, 'publish'>;

/** Names credentials without holding them. */
type KeyId = Pick<AwsCredentials, 'accessKeyId'>;

interface RoleRequest extends Starter {
  readonly base: AwsCredentials;
  readonly hop: RoleHop;
  readonly key: string;
}

/** After a session was refused outright, or its replacement refused as well, none is replaced for this long. */
const REFUSED_MS = 30_000;

/** The identity and the roles of one connector, with their caches, and what to do when AWS refuses what is in them. */
export class RoleWalk {
  readonly #plan: AccessPlan;
  readonly #wire: AwsWire;
  readonly #clock: Clock;
  readonly #environment: Environment;
  readonly #assumeRole: AssumeRole;
  readonly #identity: Memoized<AwsCredentials, Starter>;
  readonly #roles: KeyedCache<AwsCredentials, RoleRequest>;
  /** Hops that were made before: the next one is a renewal. */
  readonly #made = new Set<string>();
  /** What each way led to last, by its hops. */
  readonly #last = new Map<string, { readonly value: AwsCredentials; readonly hasFailed: boolean }>();
  #known: AwsCredentials | undefined;
  /** Counts up whenever a cache is emptied: of callers that fail together the first one does it. */
  #generation = 0;
  #replacement: { readonly accessKeyId: string; readonly untilMs: number } | undefined;
  #deniedUntilMs = 0;

  /** `clock`: AWS's time. */
  constructor(plan: AccessPlan, wire: AwsWire, environment: Environment, clock: Clock) {
    this.#plan = plan;
    this.#wire = wire;
    this.#clock = clock;
    this.#environment = environment;
    this.#assumeRole = openRoleAssumer(wire);
    this.#identity = memoizeUntilExpiry(
      (starter) => this.#acquireIdentity(starter),
      { clock },
      ({ context, ...failure }) => renewalWarning('identity', failure, context),
    );
    this.#roles = createKeyedCache(
      (request) => this.#assumeOne(request),
      { clock },
      ({ context, ...failure }) => renewalWarning(context.hop.id, failure, context),
    );
  }

  /** The identity as it was obtained last, even if it has ended since. */
  get knownIdentity(): AwsCredentials | undefined {
    return this.#known;
  }

  identity(starter: Starter, lifeMs?: number): Promise<AwsCredentials> {
    return this.#identity.get(starter, lifeMs);
  }

  /**
   * The session of the last hop, each assumed from the one before; with `lifeMs` each hop is renewed that ends sooner. When
   * a hop on the way cannot be renewed, the last session in hand serves to its end.
   */
  async assume(hops: readonly RoleHop[], starter: Starter, lifeMs?: number): Promise<AwsCredentials> {
    const way = JSON.stringify(hops);
    try {
      const credentials = await this.#walk(hops, starter, lifeMs);
      this.#last.set(way, { value: credentials, hasFailed: false });
      return credentials;
    } catch (error) {
      // None when it was emptied meanwhile: AWS refused what was in hand.
      const last = this.#last.get(way);
      if (last === undefined || !this.inHand(hops)) throw error;
      renewalWarning(hops.at(-1)?.id ?? 'identity', { error, value: last.value, isFirst: !last.hasFailed }, starter);
      this.#last.set(way, { ...last, hasFailed: true });
      return last.value;
    }
  }

  /** Whether these hops were made and have not ended, whatever became of those before the last one. */
  inHand(hops: readonly RoleHop[]): boolean {
    const end = this.#last.get(JSON.stringify(hops))?.value.expiresAt;
    return end !== undefined && this.#clock.now() < end.getTime();
  }

  async #walk(hops: readonly RoleHop[], starter: Starter, lifeMs: number | undefined): Promise<AwsCredentials> {
    let credentials = await this.identity(starter, lifeMs);
    for (const hop of hops) {
      // The hop holds every parameter of the call.
      const key = [callerKey(credentials), hop];
      const request = { ...starter, base: credentials, hop, key: JSON.stringify(key) };
      credentials = await this.#roles.get(key, request, lifeMs);
    }
    return credentials;
  }

  /**
   * What to use instead of credentials that a service refused before their end: those in hand when they are others, else
   * fresh ones, made once for all callers. A replacement that is refused too is not replaced for a while.
   */
  async replace(hops: readonly RoleHop[], rejected: KeyId, starter: Starter): Promise<AwsCredentials> {
    const generation = this.#generation;
    const current = await this.assume(hops, starter);
    if (current.accessKeyId !== rejected.accessKeyId || this.#isFinal(rejected)) return current;
    if (generation === this.#generation && !this.#startOver(hops.length > 0 ? 'roles' : 'identity')) return current;
    const fresh = await this.assume(hops, starter);
    this.#replacement = { accessKeyId: fresh.accessKeyId, untilMs: this.#clock.now() + REFUSED_MS };
    return fresh;
  }

  /** Does work that walks; when AWS refuses what a cache held (expired, revoked, replaced in its file), once more with fresh hops. */
  async freshOnRefusal<T>(work: () => Promise<T>): Promise<T> {
    const walked = new Set<string>();
    for (;;) {
      const generation = this.#generation;
      try {
        return await work();
      } catch (error) {
        const outdated = error instanceof ConnectorError ? outdatedBy(error) : undefined;
        if (outdated === undefined || walked.has(outdated.cache)) throw error;
        walked.add(outdated.cache);
        // Of callers that fail together the first one empties the cache, and all walk anew.
        if (generation !== this.#generation) continue;
        if (outdated.isDenied && !this.#isDenialNew()) throw error;
        if (!this.#startOver(outdated.cache)) throw error;
      }
    }
  }

  /** An outright refusal is looked behind once in a while only: most are meant. */
  #isDenialNew(): boolean {
    if (this.#clock.now() < this.#deniedUntilMs) return false;
    this.#deniedUntilMs = this.#clock.now() + REFUSED_MS;
    return true;
  }

  #isFinal({ accessKeyId }: KeyId): boolean {
    const last = this.#replacement;
    return last !== undefined && last.accessKeyId === accessKeyId && this.#clock.now() < last.untilMs;
  }

  /** False when there is nothing fresh to be had: the keys of the form are what they are. */
  #startOver(what: 'identity' | 'roles'): boolean {
    if (what === 'identity' && this.#plan.identity?.kind === 'accessKeys') return false;
    this.#generation += 1;
    if (what === 'identity') this.#identity.forget();
    else this.#roles.forgetAll();
    // A way of no hops is the identity itself; sessions of roles outlive the identity that assumed them.
    if (what === 'identity') this.#last.delete('[]');
    else this.#last.clear();
    return true;
  }

  async #acquireIdentity({ publish }: Starter): Promise<AwsCredentials> {
    const { identity, identityNote, roles, stagingRoles } = this.#plan;
    if (identity === undefined) {
      throw new ConnectorError('RS_INTERNAL', 'AWS was asked although the plan names no identity');
    }
    const needsSts = roles.length + stagingRoles.length > 0;
    const credentials = await acquireIdentity(identity, this.#wire, { environment: this.#environment, needsSts });
    const notes = [identityNote, credentials.note].filter((note) => note !== undefined);
    const noted = notes.length === 0 ? credentials : { ...credentials, note: notes.join(' ') };
    this.#known = noted;
    publish(this.#hopEvent('identity', 'identity', noted));
    return noted;
  }

  async #assumeOne({ base, hop, key, publish }: RoleRequest): Promise<AwsCredentials> {
    const credentials = await this.#assumeRole(base, hop);
    publish(this.#hopEvent('role', key, credentials));
    return credentials;
  }

  #hopEvent(hop: 'identity' | 'role', key: string, credentials: AwsCredentials): HopEvent {
    const { principalArn, source, account, expiresAt, note } = credentials;
    const isRenewal = this.#made.has(key);
    this.#made.add(key);
    return {
      type: 'hop',
      hop,
      principal: principalArn ?? 'unknown (sts:GetCallerIdentity did not tell)',
      source,
      ...(account === undefined ? {} : { account }),
      ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.toISOString() }),
      ...(note === undefined ? {} : { note }),
      ...(isRenewal ? { isRenewal } : {}),
    };
  }
}

/** Whom AWS sees behind credentials: names their caches. */
export function callerKey({ principalArn, accessKeyId }: AwsCredentials): string {
  return principalArn ?? accessKeyId;
}

interface Outdated {
  readonly cache: 'identity' | 'roles';
  /** AWS refused the session outright, which may be meant. */
  readonly isDenied: boolean;
}

/** Which cache held what AWS refused, if it was that. */
function outdatedBy({ code, details, cause }: ConnectorError): Outdated | undefined {
  const cache = details['source'] === 'sts:AssumeRole' ? 'roles' : 'identity';
  if (code === 'RS_AUTH_EXPIRED') return { cache, isDenied: false };
  if (code === 'RS_AUTH_KEYS_INVALID' && details['field'] !== 'clock') return { cache, isDenied: false };
  // "Revoke active sessions" attaches a policy that denies everything to sessions that began before.
  const isDenied = code === 'RS_AUTH_LOGIN_DENIED' || code === 'RS_AUTH_ROLE_DENIED';
  return isDenied && cache === 'roles' && isExplicitDeny(cause) ? { cache, isDenied } : undefined;
}

/** AWS says so in words only; the cause is a copy of its answer. */
function isExplicitDeny(cause: unknown): boolean {
  return cause instanceof Error && /with an explicit deny/.test(cause.message);
}
