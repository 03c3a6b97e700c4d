import {
  AddRoleToInstanceProfileCommand,
  AddUserToGroupCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteGroupCommand,
  DeleteInstanceProfileCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DetachUserPolicyCommand,
  GetGroupCommand,
  GetInstanceProfileCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsCommand,
  ListInstanceProfilesForRoleCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  RemoveRoleFromInstanceProfileCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAccessKeyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam';
import { expect } from 'chai';
import { checkWorld } from '../../src/sandbox/world-file.ts';
import { ANN, AwsWorld, allow, HOME, type Keys, policy, refusalOf, trust } from './aws-world.ts';

const ADMINISTRATOR = 'arn:aws:iam::aws:policy/AdministratorAccess';
const arn = (kind: string, name: string): string => `arn:aws:iam::${HOME}:${kind}/${name}`;
const text = (document: unknown): string => JSON.stringify(document);

describe('Managed policies, groups, keys, tags and profiles in the IAM API of the sandbox', () => {
  let world: AwsWorld;
  let iam: IAMClient;
  const clientOf = (credentials: Keys): IAMClient =>
    new IAMClient({ region: 'us-east-1', endpoint: world.sandbox.awsEndpoint, credentials, maxAttempts: 1 });
  before(async () => {
    world = await AwsWorld.open({
      region: 'us-east-1',
      accounts: [
        {
          id: HOME,
          users: [
            {
              name: 'ann',
              accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }],
              managedPolicies: [ADMINISTRATOR],
            },
          ],
        },
      ],
    });
    iam = clientOf(ANN);
  });
  after(() => world?.[Symbol.asyncDispose]());

  const conflict = async (work: Promise<unknown>): Promise<string> => {
    const { code, message } = await refusalOf(work);
    expect(code).to.equal('DeleteConflictException');
    return message;
  };

  it('keeps versions of a managed policy, one of them in force', async () => {
    const PolicyArn = arn('policy', 'team/Reads');
    const document = text(allow('s3:GetObject'));
    await iam.send(new CreatePolicyCommand({ PolicyName: 'Reads', Path: '/team/', PolicyDocument: document }));
    for (const _version of [2, 3, 4, 5]) {
      await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: document }));
    }
    const sixth = new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: document });
    expect((await refusalOf(iam.send(sixth))).code).to.equal('LimitExceededException');
    expect(await conflict(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' })))).to.equal(
      'Cannot delete the default version of a policy.',
    );
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v3' }));
    for (const VersionId of ['v1', 'v2', 'v4'])
      await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
    const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions!.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).to.deep.equal([
      ['v5', false],
      ['v3', true],
    ]);
    expect(await conflict(iam.send(new DeletePolicyCommand({ PolicyArn })))).to.match(/more than one version/);
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v5' }));
    await iam.send(new AttachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
    const { AttachedPolicies } = await iam.send(new ListAttachedUserPoliciesCommand({ UserName: 'ann' }));
    expect(AttachedPolicies!.map(({ PolicyName }) => PolicyName)).to.deep.equal(['Reads', 'AdministratorAccess']);
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn }));
    expect([Policy!.AttachmentCount, Policy!.DefaultVersionId, Policy!.Path]).to.deep.equal([1, 'v3', '/team/']);
    const { Policies } = await iam.send(new ListPoliciesCommand({ Scope: 'Local', OnlyAttached: true }));
    expect(Policies!.map(({ Arn }) => Arn)).to.deep.equal([PolicyArn]);
    expect(await conflict(iam.send(new DeletePolicyCommand({ PolicyArn })))).to.match(/attached to entities/);
    await iam.send(new DetachUserPolicyCommand({ UserName: 'ann', PolicyArn }));
    await iam.send(new DeletePolicyCommand({ PolicyArn }));
    expect((await refusalOf(iam.send(new GetPolicyCommand({ PolicyArn })))).code).to.equal('NoSuchEntityException');
  });

  it("reads AWS's own policies, and lets nobody change them", async () => {
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: ADMINISTRATOR }));
    expect([Policy!.PolicyName, Policy!.AttachmentCount]).to.deep.equal(['AdministratorAccess', 1]);
    const command = new GetPolicyVersionCommand({ PolicyArn: ADMINISTRATOR, VersionId: 'v1' });
    const { PolicyVersion } = await iam.send(command);
    expect(JSON.parse(decodeURIComponent(PolicyVersion!.Document!))).to.deep.equal(allow('*'));
    const change = new CreatePolicyVersionCommand({ PolicyArn: ADMINISTRATOR, PolicyDocument: text(allow('*')) });
    expect((await refusalOf(iam.send(change))).code).to.equal('NoSuchEntityException');
  });

  it('switches keys off and on', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'key', PermissionsBoundary: ADMINISTRATOR }));
    await iam.send(new AttachUserPolicyCommand({ UserName: 'key', PolicyArn: ADMINISTRATOR }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'key' }));
    const own = clientOf({ accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! });
    const { User } = await own.send(new GetUserCommand({}));
    expect(User!.PermissionsBoundary!.PermissionsBoundaryArn).to.equal(ADMINISTRATOR);
    const which = { UserName: 'key', AccessKeyId: AccessKey!.AccessKeyId };
    await iam.send(new UpdateAccessKeyCommand({ ...which, Status: 'Inactive' }));
    expect((await refusalOf(own.send(new GetUserCommand({})))).code).to.equal('InvalidClientTokenId');
    await iam.send(new UpdateAccessKeyCommand({ ...which, Status: 'Active' }));
    const { AccessKeyMetadata } = await own.send(new ListAccessKeysCommand({}));
    expect(AccessKeyMetadata!.map(({ Status }) => Status)).to.deep.equal(['Active']);
    await iam.send(new DeleteAccessKeyCommand(which));
    expect((await refusalOf(iam.send(new DeleteAccessKeyCommand(which)))).code).to.equal('NoSuchEntityException');
  });

  it('fills groups and empties them', async () => {
    const member = { GroupName: 'team', UserName: 'ann' };
    await iam.send(new CreateGroupCommand({ GroupName: 'team' }));
    await iam.send(new AddUserToGroupCommand(member));
    await iam.send(new AddUserToGroupCommand(member));
    const { Users } = await iam.send(new GetGroupCommand({ GroupName: 'team' }));
    expect(Users!.map(({ UserName }) => UserName)).to.deep.equal(['ann']);
    expect((await iam.send(new ListGroupsCommand({}))).Groups!.map(({ Arn }) => Arn)).to.deep.equal([
      arn('group', 'team'),
    ]);
    expect(await conflict(iam.send(new DeleteGroupCommand({ GroupName: 'team' })))).to.match(/remove users from group/);
    await iam.send(new RemoveUserFromGroupCommand(member));
    await iam.send(new DeleteGroupCommand({ GroupName: 'team' }));
  });

  it('tags and bounds a role, lets it last longer, and carries it to a machine', async () => {
    const which = { RoleName: 'Machine' };
    const profile = { InstanceProfileName: 'Machine' };
    const document = text(trust(arn('user', 'ann')));
    await iam.send(
      new CreateRoleCommand({ ...which, AssumeRolePolicyDocument: document, PermissionsBoundary: ADMINISTRATOR }),
    );
    await iam.send(
      new TagRoleCommand({
        ...which,
        Tags: [
          { Key: 'a', Value: '1' },
          { Key: 'b', Value: '2' },
        ],
      }),
    );
    await iam.send(new UntagRoleCommand({ ...which, TagKeys: ['a'] }));
    expect((await iam.send(new ListRoleTagsCommand(which))).Tags).to.deep.equal([{ Key: 'b', Value: '2' }]);
    await iam.send(new UpdateRoleCommand({ ...which, MaxSessionDuration: 7200, Description: 'of a machine' }));
    await iam.send(new DeleteRolePermissionsBoundaryCommand(which));
    const { Role } = await iam.send(new GetRoleCommand(which));
    expect([Role!.MaxSessionDuration, Role!.Description, Role!.PermissionsBoundary]).to.deep.equal([
      7200,
      'of a machine',
      undefined,
    ]);
    const tooLong = new UpdateRoleCommand({ ...which, MaxSessionDuration: 50_000 });
    expect((await refusalOf(iam.send(tooLong))).code).to.equal('ValidationError');

    await iam.send(new CreateInstanceProfileCommand(profile));
    await iam.send(new AddRoleToInstanceProfileCommand({ ...profile, ...which }));
    const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand(profile));
    expect(InstanceProfile!.Roles!.map(({ RoleName }) => RoleName)).to.deep.equal(['Machine']);
    const { InstanceProfiles } = await iam.send(new ListInstanceProfilesForRoleCommand(which));
    expect(InstanceProfiles).to.have.length(1);
    const again = new AddRoleToInstanceProfileCommand({ ...profile, ...which });
    expect((await refusalOf(iam.send(again))).code).to.equal('LimitExceededException');
    expect(await conflict(iam.send(new DeleteInstanceProfileCommand(profile)))).to.match(/remove roles/);
    await iam.send(new RemoveRoleFromInstanceProfileCommand({ ...profile, ...which }));
    await iam.send(new DeleteInstanceProfileCommand(profile));
  });

  it('simulates policies that nobody has', async () => {
    const command = new SimulateCustomPolicyCommand({
      PolicyInputList: [text(allow('s3:GetObject')), text(policy({ Effect: 'Deny', Action: '*', Resource: '*' }))],
      ActionNames: ['s3:GetObject'],
    });
    const { EvaluationResults } = await iam.send(command);
    expect(EvaluationResults!.map(({ EvalDecision }) => EvalDecision)).to.deep.equal(['explicitDeny']);
  });

  describe('refuses', () => {
    const cases: readonly (readonly [string, () => Promise<unknown>, string])[] = [
      ['a name with a blank', () => iam.send(new CreateUserCommand({ UserName: 'a b' })), 'ValidationError'],
      [
        'a name that is too long',
        () => iam.send(new CreateUserCommand({ UserName: 'a'.repeat(65) })),
        'ValidationError',
      ],
      [
        'a path without an end',
        () => iam.send(new CreateUserCommand({ UserName: 'p', Path: '/team' })),
        'ValidationError',
      ],
      ['a page that is too long', () => iam.send(new ListRolesCommand({ MaxItems: 1001 })), 'ValidationError'],
      ['a marker of its own making', () => iam.send(new ListRolesCommand({ Marker: 'there' })), 'ValidationError'],
      [
        'an ARN that is none',
        () => iam.send(new AttachUserPolicyCommand({ UserName: 'ann', PolicyArn: 'AdministratorAccess-of-aws' })),
        'ValidationError',
      ],
      [
        'a simulation of nothing',
        () => iam.send(new SimulateCustomPolicyCommand({ PolicyInputList: [], ActionNames: [] })),
        'InvalidInputException',
      ],
    ];
    for (const [title, work, code] of cases) {
      it(title, async () => expect((await refusalOf(work())).code).to.equal(code));
    }
  });
});

