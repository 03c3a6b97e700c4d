import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { ConnectorEvent, HopEvent, ProgressEvent } from '../core/events.ts';
import { formatBytes, formatCount, formatDuration, jsonValue } from './format.ts';

/** Where a command speaks: results to standard output, everything about the work to standard error. */
export interface Output extends Disposable {
  /** One JSON document on standard output. */
  result(document: unknown): void;
  /** A line for a person, above the progress line. */
  line(text: string): void;
  /** Text that is the result itself (a table), on standard output. */
  text(text: string): void;
  /** A listener for `Host.onEvent`: hops, warnings and progress. */
  readonly onEvent: (event: ConnectorEvent) => void;
}

const PLAIN_PROGRESS_EVERY_MS = 5_000;

/** Progress redraws one line on a terminal; elsewhere it is a plain line every five seconds and at each new phase. */
export function openOutput({ json }: { readonly json: boolean }): Output {
  const live = process.stderr.isTTY && !json ? createLogUpdate(process.stderr) : undefined;
  const startedAt = Date.now();
  let phase = '';
  let phaseStartedAt = startedAt;
  let plainPrintedAt = startedAt;

  function line(text: string): void {
    if (live) live.clear();
    process.stderr.write(`${text}\n`);
  }

  function progress(event: ProgressEvent): void {
    const now = Date.now();
    const isNewPhase = event.phase !== phase;
    if (isNewPhase) {
      phase = event.phase;
      phaseStartedAt = now;
    }
    const text = describeProgress(event, now - phaseStartedAt);
    if (live) live(text);
    else if (!json && ((isNewPhase && hasCount(event)) || now - plainPrintedAt >= PLAIN_PROGRESS_EVERY_MS)) {
      plainPrintedAt = now;
      line(text);
    }
  }

  return {
    result: (document) => {
      process.stdout.write(`${JSON.stringify(document, jsonValue, 2)}\n`);
    },
    text: (text) => {
      if (live) live.clear();
      process.stdout.write(`${text}\n`);
    },
    line,
    onEvent: (event) => {
      if (event.type === 'progress') progress(event);
      else if (json) return;
      else if (event.type === 'warning') line(`${styleText('yellow', 'warning')}  ${event.message}`);
    },
    [Symbol.dispose]: () => live?.clear(),
  };
}

function hasCount({ rows, bytes, files }: ProgressEvent): boolean {
  return rows !== undefined || bytes !== undefined || files !== undefined;
}

/** `load    1,200,000 rows  41.2 MiB  4 files  310,000 rows/s`. */
export function describeProgress(
  { phase, rows, bytes, files, totalRows, totalFiles }: ProgressEvent,
  elapsedMs: number,
): string {
  const rate =
    rows !== undefined && elapsedMs >= 500 ? `${formatCount(Math.round((rows / elapsedMs) * 1000))} rows/s` : '';
  const parts = [
    styleText('cyan', phase.padEnd(7)),
    rows === undefined
      ? ''
      : `${formatCount(rows)}${totalRows === undefined ? '' : ` of ${formatCount(totalRows)}`} rows`,
    bytes === undefined ? '' : formatBytes(bytes),
    files === undefined
      ? ''
      : `${formatCount(files)}${totalFiles === undefined ? '' : ` of ${formatCount(totalFiles)}`} files`,
    rate,
    elapsedMs === 0 ? '' : formatDuration(elapsedMs),
  ];
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd();
}

/** One line a hop: who we became, by what, until when. */
export function describeHop({ hop, principal, source, expiresAt, note }: HopEvent): string {
  const until = expiresAt === undefined ? '' : styleText('dim', `  until ${expiresAt.slice(11, 19)} UTC`);
  const remark = note === undefined ? '' : `\n            ${styleText('dim', note)}`;
  return `  ${hop.padEnd(9)} ${principal}${styleText('dim', `  by ${source}`)}${until}${remark}`;
}
