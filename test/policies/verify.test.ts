import { expect } from 'chai';
import { type ActualFile, readActualPolicies } from '../../src/policies/actual-policies.ts';
import type { PolicyDocument, PolicyStatement } from '../../src/policies/document.ts';
import { type PolicySet, policies } from '../../src/policies/policies.ts';
import { type VerifyReport, verifyPolicies } from '../../src/policies/verify.ts';
import { AGENT, byRole, LOGIN_ROLE, SETS, STAGING } from './sets.ts';

const SET = policies(byRole({ ...STAGING, autoCreateDbUser: true }), { identityArn: AGENT });

type Change = (statements: readonly PolicyStatement[], name: string) => readonly PolicyStatement[];

/** The set's own documents as files, changed on the way. */
function files({ documents }: PolicySet, change: Change = (statements) => statements): readonly ActualFile[] {
  return documents.map(({ name, document }) => ({
    name: `${name}.json`,
    text: JSON.stringify({ ...document, Statement: change(document.Statement, name) }),
  }));
}

const verify = (set: PolicySet, change?: Change): VerifyReport =>
  verifyPolicies(set, readActualPolicies(files(set, change), set.documents));

/** One document replaced. */
const put =
  (wanted: RegExp, ...statements: readonly PolicyStatement[]): Change =>
  (before, name) =>
    wanted.test(name) ? statements : before;
const add =
  (wanted: RegExp, ...statements: readonly PolicyStatement[]): Change =>
  (before, name) =>
    wanted.test(name) ? [...before, ...statements] : before;

const user = 'arn:aws:redshift:us-west-2:111122223333:dbuser:warehouse';
const login: PolicyStatement = {
  Effect: 'Allow',
  Action: ['redshift:GetClusterCredentials', 'redshift:CreateClusterUser'],
  Resource: [`${user}/etl`, 'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/dev'],
};
const staging: PolicyStatement = {
  Effect: 'Allow',
  Action: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload', 's3:ListBucket'],
  Resource: ['arn:aws:s3:::acme-staging', 'arn:aws:s3:::acme-staging/roleshift/*'],
  Condition: { StringEquals: { 'aws:ResourceAccount': '111122223333' } },
};

