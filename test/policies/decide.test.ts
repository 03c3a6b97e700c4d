import { expect } from 'chai';
import { decide, type KnownPolicies } from '../../src/policies/decide.ts';
import {
  type AccessRequest,
  type PolicyDocument,
  type PolicyStatement,
  statementsOf,
} from '../../src/policies/document.ts';
import { matchesArn, matchesPattern } from '../../src/policies/match-pattern.ts';

const HOME = '111122223333';
const USER = `arn:aws:iam::${HOME}:user/ann`;
const ROLE = `arn:aws:iam::${HOME}:role/Login`;
const AWAY = 'arn:aws:iam::444455556666:role/Login';

function known(
  own: readonly PolicyDocument[],
  resource?: PolicyDocument,
  boundary?: readonly PolicyDocument[],
): KnownPolicies {
  return {
    permissions: () => own,
    boundary: () => boundary,
    ofResource: () => (resource === undefined ? [] : [resource]),
  };
}

const request = (changes: Partial<AccessRequest> = {}): AccessRequest => ({
  principal: USER,
  action: 'sts:AssumeRole',
  resource: ROLE,
  resourceAccount: HOME,
  context: { 'sts:ExternalId': 'x-7' },
  ...changes,
});

const policy = (...Statement: PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement });
const assume: PolicyStatement = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' };
const trust = (AWS: string, rest: Partial<PolicyStatement> = {}): PolicyDocument =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole', ...rest });

