import { createHash, randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** What IAM puts before the id of each kind of thing. */
export type IdPrefix = 'AIDA' | 'AROA' | 'AGPA' | 'ANPA' | 'AIPA' | 'AKIA' | 'ASIA';

function idOf(prefix: IdPrefix, bytes: Buffer): string {
  return prefix + Array.from(bytes, (byte) => ALPHABET[byte % 32]).join('');
}

/** The id of something that a world file declares: the same in every run. */
export const stableId = (prefix: IdPrefix, arn: string): string =>
  idOf(prefix, createHash('sha256').update(arn).digest().subarray(0, 17));

/** An id that nothing had before: 21 characters, access keys 20. */
export const freshId = (prefix: IdPrefix): string =>
  idOf(prefix, randomBytes(prefix === 'AKIA' || prefix === 'ASIA' ? 16 : 17));
