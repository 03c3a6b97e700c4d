import { randomBytes } from 'node:crypto';
import { access, constants, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { classifyFileError } from '../core/file-error.ts';
import type { RunReport } from '../operations/report/run-report.ts';
import { formatJson } from './format.ts';
import type { Output } from './output.ts';

const ACTION = 'Choose a file in a folder that you may write to, on a disk with room.';
const WHAT = 'The report file';

/**
 * Does the work, and writes the report of its run to a file: complete or not there, readable by its owner alone, however the
 * run ended. A failure to write it is a failure of the command only where the run has none; where no run began, a line says
 * that there is no report. Without a file, the work alone.
 */
export async function withReport<T>(
  file: string | undefined,
  { line }: Pick<Output, 'line'>,
  work: (onReport: ((report: RunReport) => void) | undefined) => Promise<T>,
): Promise<T> {
  if (file === undefined) return work(undefined);
  const path = resolve(file);
  await requireWritable(path);
  let report: RunReport | undefined;
  let result: T;
  try {
    result = await work((told) => {
      report = told;
    });
  } catch (error) {
    if (report === undefined) line('No report was written: the run did not begin.');
    else {
      const because = (reason: unknown): void =>
        line(`The report could not be written: ${reason instanceof Error ? reason.message : String(reason)}`);
      await write(path, report).catch(because);
    }
    throw error;
  }
  if (report !== undefined) await write(path, report);
  return result;
}

/** Told before the work, which may take hours. */
async function requireWritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK);
  } catch (error) {
    throw classifyFileError(error, WHAT, ACTION);
  }
}

async function write(path: string, report: RunReport): Promise<void> {
  const partial = `${path}.${randomBytes(6).toString('hex')}.partial`;
  try {
    {
      await using file = await open(partial, 'wx', 0o600);
      await file.writeFile(`${formatJson(report)}\n`);
      await file.sync();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw classifyFileError(error, WHAT, ACTION);
  }
}
