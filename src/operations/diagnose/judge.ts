import type { ActualState } from '../../policies/actual-policies.ts';
import { decide, decideBy } from '../../policies/decide.ts';
import type { AccessRequest } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import { addition, attachment, creation, fromHint, fromObstacle, organizationRefusal } from './candidates.ts';
import { obstaclesTo } from './denials.ts';
import type { Candidate, Diagnosis } from './diagnosis.ts';
import type { Refusal } from './refusal.ts';
import { documentsIn, isCause, isRead, knownPolicies, NOTHING_READ, type Suspect } from './suspects.ts';

/** At most so many candidates: more would be no help. */
const SHOWN = 2;

/** What is known besides the refusal. Everything may be absent. */
export interface Knowledge {
  /** Policies that IAM let us read. */
  readonly state?: ActualState;
  /** ARNs of users and roles that IAM says do not exist, with the names that are near. */
  readonly missing?: ReadonlyMap<string, readonly string[]>;
  /** What `iam:SimulatePrincipalPolicy` said of requests: of the caller's side alone. */
  readonly simulated?: readonly Simulation[];
  /** Suspects that a harmless trial has cleared. */
  readonly cleared?: (suspect: Suspect) => boolean;
  /** What was read and tried, in sentences. */
  readonly evidence?: readonly string[];
}

/** IAM's own evaluation of the caller's side of a request. */
export interface Simulation {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly decision: 'allowed' | 'implicitDeny' | 'explicitDeny';
  /** False where the organization's policies are what refuses. */
  readonly byOrganization?: boolean;
  /** False where the permissions boundary is what refuses. */
  readonly byBoundary?: boolean;
}

/** Weighs the suspects of a refusal by all that is known. Pure. */
export function judge(
  set: PolicySet,
  refusal: Refusal,
  suspects: readonly Suspect[],
  { state = NOTHING_READ, missing = new Map(), simulated = [], cleared = () => false, evidence = [] }: Knowledge = {},
): Diagnosis {
  const said = [...saidSentences(refusal), ...evidence];
  const verdict = (candidates: readonly Candidate[], decided: boolean, ...more: readonly string[]): Diagnosis => ({
    decided: decided && candidates.length === 1,
    candidates: candidates.slice(0, SHOWN),
    evidence: [...said, ...more],
  });

  if (refusal.work === 'attachment') return verdict(attachment(set), true);
  const absent = suspects.filter(({ document }) => missing.has(document.holder.arn));
  if (absent.length > 0) {
    const holders = [...new Map(absent.map(({ document }) => [document.holder.arn, document])).values()];
    return verdict(
      holders.map((document) => creation(set, document, missing.get(document.holder.arn) ?? [])),
      true,
    );
  }
  const requests = suspects.flatMap((each) => each.requests);
  const obstacles = obstaclesTo(requests, set, state);
  if (obstacles.length > 0)
    return verdict(
      obstacles.map((each) => fromObstacle(each, set)),
      true,
    );
  const byOrganization = simulated.find((each) => each.byOrganization === false && concerns(each, requests));
  if (byOrganization !== undefined) return verdict(organizationRefusal(set, requests, byOrganization), true);
  const hinted = fromHint(set, refusal, requests);
  if (hinted.length > 0)
    return verdict(hinted, refusal.hint?.policyArn !== undefined || refusal.hint?.policy !== 'other');

  const standing = suspects.map((suspect) => ({ suspect, is: standingOf(suspect, state, simulated) }));
  const lacking = standing.filter(({ is }) => is === 'lacking').map(({ suspect }) => suspect);
  const causes = lacking.filter((each) => isCause(set, state, each));
  const refused = causes.length > 0 ? causes : lacking.filter((each) => isRefused(each.requests, set, state));
  if (refused.length > 0) {
    const more = refused.length > 1 ? ['Each of these is missing: both have to be added.'] : [];
    return verdict(
      refused.map((each) => addition(set, each)),
      true,
      ...more,
    );
  }
  const left = standing.filter(({ suspect, is }) => (is === 'unread' || is === 'open') && !cleared(suspect));
  const wasRead = standing.some(({ is }) => is === 'allowing');
  const ranked = ranking(
    left.map(({ suspect }) => suspect),
    refusal,
    set,
    state,
    wasRead,
  );
  if (ranked.length === 0) return verdict([], false, ...nothingLeft(standing.length, wasRead));
  const isCertain = isSettled(refusal, ranked, wasRead || left.length < standing.length);
  return verdict(
    ranked.map((each) => addition(set, each)),
    isCertain && left.every(({ is }) => is === 'unread'),
  );
}

