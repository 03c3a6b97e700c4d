import {
  IAMClient,
  SimulatePrincipalPolicyCommand,
  type SimulatePrincipalPolicyCommandInput,
} from '@aws-sdk/client-iam';
import { expect } from 'chai';
import { positionOf, statementSpans } from '../../src/sandbox/iam/statement-spans.ts';
import type { World } from '../../src/sandbox/world.ts';
import { ANN, AwsWorld, allow, BOB, HOME, policy, refusalOf, roleArn, trust } from './aws-world.ts';

const policyArn = (name: string): string => `arn:aws:iam::${HOME}:policy/${name}`;
const userArn = (name: string): string => `arn:aws:iam::${HOME}:user/${name}`;
const OBJECT = 'arn:aws:s3:::home-data/a.csv';

const WORLD: World = {
  region: 'us-east-1',
  organization: {
    id: 'o-exampleorgid',
    root: {
      id: 'r-root',
      units: [
        {
          id: 'ou-root-workloads',
          serviceControlPolicies: [
            policy(
              { Effect: 'Allow', Action: '*', Resource: '*' },
              { Effect: 'Deny', Action: 's3:DeleteBucket', Resource: '*' },
            ),
          ],
          accounts: [{ id: HOME, serviceControlPolicies: [allow(['iam:*', 's3:*', 'sts:*'])] }],
        },
      ],
    },
  },
  accounts: [
    {
      id: HOME,
      managedPolicies: [
        { name: 'ReadsData', document: allow('s3:GetObject', 'arn:aws:s3:::home-data/*') },
        { name: 'Limit', document: allow(['s3:GetObject', 's3:PutObject']) },
      ],
      users: [
        {
          name: 'ann',
          accessKeys: [{ id: ANN.accessKeyId, secret: ANN.secretAccessKey }],
          managedPolicies: ['arn:aws:iam::aws:policy/AdministratorAccess'],
        },
        { name: 'bob', accessKeys: [{ id: BOB.accessKeyId, secret: BOB.secretAccessKey }] },
      ],
      groups: [{ name: 'readers', users: ['bob'], managedPolicies: [policyArn('ReadsData')] }],
      roles: [
        {
          name: 'Etl',
          trust: trust(userArn('ann')),
          permissionsBoundary: policyArn('Limit'),
          policies: [
            policy(
              { Effect: 'Allow', Action: 's3:*', Resource: '*' },
              { Effect: 'Deny', Action: 's3:GetObject', Resource: 'arn:aws:s3:::home-data/secret/*' },
              {
                Effect: 'Allow',
                Action: 'sts:AssumeRole',
                Resource: '*',
                Condition: { StringEquals: { 'aws:SourceVpc': 'vpc-1' } },
              },
            ),
          ],
        },
      ],
    },
  ],
};

