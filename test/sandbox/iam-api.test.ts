import {
  AddUserToGroupCommand,
  AttachGroupPolicyCommand,
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  IAMClient,
  ListGroupsForUserCommand,
  ListRolesCommand,
  ListUserPoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  paginateListUsers,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { GetBucketPolicyCommand, ListObjectsV2Command, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { PolicyStatement } from '../../src/sandbox/iam/policy.ts';
import type { World } from '../../src/sandbox/world.ts';
import { ANN, AWAY, AwsWorld, allow, BOB, HOME, type Keys, policy, refusalOf, roleArn, trust } from './aws-world.ts';

const WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        {
          name: 'ann',
          accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }],
          managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        },
        {
          name: 'bob',
          accessKeys: [{ id: BOB.accessKeyId, secret: BOB.secretAccessKey }],
          policies: [allow('iam:GetUser', `arn:aws:iam::${HOME}:user/bob`)],
        },
      ],
      buckets: [{ name: 'home-data' }, { name: 'home-tls' }],
    },
    { id: AWAY },
  ],
};

const text = (document: unknown): string => JSON.stringify(document, undefined, 2);
const userArn = (name: string): string => `arn:aws:iam::${HOME}:user/${name}`;

describe('IAM API of the sandbox', () => {
  let world: AwsWorld;
  let iam: IAMClient;
  const clientOf = (credentials: Keys): IAMClient =>
    new IAMClient({ region: 'us-east-1', endpoint: world.sandbox.awsEndpoint, credentials, maxAttempts: 1 });
  before(async () => {
    world = await AwsWorld.open(WORLD);
    iam = clientOf(ANN);
  });
  after(() => world?.[Symbol.asyncDispose]());

  const makeUser = async (UserName: string): Promise<Keys> => {
    await iam.send(new CreateUserCommand({ UserName }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
    return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  };
  const makeRole = (RoleName: string, document: unknown) =>
    iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: text(document) }));

  it('makes a user whose keys sign, with a policy of its own that comes back as it was', async () => {
    const keys = await makeUser('cara');
    const document = text(allow('iam:GetUser', userArn('cara')));
    await iam.send(new PutUserPolicyCommand({ UserName: 'cara', PolicyName: 'self', PolicyDocument: document }));
    const { User } = await clientOf(keys).send(new GetUserCommand({}));
    expect([User!.UserName, User!.Arn, User!.Path]).to.deep.equal(['cara', userArn('cara'), '/']);
    expect(User!.UserId).to.match(/^AIDA[A-Z2-7]{17}$/);
    const read = await iam.send(new GetUserPolicyCommand({ UserName: 'cara', PolicyName: 'self' }));
    expect(read.PolicyDocument).to.match(/^%7B%0A%20%20%22Version%22/);
    expect(decodeURIComponent(read.PolicyDocument!)).to.equal(document);
    const { PolicyNames } = await iam.send(new ListUserPoliciesCommand({ UserName: 'CARA' }));
    expect(PolicyNames).to.deep.equal(['self']);
  });

  it('asks IAM itself whether the caller may', async () => {
    expect(await refusalOf(clientOf(BOB).send(new CreateUserCommand({ UserName: 'eve' })))).to.deep.equal({
      code: 'AccessDenied',
      status: 403,
      message: `User: ${userArn('bob')} is not authorized to perform: iam:CreateUser on resource: ${userArn('eve')} because no identity-based policy allows the iam:CreateUser action`,
    });
    expect((await clientOf(BOB).send(new GetUserCommand({}))).User!.UserName).to.equal('bob');
  });

  it('makes a role that can be taken, and lets its trust be changed', async () => {
    const { Role } = await makeRole('Maker', trust(userArn('bob')));
    expect(Role!.Arn).to.equal(roleArn('Maker'));
    expect(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!))).to.deep.equal(trust(userArn('bob')));
    await world.assume(roleArn('Maker'), {}, BOB);
    const document = text(trust(userArn('ann')));
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'Maker', PolicyDocument: document }));
    expect((await refusalOf(world.assume(roleArn('Maker'), {}, BOB))).code).to.equal('AccessDenied');
    await world.assume(roleArn('Maker'));
  });

  it('gives what groups, managed policies and their default versions give, and no more than a boundary', async () => {
    const keys = await makeUser('dora');
    const PolicyDocument = text(allow('sts:AssumeRole', roleArn('Narrow')));
    const { Policy } = await iam.send(new CreatePolicyCommand({ PolicyName: 'MayAssume', PolicyDocument }));
    await iam.send(new CreateGroupCommand({ GroupName: 'team' }));
    await iam.send(new AddUserToGroupCommand({ GroupName: 'team', UserName: 'dora' }));
    const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName: 'dora' }));
    expect(Groups!.map(({ GroupName }) => GroupName)).to.deep.equal(['team']);
    await makeRole('Narrow', trust(`arn:aws:iam::${HOME}:root`));
    expect((await refusalOf(world.assume(roleArn('Narrow'), {}, keys))).code).to.equal('AccessDenied');
    await iam.send(new AttachGroupPolicyCommand({ GroupName: 'team', PolicyArn: Policy!.Arn }));
    const session = await world.assume(roleArn('Narrow'), {}, keys);

    await iam.send(
      new AttachRolePolicyCommand({
        RoleName: 'Narrow',
        PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess',
      }),
    );
    await clientOf(session).send(new GetUserCommand({ UserName: 'ann' }));
    await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'Narrow', PermissionsBoundary: Policy!.Arn }));
    expect((await refusalOf(clientOf(session).send(new GetUserCommand({ UserName: 'ann' })))).message).to.match(
      /because no permissions boundary allows the iam:GetUser action$/,
    );
    const next = await iam.send(
      new CreatePolicyVersionCommand({
        PolicyArn: Policy!.Arn,
        PolicyDocument: text(allow('iam:*')),
        SetAsDefault: true,
      }),
    );
    expect(next.PolicyVersion!.VersionId).to.equal('v2');
    await clientOf(session).send(new GetUserCommand({ UserName: 'ann' }));
    const old = await iam.send(new GetPolicyVersionCommand({ PolicyArn: Policy!.Arn, VersionId: 'v1' }));
    expect([old.PolicyVersion!.IsDefaultVersion, decodeURIComponent(old.PolicyVersion!.Document!)]).to.deep.equal([
      false,
      PolicyDocument,
    ]);
    expect(await refusalOf(iam.send(new DeletePolicyCommand({ PolicyArn: Policy!.Arn })))).to.deep.include({
      code: 'DeleteConflictException',
      status: 409,
    });
  });

  it('keeps the id of who was trusted: a name made anew inherits nothing', async () => {
    const keys = await makeUser('erin');
    const document = trust(userArn('erin'));
    await makeRole('Erins', document);
    const shown = async (): Promise<unknown> => {
      const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'Erins' }));
      return JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
    };
    expect(await shown()).to.deep.equal(document);
    await world.assume(roleArn('Erins'), {}, keys);
    expect((await refusalOf(iam.send(new DeleteUserCommand({ UserName: 'erin' })))).message).to.equal(
      'Cannot delete entity, must delete access keys first.',
    );
    await iam.send(new DeleteAccessKeyCommand({ UserName: 'erin', AccessKeyId: keys.accessKeyId }));
    const { User } = await iam.send(new GetUserCommand({ UserName: 'erin' }));
    await iam.send(new DeleteUserCommand({ UserName: 'erin' }));
    expect((await refusalOf(world.assume(roleArn('Erins'), {}, keys))).code).to.equal('InvalidClientTokenId');
    const again = await makeUser('erin');
    expect(await shown()).to.deep.equal(trust(User!.UserId!));
    expect((await refusalOf(world.assume(roleArn('Erins'), {}, again))).code).to.equal('AccessDenied');
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'Erins', PolicyDocument: text(document) }));
    await world.assume(roleArn('Erins'), {}, again);
  });

  it('counts its plain HTTP on loopback as the TLS that it stands in for', async () => {
    const denyWhen = (isSecure: string) =>
      new PutBucketPolicyCommand({
        Bucket: 'home-tls',
        Policy: text(
          policy({
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:ListBucket',
            Resource: 'arn:aws:s3:::home-tls',
            Condition: { Bool: { 'aws:SecureTransport': isSecure } },
          }),
        ),
      });
    const s3 = world.s3();
    const list = () => s3.send(new ListObjectsV2Command({ Bucket: 'home-tls' }));
    await s3.send(denyWhen('false'));
    await list();
    await s3.send(denyWhen('true'));
    expect((await refusalOf(list())).message).to.match(/explicit deny in a resource-based policy$/);
  });

  it('tells bucket policies how a request is signed, and whose the bucket is', async () => {
    const s3 = world.s3();
    const deny = (Condition: PolicyStatement['Condition']) =>
      new PutBucketPolicyCommand({
        Bucket: 'home-tls',
        Policy: text(
          policy({
            Effect: 'Deny',
            Principal: '*',
            Action: 's3:ListBucket',
            Resource: 'arn:aws:s3:::home-tls',
            Condition: Condition!,
          }),
        ),
      });
    const list = () => s3.send(new ListObjectsV2Command({ Bucket: 'home-tls' }));
    for (const passes of [
      { StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } },
      { StringNotEquals: { 's3:authType': 'REST-HEADER' } },
      { StringNotEquals: { 's3:ResourceAccount': HOME } },
      { NumericLessThanIfExists: { 's3:TlsVersion': 1.2 } },
      { StringEquals: { 's3:x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
    ]) {
      await s3.send(deny(passes));
      await list();
    }
    await s3.send(
      deny({ StringLike: { 's3:x-amz-content-sha256': '*' }, StringEquals: { 's3:ResourceAccount': HOME } }),
    );
    expect((await refusalOf(list())).code).to.equal('AccessDenied');
  });

  it('keeps ids in the policies of buckets as well', async () => {
    const s3 = world.s3();
    const grant = (name: string) =>
      new PutBucketPolicyCommand({
        Bucket: 'home-data',
        Policy: text(
          policy({
            Effect: 'Allow',
            Principal: { AWS: userArn(name) },
            Action: 's3:ListBucket',
            Resource: 'arn:aws:s3:::home-data',
          }),
        ),
      });
    expect(await refusalOf(s3.send(grant('nobody')))).to.deep.equal({
      code: 'MalformedPolicy',
      status: 400,
      message: 'Invalid principal in policy',
    });
    const keys = await makeUser('flo');
    await s3.send(grant('flo'));
    await world.s3(keys).send(new ListObjectsV2Command({ Bucket: 'home-data' }));
    await iam.send(new DeleteAccessKeyCommand({ UserName: 'flo', AccessKeyId: keys.accessKeyId }));
    const { User } = await iam.send(new GetUserCommand({ UserName: 'flo' }));
    await iam.send(new DeleteUserCommand({ UserName: 'flo' }));
    const again = await makeUser('flo');
    expect((await refusalOf(world.s3(again).send(new ListObjectsV2Command({ Bucket: 'home-data' })))).code).to.equal(
      'AccessDenied',
    );
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket: 'home-data' }));
    expect((JSON.parse(Policy!) as { Statement: unknown[] }).Statement[0]).to.deep.include({
      Principal: { AWS: User!.UserId },
    });
  });

  it('trusts one session of a role and no other', async () => {
    await makeRole('First', trust(userArn('ann')));
    await makeRole('Second', trust(`arn:aws:sts::${HOME}:assumed-role/First/etl`));
    await world.assume(roleArn('Second'), {}, await world.assume(roleArn('First')));
    const other = await world.assume(roleArn('First'), { RoleSessionName: 'other' });
    expect((await refusalOf(world.assume(roleArn('Second'), {}, other))).code).to.equal('AccessDenied');
    const unknown = makeRole('Third', trust(`arn:aws:sts::${HOME}:assumed-role/None/etl`));
    expect((await refusalOf(unknown)).code).to.equal('MalformedPolicyDocumentException');
  });

  it('ends the sessions of a role with the role', async () => {
    await makeRole('Brief', trust(userArn('ann')));
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'Brief', PolicyName: 'p', PolicyDocument: text(allow('iam:*')) }),
    );
    const session = await world.assume(roleArn('Brief'));
    await clientOf(session).send(new GetUserCommand({ UserName: 'ann' }));
    await iam.send(new DeleteRolePolicyCommand({ RoleName: 'Brief', PolicyName: 'p' }));
    await iam.send(new DeleteRoleCommand({ RoleName: 'Brief' }));
    await makeRole('Brief', trust(userArn('ann')));
    expect((await refusalOf(clientOf(session).send(new GetUserCommand({ UserName: 'ann' })))).code).to.equal(
      'InvalidClientTokenId',
    );
  });

  it('lets a change arrive later where decisions are made, and shows it at once', async () => {
    world.sandbox.iamPropagation(10);
    try {
      await makeRole('Slow', trust(userArn('ann')));
      expect((await iam.send(new GetRoleCommand({ RoleName: 'Slow' }))).Role!.RoleName).to.equal('Slow');
      expect((await refusalOf(world.assume(roleArn('Slow')))).code).to.equal('AccessDenied');
      world.sandbox.advance(6);
      await iam.send(
        new UpdateAssumeRolePolicyCommand({ RoleName: 'Slow', PolicyDocument: text(trust(userArn('bob'))) }),
      );
      world.sandbox.advance(5);
      await world.assume(roleArn('Slow')); // the first trust has arrived, the second has not
      world.sandbox.advance(6);
      expect((await refusalOf(world.assume(roleArn('Slow')))).code).to.equal('AccessDenied');
      await world.assume(roleArn('Slow'), {}, BOB);
    } finally {
      world.sandbox.iamPropagation(0);
    }
  });

  it('reads lists page by page', async () => {
    const names: string[] = [];
    for await (const { Users = [] } of paginateListUsers({ client: iam, pageSize: 1 }, {})) {
      names.push(...Users.map(({ UserName }) => UserName!));
    }
    expect(names).to.include.members(['ann', 'bob']);
    expect(names).to.deep.equal([...names].sort());
    const { Roles } = await iam.send(new ListRolesCommand({ PathPrefix: '/none/' }));
    expect(Roles).to.deep.equal([]);
  });

  describe('refuses', () => {
    before(() => makeRole('Plain', trust(userArn('ann'))));
    const put = (document: unknown) =>
      new PutRolePolicyCommand({
        RoleName: 'Plain',
        PolicyName: 'p',
        PolicyDocument: typeof document === 'string' ? document : text(document),
      });
    const role = (document: unknown) =>
      new CreateRoleCommand({ RoleName: 'Never', AssumeRolePolicyDocument: text(document) });
    const cases: readonly (readonly [string, () => Promise<unknown>, string, number, string])[] = [
      [
        'a trusted user who does not exist',
        () => iam.send(role(trust(userArn('nobody')))),
        'MalformedPolicyDocumentException',
        400,
        `Invalid principal in policy: "AWS":"${userArn('nobody')}"`,
      ],
      [
        'an account outside the world',
        () => iam.send(role(trust('arn:aws:iam::999999999999:root'))),
        'MalformedPolicyDocumentException',
        400,
        'Invalid principal in policy: "AWS":"arn:aws:iam::999999999999:root"',
      ],
      [
        'a trust policy with a resource',
        () => iam.send(role(trust(userArn('ann'), { Resource: '*' }))),
        'MalformedPolicyDocumentException',
        400,
        'Has prohibited field Resource',
      ],
      [
        'a trust in anything but STS',
        () => iam.send(role(trust(userArn('ann'), { Action: '*' }))),
        'MalformedPolicyDocumentException',
        400,
        'AssumeRole policy may only specify STS AssumeRole actions.',
      ],
      [
        'text that is no policy',
        () => iam.send(put('{')),
        'MalformedPolicyDocumentException',
        400,
        'Syntax errors in policy.',
      ],
      [
        'an action without a service',
        () => iam.send(put(allow('GetObject'))),
        'MalformedPolicyDocumentException',
        400,
        'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
      ],
      [
        'a resource that is no ARN',
        () => iam.send(put(allow('s3:GetObject', 'home-data/*'))),
        'MalformedPolicyDocumentException',
        400,
        'Resource home-data/* must be in ARN format or "*".',
      ],
      [
        'a resource of another partition',
        () => iam.send(put(allow('s3:GetObject', 'arn:aws-cn:s3:::home-data/*'))),
        'MalformedPolicyDocumentException',
        400,
        'Partition "aws-cn" is not valid for resource "arn:aws-cn:s3:::home-data/*".',
      ],
      [
        'a wildcard for the service of a resource',
        () => iam.send(put(allow('s3:GetObject', 'arn:aws:s*:::home-data/*'))),
        'MalformedPolicyDocumentException',
        400,
        'Resource vendor must be fully qualified and cannot contain regexes.',
      ],
      [
        'a region in the name of a role',
        () => iam.send(put(allow('sts:AssumeRole', `arn:aws:iam:us-east-1:${HOME}:role/Login`))),
        'MalformedPolicyDocumentException',
        400,
        `IAM resource arn:aws:iam:us-east-1:${HOME}:role/Login cannot contain region information.`,
      ],
      [
        'a condition on a key without a service',
        () => iam.send(put(allow('s3:GetObject', '*', { Condition: { StringEquals: { prefix: 'x' } } }))),
        'MalformedPolicyDocumentException',
        400,
        'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
      ],
      [
        'one Sid twice',
        () => {
          const one = { Sid: 'A', Effect: 'Allow', Action: 's3:*', Resource: '*' } as const;
          return iam.send(put(policy(one, one)));
        },
        'MalformedPolicyDocumentException',
        400,
        'Statement IDs (SID) in a single policy must be unique.',
      ],
      [
        'a name that is taken, in any case',
        () => iam.send(new CreateUserCommand({ UserName: 'ANN' })),
        'EntityAlreadyExistsException',
        409,
        'User with name ANN already exists.',
      ],
      [
        'a user who is not there',
        () => iam.send(new GetUserCommand({ UserName: 'nobody' })),
        'NoSuchEntityException',
        404,
        'The user with name nobody cannot be found.',
      ],
      [
        'a policy that is not there',
        () => iam.send(new DeleteUserPolicyCommand({ UserName: 'ann', PolicyName: 'none' })),
        'NoSuchEntityException',
        404,
        'The user policy with name none cannot be found.',
      ],
      [
        'a managed policy that is not there',
        () =>
          iam.send(new AttachRolePolicyCommand({ RoleName: 'Plain', PolicyArn: `arn:aws:iam::${HOME}:policy/None` })),
        'NoSuchEntityException',
        404,
        `Policy arn:aws:iam::${HOME}:policy/None does not exist or is not attachable.`,
      ],
      [
        'to delete a role that has policies',
        async () => {
          await iam.send(put(allow('s3:*')));
          return iam.send(new DeleteRoleCommand({ RoleName: 'Plain' }));
        },
        'DeleteConflictException',
        409,
        'Cannot delete entity, must delete policies first.',
      ],
      [
        'a third key',
        async () => {
          await iam.send(new CreateAccessKeyCommand({ UserName: 'bob' }));
          return iam.send(new CreateAccessKeyCommand({ UserName: 'bob' }));
        },
        'LimitExceededException',
        409,
        'Cannot exceed quota for AccessKeysPerUser: 2',
      ],
      [
        'policies that are too long',
        () => iam.send(put(allow(Array.from({ length: 500 }, (_, at) => `s3:GetObjectNumber${at}Of500`)))),
        'LimitExceededException',
        409,
        'Maximum policy size of 10240 bytes exceeded for role Plain',
      ],
    ];
    for (const [title, work, code, status, message] of cases) {
      it(title, async () => {
        expect(await refusalOf(work())).to.deep.equal({ code, status, message });
      });
    }
  });
});
