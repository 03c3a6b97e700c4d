import { basename } from 'node:path';
import type { Run } from '../../core/run.ts';
import type { StageSink } from '../../staging/stage-sink.ts';
import type { Connection } from '../connection.ts';
import type { InputField } from '../target/input-field.ts';
import type { WritePlan } from '../write-plan.ts';
import type { WriteInput, WriteSpec } from '../write-spec.ts';
import { openArrow } from './input-arrow.ts';
import { openFiles } from './input-files.ts';
import { openRows } from './input-rows.ts';
import type { RowPlace } from './input-sources.ts';
import { isArrow, listParts } from './list-parts.ts';
import type { WriteRecorder } from './recorder.ts';
import { replayRows } from './replay.ts';
import type { SourceFile } from './source-file.ts';
import { stageRows } from './stage-rows.ts';
import type { StagedInput } from './staged-input.ts';

/** An input that is open: its columns are known, its rows still to come. Dispose closes it. */
export interface OpenInput extends AsyncDisposable {
  /** `undefined` where there are neither rows nor names. */
  readonly columns: readonly string[] | undefined;
  readonly compression: 'gzip' | 'zstd';
  /** The files that the rows are in, if they are such that can be known again. */
  readonly sources?: readonly SourceFile[];
  /** Where a row is to be found, by its number; only for rows that are in files. */
  placeOf(row: number): RowPlace | undefined;
  /**
   * Lines of their text files that rows begin in, from 1, by the numbers of the rows; as far as that is known. To be called
   * after `stage`: reads the files through that have such rows. Throws for an abort alone.
   */
  linesOf?(rows: readonly number[], run: Run): Promise<ReadonlyMap<number, number>>;
  /** The columns with their types, as far as the input tells them: a text file is read through for that. */
  fields(run: Run): Promise<readonly InputField[]>;
  /** Brings all rows into S3. To be called once. */
  stage(area: StageSink, plan: WritePlan, recorder: WriteRecorder, run: Run): Promise<StagedInput>;
}

/** Opens the program's rows, or a local file. Throws RS_INPUT_INVALID, RS_CONFIG_INVALID, RS_PACKAGE_MISSING. */
export async function openInput(
  connection: Connection,
  spec: WriteSpec,
  input: WriteInput,
  run: Run,
): Promise<OpenInput> {
  const wished = wishedColumns(spec);
  if ('file' in input || 'files' in input) {
    const open = isArrow(input) ? openArrow : openFiles;
    return open(connection.workDirectory, (folder) => listParts(connection, spec, input, folder, run), wished, run);
  }
  const isReplay = 'rejects' in input;
  const rows = await openRows(isReplay ? replayRows(input.rejects) : input, wished, run);
  return {
    columns: rows.columns,
    compression: 'gzip',
    placeOf: () => (isReplay ? { source: basename(input.rejects) } : undefined),
    fields: () => Promise.resolve(rows.fields),
    stage: (area, plan, recorder, stageRun) => stageRows(area, plan, rows, recorder, stageRun),
    [Symbol.asyncDispose]: () => rows[Symbol.asyncDispose](),
  };
}

/** Columns of the table that are named, and the one that says what becomes of a row, which is none of them. */
function wishedColumns({ columns, operation, changeColumn }: WriteSpec): readonly string[] | undefined {
  const isAdded = operation === 'dataDriven' && changeColumn !== undefined && columns?.includes(changeColumn) === false;
  return isAdded ? [...(columns ?? []), changeColumn] : columns;
}
