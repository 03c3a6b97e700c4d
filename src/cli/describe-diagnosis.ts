import { styleText } from 'node:util';
import { plainText, visibleJson } from '../core/plain-text.ts';
import type { Candidate, Diagnosis } from '../operations/diagnose/diagnosis.ts';
import { placeOf } from '../operations/diagnose/mends.ts';
import { wrap } from './format.ts';

const MENDS = {
  addStatement: 'Add to',
  removeStatement: 'Take out of, or narrow, in',
  widenBoundary: 'Allow it in',
  widenSession: 'Allow it in',
  askOrganization: 'Ask whoever keeps',
  createRole: 'Create, with',
  attachRole: 'Add to',
} as const satisfies Record<Candidate['mend'], string>;

/**
 * The lines of a diagnosis: each cause with what it means, the policy to edit, the statement, and where that is done.
 * Statements and commands are never wrapped: they are there to be copied.
 */
export function describeDiagnosis({ decided, candidates, evidence }: Diagnosis, width: number): string[] {
  const isOne = candidates.length === 1;
  return [
    ...candidates.flatMap((candidate, index) => {
      const rank = isOne ? (decided ? 'Cause' : 'Likely cause') : `Possible cause ${index + 1} of ${candidates.length}`;
      return describeCandidate(candidate, styleText('bold', rank), width);
    }),
    ...(evidence.length === 0 ? [] : [styleText('dim', 'How this is known:')]),
    ...evidence.map((sentence) => styleText('dim', wrap(`  - ${plainText(sentence)}`, 4, width))),
  ];
}

function describeCandidate(candidate: Candidate, rank: string, width: number): string[] {
  const { mend, holder, statement, reason, page, console: consolePage, command } = candidate;
  const place = `${MENDS[mend]} ${plainText(placeOf(candidate))}`;
  return [
    wrap(`${rank}: ${plainText(reason)}`, 2, width),
    wrap(`  ${styleText('cyan', '->')} ${place}`, 5, width),
    ...(place.includes(holder.arn) ? [] : [`     ${plainText(holder.arn)}`]),
    ...(statement === undefined ? [] : indented(visibleJson(JSON.stringify(statement, null, 2)))),
    ...(command === '' ? [] : ['  With the AWS CLI:', ...indented(plainText(command, { lines: true }))]),
    `  In the console: ${plainText(consolePage)}`,
    `  See ${plainText(page)}`,
  ];
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `     ${line}`);
}
