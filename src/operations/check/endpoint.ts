import { isIP, type Socket } from 'node:net';
import { type PeerCertificate, connect as startTls, type TLSSocket } from 'node:tls';
import { ConnectorError } from '../../core/errors.ts';
import { abandonOnAbort, type Run } from '../../core/run.ts';
import { type AddressCheck, CheckedSocket, type Destination } from '../../db/checked-socket.ts';
import { classifyConnectError } from '../../db/classify-connect.ts';
import { tlsDemands } from '../../db/tls.ts';
import { checkAddress } from '../../manifest/addresses.ts';
import type { Connection } from '../connection.ts';
import { addressOf, faultOf, networkError } from './network-fault.ts';
import type { CheckInit } from './report.ts';
import type { CheckTask, Finding } from './tasks.ts';

/** PostgreSQL's request for TLS: length 8, code 80877103. The answer is one byte: `S` for yes. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/** Where the cluster is, whether it can be reached, and whether its certificate is to be trusted. */
export function endpointTasks(
  connection: Connection,
  run: Run,
  {
    lookupNeeds,
    checkAddress: refuse = (address) => checkAddress(address),
  }: Pick<CheckInit, 'checkAddress'> & { readonly lookupNeeds: string | undefined },
): readonly CheckTask[] {
  const { access, options } = connection;
  const isGiven = access.plan.endpoint.host !== undefined;
  const limitMs = options.connectTimeoutSeconds * 1000;
  return [
    {
      id: 'endpoint',
      title: 'Reach the cluster',
      needs: ['options', ...(isGiven || lookupNeeds === undefined ? [] : [lookupNeeds])],
      attempt: async () => {
        const { host, port } = await access.endpoint(run);
        const address = await withSocket(
          refuse,
          { host, port },
          run,
          limitMs,
          async (socket) => socket.remoteAddress ?? 'an address',
        );
        return { evidence: `${host}:${port} at ${address}${isGiven ? '' : ' (looked up in AWS)'}` };
      },
    },
    {
      id: 'tls',
      title: 'Verify its certificate',
      needs: ['endpoint'],
      attempt: async () => {
        const destination = await access.endpoint(run);
        const demands = await tlsDemands(access.plan.tls);
        const host = access.plan.tls.serverName ?? destination.host;
        const name = isIP(host) === 0 ? { host, servername: host } : { host }; // an address is never sent as server name
        return await withSocket(refuse, destination, run, limitMs, async (socket) => {
          await askForTls(socket);
          return describeTls(await upgrade(startTls({ ...demands, socket, ...name })), run.clock.now());
        });
      },
    },
  ];
}

/** A connected socket for the time of `use`; every wait within `limitMs` and the run's signal. */
async function withSocket<T>(
  refuse: AddressCheck,
  destination: Destination,
  { signal }: Run,
  limitMs: number,
  use: (socket: Socket) => Promise<T>,
): Promise<T> {
  const socket = new CheckedSocket(refuse);
  const limit = AbortSignal.timeout(limitMs);
  try {
    socket.aim(destination);
    return await abandonOnAbort(connected(socket).then(use), AbortSignal.any([signal, limit]));
  } catch (cause) {
    signal.throwIfAborted();
    throw await explain(cause, destination, limit.aborted, limitMs);
  } finally {
    socket.destroy();
  }
}

/** The network's failures in more words than a run has for them; the others as a run tells them. */
async function explain(cause: unknown, destination: Destination, isLate: boolean, limitMs: number): Promise<Error> {
  const { code } = cause instanceof Error ? (cause as NodeJS.ErrnoException) : {};
  const fault = isLate ? 'noAnswer' : faultOf(code);
  if (fault === undefined || cause instanceof ConnectorError) {
    return classifyConnectError(cause, { destination, user: '', database: '', limitMs });
  }
  const address = fault === 'noName' || fault === 'noNameServer' ? undefined : await addressOf(destination.host);
  const facts = { ...(address === undefined ? {} : { address }), limitMs, cause };
  return networkError(fault, { ...destination, kind: 'cluster' }, facts);
}

function connected(socket: CheckedSocket): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('connect', () => resolve(socket));
    socket.connect();
  });
}

function askForTls(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('There was an error establishing an SSL connection')));
    socket.once('data', (answer) => {
      if (answer.toString('latin1', 0, 1) === 'S') resolve();
      else reject(new Error('The server does not support SSL connections'));
    });
    socket.write(SSL_REQUEST);
  });
}

function upgrade(socket: TLSSocket): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('secureConnect', () => resolve(socket));
  });
}

/** A certificate that ends sooner is told while there is time. Amazon's are renewed 60 days ahead. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;

function describeTls(socket: TLSSocket, nowMs: number): Finding {
  const certificate: Partial<PeerCertificate> = socket.getPeerCertificate();
  const { subject, issuer, valid_to: validTo } = certificate;
  const names = `${commonName(subject?.CN)}, issued by ${commonName(issuer?.CN)}`;
  const end = new Date(validTo ?? 0);
  const days = Math.floor((end.getTime() - nowMs) / DAY_MS);
  return {
    evidence: `${socket.getProtocol() ?? 'TLS'}, ${names}, until ${end.toISOString().slice(0, 10)}`,
    warning: days < SOON_DAYS ? `The certificate ends in ${days} days: have it renewed` : undefined,
  };
}

function commonName(name: string | string[] | undefined): string {
  return [name ?? 'unnamed'].flat().join(' ');
}
