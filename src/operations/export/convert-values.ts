import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from '../../columnar/engine.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { Connection } from '../connection.ts';
import type { ExportWork } from './export-work.ts';
import { noValues, valuePieces } from './value-pieces.ts';

/** By the values of the API, as text: what a cursor gives, and staged files of types that the engine does not know. */
export async function convertValues(
  { workDirectory }: Pick<Connection, 'workDirectory'>,
  work: ExportWork,
): Promise<void> {
  const { opened, series, plan, run } = work;
  const folder = await makeRunFolder(workDirectory, 'read', run);
  try {
    // One thread keeps the order of the rows.
    await using engine = await Engine.open({ folder, threads: 1 });
    const to = join(engine.folder, `export.${plan.form.format}`);
    const path = join(engine.folder, 'values.csv');
    const maxBytes = plan.split === undefined ? undefined : Math.min(16 * 1024 * 1024, plan.split.bytes / 2);
    const options = { room: () => series.room, ...(maxBytes === undefined ? {} : { maxBytes }) };
    for await (const { input } of valuePieces(opened.batches(), path, options)) await work.convert(engine, input, to);
    if (series.rows === 0) await work.convert(engine, await noValues(path), to);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