describe('policies verify', () => {
  for (const [title, set] of SETS) {
    it(`is content with what the generator wrote: ${title}`, () => {
      const { ok, missing, excess, notGiven, requests } = verify(set);
      expect({ ok, missing, excess, notGiven }).to.deep.equal({ ok: true, missing: [], excess: [], notGiven: [] });
      expect(requests).to.equal(
        set.documents.flatMap(({ statements }) => statements.flatMap((each) => each.requests)).length,
      );
    });
  }

  it('compares by meaning: the same rights in other words are the same', () => {
    const report = verify(SET, put(/RedshiftLogin-permissions/, login, staging));
    expect(report).to.deep.include({ ok: true, missing: [], excess: [] });
  });

  for (const [what, change, example] of [
    ['every database user', { ...login, Resource: [`${user}/*`, 'arn:aws:redshift:*:*:dbname:*'] }, `${user}/awsuser`],
    ['every action of Redshift', { Effect: 'Allow', Action: 'redshift:*', Resource: '*' }, `${user}/awsuser`],
    ['NotAction', { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' }, 'arn:aws:iam::111122223333:role/AnotherRole'],
    [
      'another prefix',
      { ...staging, Resource: 'arn:aws:s3:::acme-staging*' },
      'arn:aws:s3:::acme-staging/elsewhere/file',
    ],
    [
      'an action that is not needed',
      {
        ...login,
        Action: 'redshift:JoinGroup',
        Resource: 'arn:aws:redshift:us-west-2:111122223333:dbgroup:warehouse/admins',
      },
      'arn:aws:redshift:us-west-2:111122223333:dbgroup:warehouse/admins',
    ],
    ['an action of another service', { Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: '*' }, '*'],
  ] as const) {
    it(`says what is more than needed: ${what}`, () => {
      const { excess, ok } = verify(
        SET,
        add(/RedshiftLogin-permissions/, { Sid: 'More', ...change } as PolicyStatement),
      );
      expect(ok).to.equal(true);
      expect(excess.map(({ sid, holder }) => [sid, holder])[0]).to.deep.equal(['More', LOGIN_ROLE]);
      expect(excess.map(({ example: { resource } }) => resource)).to.include(example);
    });
  }

  it('does not count a group as allowed where its statement asks for the database user, which AWS does not tell there', () => {
    const set = policies(byRole({ dbGroups: ['loaders'] }), { identityArn: AGENT });
    const pinned: Change = (statements) =>
      statements.map((each) =>
        each.Sid === 'JoinGroups' ? { ...each, Condition: { StringEquals: { 'redshift:DbUser': 'etl' } } } : each,
      );
    expect(verify(set, pinned).missing.map(({ sid, effect }) => [sid, effect])).to.deep.equal([
      ['JoinGroups', 'undecided'],
    ]);
  });

  it('lets a Deny or a condition narrow what a wide statement allows', () => {
    const wide: PolicyStatement = {
      ...login,
      Resource: [`${user}/*`, 'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/dev'],
    };
    const pinned = { ...wide, Condition: { StringEquals: { 'redshift:DbUser': 'etl' } } };
    expect(verify(SET, put(/RedshiftLogin-permissions/, wide, staging)).excess).to.have.length(2);
    expect(
      verify(SET, put(/RedshiftLogin-permissions/, pinned, staging)).excess.map(({ example }) => example.action),
    ).to.deep.equal([]);
    const deny: PolicyStatement = {
      Effect: 'Deny',
      Action: 'redshift:*',
      NotResource: [`${user}/etl`, 'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/dev'],
    };
    expect(verify(SET, put(/RedshiftLogin-permissions/, wide, deny, staging)).excess).to.deep.equal([]);
  });

  const everything = { Effect: 'Allow', Action: '*', Resource: '*' } as const;
  for (const [what, change] of [
    ['NotAction', put(/RedshiftLogin-permissions/, { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' })],
    [
      'NotResource',
      put(/RedshiftLogin-permissions/, { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:iam::*:*' }),
    ],
    [
      'wildcards',
      put(/-permissions/, {
        ...everything,
        Action: ['sts:Assume*', 'redshift:*ClusterCredentials', 'redshift:Create*', 's3:*'],
      }),
    ],
    [
      'a policy variable',
      put(
        /RedshiftLogin-permissions/,
        {
          ...login,
          Resource: [
            `${user}/\${redshift:DbUser}`,
            `arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/\${redshift:DbName}`,
          ],
        },
        staging,
      ),
    ],
    [
      'trust in the account',
      put(/RedshiftLogin-trust/, { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:*' }),
    ],
    [
      'a Deny of something else',
      add(/-permissions/, { Effect: 'Deny', Action: 'redshift:DeleteCluster', Resource: '*' }),
    ],
    [
      'a Deny for everybody else',
      add(/RedshiftLogin-permissions/, { Effect: 'Deny', Action: 'redshift:*', NotResource: login.Resource! }),
    ],
    [
      'letters in another case',
      put(
        /RedshiftLogin-permissions/,
        { ...login, Action: ['REDSHIFT:getclustercredentials', 'redshift:createClusterUser'] },
        staging,
      ),
    ],
  ] as const) {
    it(`misses nothing where it is allowed in an odd way: ${what}`, () => {
      expect(verify(SET, change)).to.deep.include({ ok: true, missing: [] });
    });
  }

  it('names the statement that is missing, the request that fails, and what to add', () => {
    const { ok, missing } = verify(SET, (statements) => statements.filter(({ Sid }) => Sid !== 'CreateUser'));
    expect(ok).to.equal(false);
    expect(missing).to.have.length(1);
    expect(missing[0]).to.deep.include({
      sid: 'CreateUser',
      holder: LOGIN_ROLE,
      kind: 'permissions',
      effect: 'breaks',
      requests: [{ principal: LOGIN_ROLE, action: 'redshift:CreateClusterUser', resource: `${user}/etl` }],
    });
    expect(missing[0]!.statement.Action).to.equal('redshift:CreateClusterUser');
  });

  it('tells a statement that is absent and does no harm', () => {
    const { ok, missing } = verify(SET, put(/user-etl-agent/));
    expect(ok).to.equal(true);
    expect(missing.map(({ sid, effect }) => [sid, effect])).to.deep.equal([['AssumeRedshiftRole', 'redundant']]);
  });

  it('does not decide what hangs on the real request', () => {
    const condition = { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } };
    const { ok, missing } = verify(SET, put(/RedshiftLogin-permissions/, { ...login, Condition: condition }, staging));
    expect(ok).to.equal(false);
    expect(missing.map(({ sid, effect, dependsOn }) => [sid, effect, dependsOn])).to.deep.equal([
      ['Login', 'undecided', ['aws:SourceIp']],
      ['CreateUser', 'undecided', ['aws:SourceIp']],
    ]);
  });

  it('sees who else is trusted, and an external id that is not asked for', () => {
    const set = policies(byRole({ externalId: 'x-7' }), { identityArn: AGENT });
    const open: PolicyStatement = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
    expect(verify(set, add(/trust/, open)).excess.map(({ example }) => example.principal)).to.deep.equal([
      'arn:aws:iam::999999999999:user/anybody',
      AGENT,
    ]);
    const careless: PolicyStatement = { Effect: 'Allow', Principal: { AWS: AGENT }, Action: 'sts:AssumeRole' };
    expect(verify(set, put(/trust/, careless)).excess.map(({ note }) => note)).to.deep.equal([
      'passes whatever sts:ExternalId says',
    ]);
  });

  for (const [title, Action, Resource, example] of [
    [
      'the user of the role, no host',
      'redshift:GetClusterCredentialsWithIAM',
      'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/*',
      'arn:aws:redshift:us-west-2:111122223333:dbname:warehouse/somebody_else',
    ],
    [
      'the user of the role, no host',
      'redshift:GetClusterCredentials*',
      '*',
      'arn:aws:redshift:us-west-2:111122223333:dbuser:warehouse/awsuser',
    ],
    [
      'a workgroup by role, no host',
      'redshift-serverless:*',
      '*',
      'arn:aws:redshift-serverless:us-west-2:111122223333:workgroup/another-workgroup',
    ],
  ] as const) {
    it(`sees what is wider than a login needs: ${title}, ${Action} on ${Resource.split(':').at(-1)}`, () => {
      const [, set] = SETS.find(([each]) => each === title)!;
      const { ok, excess } = verify(set, add(/RedshiftLogin-permissions/, { Effect: 'Allow', Action, Resource }));
      expect(ok).to.equal(true);
      expect(excess.map((each) => each.example.resource)).to.include(example);
    });
  }

  it('sees a session whose tags or source identity nobody checks', () => {
    const [, set] = SETS.find(([title]) => title.startsWith('tags, source identity'))!;
    const loose: Change = (statements, name) =>
      name.endsWith('-trust') ? statements.map((each) => ({ ...each, Condition: {} })) : statements;
    const { ok, excess } = verify(set, loose);
    expect(ok).to.equal(true);
    const notes = new Set(excess.map(({ note }) => note));
    for (const key of ['aws:RequestTag/team', 'aws:RequestTag/use', 'sts:SourceIdentity', 'sts:ExternalId'])
      expect([...notes], key).to.include(`passes whatever ${key} says`);
  });

  it('warns when the EC2 role itself holds Redshift rights', () => {
    const machine = 'arn:aws:iam::111122223333:role/AgentMachine';
    const set = policies(byRole({ useEc2Role: true }), { identityArn: machine });
    const { excess } = verify(set, add(/AgentMachine-permissions/, login));
    expect(excess[0]?.holder).to.equal(machine);
    expect(excess.map(({ example }) => example.action)).to.include('redshift:GetClusterCredentials');
  });
});

describe('Existing policies', () => {
  const details = {
    UserDetailList: [{ Arn: AGENT, GroupList: ['agents'], UserPolicyList: [], AttachedManagedPolicies: [] }],
    GroupDetailList: [
      {
        GroupName: 'agents',
        GroupPolicyList: [],
        AttachedManagedPolicies: [{ PolicyName: 'Assume', PolicyArn: 'arn:aws:iam::111122223333:policy/Assume' }],
      },
    ],
    RoleDetailList: [
      {
        Arn: LOGIN_ROLE,
        AssumeRolePolicyDocument: encodeURIComponent(
          JSON.stringify({
            Statement: { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' },
          }),
        ),
        RolePolicyList: [{ PolicyName: 'login', PolicyDocument: { Statement: [login] } }],
        AttachedManagedPolicies: [],
      },
    ],
    Policies: [
      {
        Arn: 'arn:aws:iam::111122223333:policy/Assume',
        PolicyVersionList: [
          { IsDefaultVersion: false, Document: { Statement: [] } },
          {
            IsDefaultVersion: true,
            Document: { Statement: [{ Effect: 'Allow', Action: 'sts:*', Resource: LOGIN_ROLE }] },
          },
        ],
      },
      {
        Arn: 'arn:aws:iam::111122223333:policy/Bound',
        PolicyVersionList: [
          { IsDefaultVersion: true, Document: { Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] } },
        ],
      },
    ],
  };
  const set = policies(byRole({ autoCreateDbUser: true }), { identityArn: AGENT });
  const verifyDetails = (value: unknown): VerifyReport =>
    verifyPolicies(set, readActualPolicies([{ name: 'actual.json', text: JSON.stringify(value) }], set.documents));

  it('are read from get-account-authorization-details: groups, managed policies, trust as encoded text', () => {
    const { ok, missing, excess, notGiven } = verifyDetails(details);
    expect({ ok, missing, notGiven }).to.deep.equal({ ok: true, missing: [], notGiven: [] });
    // Trust in the whole account, and every action of STS.
    expect(excess.map(({ example: { principal, action } }) => [principal, action])).to.deep.equal([
      [AGENT, 'sts:TagSession'],
      [AGENT, 'sts:SetSourceIdentity'],
      ['arn:aws:iam::111122223333:user/anybody', 'sts:AssumeRole'],
    ]);
  });

  it('are said where they are attached and their text was left out', () => {
    const { unread } = verifyDetails({
      ...details,
      RoleDetailList: [
        {
          ...details.RoleDetailList[0],
          AttachedManagedPolicies: [{ PolicyArn: 'arn:aws:iam::aws:policy/AmazonRedshiftFullAccess' }],
        },
      ],
    });
    expect(unread).to.deep.equal([{ holder: LOGIN_ROLE, policy: 'arn:aws:iam::aws:policy/AmazonRedshiftFullAccess' }]);
  });

  it('say that a role which is not among the listed ones does not exist', () => {
    const other = { ...details.RoleDetailList[0], Arn: 'arn:aws:iam::111122223333:role/Other' };
    const { missing } = verifyDetails({ ...details, RoleDetailList: [other] });
    expect(missing.map(({ sid, effect }) => [sid, effect])).to.deep.equal([
      ['TrustAgentUser', 'breaks'],
      ['Login', 'breaks'],
      ['CreateUser', 'breaks'],
    ]);
  });

  it('say nothing about roles that a filter or a page left out', () => {
    const other = { ...details.RoleDetailList[0], Arn: 'arn:aws:iam::111122223333:role/Other' };
    for (const partly of [{ RoleDetailList: [] }, { RoleDetailList: [other], IsTruncated: true }]) {
      const { missing, notGiven } = verifyDetails({ ...details, ...partly });
      expect(missing).to.deep.equal([]);
      expect(notGiven.map(({ holder }) => holder)).to.include(LOGIN_ROLE);
    }
  });

  it('have boundaries', () => {
    const bound = { PermissionsBoundary: { PermissionsBoundaryArn: 'arn:aws:iam::111122223333:policy/Bound' } };
    const { missing } = verifyDetails({ ...details, RoleDetailList: [{ ...details.RoleDetailList[0], ...bound }] });
    expect(missing.map(({ sid, kind, effect }) => [sid, kind, effect])).to.deep.equal([
      ['Login', 'boundary', 'breaks'],
      ['CreateUser', 'boundary', 'breaks'],
    ]);
  });

  it('are read from get-role, get-role-policy and our own JSON; what is not given is said', () => {
    const trust: PolicyDocument = {
      Statement: [{ Effect: 'Allow', Principal: { AWS: AGENT }, Action: 'sts:AssumeRole' }],
    };
    const some = [
      { name: 'role.json', text: JSON.stringify({ Role: { Arn: LOGIN_ROLE, AssumeRolePolicyDocument: trust } }) },
      {
        name: 'policy.json',
        text: JSON.stringify({
          RoleName: 'RedshiftLogin',
          PolicyName: 'login',
          PolicyDocument: { Statement: [login] },
        }),
      },
    ];
    const report = verifyPolicies(set, readActualPolicies(some, set.documents));
    expect(report).to.deep.include({
      ok: true,
      missing: [],
      excess: [],
      notGiven: [{ holder: AGENT, kind: 'permissions' }],
    });
    const own = [{ name: 'all.json', text: JSON.stringify({ documents: set.documents }) }];
    expect(verifyPolicies(set, readActualPolicies(own, set.documents))).to.deep.include({ ok: true, notGiven: [] });
  });

  for (const [problem, text] of [
    ['is not valid JSON', '{'],
    ['holds no policy', '[]'],
    ['holds no policy', '{"Statement":[{"Effect":"Maybe"}]}'],
    ['does not say whose policy it holds', '{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'],
    [
      'holds a policy of a user or role that the connection does not use',
      '{"RoleName":"X","PolicyDocument":{"Statement":[]}}',
    ],
  ] as const) {
    it(`are refused where a file ${problem}`, () => {
      expect(() => readActualPolicies([{ name: 'a.json', text }], set.documents)).to.throw(`a.json ${problem}`);
    });
  }

  for (const wrong of [
    { Action: 5 },
    { Action: null },
    { Resource: [null] },
    { Principal: 5 },
    { Principal: { AWS: [5] } },
    { Principal: 'arn:aws:iam::111122223333:root' },
    { Condition: 'x' },
    { Condition: { StringEquals: null } },
    { Condition: { StringEquals: { 'aws:SourceIp': { a: 1 } } } },
    { Resource: 'x'.repeat(100_000) },
  ]) {
    it(`are refused where a statement is none: ${JSON.stringify(wrong).slice(0, 60)}`, () => {
      const statement = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*', ...wrong };
      const role = { Arn: LOGIN_ROLE, RoleName: 'R', AssumeRolePolicyDocument: { Statement: [statement] } };
      expect(() => verifyDetails({ Role: role })).to.throw('actual.json, R is no policy that IAM would take');
    });
  }

  it('may begin with a byte order mark', () => {
    const text = `\uFEFF${JSON.stringify(details)}`;
    expect(readActualPolicies([{ name: 'a.json', text }], set.documents).policies).to.not.have.length(0);
  });
});
