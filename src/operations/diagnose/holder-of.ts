import type { PolicyHolder } from '../../policies/document.ts';
import type { PolicySet } from '../../policies/policies.ts';

/** The holder of an ARN; one that no policy of the plan belongs to gets its parts from the ARN. */
export function holderOf({ documents }: Pick<PolicySet, 'documents'>, arn: string, account?: string): PolicyHolder {
  const known = documents.find(({ holder }) => holder.arn === arn)?.holder;
  if (known !== undefined) return known;
  return { kind: kindOf(arn), arn, account: account ?? arn.split(':')[4] ?? '', name: shortName(arn), path: '/' };
}

function kindOf(arn: string): PolicyHolder['kind'] {
  if (arn.includes(':s3:::')) return 'bucket';
  if (arn.includes(':kms:')) return 'key';
  return arn.includes(':user/') ? 'user' : 'role';
}

/** What stands last in an ARN. */
export function shortName(arn: string): string {
  return arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf(':')) + 1);
}

/** Whose policy decides on a resource: that of an object is its bucket's. */
export function policyOwnerOf(resource: string): string {
  return resource.includes(':s3:::') ? (resource.split('/')[0] ?? resource) : resource;
}
