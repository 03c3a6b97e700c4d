import { ConnectorError, type ErrorCode } from './errors.ts';
import type { RunBeginEvent, RunEndEvent } from './events.ts';
import type { Run } from './run.ts';

/** What is told of a run when it begins. */
export type RunFacts = Omit<RunBeginEvent, 'type'>;
/** What is told of a run when it ends, besides how. */
export type RunOutcome = Pick<RunEndEvent, 'rows' | 'bytes'>;

/** What the end of a run tells of its result, or of its failure. */
export interface Told<T> {
  readonly completed?: (result: T) => RunOutcome;
  readonly failed?: (error: unknown) => RunOutcome;
}

interface Failure {
  readonly error: unknown;
}

/** Tells of the begin of a run, and of its end. The begin is told before anything else is done, where the caller is. */
export async function followRun<T>(run: Run, facts: RunFacts, work: () => Promise<T>, told: Told<T> = {}): Promise<T> {
  const end = beginRun(run, facts);
  try {
    const result = await work();
    end(told.completed?.(result) ?? {});
    return result;
  } catch (error) {
    end(told.failed?.(error) ?? {}, { error });
    throw error;
  }
}

/** The same of a run that gives batches: whoever leaves their loop early aborts it. */
export async function* followBatches<T extends { readonly rowCount: number }>(
  run: Run,
  facts: RunFacts,
  batches: AsyncIterable<T>,
): AsyncGenerator<T, void, undefined> {
  const end = beginRun(run, facts);
  let rows = 0;
  let outcome: Failure | 'left' | undefined = 'left';
  try {
    for await (const batch of batches) {
      rows += batch.rowCount;
      yield batch;
    }
    outcome = undefined;
  } catch (error) {
    outcome = { error };
    throw error;
  } finally {
    end({ rows: { read: rows } }, outcome);
  }
}

function beginRun(run: Run, facts: RunFacts): (outcome: RunOutcome, failure?: Failure | 'left') => void {
  const startedMs = performance.now();
  run.publish({ type: 'runBegin', ...facts });
  return (told, failure) => {
    const isAborted = failure === 'left' || (failure !== undefined && run.signal.aborted);
    run.publish({
      type: 'runEnd',
      operation: facts.operation,
      durationMs: performance.now() - startedMs,
      outcome: failure === undefined ? 'completed' : isAborted ? 'aborted' : 'failed',
      ...(isAborted || failure === undefined ? {} : errorCodeOf(failure.error)),
      ...told,
    });
  };
}

/** One step of a run, told when it begins and when it ends. */
export async function inPhase<T>(run: Pick<Run, 'publish'>, phase: string, work: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  run.publish({ type: 'phaseBegin', phase });
  const ended = (outcome: 'completed' | 'failed', error?: unknown): void =>
    run.publish({
      type: 'phaseEnd',
      phase,
      durationMs: performance.now() - startedMs,
      outcome,
      ...errorCodeOf(error),
    });
  try {
    const result = await work();
    ended('completed');
    return result;
  } catch (error) {
    ended('failed', error);
    throw error;
  }
}

/** One step of a run that gives values as it goes on. Leaving it early ends it well. */
export async function* phaseOf<T>(
  run: Pick<Run, 'publish'>,
  phase: string,
  values: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  const startedMs = performance.now();
  run.publish({ type: 'phaseBegin', phase });
  let failure: { readonly error: unknown } | undefined;
  try {
    yield* values;
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    run.publish({
      type: 'phaseEnd',
      phase,
      durationMs: performance.now() - startedMs,
      outcome: failure === undefined ? 'completed' : 'failed',
      ...errorCodeOf(failure?.error),
    });
  }
}

function errorCodeOf(error: unknown): { readonly errorCode?: ErrorCode } {
  return error instanceof ConnectorError ? { errorCode: error.code } : {};
}
