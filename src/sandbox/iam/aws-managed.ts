import type { OneOrMany, PolicyDocument } from './policy.ts';

const allow = (Action: OneOrMany): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*' }],
});

/** The policies of AWS's own that the sandbox has, by the name in `arn:aws:iam::aws:policy/NAME`. */
const DOCUMENTS: Readonly<Record<string, PolicyDocument>> = {
  AdministratorAccess: allow('*'),
  IAMFullAccess: allow(['iam:*', 'organizations:DescribeAccount', 'organizations:DescribeOrganization']),
  IAMReadOnlyAccess: allow([
    'iam:GenerateCredentialReport',
    'iam:GenerateServiceLastAccessedDetails',
    'iam:Get*',
    'iam:List*',
    'iam:SimulateCustomPolicy',
    'iam:SimulatePrincipalPolicy',
  ]),
  AmazonS3FullAccess: allow(['s3:*', 's3-object-lambda:*']),
  AmazonS3ReadOnlyAccess: allow([
    's3:Get*',
    's3:List*',
    's3:Describe*',
    's3-object-lambda:Get*',
    's3-object-lambda:List*',
  ]),
  PowerUserAccess: {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', NotAction: ['iam:*', 'organizations:*', 'account:*'], Resource: '*' },
      {
        Effect: 'Allow',
        Action: ['iam:CreateServiceLinkedRole', 'iam:DeleteServiceLinkedRole', 'iam:ListRoles', 'account:ListRegions'],
        Resource: '*',
      },
    ],
  },
};

/** The document of one of AWS's own managed policies; undefined when the sandbox has none of that ARN. */
export function awsManagedPolicy(arn: string): PolicyDocument | undefined {
  const [, name = ''] = /^arn:aws(?:-cn|-us-gov)?:iam::aws:policy\/(\w+)$/.exec(arn) ?? [];
  return Object.hasOwn(DOCUMENTS, name) ? DOCUMENTS[name] : undefined;
}

/** Names of AWS's own managed policies in the sandbox. */
export const AWS_MANAGED_NAMES: readonly string[] = Object.keys(DOCUMENTS);
