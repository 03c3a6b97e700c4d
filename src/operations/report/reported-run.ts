import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { type ConnectorEvent, warnOfListener } from '../../core/events.ts';
import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import type { Decision } from '../explain/decision.ts';
import type { Explanation } from '../explain/explanation.ts';
import type { FileDestination } from '../export/file-destination.ts';
import type { RunReport } from './run-report.ts';
import { type ReportFacts, RunReporter, type RunResult } from './run-reporter.ts';

/** Hears of the run once, when it is over and cleaned up, however it ended. What it throws disturbs nobody. */
export type OnReport = (report: RunReport) => void;

/** A run that somebody wants the report of. */
export class ReportedRun {
  readonly #reporter: RunReporter;
  readonly #onReport: OnReport;
  readonly #destination: FileDestination | undefined;
  #decision: Decision | undefined;

  constructor(facts: ReportFacts, onReport: OnReport, destination?: FileDestination) {
    this.#reporter = new RunReporter(facts);
    this.#onReport = onReport;
    this.#destination = destination;
  }

  hear(event: ConnectorEvent): void {
    this.#reporter.hear(event);
  }

  /** The connection for this run: it tells what is decided. */
  heard(connection: Connection): Connection {
    return {
      ...connection,
      onDecision: (decision) => {
        this.#decision = decision;
      },
    };
  }

  async completed(connection: Connection, result: RunResult, run: Run): Promise<void> {
    const plan = await this.#explain(connection, run);
    this.#tell(this.#reporter.completed(result, plan));
  }

  async failed(connection: Connection, error: unknown, isAborted: boolean, run: Run): Promise<void> {
    const plan = await this.#explain(connection, run);
    this.#tell(this.#reporter.failed(error, isAborted, plan));
  }

  /** A plan that cannot be told is missing in the report; the run is what it is. */
  async #explain(connection: Connection, run: Run): Promise<Explanation | undefined> {
    const decision = this.#decision;
    if (decision === undefined) return undefined;
    try {
      if (decision.kind === 'write') {
        const { explainPlannedWrite } = await import('../explain/write-explanation.ts');
        return await explainPlannedWrite({ ...decision, connection });
      }
      const { explainPlannedRead } = await import('../explain/read-explanation.ts');
      return await explainPlannedRead({ ...decision, connection, ...defined({ destination: this.#destination }) });
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      run.publish({ type: 'suppressed', reason: 'the plan in the report of a run', message: error.message });
      return undefined;
    }
  }

  #tell(report: RunReport): void {
    try {
      this.#onReport(report);
    } catch (error) {
      warnOfListener(error);
    }
  }
}
