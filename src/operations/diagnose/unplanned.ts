import type { AccessRequest, PlannedDocument } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';
import { holderOf } from './holder-of.ts';
import type { Refusal } from './refusal.ts';
import type { Suspect } from './suspects.ts';

const MESSAGES = 'https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html';
const KEY = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html';

const SERVICES = /^(?:s3|kms|sts|redshift|redshift-serverless):/;

/** A right that AWS asks for by name and that the connection does not know of: a key with which the bucket encrypts by itself. */
export function unplannedSuspect(
  set: PolicySet,
  { named, resource }: Refusal,
  principal: string | undefined,
): Suspect | undefined {
  if (named === undefined || resource === undefined || principal === undefined) return undefined;
  // The text is whatever an endpoint answered: nothing is proposed that the connection could never ask for.
  if (!SERVICES.test(named) || /[*?$]/.test(resource)) return undefined;
  const holder = holderOf(set, principal);
  const isKey = named.startsWith('kms:');
  const Action = isKey ? ['kms:GenerateDataKey', 'kms:Decrypt'] : named;
  const statement = {
    Sid: `Also${isKey ? 'Key' : named.slice(named.indexOf(':') + 1)}`,
    Effect: 'Allow' as const,
    Action,
    Resource: resource,
  };
  const request: AccessRequest = {
    principal,
    action: named,
    resource,
    resourceAccount: resource.split(':')[4] || holder.account,
    context: {},
  };
  const explained = {
    statement,
    reason: isKey
      ? 'The bucket encrypts with this key by itself: set kmsKeyId to it, and the policies of the connection cover it.'
      : 'AWS asks for it by name, though nothing in the connection does.',
    page: isKey ? KEY : MESSAGES,
    requests: [request],
  };
  const document: PlannedDocument = {
    kind: 'permissions',
    holder,
    title: `${holder.name}: what it may do`,
    name: `${holder.account}-${holder.kind}-${holder.name}-permissions`,
    document: { Version: '2012-10-17', Statement: [statement] },
    statements: [explained],
  };
  return { document, explained, requests: [request], breaks: true };
}
