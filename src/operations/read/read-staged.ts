import { rm } from 'node:fs/promises';
import { lifeNeed } from '../../auth/life.ts';
import { Engine } from '../../columnar/engine.ts';
import { readParquet } from '../../columnar/read-parquet.ts';
import { readStagedCsv } from '../../columnar/read-staged-csv.ts';
import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { Session } from '../../db/session.ts';
import { openStagingArea } from '../../staging/open-staging-area.ts';
import type { StagingArea } from '../../staging/staging-area.ts';
import { type Batch, openBatch } from '../../types/batch.ts';
import type { SupportedField } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import type { DescribedSource } from './read-describe.ts';
import type { OnRows } from './read-direct.ts';
import { type FetchedFile, fetchFiles } from './read-staged-fetch.ts';
import type { ReadOutput, ReadState, StateFile } from './read-state.ts';
import { countMismatch, isStillStaged, type StagedFormat, type Unloaded, unload } from './read-unload.ts';

/** How an attempt remembers, for the next one, what it has done. */
export interface Resumption {
  /** That this is the only read of the run id which goes on now. Whoever opened the read disposes of it. */
  readonly claim: AsyncDisposable;
  readonly state: StateFile;
  /** What an attempt before has left. */
  readonly found: ReadState | undefined;
  /** How many files the caller has kept for good: the read goes on behind them. `recorded`: as many as were marked done with their output. */
  readonly startAt: number | 'recorded';
}

export interface StagedReadInit {
  readonly connection: Connection;
  readonly run: Run;
  readonly resumption?: Resumption | undefined;
  /** Runs in one transaction with the UNLOAD. */
  readonly onBegin?: (() => Promise<void>) | undefined;
}

/**
 * Rows that lie in S3 as files, as Redshift wrote them in one snapshot and in no order. Whoever opens it disposes of it:
 * then the files are gone, unless the read is resumable and did not end.
 */
export class StagedRead implements AsyncDisposable {
  readonly fields: readonly SupportedField[];
  readonly format: StagedFormat;
  /** All rows, those of an attempt before included. */
  readonly totalRows: number;
  readonly totalFiles: number;
  readonly totalBytes: number;
  /** How many files are left out: an earlier attempt was done with them. */
  readonly skippedFiles: number;
  readonly skippedRows: number;
  /** The run's own folder on the local disk: nothing but staged files is in it. */
  readonly folder: string;
  readonly #init: StagedReadInit;
  readonly #area: StagingArea;
  readonly #unloaded: Unloaded;
  #isComplete = false;
  #output: readonly ReadOutput[] | undefined;

  private constructor(init: StagedReadInit, folder: string, area: StagingArea, unloaded: Unloaded, skip: number) {
    const { fields, format, rows, files } = unloaded;
    this.fields = fields;
    this.format = format;
    this.totalRows = rows;
    this.totalFiles = files.length;
    this.totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
    this.skippedFiles = Math.min(skip, files.length);
    this.skippedRows = files.slice(0, skip).reduce((sum, file) => sum + file.rows, 0);
    this.folder = folder;
    this.#init = init;
    this.#area = area;
    this.#unloaded = unloaded;
  }

