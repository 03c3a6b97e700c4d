import { appendFile } from 'node:fs/promises';
import { expect } from 'chai';
import { standardWorld } from '../harness.ts';
import { ACCOUNT, type ClientDesk, openClientDesk, roleArn } from './client-desk.ts';
import type { PythonSession } from './python-session.ts';

const ADMIN = { id: 'AKIAADMINADMINADMIN0', secret: 'sandbox+admin+not+a+real+secret+00000001' };
const KEYS = (name: string, { id, secret }: typeof ADMIN): string =>
  `[${name}]\naws_access_key_id = ${id}\naws_secret_access_key = ${secret}\n`;

const policy = (...Statement: readonly object[]): string => JSON.stringify({ Version: '2012-10-17', Statement });
const allow = (Action: string | readonly string[], Resource: string): string =>
  policy({ Effect: 'Allow', Action, Resource });
const trust = (AWS: string): string => policy({ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' });
const userArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:user/${name}`;

const LOGIN = allow('redshift:GetClusterCredentials', `arn:aws:redshift:us-east-1:${ACCOUNT}:dbuser:warehouse/etl`);

describe('clients administer the sandbox', () => {
  let desk: ClientDesk;
  before(async function () {
    this.timeout(400_000);
    const world = standardWorld((made, account) => {
      made.name = 'iam-api';
      account.users!.push({
        name: 'admin',
        accessKeys: [ADMIN],
        managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      });
    });
    desk = await openClientDesk({ client: 'AWS CLI', world, databases: false });
    await appendFile(desk.environment['AWS_SHARED_CREDENTIALS_FILE']!, KEYS('admin', ADMIN));
  });
  after(() => desk?.[Symbol.asyncDispose]());

  describe('by the AWS command line', () => {
    const run = async (profile: string, ...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await desk.aws(profile, args);
      expect([status, stderr], args.join(' ')).to.deep.equal([0, '']);
      return stdout;
    };
    const iam = async <T = Record<string, unknown>>(...args: string[]): Promise<T> => {
      const text = await run('admin', 'iam', ...args);
      return (text === '' ? {} : JSON.parse(text)) as T;
    };
    const refused = async (profile: string, ...args: string[]): Promise<string> => {
      const { status, stderr } = await desk.aws(profile, args);
      expect(status, args.join(' ')).to.be.greaterThan(0);
      return stderr.trim();
    };

    it('makes a user, a role that trusts it and their policies, and the user gets a login', async () => {
      const { User } = await iam<{ User: Record<string, string> }>(
        'create-user',
        '--user-name',
        'clerk',
        '--tags',
        'Key=team,Value=sales',
      );
      expect(User['Arn']).to.equal(userArn('clerk'));
      const { AccessKey } = await iam<{ AccessKey: Record<string, string> }>(
        'create-access-key',
        '--user-name',
        'clerk',
      );
      const keys = { id: AccessKey['AccessKeyId']!, secret: AccessKey['SecretAccessKey']! };
      await appendFile(desk.environment['AWS_SHARED_CREDENTIALS_FILE']!, KEYS('clerk', keys));
      await appendFile(
        desk.environment['AWS_CONFIG_FILE']!,
        `[profile desk]\nregion = us-east-1\nrole_arn = ${roleArn('Desk')}\nrole_session_name = clerk\nsource_profile = clerk\n`,
      );
      expect(JSON.parse(await run('clerk', 'sts', 'get-caller-identity'))).to.include({ Arn: userArn('clerk') });

      const document = trust(userArn('clerk'));
      const { Role } = await iam<{ Role: Record<string, unknown> }>(
        'create-role',
        '--role-name',
        'Desk',
        '--assume-role-policy-document',
        document,
        '--max-session-duration',
        '7200',
      );
      expect(Role['AssumeRolePolicyDocument']).to.deep.equal(JSON.parse(document));
      await iam('put-role-policy', '--role-name', 'Desk', '--policy-name', 'login', '--policy-document', LOGIN);
      const buy = ['redshift', 'get-cluster-credentials', '--cluster-identifier', 'warehouse', '--db-user', 'etl'];
      expect(JSON.parse(await run('desk', ...buy))).to.include({ DbUser: 'IAM:etl' });

      const file = await desk.file('trust.json', trust(userArn('etl-agent')));
      await iam('update-assume-role-policy', '--role-name', 'Desk', '--policy-document', `file://${file}`);
      const assume = ['sts', 'assume-role', '--role-arn', roleArn('Desk'), '--role-session-name', 'clerk'];
      expect(await refused('clerk', ...assume)).to.include(
        `(AccessDenied) when calling the AssumeRole operation: User: ${userArn('clerk')} is not authorized to perform: sts:AssumeRole on resource: ${roleArn('Desk')}`,
      );
    });

    it('reads back what there is', async () => {
      const { Role } = await iam<{ Role: Record<string, unknown> }>('get-role', '--role-name', 'Desk');
      expect(Role).to.include({ Arn: roleArn('Desk'), MaxSessionDuration: 7200, Path: '/' });
      const { PolicyDocument } = await iam('get-role-policy', '--role-name', 'Desk', '--policy-name', 'login');
      expect(PolicyDocument).to.deep.equal(JSON.parse(LOGIN));
      const names = ['list-roles', '--query', 'Roles[].RoleName', '--max-items', '3', '--page-size', '2'];
      expect(await iam<string[]>(...names)).to.have.length(3);
      expect(await iam('list-role-policies', '--role-name', 'Desk')).to.deep.equal({ PolicyNames: ['login'] });
      expect(await iam('list-attached-user-policies', '--user-name', 'admin')).to.deep.equal({
        AttachedPolicies: [
          { PolicyName: 'AdministratorAccess', PolicyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
        ],
      });
    });

    it('gives rights by a group, a managed policy and its versions, and takes them by a boundary', async () => {
      const document = allow('sts:AssumeRole', roleArn('RedshiftLogin'));
      const made = await iam<{ Policy: { Arn: string } }>(
        'create-policy',
        '--policy-name',
        'Step',
        '--policy-document',
        document,
      );
      await iam('create-group', '--group-name', 'clerks');
      await iam('add-user-to-group', '--group-name', 'clerks', '--user-name', 'clerk');
      await iam('attach-group-policy', '--group-name', 'clerks', '--policy-arn', made.Policy.Arn);
      const decision = async (): Promise<string> =>
        (
          await run(
            'admin',
            'iam',
            'simulate-principal-policy',
            '--policy-source-arn',
            userArn('clerk'),
            '--action-names',
            'sts:AssumeRole',
            '--resource-arns',
            roleArn('RedshiftLogin'),
            '--query',
            'EvaluationResults[].EvalDecision',
            '--output',
            'text',
          )
        ).trim();
      expect(await decision()).to.equal('allowed');
      await iam(
        'create-policy-version',
        '--policy-arn',
        made.Policy.Arn,
        '--set-as-default',
        '--policy-document',
        policy({ Effect: 'Deny', Action: 'sts:*', Resource: '*' }),
      );
      expect(await decision()).to.equal('explicitDeny');
      await iam('set-default-policy-version', '--policy-arn', made.Policy.Arn, '--version-id', 'v1');
      expect(await decision()).to.equal('allowed');
      const limit = await iam<{ Policy: { Arn: string } }>(
        'create-policy',
        '--policy-name',
        'Limit',
        '--policy-document',
        allow('iam:*', '*'),
      );
      const boundary = ['--user-name', 'clerk', '--permissions-boundary', limit.Policy.Arn];
      await iam('put-user-permissions-boundary', ...boundary);
      expect(await decision()).to.equal('implicitDeny');
      const { User } = await iam<{ User: { PermissionsBoundary?: object } }>('get-user', '--user-name', 'clerk');
      expect(User.PermissionsBoundary).to.include({ PermissionsBoundaryArn: limit.Policy.Arn });
    });

    it('is told what is wrong, in the words of IAM', async () => {
      const cases: readonly (readonly [args: readonly string[], code: RegExp])[] = [
        [['create-user', '--user-name', 'clerk'], /\(EntityAlreadyExists\).*User with name clerk already exists\./],
        [['get-role', '--role-name', 'Nobody'], /\(NoSuchEntity\).*The role with name Nobody cannot be found\./],
        [
          ['put-user-policy', '--user-name', 'clerk', '--policy-name', 'p', '--policy-document', '{"Statement":'],
          /\(MalformedPolicyDocument\)/,
        ],
        [
          ['create-role', '--role-name', 'R', '--assume-role-policy-document', trust(userArn('nobody'))],
          /\(MalformedPolicyDocument\).*Invalid principal in policy/,
        ],
        [['delete-user', '--user-name', 'clerk'], /\(DeleteConflict\)/],
        [['delete-role', '--role-name', 'Desk'], /\(DeleteConflict\)/],
      ];
      for (const [args, code] of cases) expect(await refused('admin', 'iam', ...args), args.join(' ')).to.match(code);
      expect(await refused('clerk', 'iam', 'create-user', '--user-name', 'friend')).to.match(
        /\(AccessDenied\) when calling the CreateUser operation: User: .*user\/clerk is not authorized to perform: iam:CreateUser on resource: .*user\/friend/,
      );
    });

    it('takes everything away again', async () => {
      await iam('delete-role-policy', '--role-name', 'Desk', '--policy-name', 'login');
      await iam('delete-role', '--role-name', 'Desk');
      expect(await refused('admin', 'iam', 'get-role', '--role-name', 'Desk')).to.include('(NoSuchEntity)');
      const { AccessKeyMetadata } = await iam<{ AccessKeyMetadata: { AccessKeyId: string }[] }>(
        'list-access-keys',
        '--user-name',
        'clerk',
      );
      const id = AccessKeyMetadata[0]!.AccessKeyId;
      await iam('update-access-key', '--user-name', 'clerk', '--access-key-id', id, '--status', 'Inactive');
      expect(await refused('clerk', 'sts', 'get-caller-identity')).to.include('(InvalidClientTokenId)');
      await iam('delete-access-key', '--user-name', 'clerk', '--access-key-id', id);
    });
  });

  describe('by boto3', () => {
    let python: PythonSession;
    before(async () => {
      await desk.tally('AWS CLI');
      python = await desk.python({ AWS_PROFILE: 'admin' });
      await python.run(`
        global boto3, iam, json
        import boto3, json
        iam = boto3.client('iam')
      `);
    });
    after(async () => {
      await desk.tally('boto3');
      await python?.[Symbol.asyncDispose]();
    });

    it('waits for what it made, and walks through pages', async () => {
      const told = await python.run(
        `
        made = []
        for number in range(5):
            name = f'Page{number}'
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=input, Path='/pages/')
            iam.get_waiter('role_exists').wait(RoleName=name)
        pages = list(iam.get_paginator('list_roles').paginate(PathPrefix='/pages/', PaginationConfig={'PageSize': 2}))
        names = [role['RoleName'] for page in pages for role in page['Roles']]
        role = iam.get_role(RoleName='Page0')['Role']
        return [len(pages), names, role['Arn'], role['AssumeRolePolicyDocument'] == json.loads(input), role['CreateDate'].tzinfo is not None]
      `,
        trust(`arn:aws:iam::${ACCOUNT}:root`),
      );
      expect(told).to.deep.equal([
        3,
        ['Page0', 'Page1', 'Page2', 'Page3', 'Page4'],
        `arn:aws:iam::${ACCOUNT}:role/pages/Page0`,
        true,
        true,
      ]);
    });

    it('knows resources and their policies as objects', async () => {
      const told = await python.run(
        `
        resource = boto3.resource('iam')
        role = resource.Role('Page1')
        role.Policy('login').put(PolicyDocument=input)
        role.attach_policy(PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
        document = role.Policy('login').policy_document
        told = [[each.name for each in role.policies.all()], [each.arn for each in role.attached_policies.all()], document == json.loads(input)]
        role.detach_policy(PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')
        role.Policy('login').delete()
        role.delete()
        try:
            role.load()
        except iam.exceptions.NoSuchEntityException as error:
            told.append(error.response['ResponseMetadata']['HTTPStatusCode'])
        except Exception as error:
            told.append(error.response['Error']['Code'] == 'NoSuchEntity' and error.response['ResponseMetadata']['HTTPStatusCode'])
        return told
      `,
        LOGIN,
      );
      expect(told).to.deep.equal([['login'], ['arn:aws:iam::aws:policy/AdministratorAccess'], true, 404]);
    });

    it('has a principal’s rights worked out, with the statements that matched', async () => {
      const told = await python.run(
        `
        asked = iam.simulate_principal_policy(PolicySourceArn=input, ActionNames=['sts:AssumeRole', 's3:PutObject', 'redshift:GetClusterCredentials'],
            ResourceArns=['${roleArn('RedshiftLogin')}'])
        return [[each['EvalActionName'], each['EvalDecision'], len(each['MatchedStatements'])] for each in asked['EvaluationResults']]
      `,
        userArn('etl-agent'),
      );
      expect(told).to.deep.equal([
        ['sts:AssumeRole', 'allowed', 1],
        ['s3:PutObject', 'implicitDeny', 0],
        ['redshift:GetClusterCredentials', 'implicitDeny', 0],
      ]);
    });
  });
});
