import { isConditionOperator } from './conditions.ts';
import { statementsOf } from './evaluate.ts';
import type { PolicyDocument, PolicyStatement } from './policy.ts';

export type PolicyPlace = 'identity' | 'trust' | 'bucket';

const KNOWN = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

function statementProblem(statement: PolicyStatement, place: PolicyPlace): string | undefined {
  const unknown = Object.keys(statement).find((key) => !KNOWN.includes(key));
  if (unknown !== undefined) return `unknown element ${unknown}`;
  if (statement.Effect !== 'Allow' && statement.Effect !== 'Deny') return 'Effect must be Allow or Deny';
  if ((statement.Action === undefined) === (statement.NotAction === undefined))
    return 'needs either Action or NotAction';
  const hasResource = statement.Resource !== undefined || statement.NotResource !== undefined;
  const hasPrincipal = statement.Principal !== undefined || statement.NotPrincipal !== undefined;
  if (place === 'identity' && hasPrincipal) return 'a policy of an identity has no Principal';
  if (place !== 'identity' && !hasPrincipal) return 'needs a Principal';
  if (place === 'trust' && hasResource) return 'a trust policy has no Resource';
  if (place !== 'trust' && !hasResource) return 'needs either Resource or NotResource';
  if (typeof statement.Principal === 'string' && statement.Principal !== '*')
    return 'Principal must be "*" or an object';
  const operator = Object.keys(statement.Condition ?? {}).find((name) => !isConditionOperator(name));
  return operator === undefined ? undefined : `unknown condition operator ${operator}`;
}

/** What IAM would refuse about a policy, with the number of its statement; undefined when it is well formed. */
export function policyProblem(document: PolicyDocument, place: PolicyPlace): string | undefined {
  if (document.Version !== undefined && document.Version !== '2012-10-17' && document.Version !== '2008-10-17') {
    return 'Version must be 2012-10-17';
  }
  for (const [at, statement] of statementsOf(document).entries()) {
    const problem = statementProblem(statement, place);
    if (problem !== undefined) return `Statement[${at}]: ${problem}`;
  }
  return undefined;
}

/** Whether a value has the outer shape of a policy: statements that are objects. */
export function isDocument(value: unknown): value is PolicyDocument {
  if (typeof value !== 'object' || value === null || !('Statement' in value)) return false;
  const statements: readonly unknown[] = Array.isArray(value.Statement) ? value.Statement : [value.Statement];
  return statements.length > 0 && statements.every((statement) => typeof statement === 'object' && statement !== null);
}

/** A policy that came as text in a request. */
export function parsePolicyText(
  text: string,
  place: PolicyPlace,
): { readonly policy: PolicyDocument } | { readonly problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: `This policy contains invalid Json: ${error instanceof Error ? error.name : 'unreadable'}` };
  }
  if (!isDocument(value)) return { problem: 'Syntax errors in policy.' };
  const problem = policyProblem(value, place);
  return problem === undefined ? { policy: value } : { problem };
}
