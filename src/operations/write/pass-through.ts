import type { Engine } from '../../columnar/engine.ts';
import type { InputFile } from '../../columnar/input-file.ts';
import type { LoadColumn } from '../../columnar/load-expression.ts';
import { passesByShape, passesByValues } from '../../columnar/parquet-pass.ts';
import type { Run } from '../../core/run.ts';
import type { StageSink } from '../../staging/stage-sink.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import type { WritePlan } from '../write-plan.ts';
import type { WriteRecorder } from './recorder.ts';
import type { StagedInput } from './staged-input.ts';

/** One Parquet file and the columns that it goes to. */
export interface PassedFile {
  readonly input: InputFile;
  readonly columns: readonly LoadColumn[];
}

/**
 * Whether Parquet files may go to S3 as they are and be loaded by COPY FORMAT PARQUET: rows need no numbers (a plain
 * insert), none may be refused, the bucket is in the cluster's region, and every file has the same columns in the same
 * order, of the columns' own forms. Few rows are left to INSERT.
 */
export async function mayPass(
  engine: Engine,
  plan: WritePlan,
  files: readonly PassedFile[],
  run: Run,
): Promise<boolean> {
  const { load, path, copyRegion, explicitIds, verify, stagedFormat } = plan;
  if (stagedFormat === 'csv' || load.kind !== 'direct' || verify || explicitIds || copyRegion !== undefined)
    return false;
  const rows = files.reduce((sum, { input }) => sum + (input.rowCount ?? 0), 0);
  if (path.kind === 'insert' || (path.kind === 'look' && rows <= path.maxRows)) return false;
  const order = ({ input }: PassedFile): string => JSON.stringify(input.columns.map(({ name }) => name));
  const [first] = files;
  if (first === undefined || files.some((file) => order(file) !== order(first))) return false;
  for (const { input, columns } of files) if (!(await passesByShape(engine, input, columns, run))) return false;
  return true;
}

/**
 * Uploads Parquet files as they are, while their values are checked as a conversion would. `undefined` where one does not
 * pass: the conversion then tells its row and column, or carries it in another form. What was uploaded lies in the run's
 * folder, is in no manifest, and goes with it.
 */
export async function passThrough(
  engine: Engine,
  plan: WritePlan,
  files: readonly PassedFile[],
  sink: StageSink,
  recorder: WriteRecorder,
  run: Run,
): Promise<StagedInput | undefined> {
  const totalRows = files.reduce((sum, { input }) => sum + (input.rowCount ?? 0), 0);
  const staged: StagedFile[] = [];
  let bytes = 0;
  let rows = 0;
  const report = (): void => {
    Object.assign(recorder, { bytes, files: staged.length });
    recorder.count({ read: rows, staged: rows });
    run.publish({ type: 'progress', phase: 'stage', rows, bytes, files: staged.length, totalRows });
  };
  for (const [index, { input, columns }] of files.entries()) {
    const stop = new AbortController();
    const checking = passesByValues(engine, input, columns, {
      ...run,
      signal: AbortSignal.any([run.signal, stop.signal]),
    });
    try {
      const name = `part-${String(index + 1).padStart(5, '0')}.parquet`;
      const [isFine, file] = await Promise.all([
        checking,
        sink.putFile(name, input.path, (sent) => {
          bytes += sent;
          report();
        }),
      ]);
      if (!isFine) return undefined;
      staged.push(file);
    } finally {
      stop.abort();
      await Promise.allSettled([checking]);
    }
    rows += input.rowCount ?? 0;
    report();
  }
  const names = files[0]?.input.columns.map(({ name }) => name) ?? [];
  return {
    files: staged,
    rowsRead: rows,
    rowsStaged: rows,
    rowsRefused: 0,
    bytes,
    rowsOfFiles: files.map(({ input }) => input.rowCount ?? 0),
    parquetColumns: names.flatMap((name) => plan.columns.find(({ inputName }) => inputName === name)?.name ?? []),
  };
}
