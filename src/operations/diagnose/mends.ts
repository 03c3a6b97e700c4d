import type { PolicyHolder, PolicyStatement } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import type { Candidate, DiagnosedDocument } from './diagnosis.ts';

type Place = Pick<PolicySet, 'policyName' | 'region' | 'partition'>;

const CONSOLES: Readonly<Record<string, string>> = {
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
};

/** The page of the console on which a document of a holder is edited. */
export function consoleOf(holder: PolicyHolder, document: DiagnosedDocument, { partition, region }: Place): string {
  const host = CONSOLES[partition] ?? 'console.aws.amazon.com';
  const name = encodeURIComponent(holder.name);
  if (document === 'organization') return `https://${host}/organizations/v2/home/policies`;
  const where = region === undefined ? '' : `?region=${region}`;
  if (document === 'cluster') return `https://${host}/redshiftv2/home${where}#clusters`;
  if (document === 'endpoint') return `https://${host}/vpcconsole/home${where}#Endpoints:`;
  switch (holder.kind) {
    case 'bucket':
      return `https://${host}/s3/buckets/${name}?tab=permissions`;
    case 'key':
      return `https://${host}/kms/home${where}#/kms/keys/${name}`;
    case 'user':
      return `https://${host}/iam/home#/users/details/${name}?section=permissions`;
    case 'role': {
      const section = document === 'trust' ? 'trust_relationships' : 'permissions';
      return `https://${host}/iam/home#/roles/details/${name}?section=${section}`;
    }
    case 'identity':
      return `https://${host}/iam/home`;
  }
  return holder.kind satisfies never;
}

/** Commands of the AWS CLI that add a statement. What replaces a whole document fetches it first. */
export function commandToAdd(
  holder: PolicyHolder,
  document: DiagnosedDocument,
  statement: PolicyStatement,
  { policyName }: Place,
): string {
  const name = quoted(holder.name);
  const own = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  // An inline policy of its own: no other is replaced by it.
  const policy = `--policy-name ${quoted(`${policyName}-${statement.Sid ?? 'added'}`.slice(-128))} --policy-document ${quoted(own)}`;
  if (document === 'trust') {
    return [
      `trust=$(aws iam get-role --role-name ${name} --output json --query ${quoted(`Role.AssumeRolePolicyDocument.${withStatement(statement)}`)}) &&`,
      `  aws iam update-assume-role-policy --role-name ${name} --policy-document "$trust"`,
    ].join('\n');
  }
  switch (holder.kind) {
    case 'role':
      return `aws iam put-role-policy --role-name ${name} ${policy}`;
    case 'user':
      return `aws iam put-user-policy --user-name ${name} ${policy}`;
    case 'identity':
      return `# add the statement to the policies of the user or role behind the profile`;
    case 'bucket':
      return [
        `aws s3api get-bucket-policy --bucket ${name} --query Policy --output text > bucket.json`,
        '# add the statement to the list in bucket.json, in place of one with the same Sid (no policy yet: to {"Version": "2012-10-17", "Statement": []}), then',
        `aws s3api put-bucket-policy --bucket ${name} --policy file://bucket.json`,
      ].join('\n');
    case 'key':
      return [
        `aws kms get-key-policy ${keyOf(holder)} --policy-name default --query Policy --output text > key.json`,
        '# add the statement to the list in key.json, in place of one with the same Sid, then',
        `aws kms put-key-policy ${keyOf(holder)} --policy-name default --policy file://key.json`,
      ].join('\n');
  }
  return holder.kind satisfies never;
}

/**
 * A query that adds a statement to a policy, in place of one with the same Sid. A list of statements and a single one are both
 * IAM's ways. https://jmespath.org/specification.html
 */
function withStatement(statement: PolicyStatement): string {
  const others = statement.Sid === undefined ? '' : ` | [?Sid != ${literal(statement.Sid)}]`;
  const version = 'Version: not_null(Version, `"2008-10-17"`)';
  return `{${version}, Statement: [[Statement][]${others}, ${literal([statement])}][]}`;
}

/** JSON within a query; a backtick would end it. */
function literal(value: unknown): string {
  return `\`${JSON.stringify(value).replaceAll('`', String.raw`\u0060`)}\``;
}

