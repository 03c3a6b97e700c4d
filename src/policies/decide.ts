import { conditionVerdict } from './conditions.ts';
import { type AccessRequest, listOf, type PolicyDocument, type PolicyStatement, statementsOf } from './document.ts';
import { contextOf, matchesPattern, type RequestContext } from './match-pattern.ts';
import { every, not, some, type Ternary } from './ternary.ts';

/** The policies that exist, as far as they are known. */
export interface KnownPolicies {
  /** Permissions of a user or role by ARN; undefined where nobody said. */
  permissions(arn: string): readonly PolicyDocument[] | undefined;
  /** What the permissions boundary allows; undefined where there is none. */
  boundary(arn: string): readonly PolicyDocument[] | undefined;
  /** Trust policy of a role, policy of a bucket or key, by ARN; undefined where nobody said. */
  ofResource(arn: string): PolicyDocument | undefined;
}

/** `undecided` hangs on condition keys that only the real request carries. */
export interface Decision {
  readonly verdict: 'allowed' | 'denied' | 'undecided';
  readonly unknownKeys: readonly string[];
}

/** `session`: one session of the role is named, and only the request itself tells which one it is. */
type Match = 'none' | 'account' | 'session' | 'exact';

interface Weighed {
  readonly denies: Ternary;
  /** By a statement that names the caller itself, or everybody. */
  readonly allows: Ternary;
  /** By a statement that names the caller's account, and so leaves it to the caller's own policies. */
  readonly delegates: Ternary;
  readonly unknownKeys: readonly string[];
}

const NOTHING: Weighed = { denies: false, allows: false, delegates: false, unknownKeys: [] };

/** Whether IAM lets a request pass, by the policies of both sides. A small evaluator of its own: nothing of the sandbox. */
export function decide(request: AccessRequest, known: KnownPolicies): Decision {
  const { principal, resource, resourceAccount, action } = request;
  const isTrust = action.startsWith('sts:');
  const own = weigh(known.permissions(principal) ?? [], request);
  const boundary = known.boundary(principal);
  const bounds = boundary === undefined ? undefined : weigh(boundary, request);
  const other = known.ofResource(resourceArn(resource));
  const theirs =
    other === undefined ? NOTHING : weigh([other], request, { byPrincipal: true, hasBoundary: bounds !== undefined });
  const callerAccount = principal.split(':')[4] ?? '';
  const within = bounds === undefined ? true : bounds.allows;
  const mine = every([own.allows, within]);
  // What the other side grants to a user by name passes a boundary that is silent on it; what it grants to a role does not.
  const granted = principal.includes(':user/') ? theirs.allows : every([theirs.allows, within]);

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
    unknownKeys: [...new Set([own, theirs, bounds ?? NOTHING].flatMap(({ unknownKeys }) => unknownKeys))],
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
  const statements = documents.flatMap(statementsOf).map((statement) => {
    // IAM spares nobody who has a boundary: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
    const sparesNobody = hasBoundary && statement.Effect === 'Deny' && statement.NotPrincipal !== undefined;
    const match = byPrincipal && !sparesNobody ? principalMatch(statement, request.principal) : 'exact';
    const speaks =
      match === 'none'
        ? false
        : every([
            match === 'session' ? undefined : true,
            actionMatches(statement, request.action),
            resourceMatches(statement, request, context),
          ]);
    const { holds, unknownKeys } =
      speaks === false ? { holds: false, unknownKeys: [] } : conditionVerdict(statement.Condition, context);
    return { effect: statement.Effect, match, applies: every([speaks, holds]), unknownKeys };
  });
  const of = (effect: 'Allow' | 'Deny', match?: Match): Ternary =>
    some(
      statements
        .filter(
          (each) =>
            each.effect === effect && (match === undefined || (each.match === 'account') === (match === 'account')),
        )
        .map(({ applies }) => applies),
    );
  return {
    denies: of('Deny'),
    allows: of('Allow', 'exact'),
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
  context: RequestContext,
): Ternary {
  const among = (patterns: PolicyStatement['Resource']): Ternary =>
    some(listOf(patterns).map((pattern) => matchesPattern(pattern, resource, context)));
  if (Resource !== undefined) return among(Resource);
  return NotResource === undefined ? true : not(among(NotResource)); // a trust policy has neither
}

function principalMatch({ Principal, NotPrincipal }: PolicyStatement, principal: string): Match {
  if (NotPrincipal !== undefined) {
    const spared = NotPrincipal === '*' ? ['*'] : Object.values(NotPrincipal).flatMap(listOf);
    if (spared.includes('*') || spared.includes(principal)) return 'none';
    return spared.some((entry) => entry.startsWith(sessionsOf(principal))) ? 'session' : 'exact';
  }
  if (Principal === undefined) return 'none';
  if (Principal === '*') return 'exact';
  const account = principal.split(':')[4] ?? '';
  const named = Object.values(Principal).flatMap(listOf);
  if (named.includes(principal)) return 'exact';
  if (principal.startsWith('arn:') && listOf(Principal['AWS']).includes('*')) return 'exact';
  if (named.some((entry) => entry.startsWith(sessionsOf(principal)))) return 'session';
  const isOfAccount = named.some(
    (entry) => entry === account || (entry.endsWith(':root') && entry.split(':')[4] === account),
  );
  return account !== '' && isOfAccount ? 'account' : 'none';
}

/** What the ARNs of a role's sessions begin with. */
function sessionsOf(principal: string): string {
  const [arn, partition, , , account] = principal.split(':');
  return `${arn}:${partition}:sts::${account}:assumed-role/${principal.slice(principal.lastIndexOf('/') + 1)}/`;
}
