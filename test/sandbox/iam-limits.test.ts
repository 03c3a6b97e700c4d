import { GetUserCommand, IAMClient } from '@aws-sdk/client-iam';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { type Decision, type Evaluation, evaluate } from '../../src/sandbox/iam/evaluate.ts';
import { contextOf } from '../../src/sandbox/iam/pattern.ts';
import type { PolicyDocument, PolicyPrincipal } from '../../src/sandbox/iam/policy.ts';
import { resourceMatchesArn } from '../../src/sandbox/iam/resource-arn.ts';
import type { Principal } from '../../src/sandbox/identity.ts';
import type { World } from '../../src/sandbox/world.ts';
import { ANN, AWAY, AwsWorld, allow, BOB, HOME, policy, refusalOf, roleArn, trust } from './aws-world.ts';

const USER: Principal = { kind: 'user', arn: `arn:aws:iam::${HOME}:user/ann`, account: HOME, userId: 'AIDAANN' };
const SESSION: Principal = {
  kind: 'assumedRole',
  arn: `arn:aws:sts::${HOME}:assumed-role/Etl/run-1`,
  account: HOME,
  userId: 'AROAETL:run-1',
  roleArn: roleArn('Etl'),
  sessionName: 'run-1',
};

const reads = allow('s3:GetObject');
const writes = allow('s3:PutObject');
const anything = allow('*');
const never = policy({ Effect: 'Deny', Action: '*', Resource: '*' });
const given = (who: PolicyPrincipal): PolicyDocument =>
  policy({ Effect: 'Allow', Principal: who, Action: 's3:GetObject', Resource: '*' });

function shown(change: Partial<Evaluation>): string {
  const decision: Decision = evaluate({
    principal: SESSION,
    action: 's3:GetObject',
    resource: 'arn:aws:s3:::data/a.csv',
    context: contextOf({}),
    identityPolicies: [anything],
    resourceAccount: HOME,
    ...change,
  });
  if (decision.allowed) return 'allowed';
  return `${decision.explicit ? 'denied' : 'no allow'} by ${decision.by}`;
}

describe('what limits a permission in the sandbox', () => {
  const cases: readonly (readonly [string, Partial<Evaluation>, string])[] = [
    ['a boundary that allows', { boundary: reads }, 'allowed'],
    ['a boundary that does not', { boundary: writes }, 'no allow by permissions boundary'],
    ['a boundary that denies', { boundary: never }, 'denied by permissions boundary'],
    [
      'a boundary that allows more than the policies',
      { boundary: anything, identityPolicies: [] },
      'no allow by identity-based',
    ],
    [
      'a boundary over a user whom the resource names',
      { principal: USER, boundary: writes, identityPolicies: [], resourcePolicy: given({ AWS: USER.arn }) },
      'allowed',
    ],
    [
      'a boundary over a role that the resource names',
      { boundary: writes, resourcePolicy: given({ AWS: SESSION.roleArn! }) },
      'no allow by permissions boundary',
    ],
    [
      'a boundary over a session that the resource names',
      {
        boundary: writes,
        sessionPolicies: [writes],
        identityPolicies: [],
        resourcePolicy: given({ AWS: SESSION.arn }),
      },
      'allowed',
    ],
    [
      'a boundary and a session policy over a grant to everybody',
      { boundary: writes, sessionPolicies: [writes], resourcePolicy: given('*') },
      'allowed',
    ],
    [
      'a boundary over a role whose account the resource names',
      { boundary: writes, resourcePolicy: given({ AWS: HOME }) },
      'no allow by permissions boundary',
    ],
    [
      'a boundary, from another account',
      { resourceAccount: AWAY, boundary: writes, resourcePolicy: given({ AWS: SESSION.arn }) },
      'no allow by permissions boundary',
    ],
    [
      'a Deny with NotPrincipal over whoever has a boundary',
      {
        boundary: anything,
        resourcePolicy: policy({
          Effect: 'Deny',
          NotPrincipal: { AWS: [SESSION.arn, SESSION.roleArn!, HOME] },
          Action: '*',
          Resource: '*',
        }),
      },
      'denied by resource-based',
    ],
    ['an organization that allows at each place', { serviceControlPolicies: [[anything], [writes, reads]] }, 'allowed'],
    [
      'an organization that leaves it out at one place',
      { serviceControlPolicies: [[anything], [writes]] },
      'no allow by service control',
    ],
    ['an organization that denies', { serviceControlPolicies: [[anything, never]] }, 'denied by service control'],
    [
      'an organization, for a session that the resource names',
      { serviceControlPolicies: [[writes]], resourcePolicy: given({ AWS: SESSION.arn }) },
      'no allow by service control',
    ],
    [
      'a resource control policy that denies',
      { resourceControlPolicies: [[policy({ Effect: 'Deny', Principal: '*', Action: 's3:*', Resource: '*' })]] },
      'denied by resource control',
    ],
    [
      'a resource that names the role by its id',
      { identityPolicies: [], resourcePolicy: given({ AWS: 'AROAETL' }) },
      'allowed',
    ],
    [
      'a resource that names another by an id',
      { identityPolicies: [], resourcePolicy: given({ AWS: 'AROAELSE' }) },
      'no allow by identity-based',
    ],
  ];
  for (const [title, change, expected] of cases)
    it(`${title}: ${expected}`, () => expect(shown(change)).to.equal(expected));

  it('reads variables only in a policy of version 2012-10-17', () => {
    const resource = `arn:aws:s3:::data/\${aws:username}/*`;
    const ask = (Version?: string): string =>
      shown({
        resource: 'arn:aws:s3:::data/ann/a.csv',
        context: contextOf({ 'aws:username': 'ann' }),
        identityPolicies: [
          { ...(Version && { Version }), Statement: { Effect: 'Allow', Action: 's3:*', Resource: resource } },
        ],
      });
    expect([ask('2012-10-17'), ask('2008-10-17'), ask()]).to.deep.equal([
      'allowed',
      'no allow by identity-based',
      'no allow by identity-based',
    ]);
  });

  it('holds conditions on lists of values only with a quantifier', () => {
    const ask = (operator: string): string =>
      shown({
        context: contextOf({ 'aws:TagKeys': ['team'] }),
        identityPolicies: [allow('s3:*', '*', { Condition: { [operator]: { 'aws:TagKeys': 'team' } } })],
      });
    expect(ask('ForAnyValue:StringEquals')).to.equal('allowed');
    expect(ask('StringEquals')).to.equal('no allow by identity-based');
  });

  describe('ARNs in Resource', () => {
    const group = `arn:aws:redshift:us-east-1:${HOME}:dbgroup:warehouse/loaders`;
    const patterns: readonly (readonly [string, boolean])[] = [
      ['arn:aws:redshift:*:*:dbgroup:*/loaders', true],
      ['arn:aws:redshift:us-*', true],
      ['arn:aws:redshift', true],
      [`arn:aws:redshift:us-east-1:${HOME}:*`, true],
      ['arn:aws:redshift:us-east-1:*loaders', false],
      ['arn:aws:redshift:us-*dbgroup:warehouse/loaders', false],
      ['arn:aws:s3:::*', false],
    ];
    for (const [pattern, matches] of patterns) {
      it(`${pattern} ${matches ? 'covers' : 'does not cover'} a database group`, () => {
        expect(resourceMatchesArn(pattern, group, undefined)).to.equal(matches);
      });
    }
  });
});

