import type { ActualState } from '../../policies/actual-policies.ts';
import { decide, decideBy } from '../../policies/decide.ts';
import { type AccessRequest, listOf, type PolicyDocument, statementsOf } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import { documentsIn, isRead, knownPolicies, type Suspect } from './suspects.ts';

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

/** `lacking`: looked for, and not there. `open`: it hangs on what only the request itself carries. */
export type Standing = 'lacking' | 'allowing' | 'open' | 'unread';

/** How a suspect stands by what was read and simulated. */
export function standingOf(
  { document, requests }: Suspect,
  state: ActualState,
  simulated: readonly Simulation[],
): Standing {
  const { kind, holder } = document;
  const byOther = kind === 'permissions' ? bySimulation(requests, simulated) : 'unread';
  if (!isRead(document, state)) return byOther;
  const own = documentsIn(state, holder.arn, [kind]);
  const verdicts = requests.map((request) => decideBy(own, request, { byPrincipal: kind !== 'permissions' }).verdict);
  const isPartial = state.unread.some((each) => each.holder === holder.arn);
  if (verdicts.includes('denied')) return isPartial && byOther !== 'lacking' ? asKnown(byOther) : 'lacking';
  return verdicts.includes('undecided') ? asKnown(byOther) : 'allowing';
}

function asKnown(standing: Standing): Standing {
  return standing === 'unread' ? 'open' : standing;
}

function bySimulation(requests: readonly AccessRequest[], simulated: readonly Simulation[]): Standing {
  const found = requests.map((request) => simulationOf(request, simulated)?.decision);
  if (found.some((decision) => decision !== undefined && decision !== 'allowed')) return 'lacking';
  return found.includes(undefined) ? 'unread' : 'allowing';
}

/** What was simulated for a request. */
export function simulationOf(request: AccessRequest, simulated: readonly Simulation[]): Simulation | undefined {
  return simulated.find(
    ({ principal, action, resource }) =>
      request.principal === principal && request.action === action && request.resource === resource,
  );
}

/** Whether what was read, and the plan for what was not, refuses one of these requests. */
export function isRefused(requests: readonly AccessRequest[], set: PolicySet, state: ActualState): boolean {
  const known = knownPolicies(set, state);
  return requests.some((request) => decide(request, known).verdict === 'denied');
}

/** What comes near to a statement that is missing. */
export interface NearMiss {
  /** Whether its document was read at all. */
  readonly wasRead: boolean;
  /** Condition keys on which a statement hangs that would let the request pass but for them: an external id. */
  readonly conditions: readonly string[];
  /** Resources for which a statement allows the very action: those of another cluster, or a misspelt ARN. */
  readonly resources: readonly string[];
}

/** How near what was read comes to letting the requests of a suspect pass; empty where nothing does. */
export function nearMiss({ document, requests }: Suspect, state: ActualState): NearMiss {
  const { kind, holder } = document;
  const byPrincipal = kind !== 'permissions';
  const allows = (policy: PolicyDocument): boolean =>
    requests.some((request) => decideBy([policy], request, { byPrincipal }).verdict === 'allowed');
  const near = documentsIn(state, holder.arn, [kind])
    .flatMap((policy) => statementsOf(policy).map((statement) => ({ policy, statement })))
    .filter(({ policy, statement }) => statement.Effect === 'Allow' && !allows({ ...policy, Statement: statement }))
    .map(({ policy, statement: { Condition = {}, ...statement } }) => ({ policy, statement, Condition }));
  const keys = near.flatMap(({ policy, statement, Condition }) =>
    allows({ ...policy, Statement: statement }) ? Object.values(Condition).flatMap((tests) => Object.keys(tests)) : [],
  );
  const resources = near.flatMap(({ policy, statement }) =>
    !allows({ ...policy, Statement: statement }) && allows({ ...policy, Statement: { ...statement, Resource: '*' } })
      ? listOf(statement.Resource)
      : [],
  );
  return {
    wasRead: isRead(document, state),
    conditions: [...new Set(keys)],
    resources: [...new Set(resources)],
  };
}
