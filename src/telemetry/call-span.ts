import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import type {
  PhaseEndEvent,
  PublishedEvent,
  RequestEvent,
  RetryEvent,
  RunBeginEvent,
  RunEndEvent,
  StatementEvent,
  WarningEvent,
} from '../core/events.ts';
import { errorType, placeOf, statementAttributes } from './attributes.ts';
import type { Api } from './load-api.ts';

/** A step of a run that goes on, with what is counted in it until it ends. */
interface OpenStep {
  /** Undefined for the run itself. */
  readonly phase: string | undefined;
  readonly span: Span;
  readonly context: Context;
  readonly batches: Map<string, OpenBatch>;
}

/** Many small things of one kind: one span. */
interface OpenBatch {
  readonly span: Span;
  count: number;
  bytes: number;
  rows: number;
  endMs: number;
}

/** The spans of one call: the run, its phases, and in each the statements one by one, FETCHes and S3 requests together. */
export class CallSpan {
  /** Where the run takes place, for measurements. */
  readonly place: Attributes;
  readonly #api: Api;
  readonly #tracer: Tracer;
  readonly #namespace: string | undefined;
  readonly #steps: OpenStep[] = [];

  /** Its parent is what is active where the call is made. */
  constructor(api: Api, tracer: Tracer, event: PublishedEvent<'runBegin'>) {
    this.#api = api;
    this.#tracer = tracer;
    this.#namespace = event.database;
    this.place = placeOf(event);
    this.#open(undefined, runName(event), api.context.active(), {
      ...this.place,
      'roleshift.operation': event.operation,
      ...(event.runId === undefined ? {} : { 'roleshift.run.id': event.runId }),
      ...(event.object === undefined ? {} : { 'db.collection.name': event.object }),
    });
  }

  beginPhase(phase: string): void {
    this.#open(phase, phase, this.#innermost().context, { 'roleshift.phase': phase });
  }

  endPhase({ phase, outcome, errorCode }: PhaseEndEvent): void {
    const index = this.#steps.findLastIndex((step) => step.phase === phase);
    if (index <= 0) return; // begun before anybody listened
    const [step] = this.#steps.splice(index, 1);
    if (step !== undefined) this.#close(step, outcome === 'failed', errorType(errorCode));
  }

  /** A statement that ended. FETCHes of a step make one span: there may be thousands. */
  statement(event: StatementEvent): void {
    const { verb, durationMs, rowCount, backendPid, queryId, errorCode } = event;
    const attributes: Attributes = {
      ...this.place,
      ...statementAttributes(event),
      ...(backendPid === undefined ? {} : { 'roleshift.session.pid': backendPid }),
      ...(queryId === undefined ? {} : { 'roleshift.query.id': queryId }),
    };
    const name = this.#namespace === undefined ? verb : `${verb} ${this.#namespace}`;
    if (verb === 'FETCH') {
      this.#batch(name, durationMs, attributes, errorCode !== undefined, { rows: rowCount ?? 0 });
      return;
    }
    const span = this.#client(name, durationMs, attributes);
    if (rowCount !== undefined) span.setAttribute('roleshift.rows', rowCount);
    if (errorCode !== undefined) span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    span.end();
  }

  /** Requests of one kind in a step make one span. */
  request({ service, action, durationMs, bytes = 0, errorCode }: RequestEvent): void {
    const attributes = {
      'rpc.system': 'aws-api',
      'rpc.service': service,
      'rpc.method': action,
      ...errorType(errorCode),
    };
    this.#batch(`${service} ${action}`, durationMs, attributes, errorCode !== undefined, { bytes });
  }

  retry({ what, attempt, errorCode }: RetryEvent): void {
    const attributes = { 'roleshift.retry.what': what, 'roleshift.retry.attempt': attempt, ...errorType(errorCode) };
    this.#innermost().span.addEvent('retry', attributes);
  }

  warning({ code }: WarningEvent): void {
    this.#innermost().span.addEvent('warning', { 'roleshift.warning.code': code });
  }

  end({ outcome, errorCode, rows = {}, bytes }: RunEndEvent): void {
    const [run, ...phases] = this.#steps;
    for (const step of phases.reverse()) this.#close(step, false, {});
    if (run === undefined) return;
    this.#close(run, outcome === 'failed', {
      'roleshift.outcome': outcome,
      ...Object.fromEntries(Object.entries(rows).map(([where, count]) => [`roleshift.rows.${where}`, count])),
      ...(bytes === undefined ? {} : { 'roleshift.bytes': bytes }),
      ...errorType(errorCode),
    });
  }

  #open(phase: string | undefined, name: string, parent: Context, attributes: Attributes): void {
    const span = this.#tracer.startSpan(name, { kind: this.#api.SpanKind.INTERNAL, attributes }, parent);
    this.#steps.push({ phase, span, context: this.#api.trace.setSpan(parent, span), batches: new Map() });
  }

  #close({ span, batches }: OpenStep, isFailed: boolean, attributes: Attributes): void {
    for (const batch of batches.values()) {
      batch.span.setAttributes({
        'roleshift.count': batch.count,
        ...(batch.bytes === 0 ? {} : { 'roleshift.bytes': batch.bytes }),
        ...(batch.rows === 0 ? {} : { 'roleshift.rows': batch.rows }),
      });
      batch.span.end(batch.endMs);
    }
    span.setAttributes(attributes);
    if (isFailed) span.setStatus({ code: this.#api.SpanStatusCode.ERROR });
    span.end();
  }

  #batch(
    name: string,
    durationMs: number,
    attributes: Attributes,
    isFailed: boolean,
    { rows = 0, bytes = 0 }: { readonly rows?: number; readonly bytes?: number },
  ): void {
    const { batches } = this.#innermost();
    let batch = batches.get(name);
    if (batch === undefined) {
      batch = { span: this.#client(name, durationMs, attributes), count: 0, bytes: 0, rows: 0, endMs: 0 };
      batches.set(name, batch);
    }
    batch.count += 1;
    batch.rows += rows;
    batch.bytes += bytes;
    batch.endMs = Date.now();
    if (isFailed) batch.span.setAttributes(attributes).setStatus({ code: this.#api.SpanStatusCode.ERROR });
  }

  /** Events come when things have ended: the span began that much earlier. */
  #client(name: string, durationMs: number, attributes: Attributes): Span {
    const startTime = Date.now() - durationMs;
    return this.#tracer.startSpan(
      name,
      { kind: this.#api.SpanKind.CLIENT, startTime, attributes },
      this.#innermost().context,
    );
  }

  #innermost(): OpenStep {
    const step = this.#steps.at(-1);
    if (step === undefined) throw new RangeError('The run has ended');
    return step;
  }
}

function runName({ operation, object }: RunBeginEvent): string {
  return object === undefined ? `roleshift ${operation}` : `roleshift ${operation} ${object}`;
}
