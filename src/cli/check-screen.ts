import { styleText } from 'node:util';
import type { HopForecast, Renewal } from '../auth/forecast.ts';
import { plainText } from '../core/plain-text.ts';
import type { CheckError, CheckReport, CheckStep, CheckVerdict } from '../operations/check/report.ts';
import { describeDiagnosis } from './describe-diagnosis.ts';
import { describeStatements } from './failure.ts';
import { formatDuration, formatNoun, wrap } from './format.ts';

const MARKS: Readonly<Record<CheckVerdict, string>> = {
  pass: styleText('green', '✔'),
  warn: styleText('yellow', '!'),
  fail: styleText('red', '✘'),
  skipped: styleText('dim', '-'),
};

/** The lines of one step: what was tried and its id (for --only, --skip and the guides), what was found, and, where it failed, what to do. */
export function describeStep(
  { id, title, verdict, evidence, because, neededBy, durationMs, error }: CheckStep,
  titles: ReadonlyMap<string, string> = new Map(),
): string[] {
  const width = terminalWidth();
  const took = verdict === 'skipped' ? '' : styleText('dim', `  ${formatDuration(durationMs)}`);
  const needed = neededBy === undefined ? '' : styleText('dim', `  (needed by ${shortList(neededBy)})`);
  const lines = [
    wrap(`${MARKS[verdict]} ${plainText(title)}${took}${styleText('dim', `  [${id}]`)}${needed}`, 2, width),
  ];
  if (evidence !== undefined) lines.push(styleText('dim', wrap(`    ${plainText(evidence)}`, 4, width)));
  if (because !== undefined) {
    const reason = plainText(verdict === 'skipped' ? withTitle(because, titles) : because);
    lines.push(styleText(verdict === 'warn' ? 'yellow' : 'dim', wrap(`    ${reason}`, 4, width)));
  }
  return error === undefined ? lines : [...lines, ...describeError(error, width)];
}

function describeError({ code, message, said, action, details, diagnosis }: CheckError, width: number): string[] {
  const lines = [wrap(`    ${styleText('red', code)}  ${plainText(message, { lines: true })}`, 6, width)];
  if (said !== undefined) lines.push(wrap(`    ${styleText('dim', 'answer:')} ${plainText(said)}`, 6, width));
  if (diagnosis !== undefined && diagnosis.candidates.length > 0) {
    const inner = width === 0 ? 0 : width - 4;
    const evidence = diagnosis.evidence.filter((sentence) => said === undefined || !sentence.includes(said));
    return [
      ...lines,
      ...describeDiagnosis({ ...diagnosis, evidence }, inner).map((text) => text.replaceAll(/^/gm, '    ')),
    ];
  }
  if (action !== undefined) lines.push(wrap(`    ${styleText('cyan', '->')} ${plainText(action)}`, 7, width));
  return [...lines, ...describeStatements(details ?? {}).map((line) => `    ${line}`)];
}

function shortList([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${formatNoun(others.length, 'other')}`;
}

/** A skipped step names the one it waited for by its id; a person reads its title. */
function withTitle(because: string, titles: ReadonlyMap<string, string>): string {
  return because.replace(/^\S+/, (id) => {
    const title = titles.get(id);
    return title === undefined ? id : `"${title}"`;
  });
}

/** The forecast and the sum. */
export function describeReport({ steps, forecast = [], durationMs }: CheckReport): string {
  const count = (verdict: CheckVerdict): number => steps.filter((step) => step.verdict === verdict).length;
  const verdicts = [
    `${count('pass')} passed`,
    ...(count('warn') > 0 ? [`${count('warn')} to look at`] : []),
    `${count('fail')} failed`,
    ...(count('skipped') > 0 ? [`${count('skipped')} skipped`] : []),
  ];
  const hops = forecast.filter(({ missing }) => missing === undefined);
  const lines = hops.length === 0 ? [] : ['', 'What ends when', ...hops.flatMap(describeHopForecast)];
  return [...lines, '', `${verdicts.join(', ')} in ${formatDuration(durationMs)}`].join('\n');
}

const RENEWALS: Readonly<Record<Renewal, string>> = {
  notNeeded: 'needs no renewal',
  automatic: 'renewed ahead of its end',
  untilBaseEnds: 'renewed only while the identity lasts, which nothing renews',
  whenReplaced: 'read again once AWS refuses it',
  impossible: 'nothing renews it',
};

function describeHopForecast({ id, endsAt, remainingSeconds, renewal, renewedBy, cap }: HopForecast): string[] {
  const left = remainingSeconds === undefined ? '' : ` (in ${formatDuration(remainingSeconds * 1000)})`;
  const end = endsAt === undefined ? 'no end known' : `${endsAt.slice(11, 19)} UTC${left}`;
  const from = renewedBy?.from === undefined ? '' : ` from ${renewedBy.from}`;
  const by = renewedBy === undefined ? '' : ` by ${renewedBy.call}${from}`;
  const head = `  ${id.padEnd(15)} ${endsAt === undefined && renewal === 'notNeeded' ? 'does not end' : end}`;
  return [
    plainText(head),
    styleText(
      renewal === 'impossible' || renewal === 'untilBaseEnds' ? 'yellow' : 'dim',
      wrap(`    ${plainText(`${RENEWALS[renewal]}${by}. ${cap.reason}`)}`, 4, terminalWidth()),
    ),
  ];
}

function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns - 4 : 0;
}
