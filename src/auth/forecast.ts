import type { AccessPlan, LoginHop, RoleHop } from '../access/plan.ts';
import { CHAINED_MAX_SECONDS } from '../access/role-hops.ts';
import { defined } from '../core/defined.ts';
import type { ConnectorError } from '../core/errors.ts';
import type { AwsCredentials, Login } from './access.ts';
import { LOGIN_ACTIONS } from './issue-login.ts';

/**
 * What happens when a hop ends. `notNeeded`: it does not end. `automatic`: it is renewed ahead of its end.
 * `untilBaseEnds`: renewed as long as the credentials that it is made from last, which nothing renews. `whenReplaced`: it
 * is read again from where it stands once AWS refuses it. `impossible`: nothing renews it.
 */
export type Renewal = 'notNeeded' | 'automatic' | 'untilBaseEnds' | 'whenReplaced' | 'impossible';

/** What limits how long one piece of a hop may last. */
export interface LifetimeCap {
  readonly kind: 'none' | 'source' | 'fixedToken' | 'roleChaining' | 'roleMaximum' | 'login';
  /** The longest that AWS gives; absent where there is no such number. */
  readonly seconds?: number;
  /** In words, one sentence. */
  readonly reason: string;
}

/** What hops are for: new database connections, or the files in S3. */
export type HopUse = 'login' | 'staging';

/** One hop on the way in, as it stands: who, until when, and what comes then. No secret; fit for JSON. */
export interface HopForecast {
  /** `identity`, `intermediate-1`, `redshift`, `staging`, `login`: as in the plan and in the doctor's report. */
  readonly id: string;
  readonly kind: 'identity' | 'role' | 'login';
  readonly usedFor: readonly HopUse[];
  /** ARN or database user: as AWS said, else as planned. */
  readonly principal: string;
  /** Which source or call gave it; absent while it is not made. */
  readonly source?: string;
  /** By AWS's clock, ISO 8601. Absent where it does not end, where its end is not known, and while it is not made. */
  readonly endsAt?: string;
  /** Whole seconds from now, never below 0; absent as `endsAt` is. */
  readonly remainingSeconds?: number;
  /** What is asked for each time; absent for an identity and a stored password. */
  readonly lifetimeSeconds?: number;
  readonly renewal: Renewal;
  /** The call or source that gives the next one, and the hop whose credentials sign it (absent for a source). */
  readonly renewedBy?: { readonly call: string; readonly from?: string };
  readonly cap: LifetimeCap;
  /** A duration that was cut, and why. */
  readonly note?: string;
  /** Why there is none in hand. `skipped`: an earlier hop is missing. */
  readonly missing?: { readonly code: ConnectorError['code']; readonly message: string } | 'skipped';
}

/** A hop that was made, that failed, or that was not tried because an earlier one failed (`undefined`). */
export type Made<T> = { readonly value: T } | { readonly error: ConnectorError } | undefined;

/** All hops of a plan as they were found. */
export interface MadeHops {
  readonly identity: Made<AwsCredentials>;
  /** The identity as it was before, where it cannot be obtained any more. */
  readonly known?: AwsCredentials | undefined;
  /** By the hop's id. */
  readonly roles: ReadonlyMap<string, Made<AwsCredentials>>;
  readonly login: Made<Login>;
}

/** Each hop once, in the order in which they are made. Pure. `nowMs`: AWS's time. */
export function forecastHops(plan: AccessPlan, made: MadeHops, nowMs: number): readonly HopForecast[] {
  const { identity: source, roles, stagingRoles, login } = plan;
  const needsAws = source !== undefined;
  const identity = needsAws ? [forecastIdentity(plan, made, nowMs)] : [];
  const isFixed = identity.some(({ renewal }) => renewal === 'impossible' || renewal === 'whenReplaced');
  const fromRole = (inHand(made.identity) ?? made.known)?.sessionToken !== undefined;
  const context = { made, nowMs, isFixed, fromRole };
  return [
    ...identity,
    ...distinctRoles([roles, stagingRoles]).map(({ hop, base }) =>
      forecastRole(hop, base, usesOf(plan, hop.id), context),
    ),
    forecastLogin(login, roles.at(-1)?.id ?? 'identity', context),
  ];
}

/** The hops of two paths that begin alike, each once, with the hop before it. */
function distinctRoles(paths: readonly (readonly RoleHop[])[]): readonly { hop: RoleHop; base: string }[] {
  const found = new Map<string, { hop: RoleHop; base: string }>();
  for (const path of paths) {
    for (const [index, hop] of path.entries()) {
      if (!found.has(hop.id)) found.set(hop.id, { hop, base: path[index - 1]?.id ?? 'identity' });
    }
  }
  return [...found.values()];
}

function usesOf({ roles, stagingRoles, login }: AccessPlan, id: string): readonly HopUse[] {
  const isIn = (path: readonly RoleHop[]): boolean => path.some((hop) => hop.id === id);
  const forLogin = login.kind !== 'password' && (id === 'identity' || isIn(roles));
  const forStaging = isIn(stagingRoles) || (id === 'identity' && (stagingRoles.length > 0 || !forLogin));
  return [...(forLogin ? (['login'] as const) : []), ...(forStaging ? (['staging'] as const) : [])];
}

interface Context {
  readonly made: MadeHops;
  readonly nowMs: number;
  /** The identity ends some time, and nothing renews it. */
  readonly isFixed: boolean;
  /** The identity has a session token: what it assumes is chained. */
  readonly fromRole: boolean;
}

const PLANNED_IDENTITY = {
  accessKeys: 'access keys',
  machineRole: "the machine's role",
  workerRole: "the worker node's role",
  profile: 'a profile',
  environment: "the agent's environment",
} as const;

