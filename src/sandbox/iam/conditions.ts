import { BlockList, isIP } from 'node:net';
import { type Context, fillVariables, matchesPattern } from './pattern.ts';
import type { ConditionValue, PolicyStatement } from './policy.ts';

/** One request value against one policy value. */
type Comparison = (actual: string, expected: string, context: Context) => boolean;

interface Operator {
  readonly compare: Comparison;
  /** Holds when *no* policy value compares, and when the request has no such key. */
  readonly negated: boolean;
}

const filled =
  (compare: (actual: string, expected: string) => boolean): Comparison =>
  (actual, expected, context) => {
    const value = fillVariables(expected, context);
    return value !== undefined && compare(actual, value);
  };

const numeric = (compare: (a: number, b: number) => boolean): Comparison =>
  filled((actual, expected) => compare(Number(actual), Number(expected)));

const timeOf = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
const dated = (compare: (a: number, b: number) => boolean): Comparison =>
  filled((actual, expected) => compare(timeOf(actual), timeOf(expected)));

function inNetwork(actual: string, expected: string): boolean {
  const [network = '', length] = expected.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(network) === 0 || isIP(actual) === 0) return false;
  const list = new BlockList();
  list.addSubnet(network, length === undefined ? (family === 'ipv6' ? 128 : 32) : Number(length), family);
  return list.check(actual, isIP(actual) === 6 ? 'ipv6' : 'ipv4');
}

/** ARN parts are matched one by one: a wildcard does not cross the first five colons. */
const arnLike: Comparison = (actual, expected, context) => {
  const split = (arn: string): string[] => {
    const parts = arn.split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')];
  };
  const [actualParts, expectedParts] = [
    split(actual),
    split(expected.replaceAll(/\$\{[^}]*\}/g, (variable) => variable.replaceAll(':', '\u0001'))),
  ];
  return expectedParts.every((part, at) =>
    matchesPattern(part.replaceAll('\u0001', ':'), actualParts[at] ?? '', context),
  );
};

const equals = filled((actual, expected) => actual === expected);
const equalsIgnoringCase = filled((actual, expected) => actual.toLowerCase() === expected.toLowerCase());
const like: Comparison = (actual, expected, context) => matchesPattern(expected, actual, context);

const OPERATORS: Readonly<Record<string, Operator>> = {
  stringequals: { compare: equals, negated: false },
  stringnotequals: { compare: equals, negated: true },
  stringequalsignorecase: { compare: equalsIgnoringCase, negated: false },
  stringnotequalsignorecase: { compare: equalsIgnoringCase, negated: true },
  stringlike: { compare: like, negated: false },
  stringnotlike: { compare: like, negated: true },
  numericequals: { compare: numeric((a, b) => a === b), negated: false },
  numericnotequals: { compare: numeric((a, b) => a === b), negated: true },
  numericlessthan: { compare: numeric((a, b) => a < b), negated: false },
  numericlessthanequals: { compare: numeric((a, b) => a <= b), negated: false },
  numericgreaterthan: { compare: numeric((a, b) => a > b), negated: false },
  numericgreaterthanequals: { compare: numeric((a, b) => a >= b), negated: false },
  dateequals: { compare: dated((a, b) => a === b), negated: false },
  datenotequals: { compare: dated((a, b) => a === b), negated: true },
  datelessthan: { compare: dated((a, b) => a < b), negated: false },
  datelessthanequals: { compare: dated((a, b) => a <= b), negated: false },
  dategreaterthan: { compare: dated((a, b) => a > b), negated: false },
  dategreaterthanequals: { compare: dated((a, b) => a >= b), negated: false },
  bool: { compare: equalsIgnoringCase, negated: false },
  binaryequals: { compare: equals, negated: false },
  ipaddress: { compare: filled(inNetwork), negated: false },
  notipaddress: { compare: filled(inNetwork), negated: true },
  arnequals: { compare: arnLike, negated: false },
  arnlike: { compare: arnLike, negated: false },
  arnnotequals: { compare: arnLike, negated: true },
  arnnotlike: { compare: arnLike, negated: true },
};

interface ParsedOperator {
  readonly quantifier: 'forallvalues' | 'foranyvalue' | undefined;
  readonly name: string;
  readonly ifExists: boolean;
}

function parseOperator(text: string): ParsedOperator {
  const [, quantifier, name = '', ifExists] =
    /^(?:(forallvalues|foranyvalue):)?(.*?)(ifexists)?$/.exec(text.toLowerCase()) ?? [];
  return { quantifier: quantifier as ParsedOperator['quantifier'], name, ifExists: ifExists !== undefined };
}

/** Whether IAM has this condition operator. */
export function isConditionOperator(text: string): boolean {
  const { name, quantifier, ifExists } = parseOperator(text);
  return name === 'null' ? quantifier === undefined && !ifExists : Object.hasOwn(OPERATORS, name);
}

function valuesOf(value: ConditionValue): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}

function testCondition(operatorText: string, key: string, expectedValue: ConditionValue, context: Context): boolean {
  const { quantifier, name, ifExists } = parseOperator(operatorText);
  const expected = valuesOf(expectedValue);
  const actual = context.get(key.toLowerCase());
  if (name === 'null') return expected.some((value) => (value.toLowerCase() === 'true') === (actual === undefined));
  const operator = OPERATORS[name];
  if (!operator) return false;
  if (actual === undefined || actual.length === 0)
    return ifExists || quantifier === 'forallvalues' || (operator.negated && quantifier === undefined);
  const holds = (value: string): boolean =>
    expected.some((wanted) => operator.compare(value, wanted, context)) !== operator.negated;
  if (quantifier === 'forallvalues') return actual.every(holds);
  if (quantifier === 'foranyvalue') return actual.some(holds);
  return operator.negated ? actual.every(holds) : actual.some(holds);
}

/** Every operator and every key must hold; of the values of one key one is enough. */
export function conditionsHold(condition: PolicyStatement['Condition'], context: Context): boolean {
  return Object.entries(condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, expected]) => testCondition(operator, key, expected, context)),
  );
}
