import { evaluate } from '../../src/sandbox/iam/evaluate.ts';
import { matchesPattern } from '../../src/sandbox/iam/pattern.ts';
import type { OneOrMany, PolicyDocument, PolicyPrincipal, PolicyStatement } from '../../src/sandbox/iam/policy.ts';
import { resourceMatchesArn } from '../../src/sandbox/iam/resource-arn.ts';
import { type Case, evaluationOf } from './cases.ts';

/** `Allowed`, `ImplicitlyDenied` or `ExplicitlyDenied`, as the other evaluator has it. */
export type Verdict = 'Allowed' | 'ImplicitlyDenied' | 'ExplicitlyDenied';

export function ourVerdict(each: Case): Verdict {
  const decision = evaluate(evaluationOf(each));
  if (decision.allowed) return 'Allowed';
  return decision.explicit ? 'ExplicitlyDenied' : 'ImplicitlyDenied';
}

/**
 * One way in which the other evaluator reads policies otherwise than AWS documents: the case rewritten so that our
 * evaluator, reading it as AWS does, must come to the other's answer. A rule that is not about a case returns it as it is.
 */
export interface Difference {
  readonly name: string;
  readonly asRead: (each: Case) => Case;
}

type Rewrite = (statement: PolicyStatement, document: PolicyDocument) => PolicyStatement | undefined;

const listOf = (value: OneOrMany | undefined): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

const NEVER = 'arn:aws:never:::never';

function rewriteDocument(document: PolicyDocument, rewrite: Rewrite): PolicyDocument {
  const before = document.Statement as readonly PolicyStatement[];
  const after = before.flatMap((statement) => rewrite(statement, document) ?? []);
  const isSame = after.length === before.length && after.every((statement, at) => statement === before[at]);
  return isSame ? document : { ...document, Statement: after };
}

/** The case with every statement rewritten; the same object when nothing changed. `undefined` drops a statement. */
function rewriteAll(each: Case, rewrite: Rewrite): Case {
  const one = (document: PolicyDocument): PolicyDocument => rewriteDocument(document, rewrite);
  const places = each.serviceControl?.map((place) => place.map(one));
  const controls = each.resourceControl?.map((place) => place.map(one));
  const next: Case = {
    ...each,
    identity: each.identity.map(one),
    ...(each.boundary && { boundary: one(each.boundary) }),
    ...(each.session && { session: one(each.session) }),
    ...(places && { serviceControl: places }),
    ...(controls && { resourceControl: controls }),
    ...(each.resource && { resource: one(each.resource) }),
  };
  return JSON.stringify(next) === JSON.stringify(each) ? each : next;
}

function rewriteResources(each: Case, change: (pattern: string) => string): Case {
  return rewriteAll(each, (statement) => {
    const { Resource, NotResource } = statement;
    const changed = listOf(Resource ?? NotResource).map(change);
    if (changed.every((pattern, at) => pattern === listOf(Resource ?? NotResource)[at])) return statement;
    return { ...statement, ...(Resource === undefined ? { NotResource: changed } : { Resource: changed }) };
  });
}

const partsOf = (pattern: string): readonly string[] =>
  pattern.replaceAll(/\$\{[^}]*\}/g, (variable) => variable.replaceAll(':', '.')).split(':');

/** AWS's pages on EC2 use `arn:aws:ec2:us-east-1:111122223333:*\/*`: a wildcard in the type of a resource works. */
const wildcardInResourceType: Difference = {
  name: 'a wildcard in the type of a resource never matches',
  asRead: (each) =>
    rewriteResources(each, (pattern) => {
      const parts = partsOf(pattern);
      const last = parts.slice(5).join(':');
      const type = /^[^/:]*[/:]/.exec(last)?.[0];
      return parts[2] !== 's3' && type !== undefined && /[*?]/.test(type) ? NEVER : pattern;
    }),
};

