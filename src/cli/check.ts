import { styleText } from 'node:util';
import { EXIT_STATUS } from '../core/errors.ts';
import { plainText } from '../core/plain-text.ts';
import type { CheckReport, CheckStep, CheckVerdict } from '../operations/check/report.ts';
import { openConnection } from './connection.ts';
import { describeStatements } from './failure.ts';
import { formatDuration, wrap } from './format.ts';
import { openOutput } from './output.ts';
import type { CommandContext } from './program.ts';

const MARKS: Readonly<Record<CheckVerdict, string>> = {
  pass: styleText('green', '✔'),
  warn: styleText('yellow', '!'),
  fail: styleText('red', '✘'),
  skipped: styleText('dim', '-'),
};

/** `roleshift check`: one line a hop as it is tried, then the sum; exits by the category of the first failure. */
export async function check(
  { connection, mode }: { readonly connection: string; readonly mode: 'standard' | 'advanced' },
  context: CommandContext,
): Promise<number> {
  using output = openOutput(context);
  await using redshift = await openConnection(connection, output, { mode });
  const titles = new Map<string, string>();
  const onStep = (step: CheckStep): void => {
    titles.set(step.id, step.title);
    output.text(describeStep(step, titles).join('\n'));
  };
  const report = await redshift.check({ signal: context.signal, ...(context.json ? {} : { onStep }) });
  if (context.json) output.result(report);
  else output.text(describeReport(report));
  const failed = report.steps.find(({ verdict }) => verdict === 'fail');
  return failed ? EXIT_STATUS[failed.error?.category ?? 'internal'] : 0;
}

/** The lines of one step: what was tried, what was found, and, where it failed, what to do. */
export function describeStep(
  { title, verdict, evidence, because, durationMs, error }: CheckStep,
  titles: ReadonlyMap<string, string> = new Map(),
): string[] {
  const took = verdict === 'skipped' ? '' : styleText('dim', `  ${formatDuration(durationMs)}`);
  const lines = [`${MARKS[verdict]} ${title}${took}`];
  if (evidence !== undefined) lines.push(`    ${styleText('dim', plainText(evidence))}`);
  if (because !== undefined) {
    const reason = plainText(verdict === 'warn' ? because : withTitle(because, titles));
    lines.push(`    ${styleText(verdict === 'warn' ? 'yellow' : 'dim', reason)}`);
  }
  if (error) {
    lines.push(
      wrap(`    ${styleText('red', error.code)}  ${plainText(error.message, { lines: true })}`, 6, terminalWidth()),
    );
    if (error.action !== undefined)
      lines.push(wrap(`    ${styleText('cyan', '->')} ${plainText(error.action)}`, 7, terminalWidth()));
    lines.push(...describeStatements(error.details ?? {}).map((line) => `    ${line}`));
  }
  return lines;
}

/** A skipped step names the one it waited for by its id; a person reads its title. */
function withTitle(because: string, titles: ReadonlyMap<string, string>): string {
  return because.replace(/^\S+/, (id) => {
    const title = titles.get(id);
    return title === undefined ? id : `"${title}"`;
  });
}

function describeReport({ steps, durationMs }: CheckReport): string {
  const count = (verdict: CheckVerdict): number => steps.filter((step) => step.verdict === verdict).length;
  const verdicts = [
    `${count('pass')} passed`,
    ...(count('warn') > 0 ? [`${count('warn')} to look at`] : []),
    `${count('fail')} failed`,
    ...(count('skipped') > 0 ? [`${count('skipped')} skipped`] : []),
  ];
  return `\n${verdicts.join(', ')} in ${formatDuration(durationMs)}`;
}

function terminalWidth(): number {
  return process.stdout.isTTY ? process.stdout.columns - 4 : 0;
}
