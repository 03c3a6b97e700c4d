import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { World } from '../../src/sandbox/world.ts';
import { INSTALL_LIMIT_MS } from '../clients/install.ts';
import { pythonWithClients } from '../clients/python.ts';
import { type Finished, runCommand } from '../clients/run-command.ts';
import { openWorld, type TestWorld } from '../harness.ts';

const HOME = '111122223333';
const ADMIN = { id: 'AKIAADMINISTRATOR000', secret: 'sandbox+administrator+not+a+secret+0001' };
const WORLD: World = {
  region: 'us-east-1',
  accounts: [
    {
      id: HOME,
      users: [
        {
          name: 'administrator',
          accessKeys: [ADMIN],
          managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        },
      ],
    },
  ],
};

const policy = (statement: object): string => JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
const arn = (kind: string, name: string): string => `arn:aws:iam::${HOME}:${kind}/${name}`;

interface Keys {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly SessionToken?: string;
}

describe('the AWS command line judges the IAM API of the sandbox', () => {
  let world: TestWorld;
  let python: string;
  let folder: string;
  before(async function () {
    this.timeout(INSTALL_LIMIT_MS);
    python = await pythonWithClients();
    world = await openWorld(WORLD, { databases: false });
    folder = await mkdtemp(join(tmpdir(), 'roleshift-iam-cli-'));
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const administrator: Keys = { AccessKeyId: ADMIN.id, SecretAccessKey: ADMIN.secret };
  const aws = (keys: Keys, ...args: string[]): Promise<Finished> =>
    runCommand(python, ['-m', 'awscli', ...args], {
      limitMs: 60_000,
      environment: {
        PATH: process.env['PATH'] ?? '',
        HOME: folder,
        AWS_ENDPOINT_URL: world.awsEndpoint,
        AWS_DEFAULT_REGION: 'eu-central-1', // IAM is everywhere the same
        AWS_ACCESS_KEY_ID: keys.AccessKeyId,
        AWS_SECRET_ACCESS_KEY: keys.SecretAccessKey,
        ...(keys.SessionToken !== undefined && { AWS_SESSION_TOKEN: keys.SessionToken }),
        AWS_EC2_METADATA_DISABLED: 'true',
      },
    });
  const iam = async (...args: string[]): Promise<Record<string, never>> => {
    const { status, stdout, stderr } = await aws(administrator, 'iam', ...args);
    expect({ status, stderr }, args.join(' ')).to.deep.equal({ status: 0, stderr: '' });
    return stdout === '' ? {} : JSON.parse(stdout);
  };
  const refused = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await aws(administrator, 'iam', ...args);
    expect(status, args.join(' ')).to.be.greaterThan(0);
    return stderr.trim();
  };

  it('makes a user, a role and what joins them, and the user takes the role', async () => {
    await iam('create-user', '--user-name', 'etl', '--path', '/agents/', '--tags', 'Key=team,Value=data');
    const { AccessKey } = (await iam('create-access-key', '--user-name', 'etl')) as unknown as { AccessKey: Keys };
    const trust = policy({
      Effect: 'Allow',
      Principal: { AWS: arn('user', 'agents/etl') },
      Action: 'sts:AssumeRole',
      Condition: { StringEquals: { 'sts:ExternalId': 'tenant-7' } },
    });
    const document = ['--assume-role-policy-document', trust];
    await iam('create-role', '--role-name', 'Login', '--path', '/', '--max-session-duration', '7200', ...document);
    const assume = ['sts', 'assume-role', '--role-arn', arn('role', 'Login'), '--role-session-name', 'run'];
    expect((await aws(AccessKey, ...assume)).stderr).to.include('(AccessDenied)');
    const { stdout } = await aws(AccessKey, ...assume, '--external-id', 'tenant-7', '--duration-seconds', '7200');
    const { Credentials } = JSON.parse(stdout) as { Credentials: Keys };
    expect((await aws(Credentials, 'iam', 'get-role', '--role-name', 'Login')).stderr.trim()).to.equal(
      `An error occurred (AccessDenied) when calling the GetRole operation: User: arn:aws:sts::${HOME}:assumed-role/Login/run is not authorized to perform: iam:GetRole on resource: ${arn('role', 'Login')} because no identity-based policy allows the iam:GetRole action`,
    );
    const reads = policy({ Effect: 'Allow', Action: 'iam:GetRole', Resource: arn('role', 'Login') });
    await iam('put-role-policy', '--role-name', 'Login', '--policy-name', 'reads', '--policy-document', reads);
    const read = JSON.parse((await aws(Credentials, 'iam', 'get-role', '--role-name', 'Login')).stdout) as {
      Role: { AssumeRolePolicyDocument: unknown; MaxSessionDuration: number };
    };
    expect(read.Role.AssumeRolePolicyDocument).to.deep.equal(JSON.parse(trust)); // the CLI decodes it
    expect(read.Role.MaxSessionDuration).to.equal(7200);
  });

  it('simulates', async () => {
    const told = (await iam(
      'simulate-principal-policy',
      '--policy-source-arn',
      arn('role', 'Login'),
      '--action-names',
      'iam:GetRole',
      'iam:GetUser',
      '--resource-arns',
      arn('role', 'Login'),
      '--context-entries',
      'ContextKeyName=aws:SourceIp,ContextKeyValues=10.0.0.1,ContextKeyType=ip',
    )) as unknown as { EvaluationResults: Record<string, unknown>[] };
    expect(
      told.EvaluationResults.map(({ EvalActionName, EvalDecision }) => [EvalActionName, EvalDecision]),
    ).to.deep.equal([
      ['iam:GetRole', 'allowed'],
      ['iam:GetUser', 'implicitDeny'],
    ]);
    expect(told.EvaluationResults[0]!['MatchedStatements']).to.deep.equal([
      {
        SourcePolicyId: 'role_Login_reads',
        SourcePolicyType: 'IAM Policy',
        StartPosition: { Line: 1, Column: 38 },
        EndPosition: { Line: 1, Column: 129 },
      },
    ]);
  });

  it('groups users, attaches policies in versions, and takes all of it away again in order', async () => {
    await iam('create-group', '--group-name', 'admins');
    await iam('add-user-to-group', '--group-name', 'admins', '--user-name', 'etl');
    const listing = policy({ Effect: 'Allow', Action: 'iam:List*', Resource: '*' });
    await iam('create-policy', '--policy-name', 'Lists', '--policy-document', listing);
    const target = ['--policy-arn', arn('policy', 'Lists')];
    await iam('attach-group-policy', '--group-name', 'admins', ...target);
    await iam('put-user-permissions-boundary', '--user-name', 'etl', '--permissions-boundary', arn('policy', 'Lists'));
    await iam('create-policy-version', ...target, '--policy-document', listing, '--set-as-default');
    expect(await refused('delete-policy', ...target)).to.match(/\(DeleteConflict\) when calling the DeletePolicy/);
    expect(await refused('delete-user', '--user-name', 'etl')).to.match(
      /\(DeleteConflict\).*must delete access keys first\.$/,
    );
    const { AccessKeyMetadata } = (await iam('list-access-keys', '--user-name', 'etl')) as unknown as {
      AccessKeyMetadata: { AccessKeyId: string }[];
    };
    await iam('delete-access-key', '--user-name', 'etl', '--access-key-id', AccessKeyMetadata[0]!.AccessKeyId);
    await iam('remove-user-from-group', '--group-name', 'admins', '--user-name', 'etl');
    await iam('detach-group-policy', '--group-name', 'admins', ...target);
    await iam('delete-group', '--group-name', 'admins');
    await iam('delete-user', '--user-name', 'etl');
    await iam('delete-policy-version', ...target, '--version-id', 'v1');
    await iam('delete-policy', ...target);
    const { Role } = (await iam('get-role', '--role-name', 'Login')) as unknown as {
      Role: { AssumeRolePolicyDocument: { Statement: { Principal: { AWS: string } }[] } };
    };
    // Who was trusted is gone: what is left is the id, which no user made anew will have.
    expect(Role.AssumeRolePolicyDocument.Statement[0]!.Principal.AWS).to.match(/^AIDA[A-Z2-7]{17}$/);
  });

  it('carries a role to a machine, and reads lists page by page', async () => {
    await iam('create-instance-profile', '--instance-profile-name', 'Machine');
    await iam('add-role-to-instance-profile', '--instance-profile-name', 'Machine', '--role-name', 'Login');
    expect(await refused('delete-role', '--role-name', 'Login')).to.match(/\(DeleteConflict\)/);
    for (const name of ['One', 'Two']) {
      const trust = policy({ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' });
      await iam('create-role', '--role-name', name, '--assume-role-policy-document', trust);
    }
    const { Roles } = (await iam('list-roles', '--page-size', '1')) as unknown as { Roles: { RoleName: string }[] };
    expect(Roles.map(({ RoleName }) => RoleName)).to.deep.equal(['Login', 'One', 'Two']);
    expect(await refused('get-role', '--role-name', 'Three')).to.equal(
      'An error occurred (NoSuchEntity) when calling the GetRole operation: The role with name Three cannot be found.',
    );
  });
});
