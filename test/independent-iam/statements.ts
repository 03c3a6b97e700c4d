import type {
  ConditionValue,
  OneOrMany,
  PolicyDocument,
  PolicyPrincipal,
  PolicyStatement,
} from '../../src/sandbox/iam/policy.ts';
import type { Random } from './random.ts';
import { AWAY, type Caller, HOME, SESSIONS, type Target, USERS, wildcarded } from './requests.ts';

const OTHER_ACTIONS = ['s3:PutObject', 's3:Get*', 'redshift:*', 'sts:*', 'iam:GetUser', '*', 's3:*', 's3:ListBucket'];
const OTHER_RESOURCES = [
  '*',
  'arn:aws:s3:::other/*',
  'arn:aws:s3:::*',
  'arn:aws:redshift:*:*:*',
  'arn:aws:iam::*:role/*',
];

const oneOrMany = (random: Random, items: string[]): OneOrMany =>
  items.length === 1 && random.chance(0.6) ? items[0]! : items;

function actions(random: Random, action: string): OneOrMany {
  const from = action.indexOf(':') + 1;
  const mine = random.chance(0.75) ? [wildcarded(random, action, from)] : [];
  const more = random.chance(0.4) || mine.length === 0 ? [random.pick(OTHER_ACTIONS)] : [];
  const cased = [...mine, ...more].map((each) => (random.chance(0.1) ? each.toLowerCase() : each));
  return oneOrMany(random, cased);
}

function resources(random: Random, resource: string): OneOrMany {
  const mine =
    random.chance(0.75) && resource !== '*'
      ? [wildcarded(random, resource, Math.min('arn:aws:s3:::'.length, resource.length))]
      : [];
  const more = random.chance(0.4) || mine.length === 0 ? [random.pick(OTHER_RESOURCES)] : [];
  return oneOrMany(random, [...mine, ...more]);
}

const KEYS: readonly (readonly [operator: string, key: string, values: readonly string[]])[] = [
  ['StringEquals', 'aws:PrincipalAccount', [HOME, AWAY]],
  ['StringNotEquals', 'aws:PrincipalOrgID', ['o-exampleorgid', 'o-otherorgid0']],
  ['StringLike', 'aws:userid', ['AROA*:run-1', 'AIDA*', '*:etl']],
  [
    'ArnLike',
    'aws:PrincipalArn',
    [`arn:aws:iam::${HOME}:*/*`, 'arn:aws:iam::*:role/Etl', `arn:aws:iam::${HOME}:user/ann`],
  ],
  ['ArnNotLike', 'aws:PrincipalArn', [`arn:aws:iam::${HOME}:role/*`]],
  ['Bool', 'aws:SecureTransport', ['true', 'false']],
  ['IpAddress', 'aws:SourceIp', ['203.0.113.0/24', '10.0.0.0/8']],
  ['NotIpAddress', 'aws:SourceIp', ['203.0.113.0/24', '10.0.0.0/8']],
  ['DateLessThan', 'aws:CurrentTime', ['2027-01-01T00:00:00Z', '2026-01-01T00:00:00Z']],
  ['StringEqualsIfExists', 'aws:SourceVpc', ['vpc-1']],
  ['StringEquals', 'aws:PrincipalTag/team', ['data', 'loads']],
  ['Null', 'aws:SourceVpce', ['true', 'false']],
  ['StringEquals', 'aws:RequestedRegion', ['us-east-1', 'eu-west-1']],
];

type Condition = Readonly<Record<string, Readonly<Record<string, ConditionValue>>>>;

export function condition(random: Random): Condition {
  const [operator, key, values] = random.pick(KEYS);
  const some = random.chance(0.3) ? [...values] : [random.pick(values)];
  return { [operator]: { [key]: some.length === 1 && random.chance(0.7) ? some[0]! : some } };
}

/** A statement of an identity policy about this target, or nearly. */
export function statement(
  random: Random,
  target: Pick<Target, 'action' | 'resource'>,
  denyChance = 0.2,
): PolicyStatement {
  const action = actions(random, target.action);
  const resource = resources(random, target.resource);
  return {
    Effect: random.chance(denyChance) ? 'Deny' : 'Allow',
    ...(random.chance(0.85) ? { Action: action } : { NotAction: action }),
    ...(random.chance(0.9) ? { Resource: resource } : { NotResource: resource }),
    ...(random.chance(0.3) && { Condition: condition(random) }),
  };
}

export const document = (...Statement: PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement });

export function identityPolicy(random: Random, target: Target, denyChance?: number): PolicyDocument {
  return document(...Array.from({ length: 1 + random.below(3) }, () => statement(random, target, denyChance)));
}

/** Whom a resource's policy may name. */
export function principalElement(random: Random, caller: Caller): PolicyPrincipal {
  const { arn, roleArn, account, kind } = caller.principal;
  if (kind === 'service') return { Service: random.pick([arn, 'ec2.amazonaws.com']) };
  const own = [arn, ...(roleArn === undefined ? [] : [roleArn]), `arn:aws:iam::${account}:root`, account];
  const others = [...USERS, ...SESSIONS].flatMap((each) => [
    each.principal.arn,
    each.principal.roleArn ?? each.principal.arn,
  ]);
  const entry =
    random.chance(0.75) && kind !== 'anonymous'
      ? random.pick(own)
      : random.pick([...others, `arn:aws:iam::${AWAY}:root`]);
  if (random.chance(0.15)) return '*';
  if (random.chance(0.1)) return { AWS: '*' };
  return { AWS: random.chance(0.3) ? [entry, random.pick(others)] : entry };
}

export function resourceStatement(random: Random, target: Target, caller: Caller, denyChance: number): PolicyStatement {
  const { NotAction: _action, NotResource: _resource, ...plain } = statement(random, target, denyChance);
  return {
    ...plain,
    Action: plain.Action ?? '*',
    Resource: random.pick([
      'arn:aws:s3:::acme-data',
      'arn:aws:s3:::acme-data/*',
      wildcarded(random, target.resource, 22),
    ]),
    Principal: principalElement(random, caller),
  };
}

const TRUST_CONDITIONS: readonly Condition[] = [
  { StringEquals: { 'sts:ExternalId': 'tenant-7' } },
  { StringEquals: { 'sts:ExternalId': 'tenant-8' } },
  { StringLike: { 'sts:RoleSessionName': ['etl-*', 'x'] } },
  { Null: { 'sts:ExternalId': 'false' } },
  { StringNotEquals: { 'sts:ExternalId': 'tenant-7' } },
  { StringEquals: { 'aws:SourceAccount': HOME } },
  { ArnLike: { 'aws:SourceArn': `arn:aws:redshift:*:${HOME}:cluster:*` } },
];

export function trustStatement(random: Random, caller: Caller): PolicyStatement {
  return {
    Effect: random.chance(0.12) ? 'Deny' : 'Allow',
    Principal: principalElement(random, caller),
    Action: random.pick([
      'sts:AssumeRole',
      ['sts:AssumeRole', 'sts:TagSession'],
      'sts:*',
      'sts:TagSession',
      'sts:Assume*',
    ]),
    ...(random.chance(0.4) && { Condition: random.pick(TRUST_CONDITIONS) }),
  };
}
