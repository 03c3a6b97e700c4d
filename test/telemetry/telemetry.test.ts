import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { expect } from 'chai';
import { connector } from '../../src/connector.ts';
import { EVENT_TYPES, type PublishedEvent, subscribe } from '../../src/core/events.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';
import type { OpenConnector } from '../../src/operations/calls/open-connector.ts';
import { type Instrumentation, instrument } from '../../src/telemetry/instrument.ts';
import { loadApi } from '../../src/telemetry/load-api.ts';
import { openWriteWorld, type WriteWorld } from '../operations/write/write-world.ts';

const CANARY = 'canary-of-a-row-value';

describe('telemetry', () => {
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.DELTA);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  let on: WriteWorld;
  let redshift: OpenConnector;
  let telemetry: Instrumentation;
  const events: PublishedEvent[] = [];
  const ends = EVENT_TYPES.map((type) => () => subscribe(type, (event) => events.push(event)));
  let unsubscribe: (() => void)[];

  before(async () => {
    on = await openWriteWorld();
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    telemetry = await instrument({ tracerProvider: tracers, meterProvider: meters });
    unsubscribe = ends.map((begin) => begin());
    redshift = connector.open(on.world.connection('keys-etl-agent').values as ConnectionInput);
    await on.table('told', 'id INTEGER NOT NULL, note VARCHAR(40)');
  });

  after(async () => {
    await redshift[Symbol.asyncDispose]();
    telemetry[Symbol.dispose]();
    for (const end of unsubscribe) end();
    context.disable();
    await meters.shutdown();
    await tracers.shutdown();
    await on[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    await on.world.clearFaults();
    spans.reset();
    events.length = 0;
  });

  const named = (name: string | RegExp): readonly ReadableSpan[] =>
    spans.getFinishedSpans().filter((span) => (typeof name === 'string' ? span.name === name : name.test(span.name)));
  const childrenOf = (parent: ReadableSpan): readonly string[] =>
    spans
      .getFinishedSpans()
      .filter(({ parentSpanContext }) => parentSpanContext?.spanId === parent.spanContext().spanId)
      .map(({ name }) => name);
  const write = (rows: readonly object[], more: { readonly runId?: string; readonly signal?: AbortSignal } = {}) =>
    redshift.write(
      { object: 'sales.told', path: 'staged', ...(more.runId === undefined ? {} : { runId: more.runId }) },
      rows as never,
      more.signal === undefined ? {} : { signal: more.signal },
    );

  /** What was measured since the last call, by name: points of attributes and value. */
  async function measured(): Promise<ReadonlyMap<string, readonly { attributes: object; value: unknown }[]>> {
    metrics.reset();
    await reader.forceFlush();
    const found = new Map<string, readonly { attributes: object; value: unknown }[]>();
    for (const { scopeMetrics } of metrics.getMetrics()) {
      for (const { descriptor, dataPoints } of scopeMetrics.flatMap((scope) => scope.metrics)) {
        found.set(
          descriptor.name,
          dataPoints.map(({ attributes, value }) => ({ attributes, value })),
        );
      }
    }
    return found;
  }

  it('a write is a span below the active one; its phases, statements and requests are below it', async () => {
    await measured();
    const parent = await tracers.getTracer('test').startActiveSpan('host', async (span: Span) => {
      await write([{ id: 1, note: CANARY }], { runId: 'told-1' });
      span.end();
      return span;
    });
    const [run] = named('roleshift write sales.told');
    expect(run?.parentSpanContext?.spanId).to.equal(parent.spanContext().spanId);
    expect(run?.kind).to.equal(SpanKind.INTERNAL);
    expect(run?.attributes).to.include({
      'db.system.name': 'aws.redshift',
      'db.namespace': 'dev',
      'db.collection.name': 'sales.told',
      'roleshift.operation': 'write',
      'roleshift.run.id': 'told-1',
      'roleshift.outcome': 'completed',
      'roleshift.rows.loaded': 1,
      'roleshift.rows.rejected': 0,
    });
    expect(childrenOf(run as ReadableSpan)).to.include.members(['plan', 'stage', 'load', 'apply']);
    const [apply] = named('apply');
    expect(childrenOf(apply as ReadableSpan)).to.include.members(['BEGIN dev', 'LOCK dev', 'COPY dev', 'COMMIT dev']);
    const [copy] = named('COPY dev');
    expect(copy?.kind).to.equal(SpanKind.CLIENT);
    expect(copy?.attributes).to.include({ 'db.operation.name': 'COPY', 'db.namespace': 'dev' });
    expect(named('s3 PutObject').some(({ attributes }) => Number(attributes['roleshift.bytes']) > 0)).to.equal(true);

    const found = await measured();
    expect(found.get('roleshift.rows')).to.deep.include({
      attributes: { 'roleshift.operation': 'write', 'roleshift.rows.where': 'loaded' },
      value: 1,
    });
    expect([...found.keys()]).to.include.members([
      'db.client.operation.duration',
      'roleshift.run.duration',
      'roleshift.phase.duration',
      'roleshift.request.duration',
      'roleshift.bytes',
      'roleshift.sessions',
    ]);
  });

  it('reads are told too: the FETCHes of one as one span, staged ones with their requests', async () => {
    await on.world.sql('TRUNCATE sales.told; INSERT INTO sales.told SELECT n, NULL FROM generate_series(1, 30) AS n');
    for (const mode of ['direct', 'staged'] as const) {
      spans.reset();
      let rows = 0;
      for await (const batch of redshift.read({ object: 'sales.told', mode, batchRows: 10 })) rows += batch.rowCount;
      expect(rows).to.equal(30);
      const [run] = named('roleshift read sales.told');
      expect(run?.attributes).to.include({ 'roleshift.outcome': 'completed', 'roleshift.rows.read': 30 });
      const phases = mode === 'direct' ? ['plan', 'fetch'] : ['plan', 'unload', 'fetch'];
      expect(childrenOf(run as ReadableSpan)).to.include.members(phases);
      const fetches = mode === 'direct' ? named('FETCH dev') : named('s3 GetObject');
      expect(Number(fetches.at(-1)?.attributes['roleshift.count'])).to.be.greaterThan(0);
    }
  });

  it('a loop that is left is an aborted run, and no failure', async () => {
    for await (const batch of redshift.read({ object: 'sales.told', mode: 'direct', batchRows: 1 })) {
      expect(batch.rowCount).to.be.lessThan(2);
      break;
    }
    const [run] = named('roleshift read sales.told');
    expect(run?.attributes).to.include({ 'roleshift.outcome': 'aborted' });
    expect(run?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it("a failure has our code and the server's", async () => {
    await on.world.faults({
      on: 'pg:statement',
      matching: 'COPY "sales"',
      effect: { kind: 'error', code: '42501', message: 'permission denied' },
    });
    const error: unknown = await write([{ id: 2, note: CANARY }]).catch((caught: unknown) => caught);
    expect(error).to.include({ code: 'RS_AUTH_PERMISSION' });
    const [run] = named('roleshift write sales.told');
    expect(run?.status.code).to.equal(SpanStatusCode.ERROR);
    expect(run?.attributes).to.include({ 'error.type': 'RS_AUTH_PERMISSION', 'roleshift.outcome': 'failed' });
    const [copy] = named('COPY dev');
    expect(copy?.attributes).to.include({ 'error.type': 'RS_AUTH_PERMISSION', 'db.response.status_code': '42501' });
    expect(copy?.status.code).to.equal(SpanStatusCode.ERROR);
  });

  it('an abort is told as one', async () => {
    await on.world.faults({ on: 'pg:statement', matching: 'COPY "sales"', effect: { kind: 'delay', ms: 2_000 } });
    const aborting = new AbortController();
    const end = subscribe('phaseBegin', ({ phase }) => {
      if (phase === 'apply') setTimeout(() => aborting.abort(new Error('enough')), 50);
    });
    const error: unknown = await write([{ id: 3, note: CANARY }], { signal: aborting.signal }).catch(
      (caught: unknown) => caught,
    );
    end();
    expect(error).to.equal(aborting.signal.reason);
    const [run] = named('roleshift write sales.told');
    expect(run?.attributes).to.include({ 'roleshift.outcome': 'aborted' });
    expect(run?.attributes).not.to.have.property('error.type');
    expect(run?.status.code).to.equal(SpanStatusCode.UNSET);
  });

  it('a conflict that is tried again is an event of its span, a phase more and a count', async () => {
    await measured();
    await on.world.faults({
      on: 'pg:statement',
      matching: 'INSERT INTO "sales"."roleshift_ledger_told',
      effect: { kind: 'error', code: 'XX000', message: '1023' },
    });
    await write([{ id: 4, note: CANARY }]);
    const [failed, good] = named('apply');
    expect(failed?.attributes).to.include({ 'error.type': 'RS_CONFLICT' });
    expect(good?.status.code).to.equal(SpanStatusCode.UNSET);
    const [run] = named('roleshift write sales.told');
    expect(run?.events.map(({ name }) => name)).to.include.members(['retry', 'warning']);
    expect((await measured()).get('roleshift.retries')).to.deep.equal([
      { attributes: { 'roleshift.retry.what': 'transaction', 'error.type': 'RS_CONFLICT' }, value: 1 },
    ]);
  });

  it('every event tells whose it is; none tells a value, a statement or a secret', async () => {
    await write([{ id: 5, note: CANARY }], { runId: 'told-5' });
    for await (const batch of redshift.read({ query: `SELECT '${CANARY}' AS note` }))
      expect(batch.rowCount).to.equal(1);
    const values = on.world.connection('keys-etl-agent').values as ConnectionInput;
    const all = JSON.stringify([
      events,
      spans.getFinishedSpans().map(({ name, attributes, events: told }) => ({ name, attributes, told })),
    ]);
    expect(all).not.to.include(CANARY);
    expect(all).not.to.include(String(values.secretAccessKey));
    expect(all).not.to.match(/SELECT '|INSERT INTO/);
    const own = events.filter(({ runId }) => runId === 'told-5').map(({ type }) => type);
    expect(own[0]).to.equal('runBegin');
    expect(own.at(-1)).to.equal('runEnd');
    expect(own).to.include.members(['phaseBegin', 'statement', 'request', 'progress', 'phaseEnd']);
  });

  it('without the API package nothing happens', async () => {
    expect(await loadApi('@opentelemetry/is-not-there')).to.equal(undefined);
    const folder = await mkdtemp(join(tmpdir(), 'no-otel-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    for (const part of ['core', 'telemetry']) {
      await mkdir(join(folder, part));
      await cp(join('src', part), join(folder, part), { recursive: true });
    }
    const { instrument: absent } = (await import(join(folder, 'telemetry/instrument.ts'))) as {
      readonly instrument: typeof instrument;
    };
    using told = await absent();
    expect(told.isActive).to.equal(false);
    await rm(folder, { recursive: true });
    expect(trace.getActiveSpan()).to.equal(undefined);
  });
});
