import { BlockList, isIP } from 'node:net';
import { listOf, type OneOrMany, type PolicyCondition } from './document.ts';
import { matchesArn, matchesPattern, type RequestContext } from './match-pattern.ts';
import { every, not, some, type Ternary } from './ternary.ts';

/** `variables`: what those of the policy are filled in from; undefined in a policy whose version has none. */
type Compare = (actual: string, wanted: string, variables: RequestContext | undefined) => Ternary;

/** Equal once the variables are filled in; a wildcard is a character like any other here. */
function isEqual(actual: string, wanted: string, variables: RequestContext | undefined): Ternary {
  if (variables === undefined) return actual === wanted;
  return matchesPattern(
    wanted.replaceAll(/[*?]/g, (sign) => `\${${sign}}`),
    actual,
    variables,
  );
}

function number(compare: (order: number) => boolean): Compare {
  return (actual, wanted) => {
    const order = Number(actual) - Number(wanted);
    return Number.isNaN(order) ? undefined : compare(order);
  };
}

function time(compare: (order: number) => boolean): Compare {
  const ms = (text: string): number => (/^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text));
  return (actual, wanted) => {
    const order = ms(actual) - ms(wanted);
    return Number.isNaN(order) ? undefined : compare(order);
  };
}

function inNetwork(actual: string, wanted: string): Ternary {
  const [network = '', bits] = wanted.split('/');
  const version = isIP(network);
  const widest = version === 6 ? 128 : 32;
  const size = bits === undefined ? widest : Number(bits);
  if (version === 0 || isIP(actual) === 0 || !(size >= 0 && size <= widest)) return undefined;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  const networks = new BlockList();
  networks.addSubnet(network, size, family);
  return networks.check(actual, isIP(actual) === 6 ? 'ipv6' : 'ipv4');
}

const lower: Compare = (actual, wanted, variables) => isEqual(actual.toLowerCase(), wanted.toLowerCase(), variables);
const like: Compare = (actual, wanted, variables) => matchesPattern(wanted, actual, variables);
const arn: Compare = (actual, wanted, variables) => matchesArn(wanted, actual, variables);

/** Positive form of each operator; `Not` in a name turns it around. */
const COMPARISONS: Readonly<Record<string, Compare>> = {
  stringequals: isEqual,
  stringequalsignorecase: lower,
  stringlike: like,
  arnequals: arn,
  arnlike: arn,
  bool: lower,
  binaryequals: isEqual,
  ipaddress: inNetwork,
  numericequals: number((order) => order === 0),
  numericlessthan: number((order) => order < 0),
  numericlessthanequals: number((order) => order <= 0),
  numericgreaterthan: number((order) => order > 0),
  numericgreaterthanequals: number((order) => order >= 0),
  dateequals: time((order) => order === 0),
  datelessthan: time((order) => order < 0),
  datelessthanequals: time((order) => order <= 0),
  dategreaterthan: time((order) => order > 0),
  dategreaterthanequals: time((order) => order >= 0),
};

interface Facts {
  readonly context: RequestContext;
  readonly variables: RequestContext | undefined;
}

function test(operator: string, key: string, wanted: OneOrMany, { context, variables }: Facts): Ternary {
  const [, quantifier, name = '', ifExists] =
    /^(forallvalues:|foranyvalue:)?(.*?)(ifexists)?$/.exec(operator.toLowerCase()) ?? [];
  const actual = context.get(key.toLowerCase());
  const values = listOf(wanted);
  if (name === 'null') {
    const isAbsent = listOf(actual).every((value) => value === '');
    return actual === undefined ? undefined : values.some((value) => value.toLowerCase() === String(isAbsent));
  }
  const isNegated = name.includes('not');
  const compare = COMPARISONS[name.replace('not', '')];
  if (compare === undefined) return undefined;
  if (actual === undefined) return undefined;
  const said = listOf(actual).filter((value) => value !== '');
  if (said.length === 0) {
    return ifExists !== undefined || quantifier === 'forallvalues:' || (isNegated && quantifier !== 'foranyvalue:');
  }
  const verdicts = said.map((each) => {
    const found = some(values.map((value) => compare(each, value, variables)));
    return isNegated ? not(found) : found;
  });
  if (quantifier === 'forallvalues:') return every(verdicts);
  if (quantifier === 'foranyvalue:') return some(verdicts);
  // A key that holds a list asks for a quantifier, be it a list of one; what it means without, IAM does not say.
  return typeof actual === 'string' ? verdicts[0] : undefined;
}

/** Whether a condition block holds for a request; the keys it hangs on where that is not known. */
export function conditionVerdict(
  condition: PolicyCondition | undefined,
  context: RequestContext,
  variables: RequestContext | undefined,
): { readonly holds: Ternary; readonly unknownKeys: readonly string[] } {
  const tests = Object.entries(condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, wanted]) => ({
      key,
      verdict: test(operator, key, texts(wanted), { context, variables }),
    })),
  );
  return {
    holds: every(tests.map(({ verdict }) => verdict)),
    unknownKeys: tests.filter(({ verdict }) => verdict === undefined).map(({ key }) => key),
  };
}

/** People write true and 3600 without quotes as well. */
function texts(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).map(String);
}
