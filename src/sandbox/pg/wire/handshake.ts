import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { ClientConnection } from './client-connection.ts';
import { BodyReader } from './messages.ts';

/** What a new connection turned out to want. */
export type Opening =
  | {
      readonly kind: 'session';
      readonly client: ClientConnection;
      readonly encrypted: boolean;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'cancel'; readonly pid: number; readonly secret: number }
  | { readonly kind: 'nothing' };

const SSL_REQUEST = 80_877_103;
const GSS_REQUEST = 80_877_104;
const CANCEL_REQUEST = 80_877_102;
const STARTUP_LIMIT_BYTES = 10_000;

/** Reads the start-up of a connection, changing to TLS when the client asks for it. */
export async function openHandshake(socket: Socket, tls: SecureContext): Promise<Opening> {
  let client = new ClientConnection(socket);
  let encrypted = false;
  for (;;) {
    const packet = await client.startup(STARTUP_LIMIT_BYTES);
    if (!packet) return { kind: 'nothing' };
    const reader = new BodyReader(packet.subarray(4));
    const code = reader.int32();
    if (code === SSL_REQUEST && !encrypted) {
      // Bytes sent ahead of the handshake would be read as if they had come through TLS.
      if (client.unread > 0) return refuse(socket);
      socket.removeAllListeners('data');
      socket.write('S');
      client = new ClientConnection(await secure(socket, tls));
      encrypted = true;
    } else if (code === GSS_REQUEST && !encrypted) {
      socket.write('N');
    } else if (code === CANCEL_REQUEST) {
      socket.end();
      return { kind: 'cancel', pid: reader.int32(), secret: reader.int32() };
    } else if (code >>> 16 === 3) {
      return { kind: 'session', client, encrypted, parameters: readParameters(reader) };
    } else {
      return refuse(socket);
    }
  }
}

async function secure(socket: Socket, secureContext: SecureContext): Promise<TLSSocket> {
  const encrypted = new TLSSocket(socket, { isServer: true, secureContext, minVersion: 'TLSv1.2' });
  const left = once(encrypted, 'close').then(() => Promise.reject(new Error('The client left during the handshake')));
  await Promise.race([once(encrypted, 'secure'), left]);
  left.catch(() => undefined); // closed later, by whoever has it then
  return encrypted;
}

function refuse(socket: Socket): Opening {
  socket.destroy();
  return { kind: 'nothing' };
}

function readParameters(reader: BodyReader): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (let name = reader.cstring(); name !== ''; name = reader.cstring()) parameters[name] = reader.cstring();
  return parameters;
}
