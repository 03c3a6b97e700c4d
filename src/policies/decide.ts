import { conditionVerdict } from './conditions.ts';
import {
  type AccessRequest,
  listOf,
  type PolicyDocument,
  type PolicyPrincipal,
  type PolicyStatement,
  statementsOf,
} from './document.ts';
import { contextOf, matchesPattern, matchesResource, type RequestContext } from './match-pattern.ts';
import { every, not, some, type Ternary } from './ternary.ts';

/** The policies that exist, as far as they are known. */
export interface KnownPolicies {
  /** Permissions of a user or role by ARN; undefined where nobody said. */
  permissions(arn: string): readonly PolicyDocument[] | undefined;
  /** What the permissions boundary allows; undefined where there is none. */
  boundary(arn: string): readonly PolicyDocument[] | undefined;
  /** Trust policy of a role, policy of a bucket or key, by ARN; several where they are held together, none where nobody said. */
  ofResource(arn: string): readonly PolicyDocument[];
}

/** `undecided` hangs on condition keys that only the real request carries. */
export interface Decision {
  readonly verdict: 'allowed' | 'denied' | 'undecided';
  readonly unknownKeys: readonly string[];
}

/**
 * How a statement names the caller. `account` leaves it to the caller's own policies. `session`: one session of the role is
 * named, and only the request itself tells which one it is.
 */
type Match = 'account' | 'session' | 'exact' | 'everybody';

interface Weighed {
  readonly denies: Ternary;
  /** By a statement that names the caller itself, one session of it, or everybody. */
  readonly allows: Ternary;
  /** The same, without those that name a role: what these give to a session of it, a boundary narrows. */
  readonly allowsFreely: Ternary;
  /** By a statement that names the caller's account, and so leaves it to the caller's own policies. */
  readonly delegates: Ternary;
  readonly unknownKeys: readonly string[];
}

