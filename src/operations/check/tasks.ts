import type { Run } from '../../core/run.ts';
import { describeFailure, outOfTime } from './describe-failure.ts';
import type { CheckError, CheckInit, CheckStep } from './report.ts';
import type { Selectable, Selection } from './select.ts';

/** What a step found when it went well. */
export interface Finding {
  readonly evidence?: string | undefined;
  /** Makes a warning of it: it works, but a person should know this. */
  readonly warning?: string | undefined;
  /** Makes a skipped step of it: there was nothing to be found out, and why. */
  readonly skipped?: string | undefined;
}

/** One step of a check, before it is tried. */
export interface CheckTask extends Selectable {
  readonly title: string;
  /** Steps whose failure leaves nothing to try; left out or skipped they are no obstacle, and they are not run for this one. */
  readonly unless?: readonly string[];
  /** Steps that must have ended before, however they ended. */
  readonly after?: readonly string[];
  readonly attempt: () => Promise<Finding>;
}

export interface TasksInit extends Pick<CheckInit, 'onStep'> {
  readonly selection: ReadonlyMap<string, Selection>;
  /** The end of the time for the whole check: what waits then fails, what has not begun is skipped. */
  readonly limit: AbortSignal;
  /** A failure as the report shows it. Never throws. */
  readonly explain?: (task: Selectable, error: unknown) => Promise<CheckError>;
}

/**
 * Tries tasks, each as soon as those that it needs or follows have ended, and tells the steps in the order of the tasks. A
 * task comes after all that it names. Every failure becomes part of the report; the reason of the run's own signal alone
 * is thrown, once nothing runs any more.
 */
export async function runTasks(
  tasks: readonly CheckTask[],
  { signal }: Pick<Run, 'signal'>,
  init: TasksInit,
): Promise<readonly CheckStep[]> {
  const ended = new Map<string, Promise<CheckStep | undefined>>();
  for (const task of tasks) {
    if (init.selection.has(task.id)) ended.set(task.id, runTask(task, ended, signal, init));
  }
  const steps: CheckStep[] = [];
  for (const work of ended.values()) {
    const step = await work;
    if (step === undefined || signal.aborted) continue;
    steps.push(step);
    init.onStep?.(step);
  }
  signal.throwIfAborted();
  return steps;
}

/** Undefined on abort. */
async function runTask(
  task: CheckTask,
  ended: ReadonlyMap<string, Promise<CheckStep | undefined>>,
  signal: AbortSignal,
  { selection, limit, explain = async (_, error) => describeFailure(error) }: TasksInit,
): Promise<CheckStep | undefined> {
  const { id, title, needs, wants = [], unless = [], after = [], attempt } = task;
  const selected = selection.get(id);
  const head = { id, title, ...(selected?.kind === 'needed' ? { neededBy: selected.by } : {}) };
  const endOf = (ids: readonly string[]): Promise<readonly (CheckStep | undefined)[]> =>
    Promise.all(ids.map(async (other) => await ended.get(other)));
  const skipped = (because: string): CheckStep =>
    Object.freeze({ ...head, verdict: 'skipped', because, durationMs: 0 });
  const [needed, decisive] = await Promise.all([endOf(needs), endOf(unless), endOf([...wants, ...after])]);
  if (signal.aborted) return undefined;
  if (selected?.kind === 'leftOut') return skipped('left out');
  const obstacle = obstacleOf(needed) ?? obstacleOf(decisive.filter((step) => step?.verdict === 'fail'));
  if (obstacle !== undefined) return skipped(obstacle);
  if (limit.aborted) return skipped('the time for the check is over');

  const startedMs = performance.now();
  const durationMs = (): number => Math.round(performance.now() - startedMs);
  try {
    const found = await attempt();
    return Object.freeze({ ...head, ...verdictOf(found), durationMs: durationMs() });
  } catch (error) {
    if (signal.aborted) return undefined;
    const took = durationMs();
    const failure = await explain(task, limit.aborted ? outOfTime(error) : error);
    return signal.aborted ? undefined : Object.freeze({ ...head, verdict: 'fail', durationMs: took, error: failure });
  }
}

function obstacleOf(needed: readonly (CheckStep | undefined)[]): string | undefined {
  const step = needed.find((each) => each?.verdict === 'fail' || each?.verdict === 'skipped');
  return step && `${step.id} ${step.verdict === 'fail' ? 'failed' : 'was skipped'}`;
}

function verdictOf({ evidence, warning, skipped }: Finding): Pick<CheckStep, 'verdict' | 'evidence' | 'because'> {
  const because = skipped ?? warning;
  return {
    verdict: skipped !== undefined ? 'skipped' : warning !== undefined ? 'warn' : 'pass',
    ...(evidence === undefined ? {} : { evidence }),
    ...(because === undefined ? {} : { because }),
  };
}
