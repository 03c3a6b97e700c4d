import { randomBytes } from 'node:crypto';
import { lstat, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConnectorError } from '../../core/errors.ts';
import { classifyFileError } from '../../core/file-error.ts';
import { isGone, type Owner, ownerOf, readOwner } from '../../core/process-owner.ts';
import type { Run } from '../../core/run.ts';

/** How often who holds a claim says that it is still there. */
const BEAT_MS = 10_000;
/** A claim that nobody kept alive for so long is nobody's: its holder was in another container, or machine. */
const ABANDONED_MS = 60_000;
/** Takers of one abandoned claim meet: one of them has it, the others find it taken. */
const ATTEMPTS = 3;

/**
 * One read of a run id goes on at a time: two would mark each other's files as done. A file in the work directory says
 * whose it is; that of a process which is gone is taken over. Dispose gives it back. Throws RS_CONFIG_INVALID while
 * another read holds it.
 */
export async function claimRead(workDirectory: string, key: string, run: Run): Promise<AsyncDisposable> {
  const path = join(workDirectory, `roleshift-claim-${key}.json`);
  const self = await ownerOf(process.pid);
  const mark = randomBytes(8).toString('hex');
  const text = JSON.stringify({ ...self, pid: process.pid, mark });
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (await take(path, text)) return held(path, text, run);
    if (!(await clear(path, self))) break;
  }
  throw new ConnectorError(
    'RS_CONFIG_INVALID',
    `Another process, or another call, is at the read of the run ${run.runId}`,
    {
      action:
        'Wait until it has ended, or read with another run id. One that was killed elsewhere is taken over after a minute.',
      details: { runId: run.runId },
    },
  );
}

async function take(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw classifyFileError(error, 'The work directory', 'Let this user write there.');
  }
}

/** Takes an abandoned claim away; false where somebody holds it. */
async function clear(path: string, self: Owner | undefined): Promise<boolean> {
  try {
    const { mtimeMs } = await lstat(path);
    const text = await readFile(path, 'utf8');
    if (Date.now() - mtimeMs < ABANDONED_MS && !(await isDead(text, self))) return false;
    const aside = `${path}.${randomBytes(8).toString('hex')}`;
    await rename(path, aside);
    // Another one may have taken it over in between: then it is that one's again.
    const isSame = (await readFile(aside, 'utf8')) === text;
    if (!isSame) await rename(aside, path);
    await rm(aside, { force: true });
    return isSame;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return true; // given back meanwhile
    throw classifyFileError(error, 'The work directory', 'Let this user read and write there.');
  }
}

async function isDead(text: string, self: Owner | undefined): Promise<boolean> {
  if (self === undefined || text === '') return false; // it is being written just now
  try {
    const owner = readOwner(text);
    return owner !== undefined && (await isGone(owner, self));
  } catch (error) {
    if (error instanceof SyntaxError) return false; // half written: its time will tell
    throw error;
  }
}

function held(path: string, text: string, run: Run): AsyncDisposable {
  const suppress = (error: unknown): void => {
    const message = error instanceof Error ? error.message : String(error);
    run.publish({ type: 'suppressed', reason: 'keeping the claim of a read that can go on', message });
  };
  const beat = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(suppress);
  }, BEAT_MS).unref();
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(beat);
      try {
        if ((await readFile(path, 'utf8')) === text) await rm(path, { force: true });
      } catch (error) {
        suppress(error);
      }
    },
  };
}
