import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { ConnectorEvent, HopEvent, ProgressEvent } from '../core/events.ts';
import { plainText } from '../core/plain-text.ts';
import { formatBytes, formatCount, formatDuration, formatJson, forStandardError } from './format.ts';

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

export interface OutputInit {
  readonly json: boolean;
  /** Rows go to a terminal while the work is on: a progress line would come in between. */
  readonly withoutProgress?: boolean;
  /** Its abort is answered at once on a terminal: cleaning up takes a moment. */
  readonly signal?: AbortSignal;
}

const LIVE_EVERY_MS = 100;
const PLAIN_EVERY_MS = 5_000;

/** Progress redraws one line on a terminal; elsewhere it is a plain line every five seconds. */
export function openOutput({ json, withoutProgress = false, signal }: OutputInit): Output {
  const live = process.stderr.isTTY && !json && !withoutProgress ? createLogUpdate(process.stderr) : undefined;
  const isShown = !json && !withoutProgress;
  let latest: ProgressEvent | undefined;
  let phaseStartedAt = 0;
  let countedMs = 0;
  let timer: NodeJS.Timeout | undefined;

  function line(text: string): void {
    if (live) live.clear();
    process.stderr.write(forStandardError(`${text}\n`));
  }

  /** Time goes on while a phase has nothing to tell. */
  function show(): void {
    if (latest === undefined) return;
    const text = describeProgress(latest, Date.now() - phaseStartedAt, countedMs);
    if (live) live(text);
    else line(text);
  }

  function progress(event: ProgressEvent): void {
    if (!isShown || signal?.aborted) return;
    if (event.phase === latest?.phase) latest = { ...latest, ...event };
    else {
      latest = event;
      phaseStartedAt = Date.now();
    }
    if (event.rows !== undefined) countedMs = Date.now() - phaseStartedAt;
    if (timer !== undefined) return;
    timer = setInterval(show, live ? LIVE_EVERY_MS : PLAIN_EVERY_MS).unref();
    if (live) show();
  }

  function stopping(): void {
    clearInterval(timer);
    line(`${styleText('yellow', 'stopping')}  cleaning up; Ctrl-C again leaves at once`);
  }
  if (process.stderr.isTTY && !json) signal?.addEventListener('abort', stopping, { once: true });

  return {
    result: (document) => {
      process.stdout.write(`${formatJson(document)}\n`);
    },
    text: (text) => {
      if (live) live.clear();
      process.stdout.write(`${text}\n`);
    },
    line,
    onEvent: (event) => {
      if (event.type === 'progress') progress(event);
      else if (json) return;
      else if (event.type === 'warning')
        line(`${styleText('yellow', 'warning')}  ${plainText(event.message, { lines: true })}`);
    },
    [Symbol.dispose]: () => {
      signal?.removeEventListener('abort', stopping);
      clearInterval(timer);
      latest = undefined;
      live?.clear();
    },
  };
}

/** `countedMs` into the phase the rows were counted. `load     1,200,000 rows  41.2 MiB  4 files  310,000 rows/s  3.9 s`. */
export function describeProgress(
  { phase, rows, bytes, files, totalRows, totalFiles }: ProgressEvent,
  elapsedMs: number,
  countedMs = elapsedMs,
): string {
  const rate =
    rows !== undefined && countedMs >= 500 ? `${formatCount(Math.round((rows / countedMs) * 1000))} rows/s` : '';
  const parts = [
    styleText('cyan', phase.padEnd(7)),
    rows === undefined ? '' : countOf(rows, totalRows, 'row'),
    bytes === undefined ? '' : formatBytes(bytes),
    files === undefined ? '' : countOf(files, totalFiles, 'file'),
    rate,
    elapsedMs === 0 ? '' : formatDuration(elapsedMs),
  ];
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .trimEnd();
}

function countOf(count: number, total: number | undefined, noun: string): string {
  if (total === undefined) return formatNoun(count, noun);
  return `${formatCount(count)} of ${formatNoun(total, noun)}`;
}

/** `1 file`, `2 files`. */
export function formatNoun(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** One line a hop: who we became, by what, until when. */
export function describeHop({ hop, principal, source, expiresAt, note }: HopEvent): string {
  const until = expiresAt === undefined ? '' : styleText('dim', `  until ${expiresAt.slice(11, 19)} UTC`);
  const remark = note === undefined ? '' : `\n            ${styleText('dim', plainText(note))}`;
  return `  ${hop.padEnd(9)} ${plainText(principal)}${styleText('dim', `  by ${plainText(source)}`)}${until}${remark}`;
}
