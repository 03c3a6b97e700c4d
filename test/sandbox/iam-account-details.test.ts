import { IAMClient, paginateGetAccountAuthorizationDetails } from '@aws-sdk/client-iam';
import { expect } from 'chai';
import { readActualPolicies } from '../../src/policies/actual-policies.ts';
import { policies } from '../../src/policies/policies.ts';
import { verifyPolicies } from '../../src/policies/verify.ts';
import type { PolicyDocument } from '../../src/sandbox/iam/policy.ts';
import { ANN, AwsWorld, allow, BOB, HOME, type Keys, refusalOf, trust } from './aws-world.ts';

const READ_ONLY = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess';
const AGENT = `arn:aws:iam::${HOME}:user/etl-agent`;
const BOUNDARY = `arn:aws:iam::${HOME}:policy/Boundary`;
const SET = policies(
  {
    clusterIdentifier: 'warehouse',
    region: 'us-east-1',
    database: 'dev',
    authType: 'assumeRole',
    username: 'etl',
    roleArn: `arn:aws:iam::${HOME}:role/RedshiftLogin`,
  },
  { identityArn: AGENT },
);
const generated = (arn: string, kind: string): PolicyDocument =>
  SET.documents.find((each) => each.holder.arn === arn && each.kind === kind)!.document as PolicyDocument;

describe('All of an account in one answer of the IAM API of the sandbox', () => {
  let world: AwsWorld;
  before(async () => {
    world = await AwsWorld.open({
      region: 'us-east-1',
      accounts: [
        {
          id: HOME,
          managedPolicies: [{ name: 'Boundary', document: allow('redshift:*') }],
          groups: [
            { name: 'readers', users: ['ann'], managedPolicies: [READ_ONLY], policies: [allow('s3:ListBucket')] },
          ],
          users: [
            { name: 'ann', accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }] },
            { name: 'bob', accessKeys: [{ id: BOB.accessKeyId, secret: BOB.secretAccessKey }] },
            { name: 'etl-agent', policies: [generated(AGENT, 'permissions')] },
          ],
          roles: [
            {
              name: 'RedshiftLogin',
              trust: generated(`arn:aws:iam::${HOME}:role/RedshiftLogin`, 'trust'),
              policies: [generated(`arn:aws:iam::${HOME}:role/RedshiftLogin`, 'permissions')],
              permissionsBoundary: BOUNDARY,
              tags: { team: 'data' },
            },
            { name: 'Other', trust: trust(AGENT) },
          ],
        },
      ],
    });
  });
  after(() => world?.[Symbol.asyncDispose]());

  const listed = async (filter: readonly string[], pageSize: number, credentials: Keys = ANN) => {
    const client = new IAMClient({
      region: 'us-east-1',
      endpoint: world.sandbox.awsEndpoint,
      credentials,
      maxAttempts: 1,
    });
    const pages = paginateGetAccountAuthorizationDetails({ client, pageSize }, { Filter: filter as 'User'[] });
    const lists = { UserDetailList: [], GroupDetailList: [], RoleDetailList: [], Policies: [] } as Record<
      string,
      object[]
    >;
    for await (const page of pages) {
      for (const [name, list] of Object.entries(lists))
        list.push(...((page as unknown as Record<string, object[]>)[name] ?? []));
    }
    return lists;
  };
  const names = async (filter: readonly string[], pageSize = 100) =>
    Object.values(await listed(filter, pageSize)).map((list) =>
      list.map((each) => Object.entries(each).find(([key]) => /^(User|Group|Role|Policy)Name$/.test(key))![1]),
    );

  const ALL = [['ann', 'bob', 'etl-agent'], ['readers'], ['RedshiftLogin', 'Other'], ['Boundary', 'IAMReadOnlyAccess']];
  it('lists users, groups, roles and the policies they have, also one a page', async () => {
    expect(await names([])).to.deep.equal(ALL);
    expect(await names([], 1)).to.deep.equal(ALL);
  });
  it('leaves out what a filter leaves out', async () => {
    expect(await names(['Group', 'AWSManagedPolicy'])).to.deep.equal([[], ['readers'], [], ['IAMReadOnlyAccess']]);
    expect((await refusalOf(names(['Robot']))).code).to.equal('ValidationError');
  });
  it('tells of each what it has', async () => {
    const { UserDetailList, RoleDetailList, Policies } = await listed([], 100);
    expect(UserDetailList![0]).to.deep.include({ GroupList: ['readers'], AttachedManagedPolicies: [] });
    expect(RoleDetailList![0]).to.deep.include({
      PermissionsBoundary: { PermissionsBoundaryType: 'Policy', PermissionsBoundaryArn: BOUNDARY },
      Tags: [{ Key: 'team', Value: 'data' }],
      InstanceProfileList: [],
    });
    expect(Policies![0]).to.deep.include({ PermissionsBoundaryUsageCount: 1, AttachmentCount: 0 });
  });
  it('is what policies verify reads', async () => {
    const verified = (lists: Record<string, object[]>) =>
      verifyPolicies(SET, readActualPolicies([{ name: 'actual.json', text: JSON.stringify(lists) }], SET.documents));
    const whole = await listed([], 100);
    expect(verified(whole)).to.deep.include({ ok: true, missing: [], excess: [] });
    const { UserDetailList: users } = whole;
    const without = { ...whole, UserDetailList: users!.map((user) => ({ ...user, UserPolicyList: [] })) };
    expect(verified(without).missing.map(({ holder }) => holder)).to.deep.equal([AGENT]);
  });
  it('needs a right of its own', async () => {
    expect((await refusalOf(listed([], 100, BOB))).message).to.equal(
      `User: arn:aws:iam::${HOME}:user/bob is not authorized to perform: iam:GetAccountAuthorizationDetails on resource: * because no identity-based policy allows the iam:GetAccountAuthorizationDetails action`,
    );
  });
});
