import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { checksumOfStaged, withParquetSource } from '../../columnar/checksums.ts';
import type { Engine } from '../../columnar/engine.ts';
import type { InputFile } from '../../columnar/input-file.ts';
import type { LoadColumn } from '../../columnar/load-expression.ts';
import { type LocalFile, type RefusedRow, stageFile } from '../../columnar/stage-file.ts';
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
  readonly before: Pick<StagedInput, 'files' | 'rowsRead' | 'rowsRefused' | 'bytes'>;
  /** Takes the rows that are refused here; they are in no file. */
  readonly refuse: (rows: readonly RefusedRow[]) => void;
  /** Of the whole input, where that is known. */
  readonly totalRows?: number;
}

/**
 * Converts a file piece by piece and uploads each; while one goes up the next is made, so the disk holds two. Throws
 * RS_VALUE_UNREPRESENTABLE and RS_INPUT_INVALID.
 */
export async function stageLocalFiles(
  engine: Engine,
  { input, columns, plan, before, refuse, totalRows }: FileLoad,
  area: StageSink,
  recorder: WriteRecorder,
  run: Run,
): Promise<StagedInput> {
  const files: StagedFile[] = [];
  let rowsRead = 0;
  let rowsRefused = 0;
  let bytes = 0;
  let checksum: Checksum | undefined;
  const send = async (local: LocalFile): Promise<void> => {
    let sentOfFile = 0;
    const onBytes = (sent: number): void => {
      bytes += sent;
      sentOfFile += sent;
      report(Math.floor(local.rows * (sentOfFile / local.bytes)));
    };
    if (local.rows > 0) files.push(await area.putFile(basename(local.path), local.path, onBytes));
    await rm(local.path);
    rowsRead += local.rows + local.refused.length;
    rowsRefused += local.refused.length;
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
    const rejected = before.rowsRefused + rowsRefused;
    recorder.count({ read: rows, staged: rows - rejected, rejected });
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
      // One more than is allowed is enough to fail.
      mostRefused: plan.rejectLimit + 1,
    };
    for await (const local of stageFile(engine, spec, run)) {
      refuse(local.refused);
      if (plan.verify && local.rows > 0)
        checksum = added(checksum, await checksumOfStaged(engine, local.path, spec, run));
      await sending;
      sending = send(local);
      sending.catch(() => undefined); // met by the next await
    }
    await sending;
    // Of a file with rows that are left out, what was staged is all that can be compared.
    if (checksum !== undefined && input.format === 'parquet' && rowsRefused === 0) {
      checksum = await withParquetSource(engine, checksum, spec, run);
    }
  } finally {
    await Promise.allSettled([sending]);
  }
  return { files, rowsRead, rowsStaged: rowsRead - rowsRefused, rowsRefused, bytes, ...defined({ checksum }) };
}

function added(before: Checksum | undefined, more: Checksum): Checksum {
  return before === undefined ? more : addChecksums(before, more);
}
