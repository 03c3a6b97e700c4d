import type { Principal } from '../identity.ts';
import { conditionsHold } from './conditions.ts';
import { type Context, matchesPattern } from './pattern.ts';
import type { OneOrMany, PolicyDocument, PolicyStatement } from './policy.ts';
import { type PrincipalMatch, principalMatch } from './principals.ts';

export type PolicyType = 'identity-based' | 'session' | 'resource-based';

export interface Evaluation {
  readonly principal: Principal;
  readonly action: string;
  /** ARN, or `*` where the action has no resource. */
  readonly resource: string;
  readonly context: Context;
  readonly identityPolicies: readonly PolicyDocument[];
  /** Absent: the session has none, so nothing is narrowed. */
  readonly sessionPolicies?: readonly PolicyDocument[] | undefined;
  readonly resourcePolicy?: PolicyDocument | undefined;
  /** Account that owns the resource. */
  readonly resourceAccount: string;
  /** Trust policies must always allow; for other resources of the same account either side is enough. */
  readonly resourcePolicyRequired?: boolean;
}

export type Decision =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly explicit: boolean;
      /** The policy that denies, or that should have allowed. */
      readonly by: PolicyType;
      readonly crossAccount: boolean;
    };

const listOf = (value: OneOrMany | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

export function statementsOf(document: PolicyDocument): readonly PolicyStatement[] {
  return Array.isArray(document.Statement) ? document.Statement : [document.Statement as PolicyStatement];
}

function actionMatches({ Action, NotAction }: PolicyStatement, action: string): boolean {
  const among = (patterns: OneOrMany | undefined): boolean =>
    listOf(patterns).some((pattern) => matchesPattern(pattern.toLowerCase(), action.toLowerCase()));
  return Action === undefined ? NotAction !== undefined && !among(NotAction) : among(Action);
}

function resourceMatches({ Resource, NotResource }: PolicyStatement, resource: string, context: Context): boolean {
  const among = (patterns: OneOrMany | undefined): boolean =>
    listOf(patterns).some((pattern) => matchesPattern(pattern, resource, context));
  if (Resource !== undefined) return among(Resource);
  return NotResource === undefined || !among(NotResource); // a trust policy has neither: its role is the resource
}

function speaks(statement: PolicyStatement, { action, resource, context }: Evaluation): boolean {
  return (
    actionMatches(statement, action) &&
    resourceMatches(statement, resource, context) &&
    conditionsHold(statement.Condition, context)
  );
}

interface Verdict {
  readonly denied: boolean;
  readonly allowed: PrincipalMatch;
}

function weigh(policies: readonly PolicyDocument[], evaluation: Evaluation, isResourcePolicy: boolean): Verdict {
  let allowed: PrincipalMatch = 'none';
  for (const statement of policies.flatMap(statementsOf)) {
    if (!speaks(statement, evaluation)) continue;
    const match = isResourcePolicy ? principalMatch(statement, evaluation.principal) : 'identity';
    if (match === 'none') continue;
    if (statement.Effect === 'Deny') return { denied: true, allowed: 'none' };
    if (allowed === 'none' || allowed === 'account' || match === 'session') allowed = match;
  }
  return { denied: false, allowed };
}

/**
 * Whether IAM lets the request pass: an explicit Deny anywhere refuses; otherwise identity policies (narrowed by session
 * policies) and the resource's own policy decide, either or both depending on accounts and on whom the resource names.
 */
export function evaluate(evaluation: Evaluation): Decision {
  const { principal, resourceAccount, sessionPolicies, resourcePolicy, resourcePolicyRequired = false } = evaluation;
  const crossAccount = principal.account !== resourceAccount;
  const identity = weigh(evaluation.identityPolicies, evaluation, false);
  const session = sessionPolicies && weigh(sessionPolicies, evaluation, false);
  const resource = resourcePolicy && weigh([resourcePolicy], evaluation, true);
  const refuse = (by: PolicyType, explicit: boolean): Decision => ({ allowed: false, by, explicit, crossAccount });

  if (identity.denied) return refuse('identity-based', true);
  if (session?.denied) return refuse('session', true);
  if (resource?.denied) return refuse('resource-based', true);

  const granted = resource?.allowed ?? 'none';
  if (principal.kind !== 'user' && principal.kind !== 'assumedRole') {
    return granted === 'none' ? refuse('resource-based', false) : { allowed: true };
  }
  const inSession = session === undefined || session.allowed !== 'none';
  const byIdentity = identity.allowed !== 'none' && inSession;
  const byResource = granted === 'session' || (granted === 'identity' && inSession);

  if (crossAccount) {
    if (granted === 'none') return refuse('resource-based', false);
    return byIdentity ? { allowed: true } : refuse(inSession ? 'identity-based' : 'session', false);
  }
  if (resourcePolicyRequired && granted === 'none') return refuse('resource-based', false);
  if (byResource || byIdentity) return { allowed: true };
  return refuse(identity.allowed !== 'none' && !inSession ? 'session' : 'identity-based', false);
}