describe('a world with an organization', () => {
  const WORLD: World = {
    region: 'us-east-1',
    organization: {
      id: 'o-exampleorgid',
      root: {
        id: 'r-root',
        resourceControlPolicies: [
          policy({
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:*',
            Resource: '*',
            Condition: {
              StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-exampleorgid' },
              BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
            },
          }),
        ],
        accounts: [
          {
            id: HOME,
            serviceControlPolicies: [anything, policy({ Effect: 'Deny', Action: 's3:PutObject', Resource: '*' })],
          },
        ],
      },
    },
    accounts: [
      {
        id: HOME,
        users: [
          { name: 'ann', accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }], policies: [anything] },
        ],
        roles: [{ name: 'Etl', trust: trust(USER.arn), policies: [anything], tags: { team: 'data' } }],
        buckets: [{ name: 'home-data', policy: given('*') }],
      },
      {
        id: AWAY,
        users: [
          { name: 'bob', accessKeys: [{ id: BOB.accessKeyId, secret: BOB.secretAccessKey }], policies: [anything] },
        ],
      },
    ],
  };
  let world: AwsWorld;
  before(async () => {
    world = await AwsWorld.open(WORLD);
  });
  after(() => world?.[Symbol.asyncDispose]());

  it('refuses its own members what it denies, and says so', async () => {
    const put = new PutObjectCommand({ Bucket: 'home-data', Key: 'a', Body: 'x' });
    expect((await refusalOf(world.s3().send(put))).message).to.equal(
      `User: ${USER.arn} is not authorized to perform: s3:PutObject on resource: "arn:aws:s3:::home-data/a" with an explicit deny in a service control policy`,
    );
  });

  it('keeps strangers away from its buckets, whatever these say', async () => {
    const get = () => new GetObjectCommand({ Bucket: 'home-data', Key: 'a' });
    expect((await refusalOf(world.s3().send(get()))).code).to.equal('NoSuchKey');
    expect((await refusalOf(world.s3(BOB).send(get()))).code).to.equal('AccessDenied');
  });

  it("tells a policy the tags of the role and of the session, the session's first", async () => {
    const iam = new IAMClient({
      region: 'us-east-1',
      endpoint: world.sandbox.awsEndpoint,
      credentials: await world.assume(roleArn('Etl'), {
        Policy: JSON.stringify(
          allow('iam:GetUser', '*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'data' } } }),
        ),
      }),
      maxAttempts: 1,
    });
    expect((await iam.send(new GetUserCommand({ UserName: 'ann' }))).User!.UserName).to.equal('ann');
  });
});
