import type { Evaluation } from '../../src/sandbox/iam/evaluate.ts';
import { contextOf } from '../../src/sandbox/iam/pattern.ts';
import type { ConditionValue, PolicyDocument } from '../../src/sandbox/iam/policy.ts';
import { type Random, seededRandom } from './random.ts';
import {
  type Caller,
  type ContextRecord,
  GLOBAL_CONTEXT,
  HOME,
  ISSUER,
  NOBODY,
  POD,
  REDSHIFT_TARGETS,
  ROLE_TARGET,
  S3_TARGETS,
  SERVICE,
  SESSIONS,
  type Target,
  USERS,
} from './requests.ts';
import {
  document,
  identityPolicy,
  principalElement,
  resourceStatement,
  statement,
  trustStatement,
} from './statements.ts';

/** One request and all policies about it, for both evaluators. */
export interface Case {
  readonly family: string;
  readonly caller: Caller;
  readonly target: Target;
  readonly context: ContextRecord;
  readonly identity: readonly PolicyDocument[];
  readonly boundary?: PolicyDocument;
  readonly session?: PolicyDocument;
  readonly serviceControl?: readonly (readonly PolicyDocument[])[];
  readonly resourceControl?: readonly (readonly PolicyDocument[])[];
  readonly resource?: PolicyDocument;
}

type Family = (random: Random) => Omit<Case, 'family' | 'context'> & { readonly context?: ContextRecord };

const CALLERS = [...USERS, ...SESSIONS];
const TARGETS = [...S3_TARGETS, ...REDSHIFT_TARGETS];
const anything = document({ Effect: 'Allow', Action: '*', Resource: '*' });

/** Callers of the target's own account: for families that are about something else. */
const atHome = (random: Random): Caller => random.pick(CALLERS.filter(({ principal }) => principal.account === HOME));

const policies = (random: Random, target: Target, most: number): PolicyDocument[] =>
  Array.from({ length: 1 + random.below(most) }, () => identityPolicy(random, target));

const bucketPolicy = (random: Random, target: Target, caller: Caller): PolicyDocument =>
  document(...Array.from({ length: 1 + random.below(2) }, () => resourceStatement(random, target, caller, 0.15)));

const trustPolicy = (random: Random, caller: Caller): PolicyDocument =>
  document(...Array.from({ length: 1 + random.below(2) }, () => trustStatement(random, caller)));

function identityOnly(random: Random): ReturnType<Family> {
  const target = random.pick(TARGETS);
  return { caller: atHome(random), target, identity: policies(random, target, 2) };
}

function trust(random: Random): ReturnType<Family> {
  const caller = random.pick(CALLERS);
  const identity = random.chance(0.7) ? policies(random, ROLE_TARGET, 1) : [];
  return { caller, target: ROLE_TARGET, identity, resource: trustPolicy(random, caller) };
}

function boundary(random: Random): ReturnType<Family> {
  const target = random.pick(S3_TARGETS);
  const caller = random.pick(CALLERS);
  return {
    caller,
    target,
    identity: random.chance(0.5) ? [anything] : policies(random, target, 1),
    boundary: identityPolicy(random, target, 0.15),
    ...(random.chance(0.6) && { resource: bucketPolicy(random, target, caller) }),
  };
}

function organization(random: Random): ReturnType<Family> {
  const target = random.pick(TARGETS);
  const places = 1 + random.below(3);
  const level = (): PolicyDocument[] =>
    random.chance(0.5) ? [anything, identityPolicy(random, target, 0.6)] : [identityPolicy(random, target, 0.3)];
  return {
    caller: atHome(random),
    target,
    identity: random.chance(0.7) ? [anything] : policies(random, target, 1),
    serviceControl: Array.from({ length: places }, level),
  };
}