  /** Unloads the source over this session. */
  static async unload(init: StagedReadInit, session: Session, described: DescribedSource): Promise<StagedRead> {
    const { connection, run, resumption, onBegin } = init;
    return acquire(init, undefined, async (folder, area) => {
      const unloaded = await unload(connection, session, described, area, run, onBegin);
      const read = new StagedRead(init, folder, area, unloaded, 0);
      await resumption?.state.save(read.#stateOf(run.runId, 0));
      return read;
    });
  }

  /** Goes on with what an earlier attempt has unloaded; `undefined` where that is gone, or nothing was unloaded. */
  static async resume(init: StagedReadInit): Promise<StagedRead | undefined> {
    const { resumption } = init;
    const found = resumption?.found;
    if (resumption === undefined || found?.phase === undefined || found.phase === 'before') return undefined;
    const { folderName, format, fields, rows, files, filesDone = 0 } = found;
    if (folderName === undefined || format === undefined || !fields || rows === undefined || !files) return undefined;
    const recorded = found.output === undefined ? 0 : filesDone;
    const skip = resumption.startAt === 'recorded' ? recorded : resumption.startAt;
    if (skip > files.length) throw notACheckpoint();
    return acquire(init, folderName, async (folder, area) => {
      if (area.bucketName !== found.bucket || !(await isStillStaged(area, files.slice(skip)))) return undefined;
      const read = new StagedRead(init, folder, area, { fields, format, rows, files }, skip);
      if (resumption.startAt === 'recorded') read.#output = found.output;
      return read;
    });
  }

  /** What an earlier attempt has made of the files that are left out. */
  get output(): readonly ReadOutput[] {
    return this.#output ?? [];
  }

  /** The files in order, fetched ahead of the reader. After `done` a file is not given again to a later attempt. */
  async *files(): AsyncGenerator<FetchedFile, void, undefined> {
    const { connection, run, resumption } = this.#init;
    await connection.access.ensureLife(run, lifeNeed({ kind: 'download', bytes: this.totalBytes }));
    const { files, format, rows: totalRows } = this.#unloaded;
    const init = { files, totalRows, folder: this.folder, extension: format.kind, skip: this.skippedFiles };
    for await (const file of fetchFiles(this.#area, init, run)) {
      yield {
        ...file,
        done: async (rowsSoFar, output) => {
          await file.done(rowsSoFar);
          this.#output = output;
          await resumption?.state.save(this.#stateOf(run.runId, file.index + 1));
        },
      };
    }
  }

  /**
   * The rows in batches; the first batch is empty when there are none: it tells the fields. Of a resumable read the last
   * batch of each file has a checkpoint. Throws RS_COUNT_MISMATCH when rows are missing.
   */
  async *batches({
    batchRows,
    onRows,
  }: {
    readonly batchRows: number;
    readonly onRows?: OnRows | undefined;
  }): AsyncGenerator<Batch, void, undefined> {
    const { run, resumption } = this.#init;
    await using engine = await Engine.open({ folder: this.folder, threads: 1 });
    let delivered = this.skippedRows;
    let isEmpty = true;
    for await (const file of this.files()) {
      let held: Batch | undefined;
      for await (const batch of this.#decode(engine, file.path, batchRows)) {
        if (held !== undefined) yield held;
        held = undefined;
        isEmpty = false;
        // Only the last batch of a file has a checkpoint: which one it is shows when no other follows.
        if (resumption === undefined) yield batch;
        else held = batch;
        delivered += batch.rowCount;
        if (onRows === undefined) {
          run.publish({ type: 'progress', phase: 'fetch', rows: delivered, totalRows: this.totalRows });
        } else onRows(delivered);
      }
      if (held !== undefined) yield { ...held, checkpoint: `${resumption?.state.key}:${file.index + 1}` };
      await file.done(delivered);
    }
    if (delivered !== this.totalRows) throw countMismatch(this.totalRows, delivered);
    if (isEmpty) {
      const { fields } = this;
      yield openBatch(
        fields,
        fields.map(() => []),
        0,
      );
    }
  }

  /** Tells a later attempt that all rows were taken, and what comes after them has begun. */
  async remember(phase: 'after'): Promise<void> {
    const { run, resumption } = this.#init;
    await resumption?.state.save({ ...this.#stateOf(run.runId, this.totalFiles), phase });
  }

  /** Marks that every row was taken: nothing is kept for another attempt. */
  complete(): void {
    this.#isComplete = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { run, resumption } = this.#init;
    if (resumption !== undefined && !this.#isComplete) {
      this.#area.keep();
      run.publish({
        type: 'warning',
        code: 'STAGED_FILES_KEPT',
        message: `Run it again with the run id ${run.runId} to go on; until then the staged files stay for an hour at least`,
      });
    }
    await this.#area[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  #decode(engine: Engine, path: string, batchRows: number): AsyncGenerator<Batch, void, undefined> {
    const { format, fields } = this;
    const { run } = this.#init;
    return format.kind === 'parquet'
      ? readParquet(engine, path, fields, { batchRows }, run)
      : readStagedCsv(engine, path, fields, { batchRows, nullMarker: format.nullMarker }, run);
  }

  #stateOf(runId: string, filesDone: number): ReadState {
    const { bucketName: bucket, folderName } = this.#area;
    const { fields, format, rows, files } = this.#unloaded;
    const what = { kind: 'roleshift-read', version: 1, runId, phase: 'unloaded' } as const;
    const output = this.#output === undefined ? {} : { output: this.#output };
    return { ...what, bucket, folderName, format, fields, rows, files, filesDone, ...output };
  }
}

/** Opens folder and staging area for `use`, and gives them back where it fails or makes nothing of them. */
async function acquire<T extends StagedRead | undefined>(
  { connection, run }: StagedReadInit,
  folderName: string | undefined,
  use: (folder: string, area: StagingArea) => Promise<T>,
): Promise<T> {
  const folder = await makeRunFolder(connection.workDirectory, 'read', run);
  let area: StagingArea | undefined;
  let used: T | undefined;
  try {
    area = await openStagingArea(connection.access, connection.options, run, folderName);
    used = await use(folder, area);
    return used;
  } finally {
    if (used === undefined) {
      await area?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** How many files a checkpoint of this read is behind. Throws RS_CONFIG_INVALID for one of another read. */
export function filesBehind(checkpoint: string, key: string): number {
  const match = /^([0-9a-f]{32}):(\d{1,9})$/.exec(checkpoint);
  if (match?.[1] !== key) throw notACheckpoint();
  return Number(match[2]);
}

function notACheckpoint(): ConnectorError {
  return invalidField(
    'resumeFrom',
    'The checkpoint is of another run, or of another read',
    'Give the checkpoint of the last batch that was kept, with the same run id, source and options.',
  );
}

/** The rows that a checkpoint counts on are not there any more. */
export function stagedFilesGone(runId: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `The staged files of the run ${runId} are gone`, {
    action: 'Throw away what was kept of it and read again from the start, with another run id.',
    details: { runId },
  });
}
