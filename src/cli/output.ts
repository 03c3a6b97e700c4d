import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { ConnectorEvent, HopEvent, ProgressEvent } from '../core/events.ts';
import { plainText } from '../core/plain-text.ts';
import { formatJson, forStandardError } from './format.ts';
import { PhaseClocks } from './phase-clocks.ts';
import { describeProgress, drawProgress } from './progress-line.ts';

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

/** Of a terminal that does not tell its size, or says 0. */
const COLUMNS = 80;
const ROWS = 24;

/** Progress redraws one line on a terminal; elsewhere it is a plain line every five seconds. */
export function openOutput({ json, withoutProgress = false, signal }: OutputInit): Output {
  const live = process.stderr.isTTY && !json && !withoutProgress ? createLogUpdate(sized(process.stderr)) : undefined;
  const isShown = !json && !withoutProgress;
  const clocks = new PhaseClocks();
  let timer: NodeJS.Timeout | undefined;

  function line(text: string): void {
    if (live) live.clear();
    process.stderr.write(forStandardError(`${text}\n`));
  }

  /** Time goes on while a phase has nothing to tell. */
  function show(): void {
    const shown = clocks.shown(Date.now());
    if (shown === undefined) return;
    if (live) live(drawProgress(shown.event, shown.times, (process.stderr.columns || COLUMNS) - 1));
    else line(describeProgress(shown.event, shown.times));
  }

  function progress(event: ProgressEvent): void {
    if (!isShown || signal?.aborted) return;
    const isOther = clocks.take(event, Date.now());
    timer ??= setInterval(show, live ? LIVE_EVERY_MS : PLAIN_EVERY_MS).unref();
    if (live && isOther) show();
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
      clocks.clear();
      live?.clear();
    },
  };
}

/** The terminal, with a size in any case: without one nothing would be drawn, or each character in a line of its own. */
function sized(terminal: NodeJS.WriteStream): NodeJS.WriteStream {
  return new Proxy(terminal, {
    get(target, key) {
      if (key === 'columns') return target.columns || COLUMNS;
      if (key === 'rows') return target.rows || ROWS;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** One line a hop: who we became, by what, until when. */
export function describeHop({ hop, principal, source, expiresAt, note }: HopEvent): string {
  const until = expiresAt === undefined ? '' : styleText('dim', `  until ${expiresAt.slice(11, 19)} UTC`);
  const remark = note === undefined ? '' : `\n            ${styleText('dim', plainText(note))}`;
  return `  ${hop.padEnd(9)} ${plainText(principal)}${styleText('dim', `  by ${plainText(source)}`)}${until}${remark}`;
}
