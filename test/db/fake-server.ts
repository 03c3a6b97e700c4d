import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ServerCertificate } from '../../src/sandbox/pg/wire/certificates.ts';

/** What one connection sees and says after TLS: plain functions over protocol messages. */
export interface FakeConnection {
  readonly user: string;
  readonly database: string;
  /** The name the client asked for in the handshake; `false` for none. */
  readonly serverName: string | false;
  send(...messages: readonly Buffer[]): void;
  /** The text of the next message of the client: a password or a query. */
  next(): Promise<string>;
  cut(): void;
}

export interface FakeServer extends AsyncDisposable {
  readonly port: number;
  readonly connections: readonly FakeConnection[];
}

/** How the server meets a client: `refuse` has no TLS, `silent` never answers. */
export type Manner = 'refuse' | 'silent' | ((connection: FakeConnection) => Promise<void> | void);

/** A server of the PostgreSQL protocol that says what a test tells it to. */
export async function startFakeServer(certificate: ServerCertificate, manner: Manner): Promise<FakeServer> {
  const sockets = new Set<Socket>();
  const connections: FakeConnection[] = [];
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    if (manner === 'silent') return;
    socket.once('data', () => {
      if (manner === 'refuse') return void socket.write('N');
      socket.write('S');
      const secure = new TLSSocket(socket, {
        isServer: true,
        cert: certificate.certificatePem,
        key: certificate.keyPem,
      });
      secure.on('error', () => undefined);
      void meet(secure, manner, connections).catch(() => secure.destroy());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function meet(
  secure: TLSSocket,
  manner: (connection: FakeConnection) => Promise<void> | void,
  connections: FakeConnection[],
): Promise<void> {
  const messages = reader(secure);
  const startup = (await messages.take(false)).subarray(4).toString().split('\0');
  const parameter = (name: string): string => startup[startup.indexOf(name) + 1] ?? '';
  const connection: FakeConnection = {
    user: parameter('user'),
    database: parameter('database'),
    serverName: (secure as TLSSocket & { servername?: string | false }).servername ?? false,
    send: (...parts) => void secure.write(Buffer.concat(parts)),
    next: async () => (await messages.take(true)).toString().replace(/\0$/, ''),
    cut: () => secure.destroy(),
  };
  connections.push(connection);
  await manner(connection);
}

function reader(secure: TLSSocket): { take(typed: boolean): Promise<Buffer> } {
  let pending = Buffer.alloc(0);
  return {
    async take(typed) {
      const header = typed ? 5 : 4;
      for (;;) {
        const length = pending.length >= header ? pending.readInt32BE(header - 4) + header - 4 : Infinity;
        if (pending.length >= length) {
          const body = pending.subarray(header, length);
          pending = pending.subarray(length);
          return body;
        }
        const [data] = (await once(secure, 'data')) as [Buffer];
        pending = Buffer.concat([pending, data]);
      }
    },
  };
}

/** Messages of the server. */
export const say = {
  authentication: (code: number): Buffer => message('R', int32(code)),
  ready: (): Buffer => message('Z', Buffer.from('I')),
  complete: (tag: string): Buffer => message('C', text(tag)),
  error: (code: string, words: string): Buffer =>
    message('E', Buffer.concat([text('SERROR'), text(`C${code}`), text(`M${words}`), Buffer.alloc(1)])),
  unknown: (): Buffer => message('!', Buffer.alloc(0)),
};

function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}
