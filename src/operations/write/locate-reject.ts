import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Engine } from '../../columnar/engine.ts';
import { findRecord } from '../../columnar/rejected-rows.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import type { StagedFiles } from '../../staging/stage-sink.ts';
import type { WritePlan } from '../write-plan.ts';
import type { LoadReject } from '../write-report.ts';
import type { StagedLoad } from './staged-load.ts';

/** Where staged files lie, and where one of them may be looked at. */
export interface StagedPlace {
  readonly area: StagedFiles;
  readonly workDirectory: string;
}

/**
 * The number of the row, from 1, that Redshift tells by a line of a staged file; `undefined` where rows are not numbered
 * there, or where newlines in values leave the line open. It is an extra: throws for an abort of the run alone.
 */
export async function locateReject(
  { area, workDirectory }: StagedPlace,
  plan: WritePlan,
  staged: StagedLoad,
  { file, line }: LoadReject,
  run: Run,
): Promise<number | undefined> {
  const found = staged.files.find(({ name }) => name === file);
  if (found === undefined || line === undefined || plan.load.kind !== 'staged') return undefined;
  try {
    const folder = await makeRunFolder(workDirectory, 'write', run);
    try {
      await using engine = await Engine.open({ folder, threads: 1 });
      const path = join(engine.folder, 'rejected.csv');
      await area.getFile(found.name, path, found.bytes, run.signal);
      return await findRecord(engine, path, { ...plan.format, columns: plan.columns.length, line }, run);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    run.signal.throwIfAborted();
    const message = error instanceof Error ? error.message : String(error);
    run.publish({ type: 'suppressed', reason: 'looking for a row that Redshift refused', message });
    return undefined;
  }
}
