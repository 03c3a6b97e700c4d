import { createHash } from 'node:crypto';
import { Engine } from '../../columnar/engine.ts';
import { inPhase } from '../../core/follow-run.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import { type Path, requireFidelity } from '../../types/fidelity.ts';
import type { SupportedField } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import { openRead } from '../read/read-open.ts';
import type { ReadSpec } from '../read/read-spec.ts';
import type { StagedRead } from '../read/read-staged.ts';
import { countMismatch } from '../read/read-unload.ts';
import type { Verification } from '../verify/compare.ts';
import { convertStaged, isNative } from './convert-staged.ts';
import { convertValues } from './convert-values.ts';
import type { ExportReport } from './export-report.ts';
import type { ExportTarget } from './export-target.ts';
import { ExportWork } from './export-work.ts';
import { type ExportPlan, type FileDestination, isNumbered, planExport } from './file-destination.ts';
import { FileSeries } from './file-series.ts';
import { openTarget } from './open-target.ts';
import { requireNames } from './require-names.ts';

const PATHS: Readonly<Record<ExportPlan['form']['format'], Path>> = {
  parquet: 'Parquet file',
  csv: 'CSV file',
  jsonl: 'JSON Lines file',
};

/**
 * Reads into files: Parquet, CSV or JSON Lines, on the local disk or in S3. They are there completely or not at all, and
 * hold the same values as the batches of a read. Rows of a staged read go from file to file in native code. Throws what a
 * read throws, RS_CONFIG_INVALID for a destination that cannot be, RS_LOSS_REFUSED, RS_VALUE_UNREPRESENTABLE.
 */
export async function readToFiles(
  connection: Connection,
  spec: ReadSpec,
  destination: FileDestination,
  run: Run,
): Promise<ExportReport> {
  const startedMs = performance.now();
  const plan = planExport(destination);
  const { acceptLoss = [] } = spec;
  if (spec.resumeFrom !== undefined) {
    throw invalidField('resumeFrom', 'Files hold no checkpoint', 'Leave it out: the same run id goes on by itself.');
  }
  const resumeKey = spec.resumable === true ? keyOf(run, plan) : undefined;
  // Files are complete only where there are several: those of an earlier attempt need not be made again.
  const goesOn = resumeKey !== undefined && isNumbered(plan);
  await using target = await openTarget(connection, plan, resumeKey, run);
  // Before anything is unloaded: what the columns alone rule out is known by then.
  const onDescribed = (fields: readonly SupportedField[]): void => {
    requireFidelity(fields, PATHS[plan.form.format], acceptLoss);
    requireNames(fields, plan.form.format);
  };
  Engine.prepare();
  await using opened = await openRead(connection, spec, run, {
    onDescribed,
    ...(goesOn ? { startAt: 'recorded' } : {}),
  });
  const series = new FileSeries(target, plan, opened.fields);
  const work = new ExportWork({ opened, plan, series, acceptLoss, endsWithStagedFiles: goesOn }, run);
  const { staged } = opened;
  if (goesOn && staged !== undefined) await goOn(target, series, staged, run);
  let verified: Verification | undefined;
  try {
    const convert = (): Promise<void> =>
      staged !== undefined && isNative(opened, staged) ? convertStaged(work, staged) : convertValues(connection, work);
    await inPhase(run, 'export', convert);
    // Before the last file is complete: in S3 it would have taken the place of what was there.
    verified = work.checksum === undefined ? undefined : opened.check?.compare(work.checksum);
    await series.close();
  } catch (error) {
    await series.abort(error);
    throw error;
  }
  run.signal.throwIfAborted();
  await target.commit();
  const { rows, bytes, files } = series;
  const manifest = plan.manifest ? await writeManifest(target, work) : undefined;
  await opened.finish();
  return {
    runId: run.runId,
    rows,
    bytes,
    files,
    format: plan.form.format,
    mode: opened.plan.kind,
    why: opened.plan.why,
    ...(manifest === undefined ? {} : { manifest }),
    ...(verified === undefined ? {} : { verified }),
    ms: Math.round(performance.now() - startedMs),
  };
}

/** Takes over what an earlier attempt has made, which must be of the rows that are left out. */
async function goOn(
  target: ExportTarget,
  series: FileSeries,
  { output, skippedRows }: StagedRead,
  { publish }: Run,
): Promise<void> {
  await target.adopt(output.map(({ bytes }) => bytes));
  series.goOn(output);
  if (series.rows !== skippedRows) throw countMismatch(skippedRows, series.rows);
  target.keep();
  if (output.length === 0) return;
  const files = output.length === 1 ? '1 file' : `${output.length} files`;
  publish({
    type: 'warning',
    code: 'EXPORT_RESUMED',
    message: `An earlier attempt of the run is gone on with: ${files} with ${series.rows} rows are kept as they are`,
  });
}

/** Names a run and where it goes. */
function keyOf({ runId }: Run, { place, form, split }: ExportPlan): string {
  const where = place.kind === 'stream' ? '' : place;
  return createHash('sha256')
    .update(JSON.stringify([runId, where, form, split]))
    .digest('hex');
}

function writeManifest(target: ExportTarget, { series, plan }: ExportWork): Promise<string> {
  const { rows, bytes, files } = series;
  return target.note(
    '_manifest.json',
    `${JSON.stringify({ rows, bytes, format: plan.form.format, files }, undefined, 2)}\n`,
  );
}
