import { styleText } from 'node:util';
import { ConnectorError, type ErrorDetails, EXIT_STATUS } from '../core/errors.ts';
import { plainText } from '../core/plain-text.ts';
import { diagnosisOf } from '../operations/diagnosis-of.ts';
import { describeDiagnosis } from './describe-diagnosis.ts';
import { flagOf, withFlags } from './flag-names.ts';
import { formatJson, forStandardError, shorten, wrap } from './format.ts';
import { ReaderLeft } from './row-sink.ts';

/** What a program ends with that nobody reads any more: 128 + SIGPIPE. */
const READER_LEFT_STATUS = 141;

/** Exit status of a failure: by category, 130 for an abort, 70 for what should not have happened. */
export function exitStatusOf(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return 130;
  if (error instanceof ReaderLeft) return READER_LEFT_STATUS;
  return error instanceof ConnectorError ? EXIT_STATUS[error.category] : EXIT_STATUS.internal;
}

/** Prints a failure: what failed, how to mend it, the facts. As one JSON document on standard output where asked for. */
export function printFailure(error: unknown, { json, signal }: { json: boolean; signal: AbortSignal }): void {
  if (error instanceof ReaderLeft && !signal.aborted) return;
  if (json) {
    process.stdout.write(`${formatJson({ error: failureAsJson(error, signal) })}\n`);
    return;
  }
  const lines = signal.aborted ? [`${styleText('yellow', 'stopped')}  before the end`] : describeFailure(error);
  process.stderr.write(forStandardError(`${lines.join('\n')}\n`));
}

function failureAsJson(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return { code: 'ABORTED', message: 'Stopped before the end' };
  if (error instanceof ConnectorError) return error;
  return { code: 'RS_INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** The lines that a person reads about a failure. Its texts may come from a server: a terminal obeys nothing in them. */
export function describeFailure(error: unknown): string[] {
  if (!(error instanceof ConnectorError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [`${styleText('red', 'RS_INTERNAL')}  ${plain(text)}`];
  }
  // With a list of issues the message's first line is the title of the list.
  const message = error.issues.length > 0 ? (error.message.split('\n', 1)[0] ?? '') : error.message;
  const lines = [wrap(`${styleText('red', error.code)}  ${plain(shorten(message, MAX_MESSAGE))}`, 4)];
  for (const { path, message: problem, action } of error.issues) {
    // A failure that is one issue has said so in its first line.
    const isSaid = error.issues.length === 1 && problem === message;
    if (!isSaid) lines.push(wrap(`  ${styleText('bold', plain(flagOf(path)))}: ${plain(problem)}`, 6));
    if (!isSaid || action !== error.action)
      lines.push(wrap(`    ${styleText('cyan', '->')} ${plain(withFlags(action))}`, 7));
  }
  const diagnosis = diagnosisOf(error);
  if (diagnosis !== undefined && diagnosis.candidates.length > 0) {
    const width = process.stderr.isTTY ? process.stderr.columns - 6 : 0;
    lines.push(...describeDiagnosis(diagnosis, width).map((text) => text.replaceAll(/^/gm, '  ')));
  } else {
    if (error.action !== undefined)
      lines.push(wrap(`  ${styleText('cyan', '->')} ${plain(withFlags(error.action))}`, 5));
    lines.push(...describeStatements(error.details).map((line) => `  ${line}`));
  }
  const facts = Object.entries(error.details)
    .filter(([name]) => !(name in STATEMENTS))
    .map(([name, value]) => `${name}: ${plain(shorten(String(value), MAX_FACT))}`);
  if (facts.length > 0) lines.push(styleText('dim', wrap(`  ${facts.join(', ')}`, 2)));
  return lines;
}

function plain(text: string): string {
  return plainText(text, { lines: true });
}

const MAX_MESSAGE = 4_000;
const MAX_FACT = 200;

/** IAM statements among the facts of a refusal, and whose policy each belongs in. */
const STATEMENTS: Readonly<Record<string, string>> = {
  callerStatement: "for the caller's own policy",
  trustStatement: "for the role's trust policy",
  roleStatement: "for the role's permissions",
  grantStatement: 'to run in the database',
};

/** The statements to paste, one a line, each with its place. */
export function describeStatements(details: ErrorDetails): string[] {
  return Object.entries(STATEMENTS).flatMap(([name, place]) => {
    const statement = details[name];
    return statement === undefined ? [] : [`${styleText('cyan', '+')} ${place}: ${plain(String(statement))}`];
  });
}
