import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

// Waits for our end of its input: when this process dies, however it dies, the folder goes with it.
const WATCHED = 'read -r _; rm -rf "$1"';

/** A folder of a world's own. Disposal removes it, and so does the end of this process, whatever ends it. */
export interface WorldFolder extends AsyncDisposable {
  readonly path: string;
}

export async function openWorldFolder(parent: string = tmpdir()): Promise<WorldFolder> {
  await mkdir(parent, { recursive: true });
  const path = await mkdtemp(join(resolve(parent), 'roleshift-world-'));
  const watcher = spawn('/bin/sh', ['-c', WATCHED, 'sh', path], {
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ended = once(watcher, 'exit').catch(() => undefined); // no shell: nobody watches
  watcher.stdin.on('error', () => undefined); // it is gone already
  watcher.unref();
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      watcher.ref(); // or the process could end, its work done, before this is
      watcher.stdin.end();
      await ended;
      await rm(path, { recursive: true, force: true });
    },
  };
}