/** Resource control policies only ever deny, and name everybody. */
function resourceControl(random: Random): ReturnType<Family> {
  const target = random.pick(S3_TARGETS);
  const deny = (): PolicyDocument => {
    const { NotAction: _action, NotResource: _resource, ...plain } = statement(random, target);
    const Action = [plain.Action ?? 's3:*'].flat().map((action) => (action === '*' ? 's3:*' : action));
    return document({ ...plain, Effect: 'Deny', Principal: '*', Action, Resource: plain.Resource ?? '*' });
  };
  return { caller: atHome(random), target, identity: [anything], resourceControl: [[deny()], [deny()]] };
}

function session(random: Random): ReturnType<Family> {
  const caller = random.pick(SESSIONS);
  const isTrust = random.chance(0.3);
  const target = isTrust ? ROLE_TARGET : random.pick(S3_TARGETS);
  const resource = isTrust ? trustPolicy(random, caller) : bucketPolicy(random, target, caller);
  return {
    caller,
    target,
    identity: random.chance(0.6) ? [anything] : policies(random, target, 1),
    session: identityPolicy(random, target, 0.1),
    ...((isTrust || random.chance(0.6)) && { resource }),
    ...(random.chance(0.3) && { boundary: identityPolicy(random, target, 0.1) }),
  };
}

function bucket(random: Random): ReturnType<Family> {
  const target = random.pick(S3_TARGETS);
  const caller = random.pick([...CALLERS, ...CALLERS, SERVICE, NOBODY]);
  const isPerson = caller !== SERVICE && caller !== NOBODY;
  return {
    caller,
    target,
    identity: isPerson && random.chance(0.6) ? policies(random, target, 1) : [],
    resource: bucketPolicy(random, target, caller),
  };
}

function serviceTrust(random: Random): ReturnType<Family> {
  return { caller: SERVICE, target: ROLE_TARGET, identity: [], resource: trustPolicy(random, SERVICE) };
}

/** A pod's token instead of a signature. */
function webIdentity(random: Random): ReturnType<Family> {
  const subject = random.pick(['default:agent', 'default:*', 'other:agent']);
  const provider = random.pick([POD.principal.arn, POD.principal.arn, `${POD.principal.arn}2`]);
  const audience = random.pick(['sts.amazonaws.com', 'somebody.else']);
  const resource = document({
    Effect: random.chance(0.85) ? 'Allow' : 'Deny',
    Principal: random.chance(0.9)
      ? { Federated: provider }
      : { Federated: [provider, 'cognito-identity.amazonaws.com'] },
    Action: random.pick(['sts:AssumeRoleWithWebIdentity', 'sts:AssumeRole', 'sts:AssumeRoleWith*']),
    Condition: {
      [random.pick(['StringEquals', 'StringLike'])]: { [`${ISSUER}:sub`]: `system:serviceaccount:${subject}` },
      ...(random.chance(0.5) && { StringEqualsIfExists: { [`${ISSUER}:aud`]: audience } }),
    },
  });
  const target = { ...ROLE_TARGET, action: 'sts:AssumeRoleWithWebIdentity' };
  return { caller: POD, target, identity: [], resource };
}

function notPrincipal(random: Random): ReturnType<Family> {
  const target = random.pick(S3_TARGETS);
  const caller = random.pick(CALLERS);
  const { arn, roleArn, account } = caller.principal;
  const names = [`arn:aws:iam::${account}:root`, arn, ...(roleArn === undefined ? [] : [roleArn])];
  const element = principalElement(random, random.pick(CALLERS));
  const NotPrincipal =
    random.chance(0.6) || element === '*' ? { AWS: random.some(names, 1 + random.below(3)) } : element;
  return {
    caller,
    target,
    identity: [anything],
    ...(random.chance(0.2) && { boundary: anything }),
    resource: document(
      {
        Effect: 'Deny',
        NotPrincipal,
        Action: 's3:*',
        Resource: ['arn:aws:s3:::acme-data', 'arn:aws:s3:::acme-data/*'],
      },
      ...(random.chance(0.5) ? [resourceStatement(random, target, caller, 0)] : []),
    ),
  };
}

