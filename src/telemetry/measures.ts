import type { Attributes, Meter } from '@opentelemetry/api';
import type {
  PhaseEndEvent,
  RequestEvent,
  RetryEvent,
  RunEndEvent,
  SessionEvent,
  StatementEvent,
} from '../core/events.ts';
import { errorType, placeOf, statementAttributes } from './attributes.ts';

/** As the conventions want them for database calls, in seconds. */
const CALL_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];
/** Steps and runs take longer. */
const RUN_SECONDS = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600];

/** What is measured of all runs of the process. Attributes have few values: no run id, no table, no text. */
export class Measures {
  readonly #statements;
  readonly #requests;
  readonly #runs;
  readonly #phases;
  readonly #rows;
  readonly #bytes;
  readonly #retries;
  readonly #sessions;

  constructor(meter: Meter) {
    const seconds = (name: string, description: string, explicitBucketBoundaries: number[]) =>
      meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries } });
    this.#statements = seconds('db.client.operation.duration', 'Duration of database client operations.', CALL_SECONDS);
    this.#requests = seconds('roleshift.request.duration', 'Requests to AWS, until the answer begins.', CALL_SECONDS);
    this.#runs = seconds('roleshift.run.duration', 'Calls of the connector.', RUN_SECONDS);
    this.#phases = seconds('roleshift.phase.duration', 'Steps of runs.', RUN_SECONDS);
    this.#rows = meter.createCounter('roleshift.rows', { description: 'Rows, by where they went.', unit: '{row}' });
    this.#bytes = meter.createCounter('roleshift.bytes', { description: 'Bytes to and from S3.', unit: 'By' });
    this.#retries = meter.createCounter('roleshift.retries', { description: 'What was done again.', unit: '{retry}' });
    this.#sessions = meter.createUpDownCounter('roleshift.sessions', {
      description: 'Connections to the database that are open.',
      unit: '{session}',
    });
  }

  statement(event: StatementEvent, place: Attributes = placeOf()): void {
    this.#statements.record(event.durationMs / 1000, { ...place, ...statementAttributes(event) });
  }

  request({ service, action, durationMs, bytes, errorCode }: RequestEvent): void {
    const attributes = { 'rpc.service': service, 'rpc.method': action };
    this.#requests.record(durationMs / 1000, { ...attributes, ...errorType(errorCode) });
    const direction = action === 'GetObject' ? 'received' : 'sent';
    if (bytes !== undefined && bytes > 0) this.#bytes.add(bytes, { 'roleshift.direction': direction });
  }

  run({ operation, outcome, durationMs, errorCode, rows = {} }: RunEndEvent): void {
    const attributes = { 'roleshift.operation': operation };
    this.#runs.record(durationMs / 1000, { ...attributes, 'roleshift.outcome': outcome, ...errorType(errorCode) });
    for (const [where, count] of Object.entries(rows) as [string, number][]) {
      if (count > 0) this.#rows.add(count, { ...attributes, 'roleshift.rows.where': where });
    }
  }

  phase({ phase, durationMs, errorCode }: PhaseEndEvent): void {
    this.#phases.record(durationMs / 1000, { 'roleshift.phase': phase, ...errorType(errorCode) });
  }

  retry({ what, errorCode }: RetryEvent): void {
    this.#retries.add(1, { 'roleshift.retry.what': what, ...errorType(errorCode) });
  }

  session({ state }: SessionEvent): void {
    this.#sessions.add(state === 'opened' ? 1 : -1);
  }
}
