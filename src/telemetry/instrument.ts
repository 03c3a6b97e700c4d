import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { type EventOrigin, type EventType, type PublishedEvent, subscribe } from '../core/events.ts';
import { CallSpan } from './call-span.ts';
import { type Api, loadApi } from './load-api.ts';
import { Measures } from './measures.ts';

export interface InstrumentInit {
  /** Default: the one that is registered with the API. */
  readonly tracerProvider?: TracerProvider | undefined;
  /** Default: the one that is registered with the API. */
  readonly meterProvider?: MeterProvider | undefined;
}

/** Dispose of it to end the instrumentation. */
export interface Instrumentation extends Disposable {
  /** False where `@opentelemetry/api` is not installed: then nothing is listened to, and nothing happens. */
  readonly isActive: boolean;
}

const NAME = 'roleshift';

/**
 * Makes OpenTelemetry spans and metrics of all runs of this process: one span for a run, below it one for each step, below
 * that its statements and S3 requests. A run's span is a child of what is active where the connector is called. Needs
 * `@opentelemetry/api`, which the program brings with its SDK. Call it once, after the SDK has started. Of names it tells
 * those of tables, databases and hosts; no text of a statement, no value and no secret. See docs/events.md.
 */
export async function instrument(init: InstrumentInit = {}): Promise<Instrumentation> {
  const api = await loadApi();
  return api === undefined ? { isActive: false, [Symbol.dispose]: () => undefined } : listen(api, init);
}

function listen(api: Api, { tracerProvider, meterProvider }: InstrumentInit): Instrumentation {
  const tracer = (tracerProvider ?? api.trace).getTracer(NAME);
  const measures = new Measures((meterProvider ?? api.metrics).getMeter(NAME));
  const calls = new Map<number, CallSpan>();
  const callOf = ({ callId = 0 }: EventOrigin): CallSpan | undefined => calls.get(callId);
  const ends: (() => void)[] = [];
  const on = <Type extends EventType>(type: Type, listener: (event: PublishedEvent<Type>) => void): void =>
    void ends.push(subscribe(type, listener));

  on('runBegin', (event) => {
    if (event.callId !== undefined) calls.set(event.callId, new CallSpan(api, tracer, event));
  });
  on('runEnd', (event) => {
    callOf(event)?.end(event);
    calls.delete(event.callId ?? 0);
    measures.run(event);
  });
  on('phaseBegin', (event) => callOf(event)?.beginPhase(event.phase));
  on('phaseEnd', (event) => {
    callOf(event)?.endPhase(event);
    measures.phase(event);
  });
  on('statement', (event) => {
    const call = callOf(event);
    call?.statement(event);
    measures.statement(event, call?.place);
  });
  on('request', (event) => {
    callOf(event)?.request(event);
    measures.request(event);
  });
  on('retry', (event) => {
    callOf(event)?.retry(event);
    measures.retry(event);
  });
  on('warning', (event) => callOf(event)?.warning(event));
  on('session', (event) => measures.session(event));
  return {
    isActive: true,
    [Symbol.dispose]: () => {
      for (const end of ends.splice(0)) end();
    },
  };
}
