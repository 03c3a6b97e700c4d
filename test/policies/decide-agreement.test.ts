import { expect } from 'chai';
import fc from 'fast-check';
import { decide } from '../../src/policies/decide.ts';
import {
  listOf,
  type PolicyDocument,
  type PolicyPrincipal,
  type PolicyStatement,
} from '../../src/policies/document.ts';
import { evaluate } from '../../src/sandbox/iam/evaluate.ts';
import { contextOf } from '../../src/sandbox/iam/pattern.ts';
import type { PolicyDocument as SandboxPolicy } from '../../src/sandbox/iam/policy.ts';
import type { Principal } from '../../src/sandbox/identity.ts';

const HOME = '111122223333';
const AWAY = '444455556666';
const USER = `arn:aws:iam::${HOME}:user/ann`;
const ROLE = `arn:aws:iam::${HOME}:role/Machine`;
const SESSION = `arn:aws:sts::${HOME}:assumed-role/Machine/i-0abc`;
const OTHER_SESSION = `arn:aws:sts::${HOME}:assumed-role/Machine/i-0def`;
const ROOT = `arn:aws:iam::${HOME}:root`;

const CALLERS: readonly { readonly arn: string; readonly principal: Principal }[] = [
  { arn: USER, principal: { kind: 'user', arn: USER, account: HOME, userId: 'AIDAEXAMPLE' } },
  {
    arn: ROLE,
    principal: { kind: 'assumedRole', arn: SESSION, roleArn: ROLE, account: HOME, userId: 'AROAEXAMPLE:i-0abc' },
  },
];

