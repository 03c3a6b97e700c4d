import { type Context, matchesPattern } from './pattern.ts';

const PARTS = 6;

/** An ARN's six parts; colons inside a variable do not part, nor do those of the last. */
function partsOf(pattern: string): readonly string[] {
  const masked = pattern.replaceAll(/\$\{[^}]*\}/g, (variable) => variable.replaceAll(':', '\u0001'));
  const parts = masked.split(':').map((part) => part.replaceAll('\u0001', ':'));
  return parts.length <= PARTS ? parts : [...parts.slice(0, PARTS - 1), parts.slice(PARTS - 1).join(':')];
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

/** A `*` that ends a part may run on past the colons behind it. */
function partsReach(parts: readonly string[], texts: readonly string[], variables: Context | undefined): boolean {
  const [part = '', ...others] = parts;
  const [text, ...rest] = texts;
  if (text === undefined) return false;
  if (others.length === 0) return matchesPattern(part, texts.join(':'), variables);
  if (!matchesPattern(part, text, variables)) return false;
  const ways = part.endsWith('*') ? rest.length : 1;
  return Array.from({ length: ways }, (_, at) => rest.slice(at)).some((left) => partsReach(others, left, variables));
}

/**
 * Whether `Resource` in a policy covers a resource. Wildcards keep to their part of the ARN, save a `*` that ends it; an
 * ARN with fewer than six parts is completed with `*`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
 */
export function resourceMatchesArn(pattern: string, resource: string, variables: Context | undefined): boolean {
  if (pattern === '*') return true;
  if (!resource.startsWith('arn:') || !pattern.startsWith('arn:')) return matchesPattern(pattern, resource, variables);
  const parts = partsOf(pattern);
  const whole = [...parts, ...Array<string>(PARTS - parts.length).fill('*')];
  return partsReach(whole, resource.split(':'), variables);
}
