import type { ActualState } from '../../policies/actual-policies.ts';
import type { AccessRequest } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import {
  addition,
  attachment,
  creation,
  fromHint,
  fromObstacle,
  fromSessionPolicy,
  fromSimulation,
} from './candidates.ts';
import { obstaclesTo } from './denials.ts';
import type { Candidate, Diagnosis } from './diagnosis.ts';
import type { Refusal } from './refusal.ts';
import { isRefused, nearMiss, type Simulation, type Standing, simulationOf, standingOf } from './standing.ts';
import { isCause, NOTHING_READ, type Suspect } from './suspects.ts';

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

/** A refusal beside everything that is known of it. */
interface Case extends Required<Omit<Knowledge, 'evidence'>> {
  readonly set: PolicySet;
  readonly refusal: Refusal;
  readonly suspects: readonly Suspect[];
  readonly requests: readonly AccessRequest[];
}

/** What one way of reasoning comes to; no candidates: nothing, and the next one is asked. */
interface Finding {
  readonly candidates: readonly Candidate[];
  readonly decided: boolean;
  readonly evidence?: readonly string[];
}

/** Strongest first: the one that finds something has the word. */
const REASONINGS: readonly ((known: Case) => Finding)[] = [
  ({ refusal, set }) => certain(refusal.work === 'attachment' ? attachment(set) : []),
  ({ requests, set }) => certain(fromSessionPolicy(set, requests)),
  byAbsence,
  ({ requests, set, state, refusal }) =>
    certain(obstaclesTo(requests, set, state, refusal.hint).map((each) => fromObstacle(each, set))),
  ({ simulated, requests, set, state }) => certain(fromSimulation(set, simulated, requests, state)),
  ({ refusal, requests, set }) => certain(fromHint(set, refusal, requests)),
  byReading,
  byElimination,
];

/** Weighs the suspects of a refusal by all that is known. Pure. */
export function judge(
  { set, suspects }: { readonly set: PolicySet; readonly suspects: readonly Suspect[] },
  refusal: Refusal,
  { state = NOTHING_READ, missing = new Map(), simulated = [], cleared = () => false, evidence = [] }: Knowledge = {},
): Diagnosis {
  const requests = suspects.flatMap((each) => each.requests);
  const known: Case = { set, refusal, suspects, requests, state, missing, simulated, cleared };
  let finding: Finding = { candidates: [], decided: false };
  for (const reasoning of REASONINGS) {
    finding = reasoning(known);
    if (finding.candidates.length > 0) break;
  }
  const candidates = finding.candidates.slice(0, SHOWN);
  return {
    decided: finding.decided && finding.candidates.length === 1,
    candidates,
    evidence: [...saidSentences(refusal), ...evidence, ...(finding.evidence ?? [])],
  };
}

/** Two suspects may share a request, and then its cause is found twice. */
function certain(candidates: readonly Candidate[]): Finding {
  return { candidates: [...new Map(candidates.map((each) => [each.reason, each])).values()], decided: true };
}

/** IAM says that somebody on the way is not there. */
function byAbsence({ suspects, missing, set }: Case): Finding {
  const absent = suspects.filter(({ document }) => missing.has(document.holder.arn));
  const documents = new Map(absent.map(({ document }) => [document.holder.arn, document]));
  return certain([...documents].map(([arn, document]) => creation(set, document, missing.get(arn) ?? [])));
}

/** Statements that were looked for and are not there. */
function byReading(known: Case): Finding {
  const { set, state } = known;
  const lacking = standings(known, ['lacking']);
  const causes = lacking.filter((each) => isCause(set, state, each));
  const refused = causes.length > 0 ? causes : lacking.filter(({ requests }) => isRefused(requests, set, state));
  return {
    candidates: refused.map((each) => addition(set, each, nearMiss(each, state), { isKnown: true })),
    decided: true,
    evidence: refused.length > 1 ? [severalMissing(refused.length)] : [],
  };
}

function severalMissing(count: number): string {
  if (count <= SHOWN) return 'Each of these is missing: both have to be added.';
  return `${count} statements are missing, and all have to be added: roleshift policies prints every one.`;
}

/** What is left once everything is out that was found in order. */
function byElimination(known: Case): Finding {
  const { set, state, refusal, suspects, cleared } = known;
  const open = standings(known, ['open']);
  const left = [...standings(known, ['unread']), ...open].filter((each) => !cleared(each));
  const wasRead = standings(known, ['allowing']).length > 0;
  const ranked = ranking(
    suspects.filter((each) => left.includes(each)),
    refusal,
    { set, state, wasRead },
  );
  if (ranked.length === 0) return { candidates: [], decided: false, evidence: nothingLeft(suspects.length, wasRead) };
  const someCleared = wasRead || left.length < suspects.length;
  const isLeft = wasRead && ranked.length === 1;
  return {
    candidates: ranked.map((each) => {
      const near = nearMiss(each, state);
      const isSaid = refusal.hint?.policy === (each.document.kind === 'permissions' ? 'identity' : 'resource');
      return addition(set, each, near, { isKnown: near.wasRead || isSaid });
    }),
    decided: isSettled(refusal, ranked, someCleared) && open.length === 0 && !mayHide(known),
    evidence: isLeft ? ['What could be read is in order; this is what is left.'] : [],
  };
}

/** A policy or a boundary of the caller that may not be read can refuse as well, unless IAM itself says that it does not. */
function mayHide({ requests, state, simulated }: Case): boolean {
  return requests.some(
    (request) =>
      state.unread.some(({ holder }) => holder === request.principal) &&
      simulationOf(request, simulated)?.decision !== 'allowed',
  );
}

function standings({ suspects, state, simulated }: Case, wanted: readonly Standing[]): readonly Suspect[] {
  return suspects.filter((suspect) => wanted.includes(standingOf(suspect, state, simulated)));
}

/** What can be the cause of those that nobody read, likeliest first. */
function ranking(
  suspects: readonly Suspect[],
  { hint, work }: Refusal,
  { set, state, wasRead }: Pick<Case, 'set' | 'state'> & { readonly wasRead: boolean },
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

/** The trust towards a service alone decides: no boundary and no organization stands between. */
const DECIDED_BY_ONE: readonly Refusal['work'][] = ['identity', 'copyRole'];

/** Whether the one that is left must be it. Where AWS names no kind of policy, a boundary or an organization may be it. */
function isSettled({ hint, work }: Refusal, ranked: readonly Suspect[], someCleared: boolean): boolean {
  if (ranked.length !== 1 || hint?.policy === 'other') return false;
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