/** AWS: a `*` that ends a part of an ARN "can expand to match beyond the colon boundaries". */
const starThatEndsAPart: Difference = {
  name: 'a star that ends a part of an ARN keeps to that part',
  asRead: (each) =>
    rewriteResources(each, (pattern) => {
      const { resource } = each.target;
      if (pattern === '*' || !resource.startsWith('arn:') || pattern.includes('${')) return pattern;
      const parts = partsOf(pattern);
      const whole = [...parts.slice(0, 5), ...(parts.length > 5 ? [parts.slice(5).join(':')] : [])];
      while (whole.length < 6) whole.push('*');
      const texts = resource.split(':');
      const inParts = whole.every((part, at) =>
        matchesPattern(part, (at < 5 ? texts[at] : texts.slice(5).join(':')) ?? ''),
      );
      return resourceMatchesArn(pattern, resource, undefined) && !inParts ? NEVER : pattern;
    }),
};

/** AWS completes an ARN of fewer than six parts with `*`; what it then does not match, `NotResource` covers. */
const shortArnInNotResource: Difference = {
  name: 'NotResource with a short ARN that does not match covers nothing',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      listOf(statement.NotResource).some(
        (pattern) =>
          pattern.startsWith('arn:') &&
          partsOf(pattern).length < 6 &&
          !resourceMatchesArn(pattern, each.target.resource, undefined),
      )
        ? undefined
        : statement,
    ),
};

function names(element: PolicyPrincipal, { caller }: Case): boolean {
  if (element === '*') return true;
  const { arn, roleArn, account } = caller.principal;
  const own = ['*', arn, roleArn, account, `arn:aws:iam::${account}:root`];
  return [...listOf(element.AWS), ...listOf(element.Service)].some((entry) => own.includes(entry));
}

/** AWS: with `NotPrincipal` "you must also specify the account ARN of the not-denied principal", and of a session its role. */
const notPrincipalNamesOne: Difference = {
  name: 'NotPrincipal spares whoever any one entry covers',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      statement.NotPrincipal !== undefined && each.boundary === undefined && names(statement.NotPrincipal, each)
        ? undefined
        : statement,
    ),
};

/** AWS: "permissions granted directly to a session are not limited by an implicit deny in ... a session policy". */
const sessionPolicyFirst: Difference = {
  name: 'a session policy narrows what a resource gives to the session itself',
  asRead: (each) => {
    if (!each.session) return each;
    const { resource: _resource, boundary: _boundary, serviceControl: _service, ...alone } = each;
    const ofSession = evaluate({
      ...evaluationOf({ ...alone, identity: [each.session] }),
      sessionPolicies: undefined,
      resourceAccount: each.caller.principal.account,
      resourcePolicyRequired: false,
    });
    return ofSession.allowed || ofSession.explicit ? each : { ...each, identity: [], resource: { Statement: [] } };
  },
};

type Value = NonNullable<PolicyStatement['Condition']>[string][string];

/** The statement with each condition replaced by what `change` makes of it; undefined when one can no longer hold. */
function rewriteConditions(
  statement: PolicyStatement,
  change: (operator: string, key: string, value: Value) => readonly [operator: string, value: Value] | undefined,
): PolicyStatement | undefined {
  const Condition: Record<string, Record<string, Value>> = {};
  let isSame = true;
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const [key, value] of Object.entries(keys)) {
      const changed = change(operator, key, value);
      if (changed === undefined) return undefined;
      isSame &&= changed[0] === operator && changed[1] === value;
      Condition[changed[0]] = { ...Condition[changed[0]], [key]: changed[1] };
    }
  }
  return isSame ? statement : { ...statement, Condition };
}

const textsOf = (value: Value): readonly string[] => (Array.isArray(value) ? value : [value]).map(String);

/** No ARN is like a text that is none, so the inverted operators hold. */
const arnOperatorWithoutArn: Difference = {
  name: 'ArnNotEquals and ArnNotLike fail on a value that is no ARN',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      rewriteConditions(statement, (operator, key, value) =>
        /^ArnNot(Equals|Like)(IfExists)?$/.test(operator) &&
        key in each.context &&
        textsOf(value).some((text) => partsOf(text).length < 6)
          ? undefined
          : [operator, value],
      ),
    ),
};

