import { BlockList, isIP } from 'node:net';
import { type Context, fillVariables, matchesPattern } from './pattern.ts';
import type { ConditionValue, PolicyStatement } from './policy.ts';
import { arnPartsMatch } from './resource-arn.ts';

/** One request value against one policy value. */
type Comparison = (actual: string, expected: string, variables: Context | undefined) => boolean;

interface Operator {
  readonly compare: Comparison;
  /** Holds when *no* policy value compares, and when the request has no such key. */
  readonly negated: boolean;
}

const filled =
  (compare: (actual: string, expected: string) => boolean): Comparison =>
  (actual, expected, variables) => {
    const value = fillVariables(expected, variables);
    return value !== undefined && compare(actual, value);
  };

/** An integer or a decimal; anything else is no number, and compares with none. */
const numberOf = (text: string): number => (/^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN);
const numeric = (compare: (a: number, b: number) => boolean): Comparison =>
  filled((actual, expected) => compare(numberOf(actual), numberOf(expected)));

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

const arnLike: Comparison = (actual, expected, variables) => arnPartsMatch(expected, actual, variables);

const equals = filled((actual, expected) => actual === expected);
const equalsIgnoringCase = filled((actual, expected) => actual.toLowerCase() === expected.toLowerCase());
const like: Comparison = (actual, expected, variables) => matchesPattern(expected, actual, variables);

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

interface Test {
  readonly operator: string;
  readonly key: string;
  readonly value: ConditionValue;
}

function testCondition(
  { operator: text, key, value }: Test,
  context: Context,
  variables: Context | undefined,
): boolean {
  const { quantifier, name, ifExists } = parseOperator(text);
  const expected = valuesOf(value);
  const { values: actual, isList = false } = context.get(key.toLowerCase()) ?? {};
  if (name === 'null') return expected.some((each) => (each.toLowerCase() === 'true') === (actual === undefined));
  const operator = OPERATORS[name];
  if (!operator) return false;
  if (actual === undefined || actual.length === 0)
    return ifExists || quantifier === 'forallvalues' || (operator.negated && quantifier === undefined);
  const holds = (each: string): boolean =>
    expected.some((wanted) => operator.compare(each, wanted, variables)) !== operator.negated;
  if (quantifier === 'forallvalues') return actual.every(holds);
  if (quantifier === 'foranyvalue') return actual.some(holds);
  return !isList && actual.every(holds);
}

/**
 * Every operator and every key must hold; of the values of one key one is enough. `variables` is what variables in the
 * policy are filled from: undefined in a policy whose version knows none.
 */
export function conditionsHold(
  condition: PolicyStatement['Condition'],
  context: Context,
  variables: Context | undefined,
): boolean {
  return Object.entries(condition ?? {}).every(([operator, keys]) =>
    Object.entries(keys).every(([key, value]) => testCondition({ operator, key, value }, context, variables)),
  );
}
