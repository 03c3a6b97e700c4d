import { lstat, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Run } from './run.ts';
import { makeWorkFolder } from './work-folder.ts';

/** Which process a folder belongs to, so that a later one can prove that it is gone. */
interface Owner {
  readonly pid: number;
  /** Clock ticks since boot: tells a process from another one that got the same id later. */
  readonly started: string;
  readonly boot: string;
  /** The namespace that the id counts in: a container sees no process of another one. */
  readonly namespace: string;
}

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

/** Without /proc nothing can be proved later: then no folder is marked and none is removed. */
async function ownerOf(pid: number): Promise<Owner | undefined> {
  try {
    const [boot, namespace, started] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readlink('/proc/self/ns/pid'),
      startOf(pid),
    ]);
    return { pid, started, boot: boot.trim(), namespace };
  } catch {
    return undefined;
  }
}

/** The name of the program, in parentheses, may hold blanks and parentheses itself. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  if (started === undefined || !/^\d+$/.test(started)) throw new TypeError('No start time');
  return started;
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
    if (owner === undefined || owner.boot !== self.boot || owner.namespace !== self.namespace) return false;
    return !(await isRunning(owner));
  } catch {
    return false; // it went meanwhile, or it is not what we write
  }
}

function readOwner(text: string): Owner | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, started, boot, namespace } = value as Readonly<Record<keyof Owner, unknown>>;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (typeof started !== 'string' || typeof boot !== 'string' || typeof namespace !== 'string') return undefined;
  return { pid, started, boot, namespace };
}

async function isRunning({ pid, started }: Owner): Promise<boolean> {
  try {
    process.kill(pid, 0); // sends nothing: asks
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
  return (await startOf(pid)) === started;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