describe('SimulatePrincipalPolicy of the sandbox', () => {
  let world: AwsWorld;
  let iam: IAMClient;
  const clientOf = (credentials: typeof ANN): IAMClient =>
    new IAMClient({ region: 'us-east-1', endpoint: world.sandbox.awsEndpoint, credentials, maxAttempts: 1 });
  before(async () => {
    world = await AwsWorld.open(WORLD);
    iam = clientOf(ANN);
  });
  after(() => world?.[Symbol.asyncDispose]());

  const simulate = async (input: Omit<SimulatePrincipalPolicyCommandInput, 'PolicySourceArn'>, source: string) => {
    const command = new SimulatePrincipalPolicyCommand({ ...input, PolicySourceArn: source });
    return (await iam.send(command)).EvaluationResults!;
  };

  it('says what groups allow, action by action and resource by resource', async () => {
    const ActionNames = ['s3:GetObject', 's3:PutObject'];
    const results = await simulate({ ActionNames, ResourceArns: [OBJECT, 'arn:aws:s3:::other/b'] }, userArn('bob'));
    expect(results.map((each) => [each.EvalActionName, each.EvalResourceName, each.EvalDecision])).to.deep.equal([
      ['s3:GetObject', OBJECT, 'allowed'],
      ['s3:GetObject', 'arn:aws:s3:::other/b', 'implicitDeny'],
      ['s3:PutObject', OBJECT, 'implicitDeny'],
      ['s3:PutObject', 'arn:aws:s3:::other/b', 'implicitDeny'],
    ]);
    expect(results[0]!.MatchedStatements!.map((each) => [each.SourcePolicyId, each.SourcePolicyType])).to.deep.equal([
      ['ReadsData', 'IAM Policy'],
    ]);
    expect(results[0]!.OrganizationsDecisionDetail).to.deep.equal({ AllowedByOrganizations: true });
  });

  it('names the statement that denies, and where it stands', async () => {
    const [result] = await simulate(
      { ActionNames: ['s3:GetObject'], ResourceArns: ['arn:aws:s3:::home-data/secret/a'] },
      roleArn('Etl'),
    );
    expect(result!.EvalDecision).to.equal('explicitDeny');
    expect(result!.MatchedStatements).to.have.length(1);
    const [{ SourcePolicyId, StartPosition, EndPosition }] = result!.MatchedStatements as [
      { SourcePolicyId: string; StartPosition: { Line: number }; EndPosition: { Line: number } },
    ];
    expect([SourcePolicyId, StartPosition.Line, EndPosition.Line]).to.deep.equal(['role_Etl_world-1', 9, 13]);
  });

  it('tells the boundary and the organization apart', async () => {
    const [beyond] = await simulate({ ActionNames: ['s3:ListBucket'] }, roleArn('Etl'));
    expect([beyond!.EvalDecision, beyond!.PermissionsBoundaryDecisionDetail]).to.deep.equal([
      'implicitDeny',
      { AllowedByPermissionsBoundary: false },
    ]);
    const [outside] = await simulate({ ActionNames: ['redshift:DescribeClusters'] }, userArn('ann'));
    expect([outside!.EvalDecision, outside!.OrganizationsDecisionDetail]).to.deep.equal([
      'implicitDeny',
      { AllowedByOrganizations: false },
    ]);
  });

  it('takes context, and says which keys it lacks', async () => {
    const base = { ActionNames: ['sts:AssumeRole'], PermissionsBoundaryPolicyInputList: [JSON.stringify(allow('*'))] };
    const [without] = await simulate(base, roleArn('Etl'));
    expect([without!.EvalDecision, without!.MissingContextValues]).to.deep.equal(['implicitDeny', ['aws:SourceVpc']]);
    const entry = { ContextKeyName: 'aws:SourceVpc', ContextKeyValues: ['vpc-1'], ContextKeyType: 'string' as const };
    const [withIt] = await simulate({ ...base, ContextEntries: [entry] }, roleArn('Etl'));
    expect([withIt!.EvalDecision, withIt!.MissingContextValues]).to.deep.equal(['allowed', []]);
  });

  it('takes the policy of a resource with its caller', async () => {
    const ResourcePolicy = JSON.stringify(
      policy({ Effect: 'Allow', Principal: { AWS: userArn('bob') }, Action: 's3:PutObject', Resource: '*' }),
    );
    const input = { ActionNames: ['s3:PutObject'], ResourceArns: [OBJECT], ResourcePolicy, CallerArn: userArn('bob') };
    const [result] = await simulate(input, userArn('bob'));
    expect(result!.EvalDecision).to.equal('allowed');
    expect(result!.MatchedStatements!.map((each) => each.SourcePolicyType)).to.deep.equal(['Resource Policy']);
  });

  it('refuses what IAM would', async () => {
    const send = (source: string, ActionNames: string[], by = iam) =>
      refusalOf(by.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: source, ActionNames })));
    expect((await send(userArn('none'), ['s3:GetObject'])).code).to.equal('NoSuchEntityException');
    expect((await send(userArn('bob'), ['GetObject'])).code).to.equal('InvalidInputException');
    expect((await send(userArn('bob'), ['s3:GetObject'], clientOf(BOB))).message).to.match(
      /because no identity-based policy allows the iam:SimulatePrincipalPolicy action$/,
    );
  });

  it('says in a refusal which of all policies it was', async () => {
    const { message } = await refusalOf(
      world.redshift(ANN).send(new (await import('@aws-sdk/client-redshift')).DescribeClustersCommand({})),
    );
    expect(message).to.match(/because no service control policy allows the redshift:DescribeClusters action$/);
  });

  it('finds statements in any layout', () => {
    const text = '{"Version":"2012-10-17", "Statement": [{"Condition":{"a":{"b":["{"]}}},\n {"Sid":"]"}], "Id": "x"}';
    expect(statementSpans(text).map(({ start, end }) => text.slice(start, end))).to.deep.equal([
      '{"Condition":{"a":{"b":["{"]}}}',
      '{"Sid":"]"}',
    ]);
    const one = '{\n  "Statement": {"Effect": "Allow"}}';
    const [span] = statementSpans(one);
    expect([one.slice(span!.start, span!.end), positionOf(one, span!.start)]).to.deep.equal([
      '{"Effect": "Allow"}',
      { Line: 2, Column: 16 },
    ]);
  });
});
