const IAM = 'https://docs.aws.amazon.com/IAM/latest/UserGuide';
const REDSHIFT = 'https://docs.aws.amazon.com/redshift/latest';

/** The AWS pages that the reasons rest on. */
export const PAGES = {
  assumePermission: `${IAM}/id_roles_use_permissions-to-switch.html`,
  trust: `${IAM}/id_roles_update-role-trust-policy.html`,
  externalId: `${IAM}/id_roles_common-scenarios_third-party.html`,
  sourceIdentity: `${IAM}/id_credentials_temp_control-access_monitor.html`,
  machineRole: 'https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/iam-roles-for-amazon-ec2.html',
  taskRole: 'https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html',
  podRole: 'https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html',
  podTags: 'https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html',
  serviceAccount: 'https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html',
  loginPermission: `${REDSHIFT}/mgmt/generating-iam-credentials-role-permissions.html`,
  loginWithIam: `${REDSHIFT}/APIReference/API_GetClusterCredentialsWithIAM.html`,
  loginServerless: 'https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html',
  describeWorkgroup: 'https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetWorkgroup.html',
  sessionTags: `${IAM}/id_session-tags.html`,
  sessionPolicy: `${IAM}/access_policies.html#policies_session`,
  describe: `${REDSHIFT}/APIReference/API_DescribeClusters.html`,
  copyTrust: `${REDSHIFT}/mgmt/authorizing-redshift-service.html`,
  copyUsers: `${REDSHIFT}/mgmt/authorizing-redshift-service-database-users.html`,
  copyPins: `${REDSHIFT}/mgmt/cross-service-confused-deputy-prevention.html`,
  copyChain: `${REDSHIFT}/mgmt/authorizing-redshift-service-chaining-roles.html`,
  copyAccess: `${REDSHIFT}/dg/copy-usage_notes-access-permissions.html`,
  bucketActions: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html',
  bucketPolicy:
    'https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-walkthroughs-managing-access-example2.html',
  key: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html',
  keyPolicy: 'https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html',
} as const;
