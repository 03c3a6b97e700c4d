/** What a resource of an action may be, besides the one that is needed. */
export type ResourceKind =
  | 'dbuser'
  | 'dbname'
  | 'dbgroup'
  | 'cluster'
  | 'workgroup'
  | 'role'
  | 'bucket'
  | 'object'
  | 'key'
  | 'any';

/** Actions that show what a wide statement is worth: of each service a connection touches, and a few that nobody should hold. */
export const TELLING_ACTIONS: ReadonlyArray<readonly [action: string, ...on: ResourceKind[]]> = [
  ['sts:AssumeRole', 'role'],
  ['sts:TagSession', 'role'],
  ['sts:SetSourceIdentity', 'role'],
  ['sts:AssumeRoleWithWebIdentity', 'role'],
  ['redshift:GetClusterCredentials', 'dbuser', 'dbname'],
  ['redshift:GetClusterCredentialsWithIAM', 'dbname'],
  ['redshift:CreateClusterUser', 'dbuser'],
  ['redshift:JoinGroup', 'dbgroup'],
  ['redshift:DescribeClusters', 'cluster'],
  ['redshift:ModifyClusterIamRoles', 'cluster'],
  ['redshift:ModifyCluster', 'cluster'],
  ['redshift:DeleteCluster', 'cluster'],
  ['redshift-serverless:GetCredentials', 'workgroup'],
  ['redshift-serverless:GetWorkgroup', 'workgroup'],
  ['redshift-data:ExecuteStatement', 'cluster'],
  ['s3:ListBucket', 'bucket'],
  ['s3:GetBucketLocation', 'bucket'],
  ['s3:GetBucketPolicy', 'bucket'],
  ['s3:PutBucketPolicy', 'bucket'],
  ['s3:DeleteBucket', 'bucket'],
  ['s3:ListAllMyBuckets', 'any'],
  ['s3:GetObject', 'object'],
  ['s3:PutObject', 'object'],
  ['s3:PutObjectAcl', 'object'],
  ['s3:DeleteObject', 'object'],
  ['s3:DeleteObjectVersion', 'object'],
  ['s3:AbortMultipartUpload', 'object'],
  ['kms:Decrypt', 'key'],
  ['kms:GenerateDataKey', 'key'],
  ['kms:ScheduleKeyDeletion', 'key'],
  ['iam:PassRole', 'role'],
  ['iam:CreateAccessKey', 'any'],
  ['iam:PutRolePolicy', 'role'],
  ['iam:UpdateAssumeRolePolicy', 'role'],
];
