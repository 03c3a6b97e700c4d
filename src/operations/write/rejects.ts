import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from '../../columnar/engine.ts';
import { readRejectedRows, type StagedRow } from '../../columnar/rejected-rows.ts';
import { defined } from '../../core/defined.ts';
import { renderType } from '../../core/redshift-type.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { StagedFiles } from '../../staging/stage-sink.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import type { RowPlace } from './input-sources.ts';
import type { LoadedTable } from './load-staging.ts';
import { type RejectedRow, RejectFile } from './reject-file.ts';
import { matchReasons } from './reject-reasons.ts';
import type { StagedLoad } from './staged-load.ts';

/** What a reject file is made of. */
export interface RejectsInit {
  readonly path: string;
  readonly workDirectory: string;
  /** The file that a row comes from, where it comes from one. */
  readonly placeOf: (row: number) => RowPlace | undefined;
  /** Lines in that file that rows begin in, by the numbers of the rows; as far as that is known. */
  readonly linesOf: (rows: readonly number[], run: Run) => Promise<ReadonlyMap<number, number>>;
  readonly area: StagedFiles;
}

/** Rows of this many bytes are written at once while the input is read. */
const MOST_WAITING = 200;

/**
 * Collects the rows that a write refuses: those that are never sent, while they are in hand; those that Redshift or the
 * plan refuses later, out of the staged files, by their numbers. Dispose removes the file of a write that failed.
 */
export class Rejects implements AsyncDisposable {
  readonly #file: RejectFile;
  readonly #init: RejectsInit;
  #waiting: RejectedRow[] = [];
  #sizeStaged: number | undefined;

  private constructor(file: RejectFile, init: RejectsInit) {
    this.#file = file;
    this.#init = init;
  }

  /** Throws RS_CONFIG_INVALID where the file cannot be made. */
  static async open(init: RejectsInit): Promise<Rejects> {
    return new Rejects(await RejectFile.open(init.path), init);
  }

  /** A row that is not sent; its values in the order of the plan's columns; the line of its file, where that is known. */
  refused(plan: WritePlan, row: number, values: readonly unknown[], reject: LoadReject, line?: number): void {
    this.#waiting.push(this.#rowOf(plan, row, values.map(textOf), reject, line));
  }

  /** To be called now and then while rows are staged. */
  async flush(atLeast = MOST_WAITING): Promise<void> {
    if (this.#waiting.length < Math.max(1, atLeast)) return;
    const rows = this.#waiting;
    this.#waiting = [];
    await this.#file.add(rows);
  }

  /** The rows that are not in the temporary table; `errors` as Redshift's views tell them. Replaces those of a load before. */
  async loaded(
    plan: WritePlan,
    staged: StagedLoad,
    { rejectedRows, rejects }: Pick<LoadedTable, 'rejectedRows' | 'rejects'>,
    errors: readonly LoadReject[],
    run: Run,
  ): Promise<void> {
    await this.flush(1);
    this.#sizeStaged ??= this.#file.size;
    await this.#file.rewind(this.#sizeStaged);
    if (rejectedRows.length === 0) return;
    const known = new Map(
      rejects.flatMap((reject) => (reject.row === undefined ? [] : [[reject.row, reject] as const])),
    );
    const lines = await this.#init.linesOf(rejectedRows, run);
    const folder = await makeRunFolder(this.#init.workDirectory, 'write', run);
    try {
      await using engine = await Engine.open({ folder });
      for (const file of staged.files) {
        const rows = await this.#rowsOf(engine, plan, file, rejectedRows, run);
        const unknown = rows.map(({ number }) => number).filter((number) => !known.has(number));
        const told = matchReasons(
          unknown,
          errors.filter((error) => error.file === file.name),
        );
        await this.#file.add(
          rows.map(({ number, values }) =>
            this.#rowOf(plan, number, values, known.get(number) ?? told.get(number) ?? UNTOLD, lines.get(number)),
          ),
        );
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Before the rows are committed, so that none of those that are not can be lost. */
  async publish(): Promise<void> {
    await this.flush(1);
    await this.#file.publish();
  }

  keep(): void {
    this.#file.keep();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }

  async #rowsOf(
    engine: Engine,
    plan: WritePlan,
    file: StagedFile,
    numbers: readonly number[],
    run: Run,
  ): Promise<readonly StagedRow[]> {
    const path = join(engine.folder, 'rejects.csv');
    try {
      await this.#init.area.getFile(file.name, path, file.bytes, run.signal);
      return await readRejectedRows(engine, path, { ...plan.format, columns: plan.columns.length, numbers }, run);
    } finally {
      await rm(path, { force: true });
    }
  }

  #rowOf(
    plan: WritePlan,
    row: number,
    values: readonly (string | null)[],
    reject: LoadReject,
    line?: number,
  ): RejectedRow {
    const position = plan.columns.findIndex(
      ({ name, inputName }) => reject.column === name || reject.column === inputName,
    );
    const column = plan.columns[position];
    const value = values[position];
    return defined({
      row,
      ...this.#init.placeOf(row),
      line,
      column: column?.name,
      type: column && renderType(column.type),
      limitBytes: column && 'bytes' in column.type ? column.type.bytes : undefined,
      bytes: typeof value === 'string' ? Buffer.byteLength(value) : undefined,
      code: reject.code,
      reason: reject.reason,
      stagedFile: reject.file,
      stagedLine: reject.line,
      values: Object.fromEntries(plan.columns.map(({ inputName }, index) => [inputName, values[index] ?? null])),
    });
  }
}

const UNTOLD: LoadReject = { column: '', code: 'unknown', reason: 'Redshift refused it; its views do not tell why' };

/** A value in the form that a write takes again; what no column could ever hold as JSON, as far as that goes. */
function textOf(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object':
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
      if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
      return value === null ? null : jsonOf(value);
    case 'undefined':
    case 'symbol':
    case 'function':
      return null;
  }
}

function jsonOf(value: object): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null; // it holds itself, or a bigint
  }
}
