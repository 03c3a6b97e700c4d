import type { AccessRequest, ExplainedStatement, PlannedDocument } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import { holderOf } from './holder-of.ts';
import type { Refusal } from './refusal.ts';
import type { Suspect } from './suspects.ts';

const MESSAGES = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html';
const BUCKET = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html';
const KEY = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html';

const SERVICES = /^(?:s3|kms|sts|redshift|redshift-serverless):/;

/** What is asked for at a place that rows are read from or written to, beside the staging area. */
const ELSEWHERE: Readonly<
  Record<string, { readonly sid: string; readonly actions: readonly string[]; readonly reason: string }>
> = {
  's3:PutObject': {
    sid: 'FilesElsewhere',
    actions: ['s3:PutObject', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
    reason:
      'This read writes its files outside of the staging prefix: it looks what is there, and deletes what it put after a failure.',
  },
  's3:GetObject': {
    sid: 'ObjectsElsewhere',
    actions: ['s3:GetObject'],
    reason:
      'The object lies outside of the staging prefix. A read that writes files there needs s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload as well.',
  },
  's3:ListBucket': {
    sid: 'BucketElsewhere',
    actions: ['s3:ListBucket'],
    reason: 'The bucket is another one than that of the staging area: its folders are listed.',
  },
};

/** A right to objects or to a bucket that rows come from or go to: no policy of the plan names them. */
export function elsewhereSuspect(
  set: PolicySet,
  { action, resource }: Refusal,
  principal: string | undefined,
): Suspect | undefined {
  const use = action === undefined ? undefined : ELSEWHERE[action];
  if (use === undefined || action === undefined || resource === undefined || principal === undefined) return undefined;
  if (/[*?$]/.test(resource)) return undefined;
  const folder = /^(arn:[^:]*:s3:::[^/]+(?:\/.*)?)\/[^/]*$/.exec(resource)?.[1];
  return suspectOf(set, principal, {
    statement: {
      Sid: use.sid,
      Effect: 'Allow',
      Action: use.actions.length === 1 ? action : use.actions,
      Resource: folder === undefined ? resource : `${folder}/*`,
    },
    reason: use.reason,
    page: BUCKET,
    request: { action, resource },
  });
}

/** A right that AWS asks for by name and that the connection does not know of: a key with which the bucket encrypts by itself. */
export function unplannedSuspect(
  set: PolicySet,
  { named, resource }: Refusal,
  principal: string | undefined,
): Suspect | undefined {
  if (named === undefined || resource === undefined || principal === undefined) return undefined;
  // The text is whatever an endpoint answered: nothing is proposed that the connection could never ask for.
  if (!SERVICES.test(named) || /[*?$]/.test(resource)) return undefined;
  const isKey = named.startsWith('kms:');
  return suspectOf(set, principal, {
    statement: {
      Sid: `Also${isKey ? 'Key' : named.slice(named.indexOf(':') + 1)}`,
      Effect: 'Allow',
      Action: isKey ? ['kms:GenerateDataKey', 'kms:Decrypt'] : named,
      Resource: resource,
    },
    reason: isKey
      ? 'The bucket encrypts with this key by itself: set kmsKeyId to it, and the policies of the connection cover it.'
      : 'AWS asks for it by name, though nothing in the connection does.',
    page: isKey ? KEY : MESSAGES,
    request: { action: named, resource },
  });
}

/** A statement that no policy of the plan has, as the only one that its holder would get. */
function suspectOf(
  set: PolicySet,
  principal: string,
  {
    request: asked,
    ...rest
  }: Omit<ExplainedStatement, 'requests'> & {
    readonly request: Pick<AccessRequest, 'action' | 'resource'>;
  },
): Suspect {
  const holder = holderOf(set, principal);
  const { resource } = asked;
  const request: AccessRequest = {
    ...asked,
    principal,
    resourceAccount: resource.split(':')[4] || holder.account,
    context: {},
  };
  const explained: ExplainedStatement = { ...rest, requests: [request] };
  const document: PlannedDocument = {
    kind: 'permissions',
    holder,
    title: `${holder.name}: what it may do`,
    name: `${holder.account}-${holder.kind}-${holder.name}-permissions`,
    document: { Version: '2012-10-17', Statement: [rest.statement] },
    statements: [explained],
  };
  return { document, explained, requests: [request], breaks: true };
}
