import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { checksumOfStaged, withParquetSource } from '../../columnar/checksums.ts';
import type { Engine } from '../../columnar/engine.ts';
import type { InputFile } from '../../columnar/input-file.ts';
import type { LoadColumn } from '../../columnar/load-expression.ts';
import { type LocalFile, stageFile } from '../../columnar/stage-file.ts';
import { defined } from '../../core/defined.ts';
import type { Run } from '../../core/run.ts';
import type { StageSink } from '../../staging/stage-sink.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import { addChecksums, type Checksum } from '../../types/checksum.ts';
import type { WritePlan } from '../write-plan.ts';
import type { WriteRecorder } from './recorder.ts';
import type { StagedInput } from './staged-input.ts';

/** One file's way into S3: what is read, which of its columns, for what. */
export interface FileLoad {
  readonly input: InputFile;
  readonly columns: readonly LoadColumn[];
  readonly plan: WritePlan;
  /** What files of the same input have brought before. */
  readonly before: Pick<StagedInput, 'files' | 'rowsRead' | 'bytes'>;
  /** Of the whole input, where that is known. */
  readonly totalRows?: number;
}

/**
 * Converts a file piece by piece and uploads each; while one goes up the next is made, so the disk holds two. Throws
 * RS_VALUE_UNREPRESENTABLE and RS_INPUT_INVALID.
 */
export async function stageLocalFiles(
  engine: Engine,
  { input, columns, plan, before, totalRows }: FileLoad,
  area: StageSink,
  recorder: WriteRecorder,
  run: Run,
): Promise<StagedInput> {
  const files: StagedFile[] = [];
  let rowsRead = 0;
  let bytes = 0;
  let checksum: Checksum | undefined;
  const send = async (local: LocalFile): Promise<void> => {
    let sentOfFile = 0;
    const staged = await area.putFile(basename(local.path), local.path, (sent) => {
      bytes += sent;
      sentOfFile += sent;
      report(Math.floor(local.rows * (sentOfFile / local.bytes)));
    });
    await rm(local.path);
    files.push(staged);
    rowsRead += local.rows;
    report();
  };
  /** Rows of a file that is on its way are told by its bytes that have arrived. */
  const report = (rowsOnTheWay = 0): void => {
    const sofar = {
      bytes: before.bytes + bytes,
      files: before.files.length + files.length,
    };
    const rows = before.rowsRead + rowsRead;
    Object.assign(recorder, sofar);
    recorder.count({ read: rows, staged: rows });
    run.publish({ type: 'progress', phase: 'stage', rows: rows + rowsOnTheWay, ...sofar, ...defined({ totalRows }) });
  };

  let sending = Promise.resolve();
  try {
    const spec = {
      input,
      columns,
      dialect: plan.format,
      rowNumbers: plan.load.kind === 'staged',
      slices: plan.slices,
      before: { rows: before.rowsRead, files: before.files.length },
      // Rows that Redshift refuses are counted while some are allowed; otherwise the first is told here, by its number.
      checked: plan.rejectLimit === 0,
    };
    for await (const local of stageFile(engine, spec, run)) {
      if (plan.verify) checksum = added(checksum, await checksumOfStaged(engine, local.path, spec, run));
      await sending;
      sending = send(local);
      sending.catch(() => undefined); // met by the next await
    }
    await sending;
    if (checksum !== undefined && input.format === 'parquet') {
      checksum = await withParquetSource(engine, checksum, spec, run);
    }
  } finally {
    await Promise.allSettled([sending]);
  }
  return { files, rowsRead, rowsStaged: rowsRead, rowsRefused: 0, bytes, ...defined({ checksum }) };
}

function added(before: Checksum | undefined, more: Checksum): Checksum {
  return before === undefined ? more : addChecksums(before, more);
}
