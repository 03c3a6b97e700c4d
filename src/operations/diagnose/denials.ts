import type { ActualPolicy, ActualState } from '../../policies/actual-policies.ts';
import { type Decision, decide, decideBy } from '../../policies/decide.ts';
import {
  type AccessRequest,
  type PolicyDocument,
  type PolicyHolder,
  type PolicyStatement,
  statementsOf,
} from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import type { DiagnosedDocument } from './diagnosis.ts';
import { holderOf, policyOwnerOf } from './holder-of.ts';
import type { Hint } from './refusal.ts';
import { knownPolicies } from './suspects.ts';

/** A statement that forbids, or a boundary that does not allow. */
export interface Obstacle {
  readonly holder: PolicyHolder;
  readonly document: Exclude<DiagnosedDocument, 'organization' | 'cluster' | 'session' | 'endpoint'>;
  readonly request: AccessRequest;
  readonly source: string;
  /** The `Deny`; absent for a boundary that is silent. */
  readonly statement?: PolicyStatement;
}

/**
 * Every `Deny` in what was read that speaks of one of these requests, and every boundary that stops it though all else is as planned. A Deny whose
 * conditions only the request itself can answer counts where AWS says that a policy of its kind denies.
 */
export function obstaclesTo(
  requests: readonly AccessRequest[],
  set: PolicySet,
  state: ActualState,
  hint: Hint | undefined,
): readonly Obstacle[] {
  const found = requests.flatMap((request) =>
    state.policies.flatMap(({ kind, holder: arn, document, source }): readonly Obstacle[] => {
      const isOwn = kind === 'permissions' || kind === 'boundary';
      if (arn !== (isOwn ? request.principal : policyOwnerOf(request.resource))) return [];
      const holder = holderOf(set, arn, isOwn ? undefined : request.resourceAccount);
      const isSaid = hint?.effect === 'deny' && KINDS[hint.policy]?.includes(kind) === true;
      const denies = statementsOf(document).filter((statement) => {
        const verdict = beside({ ...document, Statement: statement }, statement.Effect, request, !isOwn);
        return verdict === 'denied' || (isSaid && verdict === 'undecided');
      });
      if (denies.length > 0) {
        return denies.map((statement) => ({ holder, document: kind, request, source, statement }));
      }
      const isStopped =
        kind === 'boundary' &&
        decideBy([document], request, { byPrincipal: false }).verdict === 'denied' &&
        isBounded(request, set, state);
      return isStopped ? [{ holder, document: kind, request, source }] : [];
    }),
  );
  const key = ({ holder, document, source, statement }: Obstacle): string =>
    JSON.stringify([holder.arn, document, source, statement]);
  return [...new Map(found.map((each) => [key(each), each])).values()];
}

/**
 * Whether a boundary that is silent stops a request though all else is as planned: what a resource grants to a user by name
 * passes it. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 */
export function isBounded(request: AccessRequest, set: PolicySet, state: ActualState): boolean {
  const mended = knownPolicies(set, state, { mended: true });
  return decide(request, { ...mended, boundary: () => [] }).verdict !== 'allowed';
}

/** The documents that AWS means by a kind of policy. */
const KINDS: Partial<Readonly<Record<Hint['policy'], readonly ActualPolicy['kind'][]>>> = {
  identity: ['permissions'],
  boundary: ['boundary'],
  resource: ['trust', 'bucket', 'key'],
};

/** What comes of a request by a document of one `Deny` beside one that allows everything. */
function beside(
  document: PolicyDocument,
  effect: PolicyStatement['Effect'],
  request: AccessRequest,
  byPrincipal: boolean,
): Decision['verdict'] {
  if (effect !== 'Deny') return 'allowed';
  const all: PolicyStatement = byPrincipal
    ? { Effect: 'Allow', Principal: '*', Action: '*' }
    : { Effect: 'Allow', Action: '*', Resource: '*' };
  return decideBy([{ Statement: all }, document], request, { byPrincipal }).verdict;
}
