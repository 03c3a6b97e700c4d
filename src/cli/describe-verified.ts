import { plainText } from '../core/plain-text.ts';
import type { Verification } from '../operations/verify/compare.ts';
import { formatNoun } from './format.ts';

/** What was compared, as a line behind the counts. */
export function describeVerified({ rows, columns, presenceOnly }: Verification): string {
  const others = presenceOnly.length === 0 ? '' : `; NULLs alone of ${plainText(presenceOnly.join(', '))}`;
  return `  verified: ${formatNoun(rows, 'row')}, the values of ${formatNoun(columns.length, 'column')}${others}`;
}
