import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { type ErrorFields, RedshiftError } from '../backend-session.ts';
import { BackendLost, connectBackend } from '../wire/backend-client.ts';
import type { ClientConnection } from '../wire/client-connection.ts';
import { type Opening, openHandshake } from '../wire/handshake.ts';
import { errorResponse, frame, int32, parameterStatus, TYPE } from '../wire/messages.ts';
import { isReported } from './answers.ts';
import type { ClusterCore } from './cluster-core.ts';
import type { GroupMembers } from './group-members.ts';
import { authenticate } from './login.ts';
import { ClientSession } from './session.ts';
import { readStartup } from './startup.ts';
import { isDown, untilAborted } from './strike.ts';

/** What PostgreSQL must hold itself to for every session of a client. */
const SESSION_DEFAULTS = {
  default_transaction_isolation: 'repeatable read',
  extra_float_digits: '0',
  standard_conforming_strings: 'off',
  escape_string_warning: 'off',
  client_min_messages: 'notice',
} as const;

const TERMINATED = {
  severity: 'FATAL',
  code: '57P01',
  message: 'terminating connection due to administrator command',
} as const;

// A connection that has not proven who it is may not wait for ever.
const LOGIN_LIMIT_MS = 60_000;

function fatalFields(error: unknown): ErrorFields {
  if (error instanceof RedshiftError) return error.fields;
  if (error instanceof BackendLost) return TERMINATED;
  return {
    code: 'XX000',
    message: `Internal failure of the sandbox: ${error instanceof Error ? error.message : 'unknown'}`,
  };
}

function logFailure(core: ClusterCore, error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  core.init.log.add({ kind: 'failure', message });
}

/** Serves one connection from its first byte to its last. Never throws: what goes wrong is told to the client. */
export async function acceptConnection(
  core: ClusterCore,
  members: GroupMembers,
  socket: Socket,
  tls: SecureContext,
): Promise<void> {
  const limit = setTimeout(() => socket.destroy(), LOGIN_LIMIT_MS);
  if (!(await isLetIn(core, socket))) {
    clearTimeout(limit);
    socket.destroy();
    return;
  }
  const opening = await openHandshake(socket, tls).catch((): Opening => ({ kind: 'nothing' }));
  if (opening.kind !== 'session') clearTimeout(limit);
  if (opening.kind === 'cancel') {
    await cancel(core, opening.pid, opening.secret).catch((error: unknown) => logFailure(core, error));
    socket.destroy();
    return;
  }
  if (opening.kind === 'nothing') {
    socket.destroy();
    return;
  }
  const { client } = opening;
  try {
    await serve(core, members, opening, () => clearTimeout(limit));
  } catch (error) {
    // A lost database has told already.
    if (!(error instanceof RedshiftError || error instanceof BackendLost)) logFailure(core, error);
    client.send(errorResponse({ ...fatalFields(error), severity: 'FATAL' }));
  } finally {
    clearTimeout(limit);
    await client.end();
  }
}

async function serve(
  core: ClusterCore,
  members: GroupMembers,
  { client, encrypted, parameters }: Extract<Opening, { kind: 'session' }>,
  loggedIn: () => void,
): Promise<void> {
  const user = parameters['user'] ?? '';
  const database = parameters['database'] ?? user;
  const note = (allowed: boolean, name: string, errorCode?: string): void =>
    core.init.log.add({
      kind: 'login',
      cluster: core.init.cluster.id,
      database,
      user: name,
      allowed,
      ...(errorCode === undefined ? {} : { errorCode }),
      applicationName: parameters['application_name'] ?? '',
    });
  try {
    await strike(core, client, user);
    const login = await authenticate(core, client, encrypted, { user, database });
    loggedIn();
    const settings = readStartup(parameters);
    if (isHidden(database)) throw missingDatabase(database);
    const leave = await members.join(core, login.user, login.groups);
    try {
      const backend = await connectBackend({
        socketDir: core.socketDir,
        user: login.user,
        database,
        parameters: { ...SESSION_DEFAULTS, ...settings.parameters },
      });
      const secret = randomInt(1, 2 ** 31 - 1);
      const session = new ClientSession(core, client, backend, { ...login, database }, settings);
      const terminate = (): void => {
        client.send(errorResponse(TERMINATED));
        void client.end();
      };
      core.sessions.set(backend.pid, { secret, stopHandler: () => session.stopHandler(), terminate });
      // The database ended the session (pg_terminate_backend): so do we. Without a word of its own it has failed.
      backend.onClose((lost) => {
        if (lost.farewell === undefined && core.sessions.has(backend.pid)) logFailure(core, lost);
        terminate();
      });
      try {
        note(true, login.user);
        welcome(client, backend.parameters, backend.pid, secret);
        await session.serve();
      } finally {
        core.sessions.delete(backend.pid);
        backend.destroy();
      }
    } finally {
      await leave();
    }
  } catch (error) {
    if (error instanceof RedshiftError && error.fields.severity === 'FATAL') note(false, user, error.fields.code);
    throw error;
  }
}

/** The fault that strikes before TLS, when a client has connected and nothing more. */
async function isLetIn(core: ClusterCore, socket: Socket): Promise<boolean> {
  if (isDown(core)) return false;
  const effect = core.init.faults.take('pg:accept')?.effect;
  if (!effect) return true;
  if (effect.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, effect.ms));
  else if (effect.kind === 'silence') {
    socket.resume(); // or its end would not be seen
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  }
  return effect.kind === 'delay';
}

async function strike(core: ClusterCore, client: ClientConnection, user: string): Promise<void> {
  const effect = core.init.faults.take('pg:connect', user)?.effect;
  if (!effect) return;
  if (effect.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, effect.ms));
  else if (effect.kind === 'silence') await untilAborted(client.signal);
  else if (effect.kind === 'error') {
    throw new RedshiftError({
      severity: 'FATAL',
      code: effect.code ?? '57P03',
      message: effect.message ?? 'the cluster is not available',
    });
  } else client.cut();
}

function isHidden(database: string): boolean {
  return database === 'postgres' || database.startsWith('template');
}

function missingDatabase(database: string): RedshiftError {
  return new RedshiftError({ severity: 'FATAL', code: '3D000', message: `database "${database}" does not exist` });
}

function welcome(client: ClientConnection, parameters: ReadonlyMap<string, string>, pid: number, secret: number): void {
  client.send(frame(TYPE.authentication, int32(0)));
  client.send(parameterStatus('server_version', '8.0.2'), parameterStatus('server_encoding', 'UTF8'));
  for (const [name, value] of parameters) if (isReported(name)) client.send(parameterStatus(name, value));
  client.send(parameterStatus('padb_version', '1.0'), parameterStatus('max_numeric_precision', '38'));
  client.send(parameterStatus('max_varchar_size', '65535'));
  client.send(parameterStatus('show_discovery', '4')); // Amazon's drivers then ask SHOW for metadata
  client.send(frame(TYPE.backendKey, int32(pid), int32(secret)));
}

async function cancel(core: ClusterCore, pid: number, secret: number): Promise<void> {
  const session = core.sessions.get(pid);
  if (session?.secret !== secret) return;
  session.stopHandler();
  await core.admin('postgres', `SELECT pg_cancel_backend(${pid})`);
}