/** RFC 4632: a prefix of no bits covers every address. */
const prefixOfNoBits: Difference = {
  name: '0.0.0.0/0 covers no address',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      rewriteConditions(statement, (operator, _key, value) => {
        if (!operator.includes('IpAddress') || !textsOf(value).includes('0.0.0.0/0')) return [operator, value];
        return [operator, textsOf(value).map((text) => (text === '0.0.0.0/0' ? '255.255.255.255/32' : text))];
      }),
    ),
};

/** AWS: with `IfExists`, "if the key is not present, evaluate the condition element as true". */
const anyValueIfExists: Difference = {
  name: 'ForAnyValue with IfExists fails without the key',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      rewriteConditions(statement, (operator, key, value) => [
        operator.startsWith('ForAnyValue:') && !(key in each.context) ? operator.replace(/IfExists$/, '') : operator,
        value,
      ]),
    ),
};

/** AWS: inverted operators "do match against a null value". */
const invertedWithoutValue: Difference = {
  name: 'an inverted operator fails on a variable without a value',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      rewriteConditions(statement, (operator, key, value) => {
        const isEmpty = textsOf(value).some((text) =>
          [...text.matchAll(/\$\{([^}*?$,]+)\}/g)].some(([, name = '']) => {
            const wanted = name.trim().toLowerCase();
            return !Object.keys(each.context).some((known) => known.toLowerCase() === wanted);
          }),
        );
        return operator.startsWith('StringNot') && key in each.context && isEmpty ? undefined : [operator, value];
      }),
    ),
};

/** AWS: in a policy without the version 2012-10-17 variables "are treated as literal strings". */
const variablesOfOldVersions: Difference = {
  name: 'variables are filled in whatever the version',
  asRead: (each) => {
    const renew = (document: PolicyDocument): PolicyDocument =>
      document.Version === '2012-10-17' || !JSON.stringify(document).includes('${')
        ? document
        : { ...document, Version: '2012-10-17' };
    const identity = each.identity.map(renew);
    return identity.every((document, at) => document === each.identity[at]) ? each : { ...each, identity };
  },
};

/** AWS: a date is ISO 8601 or seconds since 1970; one may be held against the other. */
const secondsAsMilliseconds: Difference = {
  name: 'seconds since 1970 are taken for milliseconds beside a date',
  asRead: (each) =>
    rewriteAll(each, (statement) =>
      rewriteConditions(statement, (operator, key, value) => {
        const given = each.context[key];
        if (!operator.startsWith('Date') || typeof given !== 'string') return [operator, value];
        const isSeconds = /^\d+$/.test(given);
        const texts = textsOf(value).map((text) => {
          if (/^\d+$/.test(text) === isSeconds) return text;
          return isSeconds ? String(Date.parse(text)) : new Date(Number(text)).toISOString();
        });
        return texts.every((text, at) => text === textsOf(value)[at]) ? [operator, value] : [operator, texts];
      }),
    ),
};

/** All that the test allows, in the order in which they are applied. `docs/decisions` says why ours stands. */
export const DIFFERENCES: readonly Difference[] = [
  variablesOfOldVersions,
  shortArnInNotResource,
  starThatEndsAPart,
  wildcardInResourceType,
  notPrincipalNamesOne,
  arnOperatorWithoutArn,
  prefixOfNoBits,
  secondsAsMilliseconds,
  anyValueIfExists,
  invertedWithoutValue,
  sessionPolicyFirst,
];

/** Names of the rules that are about this case, and what our evaluator says of it read that way. */
export function otherReading(each: Case): { readonly rules: readonly string[]; readonly verdict: Verdict } {
  const rules: string[] = [];
  let read = each;
  for (const { name, asRead } of DIFFERENCES) {
    const next = asRead(read);
    if (next !== read) rules.push(name);
    read = next;
  }
  return { rules, verdict: ourVerdict(read) };
}
