import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { ConnectorError } from '../../../core/errors.ts';
import { connectBackend } from '../wire/backend-client.ts';
import type { Binaries } from './binaries.ts';
import type { OsUser } from './os-user.ts';

/** The superuser of every cluster, named as Redshift names its own. No client can log in as it. */
export const SUPERUSER = 'rdsdb';

const START_LIMIT_MS = 30_000;

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  max_connections: '400',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  shared_buffers: '64MB',
  work_mem: '32MB',
  maintenance_work_mem: '64MB',
  dynamic_shared_memory_type: 'mmap',
  max_parallel_workers_per_gather: '0',
  autovacuum: 'off',
  jit: 'off',
  max_locks_per_transaction: '128',
  timezone: 'UTC',
  log_timezone: 'UTC',
  logging_collector: 'off',
  log_min_messages: 'fatal',
};

// The shell waits for our end of its input: when this process dies, however it dies, the database goes with it.
const WATCHED = `
exec 3<&0
dir=$1; shift
"$@" </dev/null 3<&- &
pid=$!
cat <&3 >/dev/null
kill -QUIT $pid 2>/dev/null
wait $pid
rm -rf "$dir"
`;

/** One running PostgreSQL on a unix socket. Disposal stops it and removes its folder. */
export interface PostgresProcess extends AsyncDisposable {
  /** Folder of the socket. */
  readonly socketDir: string;
}

/**
 * Starts PostgreSQL on `dir/data`, its socket in `dir`. `dir` is removed at the end, whoever ends first. With `setup` the
 * server allows changes to system tables.
 */
export async function startPostgres(
  binaries: Binaries,
  user: OsUser,
  dir: string,
  mode: 'setup' | 'serve' = 'serve',
  extra: Readonly<Record<string, string>> = {},
): Promise<PostgresProcess> {
  const settings = Object.entries({
    ...SETTINGS,
    unix_socket_directories: dir,
    ...extra,
    ...(mode === 'setup' ? { allow_system_table_mods: 'on' } : {}),
  });
  const options = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const watchedDir = mode === 'setup' ? join(dir, 'nothing') : dir;
  const child = spawn(
    '/bin/sh',
    ['-c', WATCHED, 'sh', watchedDir, binaries.postgres, '-D', join(dir, 'data'), ...options],
    {
      cwd: dir,
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      ...user,
    },
  );
  const log = tail(child);
  try {
    await ready(child, dir, log);
  } catch (error) {
    child.stdin?.destroy();
    throw error;
  }
  return {
    socketDir: dir,
    [Symbol.asyncDispose]: async () => {
      child.stdin?.end();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      if (mode === 'serve') await rm(dir, { recursive: true, force: true });
    },
  };
}

function tail(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-2000);
  });
  child.stdin?.on('error', () => undefined); // the process is gone: its exit says so
  return () => text.trim();
}

async function ready(child: ChildProcess, socketDir: string, log: () => string): Promise<void> {
  let failed: unknown;
  child.once('error', (error) => {
    failed = error;
  });
  const until = Date.now() + START_LIMIT_MS;
  while (Date.now() < until) {
    if (failed !== undefined || child.exitCode !== null) {
      throw new ConnectorError('RS_INTERNAL', 'The database of the sandbox did not start', {
        details: { log: log() },
        cause: failed,
      });
    }
    try {
      const client = await connectBackend({ socketDir, user: SUPERUSER, database: 'postgres' });
      client.destroy();
      return;
    } catch {
      // Not listening yet: the loop is bounded, and the log is in the error that ends it.
      await wait(20);
    }
  }
  throw new ConnectorError(
    'RS_TIMEOUT',
    `The database of the sandbox did not start within ${START_LIMIT_MS / 1000} s`,
    {
      details: { log: log() },
    },
  );
}