/** `lacking`: read, and does not allow it. `open`: read, and hangs on what only the request itself carries. */
type Standing = 'lacking' | 'allowing' | 'open' | 'unread';

function standingOf({ document, requests }: Suspect, state: ActualState, simulated: readonly Simulation[]): Standing {
  const { kind, holder } = document;
  if (!isRead(document, state)) return kind === 'permissions' ? bySimulation(requests, simulated) : 'unread';
  const own = documentsIn(state, holder.arn, [kind]);
  const verdicts = requests.map((request) => decideBy(own, request, { byPrincipal: kind !== 'permissions' }).verdict);
  const isPartial = state.unread.some((each) => each.holder === holder.arn);
  if (verdicts.includes('denied')) return isPartial ? 'open' : 'lacking';
  if (!verdicts.includes('undecided')) return 'allowing';
  return bySimulation(requests, simulated) === 'allowing' ? 'allowing' : 'open';
}

function bySimulation(requests: readonly AccessRequest[], simulated: readonly Simulation[]): Standing {
  const found = requests.map((request) => simulated.find((each) => concerns(each, [request]))?.decision);
  if (found.some((decision) => decision !== undefined && decision !== 'allowed')) return 'lacking';
  return found.includes(undefined) ? 'unread' : 'allowing';
}

function concerns({ principal, action, resource }: Simulation, requests: readonly AccessRequest[]): boolean {
  return requests.some(
    (request) => request.principal === principal && request.action === action && request.resource === resource,
  );
}

function isRefused(requests: readonly AccessRequest[], set: PolicySet, state: ActualState): boolean {
  const known = knownPolicies(set, state);
  return requests.some((request) => decide(request, known).verdict === 'denied');
}

/** What can be the cause of those that nobody read, likeliest first. */
function ranking(
  suspects: readonly Suspect[],
  { hint, work }: Refusal,
  set: PolicySet,
  state: ActualState,
  wasRead: boolean,
): readonly Suspect[] {
  const isOwn = ({ document }: Suspect): boolean => document.kind === 'permissions';
  if (hint?.effect === 'silent' && hint.policy === 'identity') return suspects.filter(isOwn);
  const open = hint?.policy === 'resource' ? suspects.filter((each) => !isOwn(each)) : suspects;
  const breaking = open.filter((each) => isCause(set, state, each));
  // One account: a trust that names the account alone leaves it to the caller's own policy, and then that one is needed.
  const others = work === 'role' && !wasRead ? open.filter((each) => !breaking.includes(each)) : [];
  const theirs = breaking.filter((each) => !isOwn(each));
  return [...theirs, ...breaking.filter(isOwn), ...others];
}

/** One side alone decides: the caller's permissions, or the trust towards a service. */
const DECIDED_BY_ONE: readonly Refusal['work'][] = ['identity', 'lookup', 'login', 'copyRole'];

/** Whether the one that is left must be it. */
function isSettled({ hint, work }: Refusal, ranked: readonly Suspect[], someCleared: boolean): boolean {
  if (ranked.length !== 1) return false;
  return hint?.effect === 'silent' || someCleared || DECIDED_BY_ONE.includes(work);
}

function saidSentences({ said, hint }: Refusal): readonly string[] {
  if (said === '') return ['AWS gave no words with its refusal.'];
  return [`AWS said: ${said}`, ...(hint === undefined ? ['AWS did not say which kind of policy refused.'] : [])];
}

function nothingLeft(suspects: number, wasRead: boolean): readonly string[] {
  if (suspects === 0) return ['None of the statements that this connection needs is asked for here.'];
  return wasRead
    ? [
        'All policies that were read allow this request. If one was changed just now, try again in a minute: changes take ' +
          'time to arrive. Otherwise a policy above the account, of a VPC endpoint or of the session refuses it.',
      ]
    : [];
}
