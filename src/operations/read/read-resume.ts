import { ConnectorError } from '../../core/errors.ts';
import type { Run } from '../../core/run.ts';
import type { Connection } from '../connection.ts';
import { claimRead } from './read-claim.ts';
import { plainSelect } from './read-select.ts';
import { filesBehind, type Resumption, stagedFilesGone } from './read-staged.ts';
import { openStateFile } from './read-state.ts';
import type { ReadWork } from './read-work.ts';

/** What an earlier attempt of a resumable read has left; `undefined` for a read that is not resumable. */
export async function openResumption(
  { options, access, workDirectory }: Connection,
  { source, resumable, resumeFrom }: ReadWork,
  run: Run,
  startAt: 'recorded' | undefined,
): Promise<Resumption | undefined> {
  if (!resumable) return undefined;
  const { host, port } = access.plan.endpoint;
  const where = [host ?? '', String(port), options.database ?? '', options.stagingBucket ?? ''];
  const identity = JSON.stringify([...where, String(plainSelect(source).statement)]);
  const state = await openStateFile(workDirectory, run.runId, identity);
  const behind = resumeFrom === undefined ? (startAt ?? 0) : filesBehind(resumeFrom, state.key);
  const claim = await claimRead(workDirectory, state.key, run);
  try {
    return { state, found: await state.load(), startAt: behind, claim };
  } catch (error) {
    await claim[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Whether a read whose staged files are not there may start anew. Throws RS_CONFIG_INVALID where rows of it were kept
 * already, which another snapshot would not fit, and where nobody knows what the user's statements have done.
 */
export async function requireFresh({ state, found, startAt }: Resumption, work: ReadWork, run: Run): Promise<void> {
  if (typeof startAt === 'number' && startAt > 0) throw stagedFilesGone(run.runId);
  if (found === undefined) return;
  if (startAt === 'recorded' && found.output !== undefined && (found.filesDone ?? 0) > 0)
    throw stagedFilesGone(run.runId);
  if (work.preSql.length > 0) throw ranAlready('preSql', run.runId);
  await state.forget();
}

/** The user's statements run once for a run id: an attempt that broke off in them is not tried again. */
export function ranAlready(key: 'preSql' | 'postSql', runId: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', `${key} has begun in an earlier attempt of the run ${runId}`, {
    action: `Look at what ${key} has done; then read with another run id.`,
    details: { runId },
  });
}
