import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import type { ConnectorEvent, ProgressEvent, StatementEvent } from '../../core/events.ts';
import type { Clock } from '../../core/run.ts';
import type { ExplainedStep, Explanation, StepActual } from '../explain/explanation.ts';
import type { ExportReport } from '../export/export-report.ts';
import type { WriteReport } from '../write-report.ts';
import type { ReportedError, RunReport } from './run-report.ts';

/** What a report says from the start. */
export interface ReportFacts extends Pick<RunReport, 'kind' | 'runId' | 'object' | 'operation'> {
  readonly clock: Clock;
}

/** What came of the run. */
export type RunResult =
  | { readonly write: WriteReport }
  | { readonly export: ExportReport }
  /** Of a read into batches, and of a call. */
  | { readonly rows: number };

/** What happened in one phase. */
interface PhaseFigures {
  ms: number;
  times: number;
  statements: number;
  readonly queryIds: string[];
  /** By part of a partitioned read; 0 is the whole. */
  readonly progress: Map<number, ProgressEvent>;
}

const MOST_IDS = 1000;
const MOST_WARNINGS = 1000;

/**
 * Makes the report of one run out of the events that it publishes, and of its plan and result. It listens only: nothing is
 * asked of anybody for it.
 */
export class RunReporter {
  readonly #facts: ReportFacts;
  readonly #startedAt: string;
  readonly #startedMs = performance.now();
  readonly #phases = new Map<string, PhaseFigures>();
  readonly #open: string[] = [];
  readonly #warnings: RunReport['warnings'][number][] = [];
  readonly #queryIds: string[] = [];
  readonly #sessionIds = new Set<number>();
  #retries = 0;
  #statements = 0;
  #rowsRead = 0;
  #countedMs = this.#startedMs;

  constructor(facts: ReportFacts) {
    this.#facts = facts;
    this.#startedAt = new Date(facts.clock.now()).toISOString();
  }

