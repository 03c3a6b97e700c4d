import { isConditionOperator } from './conditions.ts';
import { statementsOf } from './evaluate.ts';
import type { OneOrMany, PolicyDocument, PolicyStatement } from './policy.ts';
import { isDocument, type PolicyPlace, policyProblem } from './policy-check.ts';

const SYNTAX = 'Syntax errors in policy.';

const listOf = (value: OneOrMany | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

function actionRefusal(actions: readonly string[], place: PolicyPlace): string | undefined {
  if (place === 'trust') {
    return actions.every((action) => /^sts:/i.test(action))
      ? undefined
      : 'AssumeRole policy may only specify STS AssumeRole actions.';
  }
  return actions.every((action) => action === '*' || /^[A-Za-z0-9-]+:[\w*?]+$/.test(action))
    ? undefined
    : 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
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

function statementRefusal(statement: PolicyStatement, place: PolicyPlace): string | undefined {
  const { Sid = '', Action, NotAction, Resource, NotResource, Condition = {} } = statement;
  if (place !== 'bucket' && !/^[0-9A-Za-z]*$/.test(Sid)) {
    return 'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
  }
  const field = fieldRefusal(statement, place) ?? actionRefusal(listOf(Action ?? NotAction), place);
  if (field !== undefined) return field;
  const resource = listOf(Resource ?? NotResource).find((text) => text !== '*' && !text.startsWith('arn:'));
  if (resource !== undefined) return `Resource ${resource} must be in ARN format or "*".`;
  const operator = Object.keys(Condition).find((name) => !isConditionOperator(name));
  return operator === undefined ? undefined : `Invalid Condition type : ${operator}.`;
}

function documentRefusal(document: PolicyDocument, place: PolicyPlace): string | undefined {
  const statements = statementsOf(document);
  for (const statement of statements) {
    const refusal = statementRefusal(statement, place);
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
): { readonly policy: PolicyDocument } | { readonly refusal: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { refusal: place === 'trust' ? 'This policy contains invalid Json' : SYNTAX };
  }
  if (!isDocument(value)) return { refusal: SYNTAX };
  const refusal = documentRefusal(value, place);
  return refusal === undefined ? { policy: value } : { refusal };
}
