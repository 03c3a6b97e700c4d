import { expect } from 'chai';
import { conditionsHold } from '../../src/sandbox/iam/conditions.ts';
import { type Decision, type Evaluation, evaluate, statementSpeaks } from '../../src/sandbox/iam/evaluate.ts';
import { type Context, contextOf, matchesPattern } from '../../src/sandbox/iam/pattern.ts';
import type { PolicyDocument, PolicyStatement } from '../../src/sandbox/iam/policy.ts';
import { parsePolicyText, policyProblem } from '../../src/sandbox/iam/policy-check.ts';
import type { Principal } from '../../src/sandbox/identity.ts';

const HOME = '111122223333';
const AWAY = '444455556666';
const USER: Principal = { kind: 'user', arn: `arn:aws:iam::${HOME}:user/ann`, account: HOME, userId: 'AIDAANN' };
const SESSION: Principal = {
  kind: 'assumedRole',
  arn: `arn:aws:sts::${HOME}:assumed-role/Etl/run-1`,
  account: HOME,
  userId: 'AROAETL:run-1',
  roleArn: `arn:aws:iam::${HOME}:role/Etl`,
  sessionName: 'run-1',
};
const SERVICE: Principal = { kind: 'service', arn: 'redshift.amazonaws.com', account: '', userId: 'redshift' };
const NOBODY: Principal = { kind: 'anonymous', arn: 'anonymous', account: '', userId: 'anonymous' };

const policy = (...Statement: PolicyStatement[]): PolicyDocument => ({ Version: '2012-10-17', Statement });
const allow = (rest: Omit<PolicyStatement, 'Effect'>): PolicyStatement => ({ Effect: 'Allow', ...rest });
const deny = (rest: Omit<PolicyStatement, 'Effect'>): PolicyStatement => ({ Effect: 'Deny', ...rest });
const ANYTHING = policy(allow({ Action: '*', Resource: '*' }));

function decide(change: Partial<Evaluation>): Decision {
  return evaluate({
    principal: USER,
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::data/a/b.csv',
    context: contextOf({}),
    identityPolicies: [],
    resourceAccount: HOME,
    ...change,
  });
}

const shown = (decision: Decision): string =>
  decision.allowed ? 'allowed' : `${decision.explicit ? 'denied' : 'no allow'} by ${decision.by}`;

