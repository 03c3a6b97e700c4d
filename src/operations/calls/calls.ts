import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { ConnectorEvent, RunOperation } from '../../core/events.ts';
import { followBatches, followRun, type RunFacts, type Told } from '../../core/follow-run.ts';
import { OpenWork } from '../../core/open-work.ts';
import { type Clock, openRun, type Run } from '../../core/run.ts';
import type { Batch } from '../../types/batch.ts';
import type { Connection } from '../connection.ts';
import type { FileDestination } from '../export/file-destination.ts';
import type { ReadSpec } from '../read/read-spec.ts';
import { ReportedRun } from '../report/reported-run.ts';
import type { RunReport } from '../report/run-report.ts';
import type { RunResult } from '../report/run-reporter.ts';
import type { WriteSpec } from '../write-spec.ts';
import type { CallOptions, ReportedCall } from './open-connector.ts';

/** One call of a connector. */
export interface Asked {
  readonly operation: RunOperation;
  readonly object?: ReadSpec['object'] | WriteSpec['object'] | undefined;
  readonly call?: CallOptions | undefined;
  readonly runId?: string | undefined;
}

/** What is asked by a call that may be reported on. */
export interface ReportedAsk extends Asked {
  readonly operation: RunReport['kind'];
  readonly call?: ReportedCall | undefined;
  /** What is read or written, and what becomes of it, in words. */
  readonly words: Pick<RunReport, 'object' | 'operation'>;
  readonly destination?: FileDestination;
}

/** Whose calls they are, and who hears of them. */
export interface CallsInit {
  readonly connection: Connection;
  /** What the events of each run say of the database. */
  readonly place: Pick<RunFacts, 'database' | 'host' | 'port'>;
  readonly clock: Clock | undefined;
  readonly onEvent: ((event: ConnectorEvent) => void) | undefined;
  /** Makes a refusal one with its diagnosis. */
  readonly explain: (error: unknown, run: Run) => Promise<unknown>;
}

/** Each call of one connector made a run: told of, reported on where that is wanted, ended when the connector is closed. */
export class Calls {
  readonly #init: CallsInit;
  readonly #work = new OpenWork();

  constructor(init: CallsInit) {
    this.#init = init;
  }

  /** Work that is followed to its end; what it throws stays as it is. */
  async followed<T>(asked: Asked, operation: (run: Run) => Promise<T>): Promise<T> {
    const run = this.#begin(asked);
    return await this.#work.follow(followRun(run, this.#factsOf(asked), () => operation(run)));
  }

  /** The same, a refusal in it with its diagnosis. */
  async diagnosed<T>(asked: Asked, operation: (run: Run) => Promise<T>): Promise<T> {
    const run = this.#begin(asked);
    const explaining = async (): Promise<T> => {
      try {
        return await followRun(run, this.#factsOf(asked), () => operation(run));
      } catch (error) {
        throw await this.#init.explain(error, run);
      }
    };
    return await this.#work.follow(explaining());
  }

  /** The same, with a report where one is wanted. */
  async reported<T>(
    asked: ReportedAsk,
    operation: (run: Run, on: Connection) => Promise<T>,
    resultOf: (result: T) => RunResult,
    told: Told<T> = {},
  ): Promise<T> {
    const { connection, explain } = this.#init;
    const { run, on, reported } = this.#beginReported(asked);
    const following = async (): Promise<T> => {
      let result: T;
      try {
        result = await followRun(run, this.#factsOf(asked), () => operation(run, on), told);
      } catch (error) {
        await reported?.failed(connection, error, run.signal.aborted, run);
        throw await explain(error, run);
      }
      await reported?.completed(connection, resultOf(result), run);
      return result;
    };
    return await this.#work.follow(following());
  }

  /** The same of work that gives batches, as one of a stream. */
  async *batches(
    asked: ReportedAsk,
    operation: (run: Run, on: Connection) => AsyncIterable<Batch>,
  ): AsyncGenerator<Batch, void, undefined> {
    const { connection, explain } = this.#init;
    const { run, on, reported } = this.#beginReported(asked);
    let rows = 0;
    let failure: { readonly error: unknown } | 'left' | undefined = 'left';
    try {
      for await (const batch of followBatches(run, this.#factsOf(asked), operation(run, on))) {
        rows += batch.rowCount;
        yield batch;
      }
      failure = undefined;
    } catch (error) {
      failure = { error };
      throw await explain(error, run);
    } finally {
      if (failure === undefined) await reported?.completed(connection, { rows }, run);
      else if (failure === 'left') await reported?.failed(connection, undefined, true, run);
      else await reported?.failed(connection, failure.error, run.signal.aborted, run);
    }
  }

  /** Batches that a caller may leave between two of them; they end when the connector is closed. */
  stream(batches: AsyncGenerator<Batch, void, undefined>): AsyncGenerator<Batch, void, undefined> {
    return this.#work.stream(batches);
  }

  /** Ends what is under way, and waits for its clean-up so long at most. */
  close(reason: ConnectorError, limitMs: number): Promise<void> {
    return this.#work.close(reason, limitMs);
  }

  #begin({ call: { signal } = {}, runId }: Asked, onEvent = this.#init.onEvent): Run {
    if (this.#work.isClosed) throw new ConnectorError('RS_INTERNAL', 'This connector was disposed of');
    return openRun({ runId, signal: this.#work.signal(signal), clock: this.#init.clock, onEvent });
  }

  /** A run, and who makes its report where one is wanted. */
  #beginReported(asked: ReportedAsk): { run: Run; on: Connection; reported: ReportedRun | undefined } {
    const { connection, onEvent } = this.#init;
    const { call: { onReport } = {}, operation: kind, words, destination } = asked;
    if (onReport === undefined) return { run: this.#begin(asked), on: connection, reported: undefined };
    let reported: ReportedRun | undefined;
    const run = this.#begin(asked, (event) => {
      reported?.hear(event);
      onEvent?.(event);
    });
    reported = new ReportedRun({ kind, ...words, runId: run.runId, clock: run.clock }, onReport, destination);
    return { run, on: reported.heard(connection), reported };
  }

  #factsOf({ operation, object }: Asked): RunFacts {
    return defined({ operation, object: nameOf(object), ...this.#init.place });
  }
}

/** What is read or written, for listeners. */
export function nameOf(object: Asked['object']): string | undefined {
  return typeof object === 'object' ? object.join('.') : object;
}
