import { createHash, randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConnectorError } from '../../core/errors.ts';
import { classifyFileError } from '../../core/file-error.ts';
import type { SupportedField } from '../../types/field.ts';
import type { UnloadedFile } from './read-staged-manifest.ts';
import type { StagedFormat } from './read-unload.ts';

/** What a read must remember so that a process after this one can go on with it. No secret and no row is in it. */
export interface ReadState {
  readonly kind: 'roleshift-read';
  readonly version: 1;
  readonly runId: string;
  /** How far it came: the user's statements before it, all files written, the user's statements after it. */
  readonly phase: 'before' | 'unloaded' | 'after';
  /** From here on only once files were written. */
  readonly bucket?: string;
  readonly folderName?: string;
  readonly format?: StagedFormat;
  readonly fields?: readonly SupportedField[];
  readonly rows?: number;
  readonly files?: readonly UnloadedFile[];
  /** How many of the files, from the first on, were worked off for good. */
  readonly filesDone?: number;
  /** What was made of those, where they went into files. */
  readonly output?: readonly ReadOutput[];
}

/** A file that is complete, made of staged ones. */
export interface ReadOutput {
  readonly rows: number;
  readonly bytes: number;
  readonly sha256?: string;
}

/** The memory of one run's read of one source, a small file in the work directory. */
export interface StateFile {
  /** Names run and source: part of each checkpoint. */
  readonly key: string;
  load(): Promise<ReadState | undefined>;
  /** Durable when it returns: written beside, then renamed. */
  save(state: ReadState): Promise<void>;
  forget(): Promise<void>;
}

const KEY_DIGITS = 32;
const FILE = /^roleshift-(?:resume|claim)-[0-9a-f]{32}\.json(?:\.[0-9a-f]{16}(?:\.partial)?)?$/;
const KEPT_MS = 7 * 24 * 60 * 60_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** `source`: all that decides which rows are read. */
export async function openStateFile(workDirectory: string, runId: string, source: string): Promise<StateFile> {
  const key = createHash('sha256').update(`${runId}\0${source}`).digest('hex').slice(0, KEY_DIGITS);
  const path = join(workDirectory, `roleshift-resume-${key}.json`);
  await sweep(workDirectory);
  return {
    key,
    load: async () => {
      const text = await readIfThere(path);
      return text === undefined ? undefined : parse(text, runId, path);
    },
    save: async (state) => {
      // Work directories may be shared: a name that nobody can have put a link at.
      const partial = `${path}.${randomBytes(8).toString('hex')}.partial`;
      try {
        const file = await open(partial, 'wx', 0o600);
        try {
          await file.writeFile(JSON.stringify(state));
          await file.sync();
        } finally {
          await file.close();
        }
        await rename(partial, path);
      } catch (error) {
        throw classifyFileError(error, `The work directory ${JSON.stringify(workDirectory)}`, 'Make room there.');
      }
    },
    forget: () => rm(path, { force: true }),
  };
}

/** The text of a file of our user's own; a link, or a file of somebody else, is refused. */
async function readIfThere(path: string): Promise<string | undefined> {
  const found = await lstatIfThere(path);
  if (found === undefined) return undefined;
  if (!found.isFile() || !isOwn(found) || found.size > MAX_BYTES) throw unreadable(path);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw classifyFileError(error, `The state of the read, ${JSON.stringify(path)},`, 'Let this user read it.');
  }
}

async function lstatIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw classifyFileError(error, `The state of the read, ${JSON.stringify(path)},`, 'Let this user read it.');
  }
}

function isOwn({ uid }: Stats): boolean {
  return process.getuid === undefined || uid === process.getuid();
}

/** The checked border: nothing in the file may lead to other folders of the bucket. */
function parse(text: string, runId: string, path: string): ReadState {
  let state: ReadState;
  try {
    state = JSON.parse(text) as ReadState;
  } catch (cause) {
    throw unreadable(path, cause);
  }
  if (state === null || typeof state !== 'object' || state.kind !== 'roleshift-read' || state.version !== 1) {
    throw unreadable(path);
  }
  const { folderName, files = [], fields = [], rows = 0, filesDone = 0, output = [] } = state;
  const isSound =
    state.runId === runId &&
    (folderName === undefined || FOLDER_NAME.test(folderName)) &&
    Array.isArray(fields) &&
    Array.isArray(files) &&
    files.every(({ name, bytes, rows: own }) => FILE_NAME.test(name) && isCount(bytes) && isCount(own)) &&
    isCount(rows) &&
    isCount(filesDone) &&
    Array.isArray(output) &&
    output.every(({ rows: own, bytes }) => isCount(own) && isCount(bytes));
  if (isSound) return state;
  throw unreadable(path);
}

/** As staging areas are called: random, below the prefix. */
const FOLDER_NAME = /^run-\d{4}-\d{2}-\d{2}-[0-9a-f]{24}$/;
const FILE_NAME = /^unload\/\w[\w.-]*$/;

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function unreadable(path: string, cause?: unknown): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `The state of the read cannot be used: ${JSON.stringify(path)}`, {
    action: 'Delete the file, and read again from the start.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What nobody came back for within a week goes: its staged files have gone long before. */
async function sweep(workDirectory: string): Promise<void> {
  for (const name of await readdir(workDirectory)) {
    if (!FILE.test(name)) continue;
    const path = join(workDirectory, name);
    const found = await lstatIfThere(path);
    // Somebody else's stays, and is no failure of ours.
    if (found && isOwn(found) && Date.now() - found.mtimeMs > KEPT_MS) await rm(path, { force: true });
  }
}