  hear(event: ConnectorEvent): void {
    switch (event.type) {
      case 'phaseBegin':
        this.#count();
        this.#open.push(event.phase);
        this.#figures(event.phase).times += 1;
        return;
      case 'phaseEnd': {
        this.#count();
        const at = this.#open.lastIndexOf(event.phase);
        if (at >= 0) this.#open.splice(at, 1);
        return;
      }
      case 'statement':
        this.#heardStatement(event);
        return;
      case 'progress':
        this.#heardProgress(event);
        return;
      case 'retry':
        this.#retries += 1;
        return;
      case 'warning':
        if (this.#warnings.length < MOST_WARNINGS) this.#warnings.push({ code: event.code, message: event.message });
        return;
      case 'runEnd':
        this.#rowsRead = event.rows?.read ?? this.#rowsRead;
        return;
      case 'hop':
      case 'request':
      case 'runBegin':
      case 'session':
      case 'suppressed':
        return;
    }
  }

  /** The report of a run that went well. */
  completed(result: RunResult, plan?: Explanation): RunReport {
    return this.#report('completed', result, plan);
  }

  /** The report of a run that failed, or was stopped: `isAborted`. */
  failed(error: unknown, isAborted: boolean, plan?: Explanation): RunReport {
    const partial = error instanceof ConnectorError ? error.report : undefined;
    const result: RunResult =
      this.#facts.kind === 'write' && partial !== undefined
        ? { write: partial as WriteReport }
        : { rows: this.#rowsRead };
    const told = isAborted ? {} : { error: errorOf(error) };
    return { ...this.#report(isAborted ? 'aborted' : 'failed', result, plan), ...told };
  }

  /** Time goes to the innermost phase. */
  #count(): void {
    const nowMs = performance.now();
    const phase = this.#open.at(-1);
    if (phase !== undefined) this.#figures(phase).ms += nowMs - this.#countedMs;
    this.#countedMs = nowMs;
  }

  #figures(phase: string): PhaseFigures {
    let figures = this.#phases.get(phase);
    if (figures === undefined) {
      figures = { ms: 0, times: 0, statements: 0, queryIds: [], progress: new Map() };
      this.#phases.set(phase, figures);
    }
    return figures;
  }

  #heardStatement({ backendPid, queryId }: StatementEvent): void {
    this.#statements += 1;
    if (backendPid !== undefined && this.#sessionIds.size < MOST_IDS) this.#sessionIds.add(backendPid);
    const phase = this.#open.at(-1);
    const figures = phase === undefined ? undefined : this.#figures(phase);
    if (figures !== undefined) figures.statements += 1;
    if (queryId === undefined) return;
    if (this.#queryIds.length < MOST_IDS) this.#queryIds.push(queryId);
    if (figures !== undefined && figures.queryIds.length < MOST_IDS) figures.queryIds.push(queryId);
  }

  #heardProgress(event: ProgressEvent): void {
    const { progress } = this.#figures(event.phase);
    const part = event.part ?? 0;
    progress.set(part, { ...progress.get(part), ...event });
  }

  #report(status: RunReport['status'], result: RunResult, plan: Explanation | undefined): RunReport {
    this.#count();
    const { kind, runId, object, operation } = this.#facts;
    return {
      reportVersion: 1,
      kind,
      runId,
      object,
      operation,
      status,
      outcome: outcomeOf(kind, status, result),
      startedAt: this.#startedAt,
      seconds: toSeconds(performance.now() - this.#startedMs),
      ...this.#amounts(result),
      phases: [...this.#phases].flatMap(([name, { ms, times }]) =>
        times === 0 ? [] : [{ name, seconds: toSeconds(ms), times }],
      ),
      warnings: this.#warnings,
      retries: this.#retries,
      statements: this.#statements,
      queryIds: this.#queryIds,
      sessionIds: [...this.#sessionIds],
      ...defined({ plan: plan && this.#withActuals(plan, result) }),
    };
  }

  #amounts(result: RunResult): Pick<RunReport, 'counts' | 'bytes' | 'files'> {
    if ('write' in result) {
      const { rows, bytes, files } = result.write;
      return { counts: rows, bytes, files };
    }
    if ('export' in result) {
      const { rows, bytes, files } = result.export;
      return { counts: { read: rows }, bytes, files: files.length };
    }
    const { bytes = 0, files = 0 } = this.#progressOf(this.#facts.kind === 'readToFiles' ? 'export' : 'fetch');
    return { counts: { read: result.rows }, bytes, files };
  }

  /** The last figures of a phase, of all parts together. */
  #progressOf(phase: string): { readonly rows?: number; readonly bytes?: number; readonly files?: number } {
    const told = [...(this.#phases.get(phase)?.progress.values() ?? [])];
    const sum = (key: 'rows' | 'bytes' | 'files'): number | undefined => {
      const known = told.flatMap((event) => event[key] ?? []);
      return known.length === 0 ? undefined : known.reduce((total, each) => total + each, 0);
    };
    return defined({ rows: sum('rows'), bytes: sum('bytes'), files: sum('files') });
  }

  /** What an UNLOAD wrote is told when it is fetched. */
  #unloaded(): Partial<StepActual> {
    const [{ totalRows, totalBytes, totalFiles } = {}] = [...(this.#phases.get('fetch')?.progress.values() ?? [])];
    return defined({ rows: totalRows, bytes: totalBytes, files: totalFiles });
  }

  #withActuals(plan: Explanation, result: RunResult): Explanation {
    return { ...plan, steps: plan.steps.map((step) => this.#withActual(step, result)) };
  }

  #withActual(step: ExplainedStep, result: RunResult): ExplainedStep {
    const figures = this.#phases.get(step.id);
    if (figures === undefined) return step;
    // COMMIT is the end of what applies the rows.
    const commit = step.id === 'apply' ? this.#phases.get('commit') : undefined;
    const actual: StepActual = {
      ...(step.id === 'unload' ? this.#unloaded() : this.#progressOf(step.id)),
      ...amountsOf(step.id, result),
      // Files that are fetched while others are written have no time of their own.
      ...(figures.times === 0 ? {} : { seconds: toSeconds(figures.ms + (commit?.ms ?? 0)) }),
      statements: figures.statements + (commit?.statements ?? 0),
      queryIds: figures.queryIds,
    };
    return { ...step, actual };
  }
}

/** What a result knows better than the events. */
function amountsOf(id: string, result: RunResult): Partial<StepActual> {
  if ('write' in result) {
    const { rows, bytes, files } = result.write;
    if (id === 'stage') return { rows: rows.staged, bytes, files };
    if (id === 'load') return { rows: rows.staged };
    return id === 'apply' ? { rows: rows.loaded } : {};
  }
  if ('export' in result) {
    const { rows, bytes, files } = result.export;
    return id === 'export' ? { rows, bytes, files: files.length } : {};
  }
  return id === 'fetch' ? { rows: result.rows } : {};
}

function outcomeOf(kind: RunReport['kind'], status: RunReport['status'], result: RunResult): RunReport['outcome'] {
  if (kind === 'write') return 'write' in result ? result.write.outcome : 'nothing written';
  return status === 'completed' ? 'complete' : 'incomplete';
}

function errorOf(error: unknown): ReportedError {
  if (!(error instanceof ConnectorError)) {
    return { code: 'RS_INTERNAL', message: error instanceof Error ? error.message : String(error) };
  }
  const { code, message, action } = error;
  return { code, message, ...defined({ action }) };
}

function toSeconds(ms: number): number {
  return Math.round(ms) / 1000;
}
