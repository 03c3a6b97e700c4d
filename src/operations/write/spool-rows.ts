import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Engine } from '../../columnar/engine.ts';
import { readSpooledRows } from '../../columnar/spooled-rows.ts';
import type { Run } from '../../core/run.ts';
import type { StagedFile } from '../../staging/staged-file.ts';
import { readCsvRows } from '../../types/csv-rows.ts';
import type { WritePlan } from '../write-plan.ts';
import type { Spool } from './spool.ts';

/** The texts of a row, its number last where the plan numbers rows. */
export type SpooledRow = readonly (string | null)[];

/** The rows of a spool, in the order of the input; to be read as often as need be. */
export async function* readSpool(
  spool: Spool,
  files: readonly StagedFile[],
  { format, columns, load }: WritePlan,
  run: Run,
): AsyncGenerator<SpooledRow, void, undefined> {
  if (format.compression === 'gzip') {
    for (const { name } of files) yield* readCsvRows(gunzipped(spool.pathOf(name), run), format);
    return;
  }
  // The program's own runtime may not know how to open the files that the engine wrote.
  await using engine = await Engine.open({ folder: spool.folder, threads: 1 });
  const text = { ...format, columns: columns.length, isNumbered: load.kind === 'staged' };
  for (const { name } of files) yield* readSpooledRows(engine, spool.pathOf(name), text, run);
}

async function* gunzipped(path: string, { signal }: Run): AsyncGenerator<string, void, undefined> {
  const text = createGunzip();
  text.setEncoding('utf8');
  const source = createReadStream(path, { signal });
  pipeline(source, text, () => undefined); // a failure ends the iteration below
  for await (const chunk of text) yield chunk as string;
}