describe('a world file with faults in its IAM', () => {
  const account = { id: HOME, users: [{ name: 'ann' }] };
  const cases: readonly (readonly [string, object, RegExp])[] = [
    [
      'a managed policy that is not there',
      { accounts: [{ ...account, users: [{ name: 'ann', managedPolicies: [arn('policy', 'None')] }] }] },
      /users\[0\]: no managed policy .*None/,
    ],
    [
      'a boundary that is not there',
      { accounts: [{ ...account, users: [{ name: 'ann', permissionsBoundary: arn('policy', 'None') }] }] },
      /users\[0\]: no managed policy .*None/,
    ],
    [
      'a member who is not there',
      { accounts: [{ ...account, groups: [{ name: 'g', users: ['bob'] }] }] },
      /no user bob/,
    ],
    [
      'a managed policy that IAM would refuse',
      { accounts: [{ ...account, managedPolicies: [{ name: 'P', document: trust('*') }] }] },
      /managedPolicies\[0\]: Statement\[0\]: a policy of an identity has no Principal/,
    ],
    [
      'a member account that is not there',
      {
        accounts: [account],
        organization: { id: 'o-exampleorgid', root: { id: 'r-root', accounts: [{ id: '999988887777' }] } },
      },
      /no account 999988887777/,
    ],
    [
      'an account in two places',
      {
        accounts: [account],
        organization: {
          id: 'o-exampleorgid',
          root: {
            id: 'r-root',
            accounts: [{ id: HOME }],
            units: [{ id: 'ou-root-workloads', accounts: [{ id: HOME }] }],
          },
        },
      },
      /is in two places/,
    ],
  ];
  for (const [title, world, message] of cases) {
    it(`tells of ${title}`, () => {
      expect(() => checkWorld({ region: 'us-east-1', ...world })).to.throw(message);
    });
  }
});
