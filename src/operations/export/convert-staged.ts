import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { columnsAnew, schemaAnew, writeAnew } from '../../columnar/carry-columns.ts';
import { Engine } from '../../columnar/engine.ts';
import { readFooter } from '../../columnar/parquet-footer.ts';
import { isPlain } from '../../columnar/parquet-layout.ts';
import { measureRows } from '../../columnar/read-parquet.ts';
import type { Thrift } from '../../columnar/thrift-compact.ts';
import type { OpenedRead } from '../read/read-open.ts';
import type { StagedRead } from '../read/read-staged.ts';
import type { FetchedFile } from '../read/read-staged-fetch.ts';
import type { ReadOutput } from '../read/read-state.ts';
import { countMismatch } from '../read/read-unload.ts';
import type { ExportedFile } from './export-report.ts';
import type { ExportWork } from './export-work.ts';
import type { ExportPlan } from './file-destination.ts';
import { noValues } from './value-pieces.ts';

/** What the engine holds of wide rows, several times over; else it takes rows by so many. */
const WIDE_BYTES = 2 * 1024 * 1024;
const VECTOR_ROWS = 2048;
/** Row groups are carried over whole: a file is larger than asked for by one at most. */
const CARRY_FROM_BYTES = 256 * 1000 * 1000;

/** Whether the unloaded files hold every value in a form that the engine alone makes the API's value of. */
export function isNative({ fields }: OpenedRead, { format }: StagedRead): boolean {
  if (format.kind !== 'parquet') return false;
  return fields.every(({ type }) => type.kind !== 'intervalYearToMonth' && type.kind !== 'intervalDayToSecond');
}

/** File to file: no row becomes a JavaScript object. */
export async function convertStaged(work: ExportWork, staged: StagedRead): Promise<void> {
  const { series, plan, opened } = work;
  // Columns that are carried over and those beside them must keep one order: one thread does.
  const mayCarry = opened.check === undefined && isCarriedForm(plan);
  await using engine = await Engine.open({ folder: staged.folder, ...(mayCarry ? { threads: 1 } : {}) });
  const to = join(engine.folder, `export.${plan.form.format}`);
  const schema = mayCarry ? await schemaAnew(engine, opened.fields, to, work.run) : undefined;
  for await (const file of staged.files()) {
    // As the engine sees its folder.
    const path = join(engine.folder, file.path.slice(staged.folder.length + 1));
    const isCarried = schema !== undefined && file.rows > 0 && (await carry(work, engine, { path, schema, to }));
    if (!isCarried) await convertFile(work, engine, { ...file, path }, to);
    if (work.endsWithStagedFiles) await series.close();
    await file.done(series.rows, work.endsWithStagedFiles ? series.files.map(outputOf) : undefined);
  }
  if (series.rows !== staged.totalRows) throw countMismatch(staged.totalRows, series.rows);
  if (staged.totalRows === 0) await work.convert(engine, await noValues(join(engine.folder, 'none.csv')), to);
}

/** What another attempt must know of a file. Its name follows from its number. */
function outputOf({ rows, bytes, sha256 }: ExportedFile): ReadOutput {
  return { rows, bytes, ...(sha256 === undefined ? {} : { sha256 }) };
}

/** What UNLOAD writes is packed by Snappy. Pieces of an exact size are cut out of it by rows. */
function isCarriedForm({ form, split }: ExportPlan): boolean {
  if (form.format !== 'parquet' || form.compression !== 'snappy') return false;
  return split === undefined || (!Number.isFinite(split.rows) && split.bytes >= CARRY_FROM_BYTES);
}

/** Takes columns as they are, and writes the few others anew. False where the file is none of which that can be done. */
async function carry(
  work: ExportWork,
  engine: Engine,
  { path, schema, to }: { readonly path: string; readonly schema: readonly Thrift[]; readonly to: string },
): Promise<boolean> {
  const { fields } = work.opened;
  const end = await readFooter(path);
  const anew = columnsAnew(fields, end, schema);
  if (anew === undefined || !(await isPlain(path, end, fields.length))) return false;
  const { part, rows } = await writeAnew(engine, path, { fields, anew, schema, to }, work.run);
  await work.add(part, rows);
  for (const piece of part.pieces) await rm(piece, { force: true });
  return true;
}

async function convertFile(
  work: ExportWork,
  engine: Engine,
  { path, rows }: Pick<FetchedFile, 'path' | 'rows'>,
  to: string,
): Promise<void> {
  const { rowBytes } = await measureRows(engine, path, work.opened.fields, work.run);
  const rowsAtOnce = rowBytes * VECTOR_ROWS > WIDE_BYTES ? Math.max(1, Math.floor(WIDE_BYTES / rowBytes)) : rows;
  for (let start = 0; start < rows; ) {
    const end = Math.min(rows, start + Math.min(rowsAtOnce, work.series.room));
    await work.convert(
      engine,
      { kind: 'unloaded', path },
      to,
      start === 0 && end === rows ? undefined : { start, end },
    );
    start = end;
  }
}