describe('The evaluator behind verify', () => {
  for (const [says, verdict, own, theirs, changes] of [
    ['in one account, trust that names the caller suffices', 'allowed', [], trust(USER), {}],
    [
      'in one account, trust in the account leaves it to the caller',
      'denied',
      [],
      trust(`arn:aws:iam::${HOME}:root`),
      {},
    ],
    ['... whose own policy then decides', 'allowed', [policy(assume)], trust(HOME), {}],
    [
      'across accounts both sides are needed',
      'denied',
      [],
      trust(USER),
      { resource: AWAY, resourceAccount: '444455556666' },
    ],
    ['... and enough', 'allowed', [policy(assume)], trust(USER), { resource: AWAY, resourceAccount: '444455556666' }],
    [
      'permission without trust does not do',
      'denied',
      [policy(assume)],
      policy({ ...assume, Effect: 'Deny', Principal: '*' }),
      {},
    ],
    [
      'trust in one session of a role',
      'undecided',
      [policy(assume)],
      trust(`arn:aws:sts::${HOME}:assumed-role/Machine/i-0abc`),
      { principal: `arn:aws:iam::${HOME}:role/Machine` },
    ],
    ['a Deny wins', 'denied', [policy(assume, { ...assume, Effect: 'Deny' })], trust(USER), {}],
    [
      'a condition that holds',
      'allowed',
      [policy(assume)],
      trust(USER, { Condition: { StringEquals: { 'sts:externalid': ['other', 'x-7'] } } }),
      {},
    ],
    [
      'one that does not',
      'denied',
      [policy(assume)],
      trust(USER, { Condition: { StringNotEquals: { 'sts:ExternalId': 'x-7' } } }),
      {},
    ],
    [
      'one on a key nobody knows',
      'undecided',
      [policy(assume)],
      trust(USER, { Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } }),
      {},
    ],
    [
      'a key that is known to be absent',
      'denied',
      [policy(assume)],
      trust(USER, { Condition: { StringEquals: { 'sts:ExternalId': '*' } } }),
      { context: { 'sts:ExternalId': '' } },
    ],
    ...(
      [
        [
          'every value of a key is among the wanted',
          'allowed',
          { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a', 'b', 'c'] } },
        ],
        ['one of them is not', 'denied', { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['a'] } }],
        ['any of them is', 'allowed', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': ['a', 'z'] } }],
        ['none of them is', 'denied', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'z' } }],
        ['each is another', 'allowed', { 'ForAllValues:StringNotEquals': { 'aws:TagKeys': 'z' } }],
        ['several values without a quantifier', 'undecided', { StringEquals: { 'aws:TagKeys': 'a' } }],
        ['a list of one without a quantifier', 'undecided', { StringEquals: { 'aws:RequestedTags': 'a' } }],
        ['no value of several', 'allowed', { 'ForAllValues:StringEquals': { 'sts:TransitiveTagKeys': 'a' } }],
        ['no value, and any is wanted', 'denied', { 'ForAnyValue:StringEquals': { 'sts:TransitiveTagKeys': 'a' } }],
        ['no value, as Null sees it', 'allowed', { Null: { 'sts:TransitiveTagKeys': 'true', 'aws:TagKeys': 'false' } }],
      ] as const
    ).map(
      ([title, verdict, Condition]) =>
        [
          `a key with several values: ${title}`,
          verdict,
          [policy(assume)],
          trust(USER, { Condition }),
          { context: { 'aws:TagKeys': ['a', 'b'], 'aws:RequestedTags': ['a'], 'sts:TransitiveTagKeys': [] } },
        ] as const,
    ),
    [
      'NotAction and NotResource',
      'allowed',
      [policy({ Effect: 'Allow', NotAction: 'iam:*', NotResource: 'arn:aws:iam::1:*' })],
      trust(HOME),
      {},
    ],
    [
      'a policy variable',
      'allowed',
      [policy({ ...assume, Resource: `arn:aws:iam::\${aws:PrincipalAccount}:role/*` })],
      trust(HOME, { Condition: { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${HOME}:user/*` } } }),
      {},
    ],
    [
      'a policy variable nobody knows',
      'undecided',
      [policy({ ...assume, Resource: `arn:aws:iam::\${aws:PrincipalTag/account}:role/*` })],
      trust(HOME),
      {},
    ],
  ] as const) {
    it(`${says}: ${verdict}`, () => {
      expect(decide(request(changes), known(own, theirs)).verdict).to.equal(verdict);
    });
  }

  it('a permissions boundary takes away what it does not allow', () => {
    const within = known([policy(assume)], trust(HOME), [policy(assume)]);
    const outside = known([policy(assume)], trust(HOME), [policy({ ...assume, Action: 's3:*' })]);
    expect(decide(request(), within).verdict).to.equal('allowed');
    expect(decide(request(), outside).verdict).to.equal('denied');
  });

  it('a boundary that is silent holds back what is granted to a role by name, and not what is granted to a user', () => {
    const silent = (principal: string) => known([], trust(principal), [policy({ ...assume, Action: 's3:*' })]);
    const role = `arn:aws:iam::${HOME}:role/Machine`;
    expect(decide(request(), silent(USER)).verdict).to.equal('allowed');
    expect(decide(request({ principal: role }), silent(role)).verdict).to.equal('denied');
  });

  for (const [says, Condition] of [
    ['an operator nobody knows', { StringMatches: { 'sts:ExternalId': 'x-7' } }],
    ['a number that is none', { NumericLessThan: { 'sts:ExternalId': '10' } }],
    ['a network that is none', { IpAddress: { 'sts:ExternalId': '10.0.0.0/99' } }],
  ] as const) {
    it(`${says}: undecided, allowed or denied`, () => {
      const deny = { ...assume, Effect: 'Deny', Condition } as const;
      expect(decide(request(), known([policy(assume)], trust(USER, { Condition }))).verdict).to.equal('undecided');
      expect(decide(request(), known([policy(assume, deny)], trust(HOME))).verdict).to.equal('undecided');
    });
  }

  it('a Deny for all but the caller spares no caller with a boundary', () => {
    const sparing = (...AWS: string[]) =>
      policy(...statementsOf(trust(USER)), { ...assume, Effect: 'Deny', NotPrincipal: { AWS } });
    const spared = sparing(USER, `arn:aws:iam::${HOME}:root`);
    expect(decide(request(), known([policy(assume)], spared)).verdict).to.equal('allowed');
    expect(decide(request(), known([policy(assume)], sparing(USER))).verdict, 'without the account').to.equal('denied');
    expect(decide(request(), known([policy(assume)], spared, [policy(assume)])).verdict).to.equal('denied');
  });

  it('a Deny for all but one session of a role: undecided', () => {
    const role = `arn:aws:iam::${HOME}:role/Machine`;
    const session = `arn:aws:sts::${HOME}:assumed-role/Machine/i-0abc`;
    const verdict = (...AWS: string[]) => {
      const denying = policy(...statementsOf(trust(role)), { ...assume, Effect: 'Deny', NotPrincipal: { AWS } });
      return decide(request({ principal: role }), known([], denying)).verdict;
    };
    expect(verdict(session, role, HOME)).to.equal('undecided');
    expect(verdict(session), 'its role and account are not named').to.equal('denied');
  });

  it('a boundary that is silent says nothing of a session that is named itself, nor of what everybody gets', () => {
    const role = `arn:aws:iam::${HOME}:role/Machine`;
    const silent = [policy({ ...assume, Action: 's3:*' })];
    const verdict = (named: string) => decide(request({ principal: role }), known([], trust(named), silent)).verdict;
    expect(verdict(`arn:aws:sts::${HOME}:assumed-role/Machine/i-0abc`)).to.equal('undecided');
    expect(verdict('*')).to.equal('allowed');
  });

  for (const [pattern, verdict] of [
    [`arn:aws:iam::${HOME}:role/*`, 'allowed'],
    [`arn:aws:iam::*:role/Lo*n`, 'allowed'],
    ['arn:aws:iam*', 'allowed'],
    ['arn:aws:i*2*role/Login', 'denied'],
    ['arn:aws:iam?:111122223333:role/Login', 'denied'],
    ['arn:*aws:iam::111122223333:role/Login', 'allowed'],
  ] as const) {
    it(`the resource ${pattern}: ${verdict}`, () => {
      const own = policy({ ...assume, Resource: pattern });
      expect(decide(request(), known([own], trust(HOME))).verdict).to.equal(verdict);
    });
  }

  it('a policy of the old version has no variables', () => {
    const own = { Statement: { ...assume, Resource: `arn:aws:iam::\${aws:PrincipalAccount}:role/*` } };
    expect(decide(request(), known([own], trust(HOME))).verdict).to.equal('denied');
  });

  it('ForAnyValue of a key that is absent holds for nothing, negated or not', () => {
    const Condition = { 'ForAnyValue:StringNotEquals': { 'sts:ExternalId': 'x' } };
    const absent = request({ context: { 'sts:ExternalId': '' } });
    expect(decide(absent, known([], trust(USER, { Condition }))).verdict).to.equal('denied');
  });

  it('names the keys that a verdict hangs on', () => {
    const condition = { Condition: { Bool: { 'aws:MultiFactorAuthPresent': 'true' } } };
    expect(decide(request(), known([], trust(USER, condition))).unknownKeys).to.deep.equal([
      'aws:MultiFactorAuthPresent',
    ]);
  });

  it('takes no longer for a pattern made to be slow', () => {
    expect(matchesPattern(`${'a*'.repeat(40)}b`, 'a'.repeat(4000))).to.equal(false);
    const open = `\${${' '.repeat(50_000)}`;
    expect(matchesPattern(open, 'a', new Map())).to.equal(false);
    expect(matchesArn(':'.repeat(50_000), 'a', new Map())).to.equal(false);
  });
});