/** Whether IAM lets a request pass, by the policies of both sides. A small evaluator of its own: nothing of the sandbox. */
export function decide(request: AccessRequest, known: KnownPolicies): Decision {
  const { principal, resource, resourceAccount, action } = request;
  const isTrust = action.startsWith('sts:');
  const own = weigh(known.permissions(principal) ?? [], request);
  const boundary = known.boundary(principal);
  const bounds = boundary === undefined ? undefined : weigh(boundary, request);
  const other = known.ofResource(resourceArn(resource));
  const theirs = weigh(other, request, { byPrincipal: true, hasBoundary: bounds !== undefined });
  const callerAccount = principal.split(':')[4] ?? '';
  const within = bounds === undefined ? true : bounds.allows;
  const mine = every([own.allows, within]);
  const granted = some([theirs.allowsFreely, every([theirs.allows, within])]);

  let allows: Ternary;
  // A service or an identity provider has no policies of its own.
  if (!/^arn:[^:]+:iam::[^:]*:(?:user|role)\//.test(principal)) allows = theirs.allows;
  else if (callerAccount !== resourceAccount) allows = every([mine, some([theirs.allows, theirs.delegates])]);
  else if (isTrust) allows = some([granted, every([theirs.delegates, mine])]);
  else allows = some([mine, granted]);

  const denies = some([own.denies, bounds?.denies ?? false, theirs.denies]);
  const passes = every([allows, not(denies)]);
  return {
    verdict: passes === undefined ? 'undecided' : passes ? 'allowed' : 'denied',
    unknownKeys: [
      ...new Set([own, theirs, ...(bounds === undefined ? [] : [bounds])].flatMap(({ unknownKeys }) => unknownKeys)),
    ],
  };
}

/** Whether these documents alone let the request pass: one side of `decide`. */
export function decideBy(
  documents: readonly PolicyDocument[],
  request: AccessRequest,
  { byPrincipal }: { readonly byPrincipal: boolean },
): Decision {
  const { allows, delegates, denies, unknownKeys } = weigh(documents, request, { byPrincipal });
  const passes = every([some([allows, delegates]), not(denies)]);
  return { verdict: passes === undefined ? 'undecided' : passes ? 'allowed' : 'denied', unknownKeys };
}

/** An object's policy is its bucket's. */
function resourceArn(resource: string): string {
  return resource.includes(':s3:::') ? (resource.split('/')[0] ?? resource) : resource;
}

function weigh(
  documents: readonly PolicyDocument[],
  request: AccessRequest,
  { byPrincipal = false, hasBoundary = false }: { readonly byPrincipal?: boolean; readonly hasBoundary?: boolean } = {},
): Weighed {
  const context = contextOf({ ...knownOf(request.principal), ...request.context });
  const statements = documents.flatMap((document) =>
    statementsOf(document).flatMap((statement) => {
      const variables = document.Version === '2012-10-17' ? context : undefined;
      const matches = byPrincipal ? matchesOf(statement, request.principal, hasBoundary) : (['exact'] as const);
      const speaks = every([actionMatches(statement, request.action), resourceMatches(statement, request, variables)]);
      if (speaks === false || matches.length === 0) return [];
      const { holds, unknownKeys } = conditionVerdict(statement.Condition, context, variables);
      return matches.map((match) => ({
        effect: statement.Effect,
        match,
        applies: every([speaks, holds, match === 'session' ? undefined : true]),
        unknownKeys,
      }));
    }),
  );
  const of = (effect: 'Allow' | 'Deny', ...matches: readonly Match[]): Ternary =>
    some(
      statements.filter((each) => each.effect === effect && matches.includes(each.match)).map(({ applies }) => applies),
    );
  // What a resource grants to a user by name passes a boundary that is silent on it; what it grants to a role does not.
  const free = request.principal.includes(':user/') ? (['exact'] as const) : [];
  return {
    denies: of('Deny', 'account', 'session', 'exact', 'everybody'),
    allows: of('Allow', 'session', 'exact', 'everybody'),
    allowsFreely: of('Allow', 'session', 'everybody', ...free),
    delegates: of('Allow', 'account'),
    unknownKeys: statements.filter(({ applies }) => applies === undefined).flatMap(({ unknownKeys }) => unknownKeys),
  };
}

/** What every request of a user or a role says. */
function knownOf(principal: string): Readonly<Record<string, string>> {
  const [, account = ''] = /^arn:[^:<]+:iam::(\d{12}):(?:user|role)\/[^<]+$/.exec(principal) ?? [];
  return account === '' ? {} : { 'aws:PrincipalArn': principal, 'aws:PrincipalAccount': account };
}

function actionMatches({ Action, NotAction }: PolicyStatement, action: string): Ternary {
  const among = (patterns: PolicyStatement['Action']): Ternary =>
    some(listOf(patterns).map((pattern) => matchesPattern(pattern.toLowerCase(), action.toLowerCase())));
  if (Action !== undefined) return among(Action);
  return NotAction === undefined ? false : not(among(NotAction));
}

function resourceMatches(
  { Resource, NotResource }: PolicyStatement,
  { resource }: AccessRequest,
  variables: RequestContext | undefined,
): Ternary {
  const among = (patterns: PolicyStatement['Resource']): Ternary =>
    some(listOf(patterns).map((pattern) => matchesResource(pattern, resource, variables)));
  if (Resource !== undefined) return among(Resource);
  return NotResource === undefined ? true : not(among(NotResource)); // a trust policy has neither
}

/** Every way in which a statement names the caller; none where it does not. */
function matchesOf(
  { Effect, Principal, NotPrincipal }: PolicyStatement,
  principal: string,
  hasBoundary: boolean,
): readonly Match[] {
  if (NotPrincipal === undefined) return Principal === undefined ? [] : namings(Principal, principal);
  if (Effect === 'Deny') return matchesOfAllBut(NotPrincipal, principal, hasBoundary);
  const matches = namings(NotPrincipal, principal);
  return matches.length === 0 ? ['exact'] : matches.every((match) => match === 'session') ? matches : [];
}

function namings(element: PolicyPrincipal, principal: string): readonly Match[] {
  if (element === '*') return ['everybody'];
  const named = Object.values(element).flatMap(listOf);
  const ways: Readonly<Record<Match, boolean>> = {
    everybody: principal.startsWith('arn:') && listOf(element['AWS']).includes('*'),
    exact: named.includes(principal),
    session: named.some((entry) => entry.startsWith(sessionsOf(principal))),
    account: namesAccount(named, principal),
  };
  return (['everybody', 'exact', 'session', 'account'] as const).filter((way) => ways[way]);
}

/**
 * A Deny for all but some spares a caller only where they name its account as well, and of a role the session besides. It
 * spares nobody who has a boundary.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
 */
function matchesOfAllBut(element: PolicyPrincipal, principal: string, hasBoundary: boolean): readonly Match[] {
  if (hasBoundary) return ['exact'];
  if (element === '*' || listOf(element['AWS']).includes('*')) return [];
  const named = Object.values(element).flatMap(listOf);
  if (!named.includes(principal)) return ['exact'];
  if (!principal.startsWith('arn:')) return [];
  if (!namesAccount(named, principal)) return ['exact'];
  // Which session it is, and whether the role alone is enough, is not known here.
  return principal.includes(':role/') ? ['session'] : [];
}

function namesAccount(named: readonly string[], principal: string): boolean {
  const account = principal.split(':')[4] ?? '';
  return (
    account !== '' &&
    named.some((entry) => entry === account || (entry.endsWith(':root') && entry.split(':')[4] === account))
  );
}

/** What the ARNs of a role's sessions begin with. */
function sessionsOf(principal: string): string {
  const [arn, partition, , , account] = principal.split(':');
  return `${arn}:${partition}:sts::${account}:assumed-role/${principal.slice(principal.lastIndexOf('/') + 1)}/`;
}