describe('IAM evaluation of the sandbox', () => {
  describe('actions and resources', () => {
    const cases: readonly (readonly [string, Omit<PolicyStatement, 'Effect'>, boolean])[] = [
      ['an exact action and resource', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/a/b.csv' }, true],
      ['actions without regard to case', { Action: 'S3:getobject', Resource: '*' }, true],
      ['resources with regard to case', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::DATA/*' }, false],
      ['a star across slashes', { Action: 's3:Get*', Resource: 'arn:aws:s3:::data/*' }, true],
      ['a question mark for one character', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/?/b.csv' }, true],
      ['no more than that character', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::data/?' }, false],
      ['the bucket alone as not its objects', { Action: 's3:*', Resource: 'arn:aws:s3:::data' }, false],
      ['one of several actions', { Action: ['s3:PutObject', 's3:GetObject'], Resource: ['x', '*'] }, true],
      ['NotAction', { NotAction: 'iam:*', Resource: '*' }, true],
      ['NotAction that names it', { NotAction: ['s3:Get*'], Resource: '*' }, false],
      ['NotResource', { Action: '*', NotResource: 'arn:aws:s3:::other/*' }, true],
      ['NotResource that names it', { Action: '*', NotResource: 'arn:aws:s3:::data/*' }, false],
      ['another service', { Action: 'redshift:*', Resource: '*' }, false],
    ];
    for (const [title, statement, allowed] of cases) {
      it(`${allowed ? 'lets' : 'does not let'} ${title} pass`, () => {
        expect(decide({ identityPolicies: [policy(allow(statement))] }).allowed).to.equal(allowed);
      });
    }
  });

  describe('whose policy decides', () => {
    const trustUser = policy(allow({ Principal: { AWS: USER.arn }, Action: '*' }));
    const trustAccount = policy(allow({ Principal: { AWS: `arn:aws:iam::${HOME}:root` }, Action: '*' }));
    const cases: readonly (readonly [string, Partial<Evaluation>, string])[] = [
      ['nothing says anything', {}, 'no allow by identity-based'],
      ['the identity policy allows', { identityPolicies: [ANYTHING] }, 'allowed'],
      [
        'one statement denies',
        { identityPolicies: [ANYTHING, policy(deny({ Action: 's3:*', Resource: '*' }))] },
        'denied by identity-based',
      ],
      ['the resource names the user', { resourcePolicy: trustUser }, 'allowed'],
      ['the resource names the account only', { resourcePolicy: trustAccount }, 'no allow by identity-based'],
      [
        'the resource names the account and the user may',
        { resourcePolicy: trustAccount, identityPolicies: [ANYTHING] },
        'allowed',
      ],
      [
        'the resource names the account by its number',
        { resourcePolicy: policy(allow({ Principal: { AWS: HOME }, Action: '*' })), identityPolicies: [ANYTHING] },
        'allowed',
      ],
      [
        'a resource that must allow says nothing',
        { resourcePolicyRequired: true, identityPolicies: [ANYTHING] },
        'no allow by resource-based',
      ],
      [
        'a resource that must allow names the user',
        { resourcePolicyRequired: true, resourcePolicy: trustUser },
        'allowed',
      ],
      [
        'a resource that must allow names everybody',
        { resourcePolicyRequired: true, resourcePolicy: policy(allow({ Principal: '*', Action: '*' })) },
        'allowed',
      ],
      [
        'the resource denies',
        { identityPolicies: [ANYTHING], resourcePolicy: policy(deny({ Principal: '*', Action: '*', Resource: '*' })) },
        'denied by resource-based',
      ],
      [
        'the resource is elsewhere and says nothing',
        { resourceAccount: AWAY, identityPolicies: [ANYTHING] },
        'no allow by resource-based',
      ],
      [
        'the resource is elsewhere and names the user, who may not',
        { resourceAccount: AWAY, resourcePolicy: trustUser },
        'no allow by identity-based',
      ],
      [
        'both sides allow across accounts',
        { resourceAccount: AWAY, resourcePolicy: trustAccount, identityPolicies: [ANYTHING] },
        'allowed',
      ],
      [
        'a session is named by its role',
        { principal: SESSION, resourcePolicy: policy(allow({ Principal: { AWS: SESSION.roleArn! }, Action: '*' })) },
        'allowed',
      ],
      [
        'a session is named itself',
        { principal: SESSION, resourcePolicy: policy(allow({ Principal: { AWS: SESSION.arn }, Action: '*' })) },
        'allowed',
      ],
      [
        'another session is named',
        { principal: SESSION, resourcePolicy: policy(allow({ Principal: { AWS: `${SESSION.arn}0` }, Action: '*' })) },
        'no allow by identity-based',
      ],
      [
        'a service is named',
        {
          principal: SERVICE,
          resourcePolicy: policy(
            allow({ Principal: { Service: ['ec2.amazonaws.com', 'redshift.amazonaws.com'] }, Action: '*' }),
          ),
        },
        'allowed',
      ],
      [
        'another service is named',
        {
          principal: SERVICE,
          resourcePolicy: policy(allow({ Principal: { Service: 'ec2.amazonaws.com' }, Action: '*' })),
        },
        'no allow by resource-based',
      ],
      [
        'all AWS is named, which no service is',
        { principal: SERVICE, resourcePolicy: policy(allow({ Principal: { AWS: '*' }, Action: '*' })) },
        'no allow by resource-based',
      ],
      [
        'nobody asks for what is public',
        { principal: NOBODY, resourcePolicy: policy(allow({ Principal: '*', Action: 's3:GetObject', Resource: '*' })) },
        'allowed',
      ],
      ['nobody asks for what is not', { principal: NOBODY }, 'no allow by resource-based'],
    ];
    for (const [title, change, expected] of cases) {
      it(`says "${expected}" when ${title}`, () => {
        expect(shown(decide(change))).to.equal(expected);
      });
    }
  });

  describe('session policies', () => {
    const reads = [policy(allow({ Action: 's3:GetObject', Resource: '*' }))];
    const writes = [policy(allow({ Action: 's3:PutObject', Resource: '*' }))];
    const base = { principal: SESSION, identityPolicies: [ANYTHING] };
    const byRole = policy(allow({ Principal: { AWS: SESSION.roleArn! }, Action: '*' }));
    const bySession = policy(allow({ Principal: { AWS: SESSION.arn }, Action: '*' }));
    const cases: readonly (readonly [string, Partial<Evaluation>, string])[] = [
      ['lets pass what both allow', { ...base, sessionPolicies: reads }, 'allowed'],
      ['narrows the role', { ...base, sessionPolicies: writes }, 'no allow by session'],
      [
        'cannot widen the role',
        { ...base, identityPolicies: writes, sessionPolicies: reads },
        'no allow by identity-based',
      ],
      ['denies', { ...base, sessionPolicies: [policy(deny({ Action: '*', Resource: '*' }))] }, 'denied by session'],
      [
        'narrows what a resource gives to the role',
        { ...base, sessionPolicies: writes, resourcePolicy: byRole },
        'no allow by session',
      ],
      [
        'does not narrow what a resource gives to the session',
        { ...base, sessionPolicies: writes, resourcePolicy: bySession },
        'allowed',
      ],
    ];
    for (const [title, change, expected] of cases) it(title, () => expect(shown(decide(change))).to.equal(expected));
  });

  describe('NotPrincipal', () => {
    const denyAllBut = (...arns: string[]): Partial<Evaluation> => ({
      principal: SESSION,
      identityPolicies: [ANYTHING],
      resourcePolicy: policy(deny({ NotPrincipal: { AWS: arns }, Action: '*', Resource: '*' })),
    });
    it('spares a session whose account, role and session are all named', () => {
      expect(shown(decide(denyAllBut(`arn:aws:iam::${HOME}:root`, SESSION.roleArn!, SESSION.arn)))).to.equal('allowed');
    });
    it('strikes when one of them is left out', () => {
      expect(shown(decide(denyAllBut(SESSION.roleArn!, SESSION.arn)))).to.equal('denied by resource-based');
      expect(shown(decide(denyAllBut(`arn:aws:iam::${HOME}:root`, SESSION.arn)))).to.equal('denied by resource-based');
    });
  });

  describe('conditions', () => {
    const context: Context = contextOf({
      'sts:ExternalId': 'x-1',
      'redshift:DbUser': 'etl',
      'redshift:DurationSeconds': 900,
      'aws:userid': 'AROAETL:etl',
      'aws:PrincipalArn': `arn:aws:iam::${HOME}:role/Etl`,
      'aws:CurrentTime': '2026-11-24T12:00:00Z',
      'aws:EpochTime': 1_795_000_000,
      'aws:SourceIp': '127.0.0.1',
      'aws:SecureTransport': false,
      'aws:TagKeys': ['team', 'cost'],
      's3:prefix': 'home/etl/',
    });
    const cases: readonly (readonly [
      operator: string,
      key: string,
      value: string | number | boolean | string[],
      holds: boolean,
    ])[] = [
      ['StringEquals', 'sts:ExternalId', 'x-1', true],
      ['StringEquals', 'STS:externalid', 'x-1', true],
      ['StringEquals', 'sts:ExternalId', 'X-1', false],
      ['StringEquals', 'sts:ExternalId', ['a', 'x-1'], true],
      ['StringEquals', 'aws:username', 'etl', false],
      ['StringEqualsIfExists', 'aws:username', 'etl', true],
      ['StringEqualsIfExists', 'sts:ExternalId', 'other', false],
      ['StringNotEquals', 'sts:ExternalId', 'x-1', false],
      ['StringNotEquals', 'sts:ExternalId', ['a', 'b'], true],
      ['StringNotEquals', 'aws:username', 'etl', true],
      ['StringEqualsIgnoreCase', 'sts:ExternalId', 'X-1', true],
      ['StringNotEqualsIgnoreCase', 'sts:ExternalId', 'X-1', false],
      ['StringLike', 'sts:ExternalId', 'x-?', true],
      ['StringLike', 'sts:ExternalId', '*-2', false],
      ['StringNotLike', 'sts:ExternalId', 'y*', true],
      ['StringEquals', 'aws:userid', `AROAETL:\${redshift:DbUser}`, true],
      ['StringLike', 's3:prefix', `home/\${redshift:DbUser}/*`, true],
      ['StringLike', 's3:prefix', `home/\${aws:username}/*`, false],
      ['StringEquals', 's3:prefix', `home/\${aws:username, 'etl'}/`, true],
      ['NumericEquals', 'redshift:DurationSeconds', 900, true],
      ['NumericLessThanEquals', 'redshift:DurationSeconds', '900', true],
      ['NumericLessThan', 'redshift:DurationSeconds', 900, false],
      ['NumericGreaterThan', 'redshift:DurationSeconds', 899, true],
      ['NumericGreaterThanEquals', 'redshift:DurationSeconds', 901, false],
      ['NumericNotEquals', 'redshift:DurationSeconds', 901, true],
      ['DateGreaterThan', 'aws:CurrentTime', '2026-01-01T00:00:00Z', true],
      ['DateLessThan', 'aws:CurrentTime', '2026-01-01T00:00:00Z', false],
      ['DateLessThanEquals', 'aws:EpochTime', '1795000000', true],
      ['DateEquals', 'aws:CurrentTime', '2026-11-24T12:00:00Z', true],
      ['DateNotEquals', 'aws:CurrentTime', '2026-11-24T12:00:00Z', false],
      ['DateGreaterThanEquals', 'aws:CurrentTime', '2027-01-01T00:00:00Z', false],
      ['Bool', 'aws:SecureTransport', false, true],
      ['Bool', 'aws:SecureTransport', 'true', false],
      ['Bool', 'aws:MultiFactorAuthPresent', 'true', false],
      ['BoolIfExists', 'aws:MultiFactorAuthPresent', 'true', true],
      ['IpAddress', 'aws:SourceIp', '127.0.0.0/8', true],
      ['IpAddress', 'aws:SourceIp', ['10.0.0.0/8', '127.0.0.1'], true],
      ['IpAddress', 'aws:SourceIp', 'nonsense', false],
      ['NotIpAddress', 'aws:SourceIp', '10.0.0.0/8', true],
      ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/E*', true],
      ['ArnLike', 'aws:PrincipalArn', 'arn:aws:*:role/E*', false],
      ['ArnEquals', 'aws:PrincipalArn', `arn:aws:iam::${HOME}:role/Etl`, true],
      ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/E*', false],
      ['ArnNotEquals', 'aws:PrincipalArn', 'arn:aws:iam::*:role/X', true],
      ['Null', 'sts:ExternalId', 'false', true],
      ['Null', 'sts:ExternalId', true, false],
      ['Null', 'aws:username', 'true', true],
      ['ForAnyValue:StringEquals', 'aws:TagKeys', ['cost', 'x'], true],
      ['ForAnyValue:StringEquals', 'aws:TagKeys', 'x', false],
      ['ForAnyValue:StringEquals', 'aws:Absent', 'x', false],
      ['ForAllValues:StringEquals', 'aws:TagKeys', ['cost', 'team', 'x'], true],
      ['ForAllValues:StringLike', 'aws:TagKeys', 'c*', false],
      ['ForAllValues:StringEquals', 'aws:Absent', 'x', true],
      ['BinaryEquals', 'sts:ExternalId', 'x-1', true],
    ];
    for (const [operator, key, value, holds] of cases) {
      it(`${operator} ${key} ${JSON.stringify(value)} ${holds ? 'holds' : 'fails'}`, () => {
        expect(conditionsHold({ [operator]: { [key]: value } }, context, context)).to.equal(holds);
      });
    }
    it('needs every operator and every key', () => {
      const both = { StringEquals: { 'sts:ExternalId': 'x-1', 'redshift:DbUser': 'other' } };
      expect(conditionsHold(both, context, context)).to.equal(false);
    });
  });

  it('takes a variable in a condition of a policy of the old version as it stands there', () => {
    const context = contextOf({ 'aws:username': 'ann', 's3:prefix': 'ann' });
    const Statement = allow({
      Action: '*',
      Resource: '*',
      Condition: { StringEquals: { 's3:prefix': `\${aws:username}` } },
    });
    const asked = { action: 's3:ListBucket', resource: 'arn:aws:s3:::b', context };
    expect(statementSpeaks(Statement, { Version: '2012-10-17', Statement }, asked)).to.equal(true);
    expect(statementSpeaks(Statement, { Version: '2008-10-17', Statement }, asked)).to.equal(false);
  });

  it('takes a star in the value of a variable as it is', () => {
    const context = contextOf({ 'aws:username': '*' });
    expect(matchesPattern(`x/\${aws:username}`, 'x/anything', context)).to.equal(false);
    expect(matchesPattern(`x/\${aws:username}`, 'x/*', context)).to.equal(true);
    expect(matchesPattern(`\${*}\${?}\${$}`, '*?$', context)).to.equal(true);
  });

  it('matches long texts with many stars in no time', () => {
    // In exponential time it would never end.
    expect(matchesPattern('*a'.repeat(30), `${'a'.repeat(5000)}b`)).to.equal(false);
  });

  describe('what IAM refuses in a policy', () => {
    const cases: readonly (readonly [unknown, 'identity' | 'trust' | 'bucket', string])[] = [
      [{ Effect: 'Allow', Action: '*', Resource: '*', Principal: '*' }, 'identity', 'has no Principal'],
      [{ Effect: 'Allow', Action: '*' }, 'identity', 'needs either Resource or NotResource'],
      [{ Effect: 'Allow', Action: '*' }, 'trust', 'needs a Principal'],
      [{ Effect: 'Allow', Action: '*', Principal: '*', Resource: '*' }, 'trust', 'has no Resource'],
      [{ Effect: 'Allow', Principal: '*', Resource: '*' }, 'bucket', 'needs either Action or NotAction'],
      [{ Effect: 'Allow', Action: '*', NotAction: '*', Resource: '*' }, 'identity', 'needs either Action or NotAction'],
      [{ Effect: 'Maybe', Action: '*', Resource: '*' }, 'identity', 'Effect must be Allow or Deny'],
      [{ Effect: 'Allow', Action: '*', Resource: '*', Conditions: {} }, 'identity', 'unknown element Conditions'],
      [
        { Effect: 'Allow', Action: '*', Resource: '*', Condition: { StringIs: {} } },
        'identity',
        'unknown condition operator StringIs',
      ],
      [{ Effect: 'Allow', Action: '*', Principal: 'me' }, 'trust', 'Principal must be'],
    ];
    for (const [statement, place, message] of cases) {
      it(message, () => {
        expect(policyProblem({ Statement: statement as PolicyStatement }, place)).to.include(message);
      });
    }
    it('a version of its own making', () => {
      expect(
        policyProblem({ Version: '2020-01-01', Statement: allow({ Action: '*', Resource: '*' }) }, 'identity'),
      ).to.include('Version');
    });
    it('text that is no policy', () => {
      for (const text of ['{', '[]', '{"Statement":[]}', '{"Statement":[1]}', 'null']) {
        expect(parsePolicyText(text, 'identity')).to.have.property('problem');
      }
      expect(parsePolicyText(JSON.stringify(ANYTHING), 'identity')).to.deep.equal({ policy: ANYTHING });
    });
  });
});