/** Sources whose values stay as they are for the life of this process. */
const UNCHANGING: ReadonlySet<string> = new Set(['access keys', 'environment variables']);

/** Temporary credentials that were given from outside: nothing here gets the next ones. */
export function isUnrenewable({ source, sessionToken }: AwsCredentials): boolean {
  return sessionToken !== undefined && UNCHANGING.has(source);
}

function forecastIdentity(plan: AccessPlan, { identity: made, known }: MadeHops, nowMs: number): HopForecast {
  const value = inHand(made) ?? known;
  const kind = plan.identity?.kind ?? 'environment';
  return {
    id: 'identity',
    kind: 'identity',
    usedFor: usesOf(plan, 'identity'),
    principal: value?.principalArn ?? PLANNED_IDENTITY[kind],
    ...defined({ source: value?.source, note: value?.note }),
    ...endOf(value, nowMs),
    ...renewalOfIdentity(plan.identity, value),
    ...missingOf(made),
  };
}

/** Of keys in the form all is known before they are used; of every other source only once it gave credentials. */
function renewalOfIdentity(
  planned: AccessPlan['identity'],
  value: AwsCredentials | undefined,
): Pick<HopForecast, 'renewal' | 'renewedBy' | 'cap'> {
  const given = planned?.kind === 'accessKeys' ? planned : undefined;
  if (value === undefined && given === undefined) {
    const reason = 'The source decides how long its credentials last; there are none in hand that would tell.';
    return { renewal: 'automatic', cap: { kind: 'source', reason } };
  }
  const hasToken = (value ?? given)?.sessionToken !== undefined;
  if (!hasToken && value?.expiresAt === undefined) {
    return { renewal: 'notNeeded', cap: { kind: 'none', reason: 'Long-lived keys do not end.' } };
  }
  if (value === undefined || isUnrenewable(value)) {
    const reason = 'A session token that was given from outside ends when it ends, and cannot be renewed here.';
    return { renewal: 'impossible', cap: { kind: 'fixedToken', reason } };
  }
  const renewedBy = { call: value.source };
  if (value.expiresAt === undefined) {
    const reason = 'The session token does not say when it ends; it is read again once AWS refuses it.';
    return { renewal: 'whenReplaced', renewedBy, cap: { kind: 'fixedToken', reason } };
  }
  const reason = 'The source decides how long its credentials last, and replaces them before they end.';
  return { renewal: 'automatic', renewedBy, cap: { kind: 'source', reason } };
}

function forecastRole(
  hop: RoleHop,
  from: string,
  usedFor: readonly HopUse[],
  { made, nowMs, isFixed, fromRole }: Context,
): HopForecast {
  const outcome = made.roles.get(hop.id);
  const value = inHand(outcome);
  return {
    id: hop.id,
    kind: 'role',
    usedFor,
    principal: value?.principalArn ?? hop.roleArn,
    ...defined({ source: value?.source, note: value?.note ?? hop.note }),
    ...endOf(value, nowMs),
    lifetimeSeconds: hop.durationSeconds,
    renewal: isFixed ? 'untilBaseEnds' : 'automatic',
    renewedBy: { call: 'sts:AssumeRole', from },
    cap: hop.chained || fromRole || from !== 'identity' ? CHAINED : ROLE_MAXIMUM,
    ...missingOf(outcome),
  };
}

const CHAINED: LifetimeCap = {
  kind: 'roleChaining',
  seconds: CHAINED_MAX_SECONDS,
  reason: "One hour: a role that is assumed from a role's session (role chaining).",
};

const ROLE_MAXIMUM: LifetimeCap = {
  kind: 'roleMaximum',
  seconds: 43_200,
  reason: "The role's own maximum session duration, of one to twelve hours.",
};

function forecastLogin(login: LoginHop, from: string, { made, nowMs, isFixed }: Context): HopForecast {
  const value = inHand(made.login);
  const base = { id: 'login', kind: 'login', usedFor: ['login'], ...missingOf(made.login) } as const;
  if (login.kind === 'password') {
    const cap = { kind: 'none', reason: 'A stored password is used as it is.' } as const;
    return { ...base, principal: login.username, source: 'stored password', renewal: 'notNeeded', cap };
  }
  const planned = 'username' in login ? login.username : 'the user that belongs to the role';
  const call = LOGIN_ACTIONS[login.kind];
  return {
    ...base,
    principal: value?.user ?? planned,
    ...(value === undefined ? {} : { source: call }),
    ...endOf(value, nowMs),
    lifetimeSeconds: login.lifetimeSeconds,
    renewal: isFixed ? 'untilBaseEnds' : 'automatic',
    renewedBy: { call, from },
    cap: {
      kind: 'login',
      seconds: 3600,
      reason: 'A login lasts 900 to 3600 seconds; only new connections need one, open sessions live on.',
    },
  };
}

function inHand<T>(made: Made<T>): T | undefined {
  return made !== undefined && 'value' in made ? made.value : undefined;
}

function missingOf(made: Made<unknown>): Pick<HopForecast, 'missing'> {
  if (made === undefined) return { missing: 'skipped' };
  return 'error' in made ? { missing: { code: made.error.code, message: made.error.message } } : {};
}

function endOf(value: { readonly expiresAt?: Date } | undefined, nowMs: number) {
  const end = value?.expiresAt;
  if (end === undefined) return {};
  const remainingSeconds = Math.max(0, Math.floor((end.getTime() - nowMs) / 1000));
  return { endsAt: end.toISOString(), remainingSeconds };
}
