import { principalContext } from '../iam/authorizer.ts';
import { statementsOf } from '../iam/evaluate.ts';
import { groupByArn, parseIamArn, roleByArn, userByArn } from '../iam/find.ts';
import { type HeldPolicy, managedPolicy, policiesHeld } from '../iam/holdings.ts';
import type { Membership } from '../iam/organization.ts';
import { type Context, contextOf } from '../iam/pattern.ts';
import { readPolicyText } from '../iam/policy-refusal.ts';
import { type MatchedStatement, type SimulationResult, simulate } from '../iam/simulate.ts';
import type { GroupState, RoleState, StoredPolicy, UserState } from '../iam/state.ts';
import { positionOf } from '../iam/statement-spans.ts';
import type { Principal } from '../identity.ts';
import { demand, type IamAction, type IamCall, needed, noSuchEntity, page } from './iam-call.ts';
import { listParameter, QueryFailure } from './query.ts';
import type { XmlElements } from './xml.ts';

type Source = UserState | GroupState | RoleState;

const invalidInput = (message: string): QueryFailure => new QueryFailure('InvalidInput', 400, message);

function sourceOf(call: IamCall, arn: string): Source {
  demand(call, arn);
  const source = userByArn(call.state, arn) ?? roleByArn(call.state, arn) ?? groupByArn(call.state, arn);
  if (!source) throw noSuchEntity(`The requested entity ${arn} cannot be found.`);
  return source;
}

function givenPolicy({ partition }: IamCall, text: string, sourceId: string, place: 'identity' | 'bucket'): HeldPolicy {
  const read = readPolicyText(text, place, partition);
  if ('refusal' in read) throw invalidInput(`Invalid policy: ${read.refusal}`);
  return { text, document: read.policy, sourceId };
}

const givenList = (call: IamCall, name: string): readonly HeldPolicy[] =>
  listParameter(call.parameters, `${name}.member`).map((text, at) =>
    givenPolicy(call, text, `${name}.${at + 1}`, 'identity'),
  );

function contextEntries({ parameters }: IamCall): Readonly<Record<string, string | readonly string[]>> {
  const entries: Record<string, string | readonly string[]> = {};
  for (let number = 1; ; number++) {
    const prefix = `ContextEntries.member.${number}`;
    const key = parameters.get(`${prefix}.ContextKeyName`);
    if (key === undefined) return entries;
    const values = listParameter(parameters, `${prefix}.ContextKeyValues.member`);
    const isList = parameters.get(`${prefix}.ContextKeyType`)?.endsWith('List');
    entries[key] = isList ? values : (values[0] ?? '');
  }
}

/** Who would ask: the user, a session of the role, or whoever `CallerArn` names. */
function principalOf(arn: string, id: string): Principal {
  const parts = parseIamArn(arn);
  const account = parts?.account ?? '';
  if (parts?.type !== 'role') return { kind: 'user', arn, account, userId: id };
  const session = `arn:${parts.partition}:sts::${account}:assumed-role/${parts.name}/simulation`;
  return { kind: 'assumedRole', arn: session, account, userId: `${id}:simulation`, roleArn: arn };
}

interface Simulation {
  readonly identity: readonly HeldPolicy[];
  readonly boundary: HeldPolicy | undefined;
  readonly resource: StoredPolicy | undefined;
  readonly principal: Principal;
  readonly membership: Membership | undefined;
  readonly context: Context;
}

function boundaryOf(call: IamCall, source: Source | undefined): HeldPolicy | undefined {
  const [given] = givenList(call, 'PermissionsBoundaryPolicyInputList');
  const arn = source && 'boundary' in source ? source.boundary : undefined;
  const own = arn === undefined ? undefined : managedPolicy(call.state, arn);
  return given ?? (own && { ...own, sourceId: arn?.slice(arn.lastIndexOf('/') + 1) ?? '' });
}

