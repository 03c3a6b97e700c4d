import type { Principal } from '../identity.ts';
import { conditionsHold } from './conditions.ts';
import { type Context, matchesPattern } from './pattern.ts';
import type { OneOrMany, PolicyDocument, PolicyStatement } from './policy.ts';
import { type PrincipalMatch, principalMatch, strongerMatch } from './principals.ts';
import { resourceMatchesArn } from './resource-arn.ts';

export type PolicyType =
  | 'identity-based'
  | 'permissions boundary'
  | 'session'
  | 'service control'
  | 'resource control'
  | 'resource-based';

/** What an organization lays over one account: a list of policies for each place from the root down to the account. */
export type ControlPolicies = readonly (readonly PolicyDocument[])[];

export interface Evaluation {
  readonly principal: Principal;
  readonly action: string;
  /** ARN, or `*` where the action has no resource. */
  readonly resource: string;
  readonly context: Context;
  readonly identityPolicies: readonly PolicyDocument[];
  /** Absent: there is no boundary. */
  readonly boundary?: PolicyDocument | undefined;
  /** Absent: the session has none, so nothing is narrowed. */
  readonly sessionPolicies?: readonly PolicyDocument[] | undefined;
  /** Over the principal's account; every place must allow. */
  readonly serviceControlPolicies?: ControlPolicies | undefined;
  /** Over the resource's account; AWS's own at every place allows everything, so that these only deny. */
  readonly resourceControlPolicies?: ControlPolicies | undefined;
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

function resourceMatches(statement: PolicyStatement, resource: string, variables: Context | undefined): boolean {
  const { Resource, NotResource } = statement;
  const among = (patterns: OneOrMany | undefined): boolean =>
    listOf(patterns).some((pattern) => resourceMatchesArn(pattern, resource, variables));
  if (Resource !== undefined) return among(Resource);
  return NotResource === undefined || !among(NotResource); // a trust policy has neither: its role is the resource
}

/**
 * Whether a statement is about this request, whoever asks. Only a policy of version 2012-10-17 knows variables.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
 */
export function statementSpeaks(
  statement: PolicyStatement,
  { Version }: PolicyDocument,
  { action, resource, context }: Pick<Evaluation, 'action' | 'resource' | 'context'>,
): boolean {
  const variables = Version === '2012-10-17' ? context : undefined;
  return (
    actionMatches(statement, action) &&
    resourceMatches(statement, resource, variables) &&
    conditionsHold(statement.Condition, context, variables)
  );
}

interface Verdict {
  readonly denied: boolean;
  readonly allowed: PrincipalMatch;
}

/** What some policies say; a resource's policy only where it speaks of the caller. */
function weigh(
  policies: readonly PolicyDocument[],
  evaluation: Evaluation,
  matchOf: (statement: PolicyStatement) => PrincipalMatch = () => 'identity',
): Verdict {
  let denied = false;
  let allowed: PrincipalMatch = 'none';
  for (const policy of policies) {
    for (const statement of statementsOf(policy)) {
      if (!statementSpeaks(statement, policy, evaluation)) continue;
      const match = matchOf(statement);
      if (match !== 'none' && statement.Effect === 'Deny') denied = true;
      if (statement.Effect === 'Allow') allowed = strongerMatch(allowed, match);
    }
  }
  return { denied, allowed };
}

interface Verdicts {
  readonly identity: Verdict;
  readonly boundary: Verdict | undefined;
  readonly session: Verdict | undefined;
  readonly serviceControl: readonly Verdict[];
  readonly resourceControl: readonly Verdict[];
  readonly resource: Verdict | undefined;
}

function verdictsOf(evaluation: Evaluation): Verdicts {
  const { principal, boundary, sessionPolicies, resourcePolicy } = evaluation;
  const { serviceControlPolicies = [], resourceControlPolicies = [] } = evaluation;
  const named = (statement: PolicyStatement): PrincipalMatch =>
    principalMatch(statement, principal, { isBounded: boundary !== undefined });
  return {
    identity: weigh(evaluation.identityPolicies, evaluation),
    boundary: boundary && weigh([boundary], evaluation),
    session: sessionPolicies && weigh(sessionPolicies, evaluation),
    serviceControl: serviceControlPolicies.map((policies) => weigh(policies, evaluation)),
    resourceControl: resourceControlPolicies.map((policies) => weigh(policies, evaluation)),
    resource: resourcePolicy && weigh([resourcePolicy], evaluation, named),
  };
}

function deniedBy({ identity, boundary, session, ...others }: Verdicts): PolicyType | undefined {
  if (identity.denied) return 'identity-based';
  if (boundary?.denied) return 'permissions boundary';
  if (session?.denied) return 'session';
  if (others.serviceControl.some(({ denied }) => denied)) return 'service control';
  if (others.resourceControl.some(({ denied }) => denied)) return 'resource control';
  return others.resource?.denied ? 'resource-based' : undefined;
}

const says = (verdict: Verdict | undefined): boolean => verdict === undefined || verdict.allowed !== 'none';

/** The kind of policy that should have allowed and did not; undefined when enough do. */
function missing(evaluation: Evaluation, verdicts: Verdicts, crossAccount: boolean): PolicyType | undefined {
  const { principal, resourcePolicyRequired = false } = evaluation;
  const { identity, boundary, session, serviceControl } = verdicts;
  const granted = verdicts.resource?.allowed ?? 'none';
  if (!serviceControl.every(says)) return 'service control';
  if (principal.kind !== 'user' && principal.kind !== 'assumedRole') {
    return granted === 'none' ? 'resource-based' : undefined;
  }
  if ((crossAccount || resourcePolicyRequired) && granted === 'none') return 'resource-based';
  // A user, or one session, that a resource of the same account names needs nobody else's leave.
  if (!crossAccount && (granted === 'session' || (granted === 'identity' && principal.kind === 'user')))
    return undefined;
  const byResource = !crossAccount && granted === 'identity';
  if (!byResource && !says(identity)) return 'identity-based';
  if (!says(boundary)) return 'permissions boundary';
  return says(session) ? undefined : 'session';
}

/**
 * Whether IAM lets the request pass: an explicit Deny anywhere refuses; otherwise identity policies (narrowed by a
 * boundary and session policies) and the resource's own policy decide, either or both depending on accounts and on whom
 * the resource names; an organization must allow besides.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(evaluation: Evaluation): Decision {
  const crossAccount = evaluation.principal.account !== evaluation.resourceAccount;
  const verdicts = verdictsOf(evaluation);
  const denier = deniedBy(verdicts);
  if (denier !== undefined) return { allowed: false, by: denier, explicit: true, crossAccount };
  const by = missing(evaluation, verdicts, crossAccount);
  return by === undefined ? { allowed: true } : { allowed: false, by, explicit: false, crossAccount };
}
