import type { WireRequest } from '../aws/sigv4.ts';
import { S3Refusal } from './store.ts';

/** Headers that change what a request does, and are no part of the sandbox. */
const ABSENT =
  /^x-amz-(?:tagging$|object-lock-|bypass-governance|website-|write-offset-bytes|mfa|(?:copy-source-)?server-side-encryption-customer-|server-side-encryption-context|copy-source-if-)|^if-(?:un)?modified-since$/;

/** Refuses by name what would otherwise be passed over in silence. */
export function refuseAbsentHeaders({ headers }: WireRequest): void {
  for (const [name, value] of headers) {
    // Since April 2023 a bucket has no ACLs unless its owner asks for them.
    const isAcl = name === 'x-amz-acl' || name.startsWith('x-amz-grant-');
    if (isAcl && value !== 'bucket-owner-full-control') {
      throw new S3Refusal('AccessControlListNotSupported', 400, 'The bucket does not allow ACLs');
    }
    if (ABSENT.test(name)) {
      throw new S3Refusal('NotImplemented', 501, `The sandbox does not imitate the header ${name}`, { Header: name });
    }
  }
}
