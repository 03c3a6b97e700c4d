import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const DAY_MS = 86_400_000;
const TEMPLATE = /^template-[0-9a-f]+$/;
const UNFINISHED = /^(?:building-|dropping-|template-[0-9a-f]+\.\d+$)/;

/** Notes that this process makes clusters of a template, for as long as it lives: others leave the template alone. */
export async function noteUser(cacheDir: string, template: string): Promise<void> {
  const users = usersOf(cacheDir, template);
  await mkdir(users, { recursive: true });
  await writeFile(join(users, String(process.pid)), '');
}

/**
 * Removes the templates beside `template` that no living process has noted itself for, and what processes that were killed
 * left half made a day ago. A template goes in one step, by its name: who copies it at that moment fails, and makes it anew.
 */
export async function dropUnused(cacheDir: string, template: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    if (TEMPLATE.test(name) && !(await isUsed(cacheDir, name)) && name !== template) await drop(cacheDir, name);
    if (UNFINISHED.test(name) && (await isOld(join(cacheDir, name)))) await remove(join(cacheDir, name));
  }
}

function usersOf(cacheDir: string, template: string): string {
  return join(cacheDir, `${template}.users`);
}

async function isUsed(cacheDir: string, template: string): Promise<boolean> {
  const users = usersOf(cacheDir, template);
  const pids = await readdir(users).catch(() => []);
  const gone = pids.filter((pid) => !isAlive(Number(pid)));
  for (const pid of gone) await remove(join(users, pid));
  return gone.length < pids.length;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // The process is there, and not ours to signal.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

async function drop(cacheDir: string, template: string): Promise<void> {
  const dropped = join(cacheDir, `dropping-${template}.${process.pid}`);
  const isOurs = await rename(join(cacheDir, template), dropped).then(
    () => true,
    () => false, // another process was quicker
  );
  if (!isOurs) return;
  await remove(usersOf(cacheDir, template));
  await remove(dropped);
}

async function isOld(path: string): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs > DAY_MS,
    () => false, // gone meanwhile
  );
}

async function remove(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
