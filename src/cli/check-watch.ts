import { styleText } from 'node:util';
import { ConnectorError } from '../core/errors.ts';
import { visibleJson } from '../core/plain-text.ts';
import { sleep } from '../core/run.ts';
import { describeFailure } from '../operations/check/describe-failure.ts';
import type { CheckReport, CheckSpec, CheckStep } from '../operations/check/report.ts';
import { describeReport, describeStep } from './check-screen.ts';
import { formatDuration, jsonValue } from './format.ts';
import type { Output } from './output.ts';

/** One check of the connection as its file is now, of the steps that the round names. */
export type CheckOnce = (round: CheckSpec, onStep?: (step: CheckStep) => void) => Promise<CheckReport>;

export interface WatchInit {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly output: Output;
  /** Default: ten minutes. */
  readonly timeoutSeconds?: number | undefined;
  readonly waits?: WatchWaits;
}

/** How long to wait between two looks: longer each time. */
export interface WatchWaits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** IAM's changes are seen within seconds, by all of AWS within a minute or two. */
const WAITS: WatchWaits = { firstMs: 2_000, longestMs: 20_000 };
const GROWTH = 1.5;
const TIMEOUT_SECONDS = 600;

/**
 * Checks, then again what did not go well, until all is green or the time is over; says what changed and when. With JSON a
 * report a line. Each look begins anew, with the connection file as it then is. Yields the last whole picture; throws on
 * abort.
 */
export async function watchCheck(once: CheckOnce, init: WatchInit): Promise<CheckReport> {
  const { signal, timeoutSeconds = TIMEOUT_SECONDS, waits = WAITS } = init;
  const screen = openScreen(init);
  const endMs = performance.now() + timeoutSeconds * 1000;
  let report = await once({}, screen.step);
  screen.round(report, report);
  let waitMs = waits.firstMs;
  while (!report.ok) {
    const leftMs = endMs - performance.now();
    if (leftMs <= 0) break;
    screen.waiting(report, Math.min(waitMs, leftMs));
    await sleep(Math.min(waitMs, leftMs), signal);
    waitMs = Math.min(waitMs * GROWTH, waits.longestMs);
    const before = report;
    const looked = await lookAgain(once, before);
    report = merged(before, looked);
    screen.round(looked, report, before);
    if (!report.ok) continue;
    // What was green before may not be any more: the last word is that of a whole check.
    const whole = await lookAgain(once, undefined);
    screen.round(whole, whole, report);
    report = whole;
  }
  screen.end(report);
  return report;
}

/** The steps that did not go well, or all; a file that cannot be read now is a report too. */
async function lookAgain(once: CheckOnce, before: CheckReport | undefined): Promise<CheckReport> {
  const only = before?.steps.filter(({ verdict }) => verdict === 'fail' || verdict === 'skipped').map(({ id }) => id);
  try {
    return await once(only === undefined ? {} : { only });
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    if (only !== undefined && 'step' in error.details) return lookAgain(once, undefined); // the connection has other steps now
    const title = 'Read the options';
    return {
      reportVersion: 1,
      ok: false,
      durationMs: 0,
      steps: [{ id: 'options', title, verdict: 'fail', durationMs: 0, error: describeFailure(error) }],
    };
  }
}

/** The picture after a look at some of the steps. */
function merged(before: CheckReport, looked: CheckReport): CheckReport {
  const found = new Map(looked.steps.map((step) => [step.id, step]));
  const steps = before.steps.map((step) => found.get(step.id) ?? step);
  const added = looked.steps.filter(({ id }) => !before.steps.some((step) => step.id === id));
  const all = [...steps, ...added];
  return { ...before, ...looked, steps: all, ok: all.every(({ verdict }) => verdict !== 'fail') };
}

interface Screen {
  readonly step: ((step: CheckStep) => void) | undefined;
  round(looked: CheckReport, picture: CheckReport, before?: CheckReport): void;
  waiting(picture: CheckReport, waitMs: number): void;
  end(picture: CheckReport): void;
}

function openScreen({ json, output }: WatchInit): Screen {
  return json ? jsonScreen() : textScreen(output);
}

function jsonScreen(): Screen {
  let round = 0;
  return {
    step: undefined,
    round: (looked, picture, before) => {
      round += 1;
      const changed = changesOf(picture, before).map(({ id }) => id);
      const line = { at: new Date().toISOString(), round, ok: picture.ok, changed, report: looked };
      process.stdout.write(`${visibleJson(JSON.stringify(line, jsonValue))}\n`);
    },
    waiting: () => undefined,
    end: () => undefined,
  };
}

function textScreen(output: Output): Screen {
  const titles = new Map<string, string>();
  const show = (step: CheckStep): void => {
    titles.set(step.id, step.title);
    output.text(describeStep(step, titles).join('\n'));
  };
  let isQuiet = false;
  return {
    step: show,
    round: (_, picture, before) => {
      if (before === undefined) return;
      const changed = changesOf(picture, before);
      if (changed.length === 0) return;
      isQuiet = false;
      output.text(`\n${styleText('bold', `${new Date().toISOString().slice(11, 19)} UTC`)}`);
      for (const step of changed) show(step);
    },
    waiting: ({ steps }, waitMs) => {
      if (isQuiet) return;
      isQuiet = true;
      const failing = steps.filter(({ verdict }) => verdict === 'fail').length;
      const next = `${failing} failing; looking again in ${formatDuration(waitMs)}, and on until green (Ctrl-C ends it)`;
      output.text(styleText('dim', `\n${next}`));
    },
    end: (picture) => output.text(describeReport(picture)),
  };
}

/** Steps whose outcome is another one now. */
function changesOf({ steps }: CheckReport, before: CheckReport | undefined): readonly CheckStep[] {
  const outcome = ({ verdict, because, error }: CheckStep): string =>
    JSON.stringify([verdict, because, error?.code, error?.message]);
  const known = new Map(before?.steps.map((step) => [step.id, outcome(step)]));
  return steps.filter((step) => known.get(step.id) !== outcome(step));
}
