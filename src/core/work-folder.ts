import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { classifyFileError } from './file-error.ts';

/** Makes a folder of a run's own below the work directory; whoever asked removes it. Throws RS_CONFIG_INVALID. */
export async function makeWorkFolder(workDirectory: string, prefix: string): Promise<string> {
  try {
    return await mkdtemp(join(workDirectory, prefix));
  } catch (error) {
    throw classifyFileError(
      error,
      `The work directory ${JSON.stringify(workDirectory)}`,
      'Make room there, or choose another one: TMPDIR on the command line, workDirectory in a host.',
    );
  }
}
