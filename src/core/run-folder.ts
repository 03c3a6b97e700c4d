import { lstat, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isGone, type Owner, ownerOf, readOwner } from './process-owner.ts';
import type { Run } from './run.ts';
import { makeWorkFolder } from './work-folder.ts';

const OWNER_FILE = 'owner.json';
const RUN_FOLDER = /^roleshift-(?:read|write|exec)-\w{6}$/;

/** What a folder is for. */
type Work = 'read' | 'write' | 'exec';

/**
 * Makes a folder for the files of one read, write or command, open to its owner alone; whoever asked removes it. Folders
 * there whose process is provably dead, which only a kill leaves, are removed first. Throws RS_CONFIG_INVALID.
 */
export async function makeRunFolder(workDirectory: string, work: Work, run: Run): Promise<string> {
  const self = await ownerOf(process.pid);
  if (self !== undefined) await sweep(workDirectory, self, run);
  const folder = await makeWorkFolder(workDirectory, `roleshift-${work}-`);
  if (self !== undefined) await sweepable(folder, self, run);
  return folder;
}

async function sweepable(folder: string, self: Owner, { publish }: Run): Promise<void> {
  try {
    await writeFile(join(folder, OWNER_FILE), JSON.stringify(self), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const reason = 'Should this process be killed, its folder stays in the work directory';
    publish({ type: 'suppressed', reason, message: messageOf(error) });
  }
}

async function sweep(workDirectory: string, self: Owner, { publish }: Run): Promise<void> {
  try {
    for (const name of await readdir(workDirectory)) {
      if (!RUN_FOLDER.test(name)) continue;
      const folder = join(workDirectory, name);
      if (await isAbandoned(folder, self)) await rm(folder, { recursive: true, force: true });
    }
  } catch (error) {
    publish({ type: 'suppressed', reason: 'A folder of a dead process stays', message: messageOf(error) });
  }
}

/** True only where all is certain: our user's own folder, made in this boot and namespace by a process that is no more. */
async function isAbandoned(folder: string, self: Owner): Promise<boolean> {
  try {
    const found = await lstat(folder);
    const file = await lstat(join(folder, OWNER_FILE));
    if (!found.isDirectory() || found.uid !== process.getuid?.() || !file.isFile() || file.uid !== found.uid)
      return false;
    const owner = readOwner(await readFile(join(folder, OWNER_FILE), 'utf8'));
    return owner !== undefined && (await isGone(owner, self));
  } catch {
    return false; // it went meanwhile, or it is not what we write
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
