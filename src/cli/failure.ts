import { styleText } from 'node:util';
import { ConnectorError, EXIT_STATUS } from '../core/errors.ts';
import type { Output } from './output.ts';

/** Exit status of a failure: by category, 130 for an abort, 70 for what should not have happened. */
export function exitStatusOf(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) return 130;
  return error instanceof ConnectorError ? EXIT_STATUS[error.category] : EXIT_STATUS.internal;
}

/** Prints a failure: what failed, how to mend it, and the facts; as JSON on standard output where that was asked for. */
export function printFailure(
  error: unknown,
  { json, signal }: { json: boolean; signal: AbortSignal },
  output: Output,
): void {
  if (json) {
    output.result({ error: failureAsJson(error, signal) });
    return;
  }
  if (signal.aborted) {
    output.line(`${styleText('yellow', 'stopped')}  nothing was left behind that was not there before`);
    return;
  }
  for (const line of describeFailure(error)) output.line(line);
}

function failureAsJson(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return { code: 'ABORTED', message: 'Stopped before the end' };
  if (error instanceof ConnectorError) return error;
  return { code: 'RS_INTERNAL', message: error instanceof Error ? error.message : String(error) };
}

/** The lines that a person reads about a failure. */
export function describeFailure(error: unknown): string[] {
  if (!(error instanceof ConnectorError)) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return [`${styleText('red', 'RS_INTERNAL')}  ${text}`];
  }
  const lines = [`${styleText('red', error.code)}  ${error.message}`];
  for (const { path, message, action } of error.issues) {
    lines.push(`  ${styleText('bold', path)}: ${message}`, `    ${styleText('cyan', '->')} ${action}`);
  }
  if (error.action !== undefined) lines.push(`  ${styleText('cyan', '->')} ${error.action}`);
  const facts = Object.entries(error.details);
  if (facts.length > 0) lines.push(styleText('dim', `  ${facts.map(([key, value]) => `${key}: ${value}`).join(', ')}`));
  return lines;
}
