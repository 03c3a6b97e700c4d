import { randomUUID } from 'node:crypto';
import { lstatSync, rmSync, type Stats } from 'node:fs';
import { lstat, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConnectorError } from '../core/errors.ts';
import { classifyFileError } from '../core/file-error.ts';

/** Refuses a path that something stands at already, unless it is a plain file that may go. Throws RS_CONFIG_INVALID. */
export async function checkSecretFile(path: string, { replace }: { readonly replace: boolean }): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isFile()) {
    throw new ConnectorError('RS_CONFIG_INVALID', `${JSON.stringify(path)} is not a plain file`, {
      action: 'Name a file that is not there yet; links, devices and pipes are not followed.',
    });
  }
  if (replace) return;
  throw new ConnectorError('RS_CONFIG_INVALID', `The file ${JSON.stringify(path)} exists`, {
    action: 'Add --replace to write it anew, without what it holds now, or name another file.',
  });
}

/**
 * Writes a file that its owner alone may read: at once with its whole content, or not at all. Gives back what removes it.
 * Throws RS_CONFIG_INVALID.
 */
export async function writeSecretFile(path: string, content: string): Promise<WrittenFile> {
  const beside = join(dirname(path), `.${randomUUID()}.partial`);
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    const { ino } = await lstat(beside);
    await rename(beside, path);
    return { path, ino };
  } catch (error) {
    await rm(beside, { force: true });
    throw classifyFileError(error, `The file ${JSON.stringify(path)}`, 'Name a file that you may write.');
  }
}

export interface WrittenFile {
  readonly path: string;
  /** Tells it from one that somebody else put in its place. */
  readonly ino: number;
}

/** Removes the file, if it is still the one that was written. Not asynchronous: a process may be leaving. */
export function removeWrittenFile({ path, ino }: WrittenFile): void {
  let found: Stats | undefined;
  try {
    found = lstatSync(path);
  } catch {
    return; // it went meanwhile
  }
  if (found.ino === ino) rmSync(path, { force: true });
}
