import { styleText } from 'node:util';
import { plainText, visibleJson } from '../core/plain-text.ts';
import type { Candidate, Diagnosis } from '../operations/diagnose/diagnosis.ts';
import { placeOf } from '../operations/diagnose/mends.ts';
import { placeholdersIn } from '../policies/placeholders.ts';
import { wrap } from './format.ts';

/** What is to be done, and where, in a line. */
function instruction(candidate: Candidate): string {
  const { mend, holder } = candidate;
  switch (mend) {
    case 'addStatement':
      return `Add to ${placeOf(candidate)}`;
    case 'removeStatement':
      return `Take the Deny out of ${placeOf(candidate)}`;
    case 'widenBoundary':
    case 'widenSession':
    case 'widenEndpoint':
      return `Allow it in ${placeOf(candidate)}`;
    case 'askOrganization':
      return `Ask whoever keeps ${placeOf(candidate)}`;
    case 'createRole':
      return `Create the ${holder.kind} ${holder.name} with this trust policy`;
    case 'attachRole':
      return `Attach the ${holder.kind} ${holder.name} to the cluster`;
  }
  return mend satisfies never;
}

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
  const { holder, statement, reason, page, console: consolePage, command } = candidate;
  const place = plainText(instruction(candidate));
  const unknown = placeholdersIn(`${JSON.stringify(statement ?? {})} ${command}`);
  return [
    wrap(`${rank}: ${plainText(reason)}`, 2, width),
    wrap(`  ${styleText('cyan', '->')} ${place}`, 5, width),
    ...(place.includes(holder.arn) ? [] : [`     ${plainText(holder.arn)}`]),
    ...unknown.map(({ text, meaning }) =>
      wrap(`     ${styleText('yellow', `Fill in ${text} first`)}: ${meaning}`, 5, width),
    ),
    ...(statement === undefined ? [] : indented(visibleJson(JSON.stringify(statement, null, 2)))),
    ...(command === '' ? [] : ['  With the AWS CLI:', ...indented(plainText(command, { lines: true }))]),
    `  In the console: ${plainText(consolePage)}`,
    `  See ${plainText(page)}`,
  ];
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `     ${line}`);
}
