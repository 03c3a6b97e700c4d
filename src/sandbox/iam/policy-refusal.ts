import { isConditionOperator } from './conditions.ts';
import { statementsOf } from './evaluate.ts';
import type { OneOrMany, PolicyDocument, PolicyStatement } from './policy.ts';
import { isDocument, type PolicyPlace, policyProblem } from './policy-check.ts';

const NO_VENDOR = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
const SYNTAX = 'Syntax errors in policy.';

const listOf = (value: OneOrMany | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

function actionRefusal(actions: readonly string[], place: PolicyPlace): string | undefined {
  if (place === 'trust') {
    return actions.every((action) => /^sts:/i.test(action))
      ? undefined
      : 'AssumeRole policy may only specify STS AssumeRole actions.';
  }
  return actions.every((action) => action === '*' || /^[A-Za-z0-9-]+:[\w*?]+$/.test(action)) ? undefined : NO_VENDOR;
}

function fieldRefusal(statement: PolicyStatement, place: PolicyPlace): string | undefined {
  const { Principal, NotPrincipal, Resource, NotResource, Action, NotAction } = statement;
  const hasPrincipal = Principal !== undefined || NotPrincipal !== undefined;
  const hasResource = Resource !== undefined || NotResource !== undefined;
  const hasAction = Action !== undefined || NotAction !== undefined;
  if (place === 'identity') {
    if (hasPrincipal) return 'Policy document should not specify a principal.';
    if (!hasAction) return 'Policy statement must contain actions.';
    if (!hasResource) return 'Policy statement must contain resources.';
  }
  if (place === 'trust') {
    if (hasResource) return `Has prohibited field ${Resource === undefined ? 'NotResource' : 'Resource'}`;
    if (NotPrincipal !== undefined) return 'Has prohibited field NotPrincipal';
    if (!hasPrincipal) return 'Missing required field Principal';
    if (!hasAction) return 'Missing required field Action';
  }
  return undefined;
}

/** Wildcards may stand for a partition, never for a service. */
function resourceRefusal(resource: string, partition: string): string | undefined {
  if (resource === '*') return undefined;
  const [arn, part = '', vendor, region] = resource.split(':');
  if (arn !== 'arn') return `Resource ${resource} must be in ARN format or "*".`;
  if (part !== partition && !/[*?$]/.test(part)) return `Partition "${part}" is not valid for resource "${resource}".`;
  if (vendor !== undefined && /[*?]/.test(vendor)) {
    return 'Resource vendor must be fully qualified and cannot contain regexes.';
  }
  if (vendor === 'iam' && /^[a-z]/.test(region ?? '')) {
    return `IAM resource ${resource} cannot contain region information.`;
  }
  return undefined;
}

function conditionRefusal(condition: NonNullable<PolicyStatement['Condition']>): string | undefined {
  const operator = Object.keys(condition).find((name) => !isConditionOperator(name));
  if (operator !== undefined) return `Invalid Condition type : ${operator}.`;
  const keys = Object.values(condition).flatMap((test) => Object.keys(test));
  return keys.every((key) => key.includes(':')) ? undefined : NO_VENDOR;
}

function statementRefusal(statement: PolicyStatement, place: PolicyPlace, partition: string): string | undefined {
  const { Sid = '', Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (place !== 'bucket' && !/^[0-9A-Za-z]*$/.test(Sid)) {
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  }
  const field = fieldRefusal(statement, place) ?? actionRefusal(listOf(Action ?? NotAction), place);
  if (field !== undefined) return field;
  for (const resource of listOf(Resource ?? NotResource)) {
    const refusal = resourceRefusal(resource, partition);
    if (refusal !== undefined) return refusal;
  }
  return conditionRefusal(Condition);
}

/** IAM's sentence about what is wrong with a policy of this partition (`aws`, `aws-cn`); undefined when it takes it. */
export function policyRefusal(document: PolicyDocument, place: PolicyPlace, partition: string): string | undefined {
  const statements = statementsOf(document);
  for (const statement of statements) {
    const refusal = statementRefusal(statement, place, partition);
    if (refusal !== undefined) return refusal;
  }
  const sids = statements.flatMap(({ Sid }) => (Sid === undefined || Sid === '' ? [] : [Sid]));
  if (new Set(sids).size < sids.length) return 'Statement IDs (SID) in a single policy must be unique.';
  return policyProblem(document, place) === undefined ? undefined : SYNTAX;
}

/** A policy that came to the IAM API as text, or IAM's sentence about what is wrong with it. */
export function readPolicyText(
  text: string,
  place: PolicyPlace,
  partition: string,
): { readonly policy: PolicyDocument } | { readonly refusal: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { refusal: place === 'trust' ? 'This policy contains invalid Json' : SYNTAX };
  }
  if (!isDocument(value)) return { refusal: SYNTAX };
  const refusal = policyRefusal(value, place, partition);
  return refusal === undefined ? { policy: value } : { refusal };
}
