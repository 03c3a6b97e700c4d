import { defined } from '../../core/defined.ts';
import { inPhase } from '../../core/follow-run.ts';
import type { Run } from '../../core/run.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { NO_ROWS } from '../../sql/ledger.ts';
import type { Verification } from '../verify/compare.ts';
import type { LoadReject, WriteCounts, WritePhase, WriteReport, WriteWarning } from '../write-report.ts';
import type { WriteOperation } from '../write-spec.ts';
import type { Rejects } from './rejects.ts';

const MOST_REJECTS = 100;
const MOST_REJECTED_ROWS = 1000;

/** Collects what a write does while it does it, so that a failure can tell how far it came. */
export class WriteRecorder {
  /** As asked for, then as the catalog spells it. */
  target: ObjectPath;
  outcome: WriteReport['outcome'] = 'nothing written';
  alreadyApplied = false;
  rows: WriteCounts = NO_ROWS;
  /** How the rows got into the cluster, once that is settled. */
  path: WriteReport['path'];
  bytes = 0;
  files = 0;
  /** Statements that changed the shape of the target. */
  ddl: readonly string[] = [];
  cleared: number | undefined;
  stagedFilesKept: string | undefined;
  /** Where refused rows go with their values, where that was asked for. */
  rejects: Rejects | undefined;
  verified: Verification | undefined;
  /** The run, its warnings heard by the report. */
  readonly run: Run;
  readonly #operation: WriteOperation;
  readonly #phases = new Map<WritePhase['name'], number>();
  readonly #rejects = new Map<string, LoadReject>();
  readonly #rejectedRows = new Set<number>();
  readonly #warnings: WriteWarning[] = [];

  constructor(run: Run, target: ObjectPath, operation: WriteOperation) {
    this.run = {
      ...run,
      publish: (event) => {
        if (event.type === 'warning') this.#warnings.push({ code: event.code, message: event.message });
        run.publish(event);
      },
    };
    this.target = target;
    this.#operation = operation;
  }

  /** Runs one phase and adds its time, however it ends. */
  async phase<T>(name: WritePhase['name'], work: () => Promise<T>): Promise<T> {
    const startedMs = performance.now();
    this.run.publish({ type: 'progress', phase: name });
    try {
      return await inPhase(this.run, name, work);
    } finally {
      this.#phases.set(name, (this.#phases.get(name) ?? 0) + performance.now() - startedMs);
    }
  }

  count(rows: Partial<WriteCounts>): void {
    this.rows = { ...this.rows, ...rows };
  }

  warn(warning: WriteWarning): void {
    this.run.publish({ type: 'warning', ...warning });
  }

  /** A load that is repeated meets the same rows again: each is told once. */
  reject(...rejects: readonly LoadReject[]): void {
    for (const reject of rejects)
      if (this.#rejects.size < MOST_REJECTS) this.#rejects.set(JSON.stringify(reject), reject);
  }

  rejectRows(...numbers: readonly number[]): void {
    for (const number of numbers) if (this.#rejectedRows.size < MOST_REJECTED_ROWS) this.#rejectedRows.add(number);
  }

  /** Numbers of the rows that are refused by now: the first thousand. */
  refusedSoFar(): ReadonlySet<number> {
    return new Set(this.#rejectedRows);
  }

  report(): WriteReport {
    const [schema, name] = this.target;
    return Object.freeze({
      runId: this.run.runId,
      target: { schema, name },
      operation: this.#operation,
      alreadyApplied: this.alreadyApplied,
      outcome: this.outcome,
      rows: this.rows,
      bytes: this.bytes,
      files: this.files,
      phases: [...this.#phases].map(([phase, ms]) => ({ name: phase, ms: Math.round(ms) })),
      rejects: [...this.#rejects.values()],
      rejectedRows: [...this.#rejectedRows].sort((left, right) => left - right),
      warnings: [...this.#warnings],
      ...(this.ddl.length === 0 ? {} : { ddl: this.ddl }),
      ...defined({
        path: this.path,
        cleared: this.cleared,
        verified: this.verified,
        stagedFilesKept: this.stagedFilesKept,
      }),
    });
  }
}