/** Operator, key that has that type, values that a policy may hold. */
const OPERATORS: readonly (readonly [operators: string, key: string, values: readonly string[]])[] = [
  [
    'StringEquals StringNotEquals StringEqualsIgnoreCase StringNotEqualsIgnoreCase StringLike StringNotLike',
    's3:prefix',
    ['home/ann/', 'HOME/ANN/', 'home/*', 'home/?nn/', 'other', '*', ''],
  ],
  [
    'StringEquals StringNotEquals StringLike StringNotLike StringEqualsIgnoreCase',
    'aws:PrincipalTag/team',
    ['data', 'DATA', 'loads', 'd*', '?oads'],
  ],
  [
    'NumericEquals NumericNotEquals NumericLessThan NumericLessThanEquals NumericGreaterThan NumericGreaterThanEquals',
    's3:max-keys',
    ['100', '99', '101', '100.0', '99.5', '-1'],
  ],
  [
    'DateEquals DateNotEquals DateLessThan DateLessThanEquals DateGreaterThan DateGreaterThanEquals',
    'aws:CurrentTime',
    [
      '2026-11-24T12:00:00Z',
      '2026-11-24T13:00:00+01:00',
      '2026-11-24',
      '2025-01-01T00:00:00Z',
      '2027-01-01T00:00:00Z',
      '1795521600',
    ],
  ],
  ['DateLessThan DateGreaterThan DateEquals', 'aws:EpochTime', ['1795521600', '1795521601', '2025-01-01T00:00:00Z']],
  ['Bool', 'aws:SecureTransport', ['true', 'false', 'True']],
  ['Bool', 'aws:MultiFactorAuthPresent', ['true', 'false']],
  [
    'IpAddress NotIpAddress',
    'aws:SourceIp',
    ['203.0.113.17', '203.0.113.0/24', '203.0.113.16/32', '10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0'],
  ],
  [
    'ArnEquals ArnLike ArnNotEquals ArnNotLike',
    'aws:PrincipalArn',
    [
      `arn:aws:iam::${HOME}:user/ann`,
      `arn:aws:iam::${HOME}:*`,
      'arn:aws:iam::*:role/Etl',
      'arn:*:iam::*:user/*',
      'arn:aws:*:user/ann',
      `arn:aws:iam::${HOME}:user/a?n`,
    ],
  ],
  ['StringEquals StringNotEquals StringLike', 'aws:SourceVpc', ['vpc-1', 'vpc-*']],
  ['Null', 'aws:SourceVpc', ['true', 'false']],
  ['Null', 's3:prefix', ['true', 'false']],
];

function conditions(random: Random): ReturnType<Family> {
  const [operators, key, values] = random.pick(OPERATORS);
  const base = random.pick(operators.split(' '));
  const operator = base !== 'Null' && random.chance(0.3) ? `${base}IfExists` : base;
  const some = random.chance(0.4) ? random.some(values, 2) : [random.pick(values)];
  const value: ConditionValue = some.length === 1 && random.chance(0.5) ? some[0]! : some;
  const target = random.chance(0.6) ? S3_TARGETS.at(-1)! : random.pick(S3_TARGETS);
  const Effect = random.chance(0.7) ? 'Allow' : 'Deny';
  const one = document({ Effect, Action: '*', Resource: '*', Condition: { [operator]: { [key]: value } } });
  return { caller: atHome(random), target, identity: Effect === 'Allow' ? [one] : [anything, one] };
}

const SETS: readonly (readonly string[] | undefined)[] = [
  undefined,
  ['team'],
  ['team', 'cost'],
  ['Team'],
  ['other', 'cost'],
];