function simulationOf(call: IamCall, source: Source | undefined, members: ReadonlyMap<string, Membership>): Simulation {
  const given = call.parameters.get('ResourcePolicy');
  const caller = call.parameters.get('CallerArn') ?? source?.arn ?? call.principal.arn;
  const named = userByArn(call.state, caller) ?? roleByArn(call.state, caller);
  const principal = principalOf(caller, named?.id ?? source?.id ?? '');
  const tags = source && 'tags' in source ? source.tags : {};
  return {
    identity: [...(source ? policiesHeld(call.state, source) : []), ...givenList(call, 'PolicyInputList')],
    boundary: boundaryOf(call, source),
    resource: given === undefined ? undefined : givenPolicy(call, given, 'ResourcePolicy', 'bucket'),
    principal,
    membership: members.get(principal.account),
    context: contextOf({
      ...principalContext(principal, tags),
      'aws:CurrentTime': call.now.toISOString(),
      'aws:EpochTime': Math.floor(call.now.getTime() / 1000),
      ...contextEntries(call),
    }),
  };
}

/** Condition keys that the policies ask for and nobody gave. */
function missingKeys({ identity, boundary, context }: Simulation): readonly string[] {
  const keys = [...identity, ...(boundary ? [boundary] : [])]
    .flatMap(({ document }) => statementsOf(document))
    .flatMap(({ Condition = {} }) => Object.values(Condition))
    .flatMap((each) => Object.keys(each));
  return [...new Set(keys)].filter((key) => !context.has(key.toLowerCase()));
}

const shownStatement = ({ sourceId, sourceType, text, span }: MatchedStatement): XmlElements => ({
  SourcePolicyId: sourceId,
  SourcePolicyType: sourceType,
  StartPosition: positionOf(text, span.start),
  EndPosition: positionOf(text, span.end),
});

function shownResult(
  action: string,
  resource: string,
  result: SimulationResult,
  { membership }: Simulation,
  missing: readonly string[],
): XmlElements {
  const { decision, matched, allowedByBoundary, allowedByOrganizations } = result;
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: decision,
    MatchedStatements: { member: matched.map(shownStatement) },
    MissingContextValues: { member: missing },
    ...(membership && { OrganizationsDecisionDetail: { AllowedByOrganizations: allowedByOrganizations } }),
    ...(allowedByBoundary !== undefined && {
      PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: allowedByBoundary },
    }),
  };
}

function run(call: IamCall, source: Source | undefined, members: ReadonlyMap<string, Membership>): XmlElements {
  const simulation = simulationOf(call, source, members);
  const { principal, context, membership } = simulation;
  const given = listParameter(call.parameters, 'ResourceArns.member');
  const resources = given.length === 0 ? ['*'] : given;
  const resourceAccount = call.parameters.get('ResourceOwner')?.match(/\d{12}/)?.[0] ?? principal.account;
  const actions = listParameter(call.parameters, 'ActionNames.member');
  const bad = actions.find((action) => !/^[A-Za-z0-9-]+:\w+$/.test(action));
  if (bad !== undefined) throw invalidInput(`Invalid Action: ${bad}`);
  if (actions.length === 0) throw invalidInput('ActionNames must not be empty');
  const missing = missingKeys(simulation);
  const pairs = actions.flatMap((action) => resources.map((resource) => ({ action, resource })));
  return page(call, pairs, 'EvaluationResults', ({ action, resource }) => {
    const serviceControlPolicies = membership?.serviceControlPolicies;
    const request = { principal, action, resource, context, resourceAccount, serviceControlPolicies };
    return shownResult(action, resource, simulate({ ...simulation, request }), simulation, missing);
  });
}

/**
 * Simulations: what IAM would decide, and by which statements. Trust policies have no part in it unless given.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export function simulateActions(members: ReadonlyMap<string, Membership>): readonly IamAction[] {
  return [
    ['SimulatePrincipalPolicy', (call) => run(call, sourceOf(call, needed(call, 'PolicySourceArn')), members)],
    [
      'SimulateCustomPolicy',
      (call) => {
        demand(call, '*');
        return run(call, undefined, members);
      },
    ],
  ];
}
