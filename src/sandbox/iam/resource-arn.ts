import { type Context, matchesPattern } from './pattern.ts';

const PARTS = 6;

/** An ARN's six parts; colons inside a variable do not part. */
function partsOf(pattern: string): readonly string[] {
  const masked = pattern.replaceAll(/\$\{[^}]*\}/g, (variable) => variable.replaceAll(':', '\u0001'));
  const parts = masked.split(':');
  return [...parts.slice(0, PARTS - 1), ...(parts.length < PARTS ? [] : [parts.slice(PARTS - 1).join(':')])].map(
    (part) => part.replaceAll('\u0001', ':'),
  );
}

/** ARN parts are matched one by one: a wildcard does not cross the first five colons. */
export function arnPartsMatch(pattern: string, arn: string, variables: Context | undefined): boolean {
  const [expected, actual] = [partsOf(pattern), partsOf(arn)];
  return (
    expected.length === PARTS &&
    actual.length === PARTS &&
    expected.every((part, at) => matchesPattern(part, actual[at] ?? '', variables))
  );
}

/**
 * Whether `Resource` in a policy covers a resource. An ARN with fewer than six parts is completed with `*`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function resourceMatchesArn(pattern: string, resource: string, variables: Context | undefined): boolean {
  if (pattern === '*') return true;
  if (!resource.startsWith('arn:') || !pattern.startsWith('arn:')) return matchesPattern(pattern, resource, variables);
  const parts = partsOf(pattern);
  const whole = [...parts, ...Array<string>(PARTS - parts.length).fill('*')].join(':');
  return arnPartsMatch(whole, resource, variables);
}
