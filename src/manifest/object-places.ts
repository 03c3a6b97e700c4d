import { ConnectorError } from '../core/errors.ts';
import { matchesWildcard } from '../core/wildcard.ts';
import type { HostPolicy } from './host-policy.ts';

/** A place in S3: an object, or all below a key that ends with a slash. */
export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

/** Refuses a place where the policy does not let rows be read from it. Throws `RS_CONFIG_FORBIDDEN`. */
export function checkSourcePlace(place: ObjectPlace, { sourceBuckets, buckets }: HostPolicy): void {
  checkPlace(place, sourceBuckets ?? buckets, 'read from');
}

/** Refuses a place where the policy does not let rows be written to it. Throws `RS_CONFIG_FORBIDDEN`. */
export function checkTargetPlace(place: ObjectPlace, { targetBuckets, buckets }: HostPolicy): void {
  checkPlace(place, targetBuckets ?? buckets, 'written to');
}

function checkPlace({ bucket, key }: ObjectPlace, allowed: readonly string[] | undefined, what: string): void {
  const fits = (pattern: string): boolean =>
    matchesWildcard(pattern, pattern.includes('/') ? `${bucket}/${key}` : bucket);
  if (allowed === undefined || allowed.some(fits)) return;
  throw new ConnectorError('RS_CONFIG_FORBIDDEN', `The host does not allow rows to be ${what} s3://${bucket}/${key}`, {
    action: 'Name objects that the host allows, or ask its owner to allow them.',
    details: { bucket, key },
  });
}
