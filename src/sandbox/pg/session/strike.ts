import { setTimeout as wait } from 'node:timers/promises';
import type { DownState } from '../../cluster.ts';
import type { Fault } from '../../faults.ts';
import { RedshiftError } from '../backend-session.ts';
import { connectBackend } from '../wire/backend-client.ts';
import type { ClusterCore } from './cluster-core.ts';
import { misfortune } from './misfortunes.ts';
import type { Relay } from './relay.ts';

/** The connection was cut on purpose, by a fault of the world. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
}

/** The session that faults strike, and how its running statement is ended. */
export interface Victim {
  readonly relay: Relay;
  readonly user: string;
  readonly database: string;
  readonly stopHandler: () => void;
}

type Effect<K extends Fault['effect']['kind']> = Extract<Fault['effect'], { readonly kind: K }>;

/**
 * Does `work` with the world's fault for this point, if one is due: before, after or while it is done. Waits end with `signal`;
 * without one, when the client leaves.
 */
export async function struck<T>(
  victim: Victim,
  on: string,
  subject: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { relay } = victim;
  const effect = relay.core.init.faults.take(on, subject)?.effect;
  if (!effect) return work();
  if (effect.kind === 'error' && effect.when === 'midway') return endMidway(victim, on, effect, work);
  await strikeBefore(victim, on, effect, signal ?? relay.client.signal);
  const result = await work();
  if (effect.kind === 'drop') cut(relay);
  if (effect.kind === 'silence') {
    await untilAborted(relay.client.signal);
    cut(relay);
  }
  return result;
}

async function strikeBefore(victim: Victim, on: string, effect: Fault['effect'], signal: AbortSignal): Promise<void> {
  const { relay } = victim;
  switch (effect.kind) {
    case 'delay':
      await wait(effect.ms, undefined, { signal }).catch(() => undefined); // nobody waits any longer
      return;
    case 'silence':
      if (effect.when === 'after') return;
      await untilAborted(signal);
      if (relay.client.signal.aborted) cut(relay); // what nobody waits for any more is never begun
      return;
    case 'throttle':
      throw new RedshiftError({
        code: 'XX000',
        message: 'S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown',
      });
    case 'error':
      throw new RedshiftError(refusalOf(on, effect));
    case 'drop':
      if (effect.when === 'midway') return outliveClient(relay, effect);
      if (effect.when !== 'after') cut(relay);
      return;
    case 'lock':
      return lockElsewhere(victim, effect);
    case 'restart':
      return restartCluster(relay.core, effect.ms, 'rebooting');
    case 'pause':
      return restartCluster(relay.core, effect.ms, 'paused');
    case 'missing':
    case 'truncated':
      return;
  }
}

// The client is gone at once; the work is done all the same, later.
async function outliveClient({ client, core }: Relay, { ms = 0 }: Effect<'drop'>): Promise<void> {
  client.cut();
  await untilWorldTime(core, ms);
}

async function endMidway<T>(
  { relay, stopHandler }: Victim,
  on: string,
  effect: Effect<'error'>,
  work: () => Promise<T>,
): Promise<T> {
  let ended = false;
  const timer = setTimeout(() => {
    ended = true;
    stopHandler();
    relay.core.admin('postgres', `SELECT pg_cancel_backend(${relay.backend.pid})`).catch(() => undefined); // it has ended by itself
  }, effect.ms ?? 0);
  try {
    return await work();
  } catch (error) {
    throw ended && error instanceof RedshiftError ? new RedshiftError(refusalOf(on, effect)) : error;
  } finally {
    clearTimeout(timer);
  }
}

const LOCK_WITHIN_MS = 5000;

async function lockElsewhere(
  { relay, user, database }: Victim,
  { table, ms, user: other = user }: Effect<'lock'>,
): Promise<void> {
  const { core } = relay;
  const backend = await connectBackend({ socketDir: core.socketDir, user: other, database });
  const text = `LOCK TABLE ${table}`;
  try {
    await backend.query(`SET lock_timeout = ${LOCK_WITHIN_MS}; BEGIN`);
    await backend.query(`${text} IN ACCESS EXCLUSIVE MODE`);
  } catch (error) {
    backend.destroy();
    throw error;
  }
  const seen = { queryId: core.nextQueryId(), transactionId: core.nextQueryId(), label: '' };
  core.activity.end(core.activity.begin({ ...seen, user: other, database, pid: backend.pid, text }), undefined);
  void untilWorldTime(core, ms).finally(() => backend.destroy());
}

/** Ends every session of the cluster, which takes no other for so long in the world's time. */
export async function restartCluster(core: ClusterCore, ms: number, why: DownState): Promise<void> {
  core.downState = why;
  core.downUntilMs = core.init.clock.now() + ms;
  // What a client hears is that its session has ended, not that its statement was cancelled.
  for (const session of core.sessions.values()) {
    session.terminate();
    session.stopHandler();
  }
  await core.admin(
    'postgres',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename <> 'rdsdb'`,
  );
}

/** Whether the cluster takes no sessions now. */
export const isDown = ({ init, downUntilMs }: ClusterCore): boolean => init.clock.now() < downUntilMs;

const LOOK_EVERY_MS = 20;

/** Resolves when so much time has passed in the world: by itself, or because the world was moved forward. */
async function untilWorldTime({ init }: Pick<ClusterCore, 'init'>, ms: number): Promise<void> {
  const until = init.clock.now() + ms;
  for (let left = ms; left > 0; left = until - init.clock.now()) {
    await wait(Math.min(left, LOOK_EVERY_MS), undefined, { ref: false });
  }
}

/** Resolves when the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

function cut({ client }: Relay): never {
  client.cut();
  throw new ConnectionCut('The world cut this connection');
}

function refusalOf(on: string, { as, code = 'XX000', message }: Effect<'error'>) {
  if (as !== undefined) return misfortune(as);
  if (message !== undefined) return { code, message };
  return on === 'pg:commit' ? misfortune('conflict') : { code, message: 'The world refuses this statement' };
}