/** Commands that show what narrows or refuses, where taking it back is somebody's decision. `isOfResource`: it lies over the resource's account. */
export function commandToLook(
  holder: PolicyHolder,
  document: DiagnosedDocument,
  { isOfResource = false }: { readonly isOfResource?: boolean } = {},
): string {
  const name = quoted(holder.name);
  switch (document) {
    case 'trust':
      return `aws iam get-role --role-name ${name} --query Role.AssumeRolePolicyDocument`;
    case 'boundary':
      return holder.kind === 'user'
        ? `aws iam get-user --user-name ${name} --query User.PermissionsBoundary`
        : `aws iam get-role --role-name ${name} --query Role.PermissionsBoundary`;
    case 'bucket':
      return `aws s3api get-bucket-policy --bucket ${name}`;
    case 'key':
      return `aws kms get-key-policy ${keyOf(holder)} --policy-name default`;
    case 'organization':
      return `aws organizations list-policies-for-target --target-id ${quoted(holder.account)} --filter ${isOfResource ? 'RESOURCE' : 'SERVICE'}_CONTROL_POLICY`;
    case 'session':
      return '# change sessionPolicy of the connection';
    case 'endpoint':
      return "aws ec2 describe-vpc-endpoints --query 'VpcEndpoints[].[VpcEndpointId, ServiceName, PolicyDocument]'";
    case 'permissions':
    case 'cluster':
      return holder.kind === 'user'
        ? `aws iam list-user-policies --user-name ${name} && aws iam list-attached-user-policies --user-name ${name}`
        : `aws iam list-role-policies --role-name ${name} && aws iam list-attached-role-policies --role-name ${name}`;
  }
  return document satisfies never;
}

/** KMS takes the ARN of a key in the key's own region alone. */
function keyOf({ arn }: PolicyHolder): string {
  return `--key-id ${quoted(arn)} --region ${quoted(arn.split(':')[3] ?? '')}`;
}

/**
 * The command that attaches a role to the cluster. To a namespace the whole list is given, and what is not in it is taken away.
 * https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_UpdateNamespace.html
 */
export function commandToAttach({ attach, region }: Pick<PolicySet, 'attach' | 'region'>): string {
  if (attach === undefined) return '';
  const where = region === undefined ? '' : ` --region ${region}`;
  return attach.isServerless
    ? [
        `aws redshift-serverless get-workgroup --workgroup-name ${quoted(attach.cluster)} --query workgroup.namespaceName${where}`,
        `aws redshift-serverless get-namespace --namespace-name NAMESPACE --query namespace.iamRoles${where}`,
        '# the list that is given replaces the one that is there: name the other roles as well',
        `aws redshift-serverless update-namespace --namespace-name NAMESPACE --iam-roles ${quoted(attach.role.arn)}${where}`,
      ].join('\n')
    : `aws redshift modify-cluster-iam-roles --cluster-identifier ${quoted(attach.cluster)} --add-iam-roles ${quoted(attach.role.arn)}${where}`;
}

/** The command that makes a role with this trust. */
export function commandToCreate(holder: PolicyHolder, statements: readonly PolicyStatement[]): string {
  const trust = JSON.stringify({ Version: '2012-10-17', Statement: statements });
  return `aws iam create-role --role-name ${quoted(holder.name)} --path ${quoted(holder.path)} --assume-role-policy-document ${quoted(trust)}`;
}

/** What a candidate says of its holder in a sentence: `the trust policy of role RedshiftLogin`. */
export function placeOf({ holder, document }: Pick<Candidate, 'holder' | 'document'>): string {
  const words: Readonly<Record<DiagnosedDocument, string>> = {
    permissions: 'the permissions policy',
    trust: 'the trust policy',
    bucket: 'the bucket policy',
    key: 'the key policy',
    boundary: 'the permissions boundary',
    session: 'the session policy for',
    endpoint: 'the policy of the VPC endpoint on the way of',
    organization: 'a policy of the organization above account',
    cluster: 'the roles of the cluster for',
  };
  if (document === 'organization') return `${words[document]} ${holder.account}`;
  const of = ['session', 'endpoint', 'cluster'].includes(document) ? '' : ' of';
  return `${words[document]}${of} ${holder.kind} ${holder.name}`;
}

/** A text in single quotes for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
