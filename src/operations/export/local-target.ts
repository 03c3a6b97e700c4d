import { createWriteStream } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ConnectorError } from '../../core/errors.ts';
import { classifyFileError } from '../../core/file-error.ts';
import { invalidField } from '../../core/invalid-field.ts';
import type { Run } from '../../core/run.ts';
import { makeRunFolder } from '../../core/run-folder.ts';
import { type ExportTarget, keptFileGone, numbered } from './export-target.ts';

const KEPT = 'roleshift-kept-';
const KEPT_NAME = /^roleshift-kept-[0-9a-f]{32}$/;
const KEPT_MS = 7 * 24 * 60 * 60_000;
const ACTION = 'Choose a file that you may write, on a disk with room.';

export interface LocalTargetInit {
  readonly path: string;
  /** Several files, numbered. */
  readonly isSplit: boolean;
  readonly replace: boolean;
  /** Of a run that may go on: its files wait in the same folder for each attempt. */
  readonly resumeKey?: string | undefined;
}

/**
 * Files in a local folder. They are written in a folder beside it that a later run there removes if this process is
 * killed, made durable, and renamed. A device or pipe is written as it is. Throws RS_CONFIG_INVALID.
 */
export async function openLocalTarget(
  { path, isSplit, replace, resumeKey }: LocalTargetInit,
  run: Run,
): Promise<ExportTarget> {
  const what = `The output file ${JSON.stringify(path)}`;
  const found = await statOf(path, what);
  if (found !== undefined && !found.isFile() && !found.isDirectory()) return deviceTarget(path, isSplit, what);
  if (found?.isDirectory() === true) throw classifyFileError(errno('EISDIR'), what, ACTION);
  const folder = dirname(resolve(path));
  const parent = await statOf(folder, what);
  if (parent === undefined) throw classifyFileError(errno('ENOENT'), what, ACTION);
  const name = basename(path);
  const before = await siblings(folder, name, isSplit);
  const [first] = before;
  const kept = isSplit && resumeKey !== undefined ? join(folder, `${KEPT}${resumeKey.slice(0, 32)}`) : undefined;
  const goesOn = kept !== undefined && (await statOf(kept, what)) !== undefined;
  if (first !== undefined && !replace && !goesOn) throw isThere(join(dirname(path), first));
  const beside = await (kept === undefined ? makeRunFolder(folder, 'read', run) : makeKeptFolder(folder, kept)).catch(
    (error: unknown) => {
      throw new ConnectorError('RS_CONFIG_INVALID', `${what} cannot be written: its folder takes no new file`, {
        action: ACTION,
        cause: error,
      });
    },
  );
  const made: string[] = [];
  const adopted = new Map<string, number>();
  let isKept = false;
  return {
    adopt: async (sizes) => {
      for (const [index, bytes] of sizes.entries()) {
        const own = numbered(name, index + 1);
        // Renamed already, where the attempt before broke off in the middle of that.
        const waiting = (await statOf(join(beside, own), what)) ?? (await statOf(join(folder, own), what));
        if (waiting?.size !== bytes) throw keptFileGone(join(dirname(path), own));
        adopted.set(own, bytes);
      }
    },
    keep: () => {
      isKept = kept !== undefined;
    },
    open: (number) => {
      const own = isSplit ? numbered(name, number) : name;
      made.push(own);
      return {
        file: join(dirname(path), own),
        consume: async (bytes) => {
          try {
            await pipeline(bytes, createWriteStream(join(beside, own), { mode: 0o600 }));
            await sync(join(beside, own));
          } catch (error) {
            throw classifyFileError(error, what, ACTION);
          }
        },
      };
    },
    commit: async () => {
      const appeared: string[] = [];
      try {
        for (const own of made) {
          const isThereAlready = adopted.has(own) && (await statOf(join(beside, own), what)) === undefined;
          if (isThereAlready) continue;
          await appear(join(beside, own), join(folder, own), replace);
          appeared.push(join(folder, own));
        }
        isKept = false;
        if (replace) for (const old of before) if (!made.includes(old)) await rm(join(folder, old), { force: true });
        await sync(folder);
      } catch (error) {
        if (!replace && kept === undefined) await Promise.all(appeared.map((own) => rm(own, { force: true })));
        throw classifyFileError(error, what, ACTION);
      }
    },
    note: async (suffix, text) => {
      const own = noteName(name, suffix);
      await writeFile(join(beside, own), text, { mode: 0o600 });
      await rename(join(beside, own), join(folder, own));
      return join(dirname(path), own);
    },
    [Symbol.asyncDispose]: async () => {
      if (!isKept) await rm(beside, { recursive: true, force: true });
    },
  };
}

/** The folder of a run that may go on: another attempt finds it, and what nobody came back for goes after a week. */
async function makeKeptFolder(folder: string, kept: string): Promise<string> {
  for (const name of await readdir(folder)) {
    if (!KEPT_NAME.test(name) || join(folder, name) === kept) continue;
    const { mtimeMs, uid } = await lstat(join(folder, name));
    const isOwn = uid === (process.getuid?.() ?? uid);
    if (isOwn && Date.now() - mtimeMs > KEPT_MS) await rm(join(folder, name), { recursive: true, force: true });
  }
  await mkdir(kept, { recursive: true, mode: 0o700 });
  const { uid } = await lstat(kept);
  if (uid !== (process.getuid?.() ?? uid)) throw errno('EACCES');
  return kept;
}

/** Never over a file that came meanwhile, unless it may be replaced. */
async function appear(from: string, to: string, replace: boolean): Promise<void> {
  if (replace) return rename(from, to);
  try {
    await link(from, to);
    await rm(from);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST') throw isThere(to);
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    await rename(from, to); // a file system without links
  }
}

function deviceTarget(path: string, isSplit: boolean, what: string): ExportTarget {
  if (isSplit) throw invalidField('splitBytes', 'A device or pipe is one file', 'Leave splitBytes and splitRows out.');
  return {
    adopt: () => Promise.resolve(),
    keep: () => undefined,
    open: () => ({
      file: path,
      consume: async (bytes) => {
        try {
          await pipeline(bytes, createWriteStream(path));
        } catch (error) {
          throw classifyFileError(error, what, ACTION);
        }
      },
    }),
    commit: () => Promise.resolve(),
    note: () => Promise.reject(new ConnectorError('RS_INTERNAL', 'A device has no files beside it')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Files of this name, or of its numbered ones, that are there. */
async function siblings(folder: string, name: string, isSplit: boolean): Promise<readonly string[]> {
  const names = await readdir(folder);
  if (!isSplit) return names.filter((one) => one === name);
  const [stem = '', rest = ''] = numbered(name, 1).split('-00001');
  return names.filter(
    (one) =>
      one === noteName(name, '_manifest.json') ||
      (one.startsWith(`${stem}-`) &&
        one.endsWith(rest) &&
        /^-\d{5,}$/.test(one.slice(stem.length, one.length - rest.length))),
  );
}

/** Of a small file beside the others. */
function noteName(name: string, suffix: string): string {
  return `${name.replace(/\..*$/, '')}${suffix}`;
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function statOf(path: string, what: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw classifyFileError(error, what, ACTION);
  }
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function isThere(path: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `The output file ${JSON.stringify(path)} is there already`, {
    action: 'Choose another name, or set replace.',
  });
}