function sets(random: Random): ReturnType<Family> {
  const keys = random.pick(SETS);
  const quantifier = random.pick(['ForAllValues:', 'ForAnyValue:', 'ForAllValues:', 'ForAnyValue:', '']);
  const base = random.pick([
    'StringEquals',
    'StringNotEquals',
    'StringLike',
    'StringNotLike',
    'StringEqualsIgnoreCase',
  ]);
  const operator = `${quantifier}${base}${random.chance(0.25) ? 'IfExists' : ''}`;
  const value = random.some(['team', 'cost', 't*', 'x'], 1 + random.below(3));
  const Effect = random.chance(0.7) ? 'Allow' : 'Deny';
  const one = document({ Effect, Action: 'sts:*', Resource: '*', Condition: { [operator]: { 'aws:TagKeys': value } } });
  const caller = atHome(random);
  return {
    caller,
    target: { ...ROLE_TARGET, action: 'sts:TagSession' },
    identity: Effect === 'Allow' ? [one] : [anything, one],
    resource: document({
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${HOME}:root` },
      Action: ['sts:AssumeRole', 'sts:TagSession'],
    }),
    ...(keys && { context: { 'aws:TagKeys': keys } }),
  };
}

const TEMPLATES = [
  `home/\${aws:username}/`,
  `home/\${AWS:UserName}/`,
  `home/\${aws:username, 'ann'}/`,
  `home/\${aws:SourceVpc, 'ann'}/`,
  `home/\${aws:SourceVpc}/`,
  `home/\${aws:PrincipalTag/team}/`,
  `home/*/\${$}`,
  `\${*}`,
  `home/\${?}nn/`,
  `\${s3:prefix}`,
  'home/ann/',
  `home/\${aws:username`,
];

function variables(random: Random): ReturnType<Family> {
  const template = random.pick(TEMPLATES);
  const target = random.chance(0.5) ? S3_TARGETS.at(-1)! : S3_TARGETS[1]!;
  const operator = random.pick([
    'StringEquals',
    'StringNotEquals',
    'StringLike',
    'StringNotLike',
    'StringEqualsIfExists',
  ]);
  const inResource = random.chance(0.4);
  const Effect = random.chance(0.75) ? 'Allow' : 'Deny';
  const one: PolicyDocument = {
    ...(random.chance(0.85) && { Version: '2012-10-17' }),
    Statement: [
      inResource
        ? { Effect, Action: 's3:*', Resource: `arn:aws:s3:::acme-data/${template}*` }
        : { Effect, Action: 's3:*', Resource: '*', Condition: { [operator]: { 's3:prefix': template } } },
    ],
  };
  return { caller: atHome(random), target, identity: Effect === 'Allow' ? [one] : [anything, one] };
}

const ARNS = [
  'arn:aws:s3:::*',
  'arn:aws:s3:*',
  'arn:aws:s3',
  'arn:*:s3:::acme-data*',
  'arn:aws:s3:::acme-data',
  'arn:aws:s3:::*/*',
  'arn:aws:s3:us-east-1::acme-data/*',
  `arn:aws:s3::${HOME}:acme-data/*`,
  'arn:aws:redshift:*:*:dbgroup:*/loaders',
  'arn:aws:redshift:us-east-1:*',
  `arn:aws:redshift:*:${HOME}:*:warehouse/*`,
  `arn:aws:redshift:us-*:${HOME}:dbuser:warehouse/?tl`,
  `arn:aws:redshift:us-east-1:${HOME}:*`,
  `arn:aws:redshift*:${HOME}:*`,
];

function arns(random: Random): ReturnType<Family> {
  const target = random.pick(TARGETS);
  const Resource = random.some(ARNS, 1 + random.below(2));
  const Effect = random.chance(0.7) ? 'Allow' : 'Deny';
  const one = document(
    random.chance(0.8) ? { Effect, Action: '*', Resource } : { Effect, Action: '*', NotResource: Resource },
  );
  return { caller: atHome(random), target, identity: Effect === 'Allow' ? [one] : [anything, one] };
}

function everything(random: Random): ReturnType<Family> {
  const caller = random.pick(CALLERS);
  const isTrust = random.chance(0.3);
  const target = isTrust ? ROLE_TARGET : random.pick(S3_TARGETS);
  const wide = (): PolicyDocument[] =>
    random.chance(0.5) ? [anything] : [anything, document(statement(random, target, 0.5))];
  return {
    caller,
    target,
    identity: random.chance(0.7) ? wide() : policies(random, target, 2),
    ...(random.chance(0.5) && { boundary: random.chance(0.5) ? anything : identityPolicy(random, target, 0.1) }),
    ...(random.chance(0.5) && { serviceControl: [[anything], wide()] }),
    ...(SESSIONS.includes(caller) && random.chance(0.4) && { session: identityPolicy(random, target, 0.1) }),
    ...(isTrust
      ? { resource: trustPolicy(random, caller) }
      : random.chance(0.6) && { resource: bucketPolicy(random, target, caller) }),
  };
}

/** What is asked, family by family. */
export const FAMILIES: Readonly<Record<string, Family>> = {
  identityOnly,
  trust,
  serviceTrust,
  webIdentity,
  boundary,
  organization,
  resourceControl,
  session,
  bucket,
  notPrincipal,
  conditions,
  sets,
  variables,
  arns,
  everything,
};

/** `count` cases of a family; the same for the same seed. */
export function casesOf(family: string, count: number, seed: number): readonly Case[] {
  const random = seededRandom(seed);
  const make = FAMILIES[family]!;
  return Array.from({ length: count }, () => {
    const made = make(random);
    const { action } = made.target;
    const isNobodys = [SERVICE, NOBODY, POD].includes(made.caller);
    const { 'aws:PrincipalOrgID': _org, ...unowned } = GLOBAL_CONTEXT;
    const context = {
      ...(isNobodys ? unowned : GLOBAL_CONTEXT),
      ...made.caller.context,
      ...made.target.context,
      ...made.context,
    };
    // External ids and session names belong to the call that brings them.
    if (action === 'sts:AssumeRole' || !action.startsWith('sts:')) return { ...made, family, context };
    const {
      'sts:ExternalId': _id,
      'sts:RoleSessionName': _name,
      ...rest
    } = context as Record<string, string | readonly string[]>;
    return { ...made, family, context: rest };
  });
}

/** As our evaluator wants it. */
export function evaluationOf({ caller, target, context, ...rest }: Case): Evaluation {
  return {
    principal: caller.principal,
    action: target.action,
    resource: target.resource,
    resourceAccount: target.account,
    context: contextOf(context),
    identityPolicies: rest.identity,
    boundary: rest.boundary,
    sessionPolicies: rest.session && [rest.session],
    serviceControlPolicies: rest.serviceControl,
    resourceControlPolicies: rest.resourceControl,
    resourcePolicy: rest.resource,
    resourcePolicyRequired: target === ROLE_TARGET || target.action.startsWith('sts:'),
  };
}

/** As the other evaluator wants it. */
export function simulationOf({ caller, target, context, ...rest }: Case): unknown {
  const named = (list: readonly PolicyDocument[] = []) => list.map((policy, at) => ({ name: `policy-${at}`, policy }));
  const places = (list: readonly (readonly PolicyDocument[])[] = []) =>
    list.map((each, at) => ({ orgIdentifier: `place-${at}`, policies: named(each) }));
  return {
    request: {
      principal: caller === NOBODY ? { type: 'Anonymous' } : caller.principal.arn,
      action: target.action,
      resource: { resource: target.resource, accountId: target.account },
      contextVariables: context,
    },
    identityPolicies: named(rest.identity),
    serviceControlPolicies: places(rest.serviceControl),
    resourceControlPolicies: places(rest.resourceControl),
    ...(rest.session && { sessionPolicy: rest.session }),
    ...(rest.resource && { resourcePolicy: rest.resource }),
    ...(rest.boundary && { permissionBoundaryPolicies: named([rest.boundary]) }),
  };
}
