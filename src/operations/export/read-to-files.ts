import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from '../../columnar/engine.ts';
import { type ExportInput, exportFile } from '../../columnar/export-file.ts';
import { ConnectorError } from '../../core/errors.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import { type Path, requireFidelity } from '../../types/fidelity.ts';
import type { SupportedField } from '../../types/field.ts';
import type { Connection } from '../connection.ts';
import { type OpenedRead, openRead } from '../read/read-open.ts';
import type { ReadSpec } from '../read/read-spec.ts';
import type { StagedRead } from '../read/read-staged.ts';
import { countMismatch } from '../read/read-unload.ts';
import type { ExportReport } from './export-report.ts';
import type { ExportTarget } from './export-target.ts';
import { type ExportPlan, type FileDestination, planExport } from './file-destination.ts';
import { FileSeries } from './file-series.ts';
import { openLocalTarget } from './local-target.ts';
import { openS3Target } from './s3-target.ts';
import { noValues, valuePieces } from './value-pieces.ts';

const PATHS: Readonly<Record<ExportPlan['form']['format'], Path>> = {
  parquet: 'Parquet file',
  csv: 'CSV file',
  jsonl: 'JSON Lines file',
};

interface Work {
  readonly opened: OpenedRead;
  readonly plan: ExportPlan;
  readonly series: FileSeries;
  readonly acceptLoss: readonly string[];
  readonly run: Run;
}

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
  if (spec.resumable === true || spec.resumeFrom !== undefined) {
    throw invalidField('resumable', 'A read to files begins anew after a crash', 'Leave resumable out.');
  }
  await using target = await openTarget(connection, plan, run);
  await using opened = await openRead(connection, spec, run);
  const { acceptLoss = [] } = spec;
  requireFidelity(opened.fields, PATHS[plan.form.format], acceptLoss);
  requireNames(opened.fields, plan);
  const series = new FileSeries(target, plan, opened.fields);
  const work: Work = { opened, plan, series, acceptLoss, run };
  try {
    if (opened.staged !== undefined && isNative(opened, opened.staged)) await convertStaged(work, opened.staged);
    else await convertValues(connection, work);
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
    ms: Math.round(performance.now() - startedMs),
  };
}

function openTarget(connection: Connection, plan: ExportPlan, run: Run): Promise<ExportTarget> {
  const { place, replace, form } = plan;
  const isSplit = plan.split !== undefined;
  switch (place.kind) {
    case 'local':
      return openLocalTarget({ path: place.path, isSplit, replace }, run);
    case 's3': {
      const packed = form.format === 'parquet' ? '' : ({ gzip: '.gz', zstd: '.zst' }[form.compression as string] ?? '');
      return openS3Target(connection, { ...place, isSplit, replace, extension: `.${form.format}${packed}` }, run);
    }
    case 'stream':
      return Promise.resolve({
        open: () => ({ file: '-', consume: place.consume }),
        commit: () => Promise.resolve(),
        note: () => Promise.reject(new ConnectorError('RS_INTERNAL', 'A stream has no files beside it')),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
  }
}

/** Whether the unloaded files hold every value in a form that the engine alone makes the API's value of. */
function isNative({ fields, check }: OpenedRead, { format }: StagedRead): boolean {
  if (format.kind !== 'parquet' || check !== undefined) return false;
  return fields.every(({ type }) => type.kind !== 'intervalYearToMonth' && type.kind !== 'intervalDayToSecond');
}

/** File to file: no row becomes a JavaScript object. */
async function convertStaged(work: Work, staged: StagedRead): Promise<void> {
  const { series, plan } = work;
  await using engine = await Engine.open({ folder: staged.folder });
  const to = join(engine.folder, `export.${plan.form.format}`);
  for await (const file of staged.files()) {
    const input = { kind: 'unloaded', path: join(engine.folder, file.path.slice(staged.folder.length + 1)) } as const;
    for (let start = 0; start < file.rows; ) {
      const end = Math.min(file.rows, start + series.room);
      await addPiece(work, engine, input, to, start === 0 && end === file.rows ? undefined : { start, end });
      start = end;
    }
    await file.done(series.rows);
  }
  if (series.rows !== staged.totalRows) throw countMismatch(staged.totalRows, series.rows);
  if (staged.totalRows === 0) await addPiece(work, engine, await noValues(join(engine.folder, 'none.csv')), to);
}

/** By the values of the API, as text. */
async function convertValues({ workDirectory }: Connection, work: Work): Promise<void> {
  const { opened, series, plan, run } = work;
  const folder = await makeRunFolder(workDirectory, 'read', run);
  try {
    // One thread keeps the order of the rows.
    await using engine = await Engine.open({ folder, threads: 1 });
    const to = join(engine.folder, `export.${plan.form.format}`);
    const path = join(engine.folder, 'values.csv');
    const maxBytes = plan.split === undefined ? undefined : Math.min(16 * 1024 * 1024, plan.split.bytes / 2);
    const options = { room: () => series.room, ...(maxBytes === undefined ? {} : { maxBytes }) };
    for await (const { input } of valuePieces(opened.batches(), path, options)) {
      await addPiece(work, engine, input, to);
    }
    if (series.rows === 0) await addPiece(work, engine, await noValues(path), to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function addPiece(
  { opened, plan, series, acceptLoss, run }: Work,
  engine: Engine,
  input: ExportInput,
  to: string,
  range?: { readonly start: number; readonly end: number },
): Promise<void> {
  const piece = await exportFile(engine, input, { fields: opened.fields, form: plan.form, acceptLoss, range, to }, run);
  await series.add(to, piece);
  await rm(to, { force: true });
  const { rows, bytes, files } = series;
  run.publish({ type: 'progress', phase: 'export', rows, bytes, files: files.length });
}

/** JSON and Parquet have one value a name. */
function requireNames(fields: readonly SupportedField[], { form }: ExportPlan): void {
  if (form.format === 'csv') return;
  const names = fields.map(({ name }) => name);
  const twice = names.find((name, position) => names.indexOf(name) !== position);
  if (twice === undefined) return;
  throw invalidField(
    'columns',
    `Two columns are called ${JSON.stringify(twice)}, which a file of this format cannot hold`,
    'Rename one of them by "as", or write CSV.',
  );
}

function writeManifest(target: ExportTarget, { series, plan }: Work): Promise<string> {
  const { rows, bytes, files } = series;
  return target.note(
    '_manifest.json',
    `${JSON.stringify({ rows, bytes, format: plan.form.format, files }, undefined, 2)}\n`,
  );
}
