import { type Decision, type Evaluation, evaluate, statementSpeaks, statementsOf } from './evaluate.ts';
import type { HeldPolicy } from './holdings.ts';
import { principalMatch } from './principals.ts';
import type { StoredPolicy } from './state.ts';
import { type Span, statementSpans } from './statement-spans.ts';

/** A statement that decided, and where it stands. */
export interface MatchedStatement {
  readonly sourceId: string;
  readonly sourceType: 'IAM Policy' | 'Permissions Boundary' | 'Resource Policy';
  readonly text: string;
  readonly span: Span;
}

export interface SimulationInput {
  readonly identity: readonly HeldPolicy[];
  readonly boundary: HeldPolicy | undefined;
  readonly resource: StoredPolicy | undefined;
  readonly request: Omit<Evaluation, 'identityPolicies' | 'boundary' | 'resourcePolicy' | 'sessionPolicies'>;
}

export interface SimulationResult {
  readonly decision: 'allowed' | 'explicitDeny' | 'implicitDeny';
  readonly matched: readonly MatchedStatement[];
  readonly allowedByOrganizations: boolean;
  /** Undefined: there is no boundary. */
  readonly allowedByBoundary: boolean | undefined;
}

interface Found extends MatchedStatement {
  readonly effect: 'Allow' | 'Deny';
}

function found({ request, boundary }: SimulationInput, policy: HeldPolicy, sourceType: Found['sourceType']): Found[] {
  const spans = statementSpans(policy.text);
  return statementsOf(policy.document).flatMap((statement, at) => {
    const isNamed =
      sourceType !== 'Resource Policy' ||
      principalMatch(statement, request.principal, { isBounded: boundary !== undefined }) !== 'none';
    if (!isNamed || !statementSpeaks(statement, policy.document, request)) return [];
    const span = spans[at] ?? { start: 0, end: policy.text.length };
    return [{ sourceId: policy.sourceId, sourceType, text: policy.text, span, effect: statement.Effect }];
  });
}

function decisionOf(decision: Decision): SimulationResult['decision'] {
  if (decision.allowed) return 'allowed';
  return decision.explicit ? 'explicitDeny' : 'implicitDeny';
}

/** What IAM would decide, and the statements that made it so: of an explicit deny, only those that deny. */
export function simulate(input: SimulationInput): SimulationResult {
  const { identity, boundary, resource, request } = input;
  const decision = evaluate({
    ...request,
    identityPolicies: identity.map(({ document }) => document),
    boundary: boundary?.document,
    resourcePolicy: resource?.document,
  });
  const all = [
    ...identity.flatMap((policy) => found(input, policy, 'IAM Policy')),
    ...(boundary ? found(input, boundary, 'Permissions Boundary') : []),
    ...(resource ? found(input, { ...resource, sourceId: 'ResourcePolicy' }, 'Resource Policy') : []),
  ];
  const said = decisionOf(decision);
  const wanted = said === 'explicitDeny' ? 'Deny' : 'Allow';
  return {
    decision: said,
    matched: said === 'implicitDeny' ? [] : all.filter(({ effect }) => effect === wanted),
    allowedByOrganizations: decision.allowed || decision.by !== 'service control',
    allowedByBoundary: boundary && (decision.allowed || decision.by !== 'permissions boundary'),
  };
}
