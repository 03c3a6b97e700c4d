import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { CheckError, CheckInit, CheckStep } from './report.ts';

/** What a step found when it went well. */
export interface Finding {
  readonly evidence?: string | undefined;
  /** Makes a warning of it: it works, but a person should know this. */
  readonly warning?: string | undefined;
}

export interface StepPlan {
  readonly id: string;
  readonly title: string;
  /** Steps without which this one cannot be tried. */
  readonly needs?: readonly string[];
}

/** Tries steps one after the other and remembers how each ended. */
export interface CheckWalk {
  readonly steps: readonly CheckStep[];
  /** Runs `attempt` unless a needed step did not go well. Yields its value, or undefined. Throws only on abort. */
  step<T extends Finding>(plan: StepPlan, attempt: () => Promise<T>): Promise<T | undefined>;
}

/**
 * Starts with no steps. Every failure becomes part of the report, the end of time (`limit`) among them; the reason of the
 * run's own signal alone is thrown.
 */
export function openWalk(
  { signal }: Pick<Run, 'signal'>,
  { onStep }: Pick<CheckInit, 'onStep'>,
  limit: AbortSignal,
): CheckWalk {
  const steps: CheckStep[] = [];
  const end = (step: CheckStep): void => {
    steps.push(Object.freeze(step));
    onStep?.(step);
  };
  const obstacleOf = (needs: readonly string[]): string | undefined => {
    const step = steps.find(({ id, verdict }) => needs.includes(id) && (verdict === 'fail' || verdict === 'skipped'));
    return step && `${step.id} ${step.verdict === 'fail' ? 'failed' : 'was skipped'}`;
  };

  return {
    steps,
    async step({ id, title, needs = [] }, attempt) {
      signal.throwIfAborted();
      const because = limit.aborted ? 'the time for the check is over' : obstacleOf(needs);
      if (because !== undefined) {
        end({ id, title, verdict: 'skipped', because, durationMs: 0 });
        return undefined;
      }
      const startedMs = performance.now();
      const durationMs = (): number => Math.round(performance.now() - startedMs);
      try {
        const found = await attempt();
        const { evidence, warning } = found;
        end({
          id,
          title,
          verdict: warning === undefined ? 'pass' : 'warn',
          ...(evidence === undefined ? {} : { evidence }),
          ...(warning === undefined ? {} : { because: warning }),
          durationMs: durationMs(),
        });
        return found;
      } catch (error) {
        signal.throwIfAborted();
        const failure = limit.aborted && !(error instanceof ConnectorError) ? outOfTime(error) : error;
        end({ id, title, verdict: 'fail', durationMs: durationMs(), error: describeFailure(failure) });
        return undefined;
      }
    },
  };
}

function outOfTime(cause: unknown): ConnectorError {
  return new ConnectorError('RS_TIMEOUT', 'The time for the check ran out during this step', {
    action:
      'Run it again; if it stays, look for what this step waits for: a queue of the cluster, a lock, the network.',
    cause,
  });
}

/** A failure as the report shows it. One that is not ours is a defect: only its kind is told. */
export function describeFailure(error: unknown): CheckError {
  if (error instanceof ConnectorError) {
    const { code, category, message, action, details } = error;
    return { code, category, message, ...(action === undefined ? {} : { action }), details };
  }
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    code: 'RS_INTERNAL',
    category: 'internal',
    message: `The check itself failed with ${kind}`,
    action: 'Report it, with what you did.',
  };
}
