import { ConnectorError } from '../core/errors.ts';
import type { PolicyExtras } from './extras.ts';

const ROLE_ARN = /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/;
// As aws sts get-caller-identity prints it: a user's, a role's or a role session's.
const IDENTITY_ARN =
  /^arn:aws[a-z0-9-]*:(?:iam::\d{12}:(?:user|role)|sts::\d{12}:assumed-role)\/[\w+=,.@/-]{0,512}[\w+=,.@-]$/;
const MACHINES = /^(?:ec2|ecs|eks|irsa)$/;

type Rule = readonly [key: keyof PolicyExtras, pattern: RegExp, wanted: string];

const RULES: readonly Rule[] = [
  ['mode', /^(?:standard|advanced)$/, 'standard or advanced'],
  ['identityArn', IDENTITY_ARN, 'the ARN of an IAM user or role, as aws sts get-caller-identity prints it'],
  ['machine', MACHINES, 'ec2, ecs, eks or irsa'],
  ['workerMachine', MACHINES, 'ec2, ecs, eks or irsa'],
  [
    'oidcProvider',
    /^[A-Za-z0-9.-]{1,253}(?:\/[\w./-]{1,255})?$/,
    'the issuer of a Kubernetes cluster without https://',
  ],
  ['serviceAccount', /^[a-z0-9-]{1,63}:[a-z0-9.-]{1,253}$/, 'namespace:name of a Kubernetes service account'],
  ['defaultCopyRoleArn', ROLE_ARN, 'the ARN of an IAM role, such as arn:aws:iam::111122223333:role/RedshiftCopy'],
  ['clusterAccount', /^\d{12}$/, 'an AWS account number of 12 digits'],
  ['bucketOwner', /^\d{12}$/, 'an AWS account number of 12 digits'],
  ['sourceBucketOwner', /^\d{12}$/, 'an AWS account number of 12 digits'],
  [
    'sources',
    // IAM takes * and ? for patterns, and ${ for a variable.
    /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^*?$<>\p{Cc}]{0,1024}$/u,
    'an address of objects in S3 without * ? $ < and >, such as s3://bucket/folder/',
  ],
  ['clusterIdentifier', /^[a-z](?:-?[a-z0-9]){0,62}$/, 'the identifier of a cluster, such as warehouse'],
  ['workgroupId', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'the id of a workgroup, a UUID in lower case'],
];

/**
 * Refuses what an administrator cannot have meant, before it becomes part of a policy, a script or the name of a file.
 * Throws RS_CONFIG_INVALID.
 */
export function checkExtras(extras: PolicyExtras): void {
  const issues = RULES.flatMap(([key, pattern, wanted]) => {
    const given: unknown = extras[key];
    const wrong = (Array.isArray(given) ? given : [given]).find(
      (value) => value !== undefined && !(typeof value === 'string' && pattern.test(value)),
    );
    if (wrong === undefined) return [];
    return [{ path: key, message: `${JSON.stringify(wrong)} is not ${wanted}`, action: `Give ${wanted}.` }];
  });
  if (issues.length === 0) return;
  throw new ConnectorError('RS_CONFIG_INVALID', 'What was given besides the connection is not valid', { issues });
}