const ACTIONS = ['*', 's3:*', 's3:Get*', 's3:GetObject', 's3:?etObject', 's3:PutObject'];
const RESOURCES = [
  '*',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/k',
  'arn:aws:s3:::b/?',
  'arn:aws:s3:::b',
  `arn:aws:s3:::b/\${aws:username}`,
  `arn:aws:s3:::\${aws:username, 'b'}/k`,
  // Short, and with wildcards before a colon, within a part and across parts.
  'arn:aws:s3',
  'arn:aws:s*',
  'arn:aws:*:b/k',
  'arn:*:b/k',
  'arn:aws:s3:?::b',
  'arn:a*s:s3:::b*',
  'arn:a*3:::b/k',
  'arn:aws:s3:*:*:b/k',
];
const CONDITIONS: readonly PolicyStatement['Condition'][] = [
  undefined,
  { StringEquals: { 's3:prefix': ['k', 'q'] } },
  { StringNotEquals: { 's3:prefix': 'k' } },
  { StringLike: { 's3:PREFIX': 'k*' } },
  { StringEqualsIfExists: { 's3:prefix': 'q', 'aws:username': 'ann' } },
  { ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/*' } },
  { ArnLike: { 'aws:PrincipalArn': '*' } },
  { ArnNotEquals: { 'aws:PrincipalArn': USER } },
  { NumericLessThan: { 's3:max-keys': '10' } },
  { Null: { 's3:prefix': 'TRUE' } },
  { Bool: { 'aws:SecureTransport': 'false' } },
  { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } },
  { StringNotEquals: { 's3:prefix': `\${aws:username}` } },
  { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'use'] } },
  { 'ForAllValues:StringNotLike': { 'aws:TagKeys': 't*' } },
  { 'ForAnyValue:StringLike': { 'aws:TagKeys': ['u*', 'x'] } },
  { 'ForAnyValue:StringNotEquals': { 'aws:TagKeys': 'team' } },
  { Null: { 'aws:TagKeys': 'false' } },
  { StringEquals: { 'aws:TagKeys': 'team' } },
  { StringNotEquals: { 'aws:TagKeys': 'team' } },
];
const PRINCIPALS = [USER, ROLE, SESSION, OTHER_SESSION, HOME, ROOT, `arn:aws:iam::${AWAY}:root`];

/** Most statements are about the request, so that what is told apart matters. */
const usually = <T>(first: T, others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const named: fc.Arbitrary<PolicyPrincipal> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom<PolicyPrincipal>('*', { AWS: '*' }) },
  {
    weight: 5,
    arbitrary: fc
      .uniqueArray(fc.constantFrom(...PRINCIPALS), { minLength: 1, maxLength: 3 })
      .map((AWS): PolicyPrincipal => ({ AWS })),
  },
);

const statementOf = (side: 'own' | 'resource'): fc.Arbitrary<PolicyStatement> =>
  fc
    .record({
      Effect: fc.constantFrom('Allow' as const, 'Allow' as const, 'Deny' as const),
      actions: fc.uniqueArray(usually('s3:*', ACTIONS), { minLength: 1, maxLength: 2 }),
      notAction: usually(false, [true, false]),
      resources: fc.uniqueArray(usually('*', RESOURCES), { minLength: 1, maxLength: 2 }),
      notResource: usually(false, [true, false]),
      principal: named,
      notPrincipal: fc.boolean(),
      Condition: usually(undefined, CONDITIONS),
    })
    .map(({ Effect, actions, notAction, resources, notResource, principal, notPrincipal, Condition }) => ({
      Effect,
      ...(side === 'own'
        ? {}
        : notPrincipal && Effect === 'Deny'
          ? { NotPrincipal: principal }
          : { Principal: principal }),
      ...(notAction ? { NotAction: actions } : { Action: actions }),
      ...(notResource ? { NotResource: resources } : { Resource: resources }),
      ...(Condition === undefined ? {} : { Condition }),
    }));

const policyOf = (side: 'own' | 'resource'): fc.Arbitrary<PolicyDocument> =>
  fc.record({
    Version: usually('2012-10-17', ['2008-10-17']),
    Statement: fc.array(statementOf(side), { minLength: 1, maxLength: 3 }),
  });

const isOneOfTheSessions = (principal: PolicyPrincipal | undefined): boolean =>
  typeof principal === 'object' && listOf(principal['AWS']).some((entry) => entry.includes(':assumed-role/'));

/** What ours leaves open: which session of a role it is, and what IAM does not document. */
function mayBeOpen(arn: string, documents: readonly PolicyDocument[]): boolean {
  return documents
    .flatMap(({ Statement }) => Statement)
    .some(({ Principal, NotPrincipal, Condition = {} }) => {
      const isOfSession = arn === ROLE && (isOneOfTheSessions(Principal) || NotPrincipal !== undefined);
      const isUnquantified = Object.entries(Condition).some(
        ([operator, keys]) => 'aws:TagKeys' in keys && !/^For|^Null/.test(operator),
      );
      return isOfSession || isUnquantified;
    });
}

const CASES = fc.record({
  caller: fc.constantFrom(...CALLERS),
  own: policyOf('own'),
  other: fc.option(policyOf('resource'), { nil: undefined }),
  boundary: fc.option(policyOf('own'), { nil: undefined }),
  resourceAccount: fc.constantFrom(HOME, HOME, AWAY),
  action: fc.constantFrom('s3:GetObject', 's3:PutObject', 's3:ListBucket'),
  resource: fc.constantFrom('arn:aws:s3:::b/k', 'arn:aws:s3:::b/ann', 'arn:aws:s3:::b'),
  prefix: fc.constantFrom('', 'k', 'q', 'kk', `\${aws:username}`),
  maxKeys: fc.constantFrom('9', '10'),
  tagKeys: fc.constantFrom([], ['team'], ['use', 'team'], ['x', 'use']),
});

describe("The evaluator behind verify, against the sandbox's", () => {
  it('agrees on thousands of policies and requests of which everything is known', function () {
    this.timeout(60_000);
    let open = 0;
    fc.assert(
      fc.property(CASES, ({ caller, own, other, boundary, resourceAccount, action, resource, ...asked }) => {
        const { prefix, maxKeys, tagKeys } = asked;
        const facts = {
          'aws:PrincipalArn': caller.arn,
          'aws:PrincipalAccount': HOME,
          'aws:SecureTransport': 'true',
          'aws:SourceIp': '10.1.2.3',
          's3:max-keys': maxKeys,
        };
        const username = caller.arn === USER ? 'ann' : '';
        const ours = decide(
          {
            principal: caller.arn,
            action,
            resource,
            resourceAccount,
            context: { ...facts, 'aws:username': username, 's3:prefix': prefix, 'aws:TagKeys': tagKeys },
          },
          {
            permissions: () => [own],
            boundary: () => (boundary === undefined ? undefined : [boundary]),
            ofResource: () => (other === undefined ? [] : [other]),
          },
        );
        const theirs = evaluate({
          principal: caller.principal,
          action,
          resource,
          context: contextOf({
            ...facts,
            ...(username === '' ? {} : { 'aws:username': username }),
            ...(prefix === '' ? {} : { 's3:prefix': prefix }),
            ...(tagKeys.length === 0 ? {} : { 'aws:TagKeys': tagKeys }),
          }),
          identityPolicies: [own as SandboxPolicy],
          boundary: boundary as SandboxPolicy | undefined,
          resourcePolicy: other as SandboxPolicy | undefined,
          resourceAccount,
        });
        if (ours.verdict === 'undecided') {
          open += 1;
          const documents = [
            own,
            ...(other === undefined ? [] : [other]),
            ...(boundary === undefined ? [] : [boundary]),
          ];
          expect(mayBeOpen(caller.arn, documents), 'nothing here is open').to.equal(true);
        } else {
          expect(ours.verdict).to.equal(theirs.allowed ? 'allowed' : 'denied');
        }
      }),
      { numRuns: 8000 },
    );
    expect(open).to.be.lessThan(800);
  });
});
