import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the proxy makes of a request for a tunnel: the local port that stands for the host, a refusal, or no answer. */
export type ProxyVerdict = { readonly port: number } | { readonly status: number } | 'silent';

/** An HTTP proxy on loopback that remembers what it was asked for. */
export interface ConnectProxy extends AsyncDisposable {
  readonly host: string;
  /** `host:port` of each tunnel, in order. */
  readonly authorities: readonly string[];
  /** `Proxy-Authorization` of each request. */
  readonly authorizations: readonly (string | undefined)[];
}

/** A proxy that knows only CONNECT. With `tls` it is an https proxy. */
export async function openConnectProxy(
  judge: (authority: string, authorization: string | undefined) => ProxyVerdict,
  tls?: { readonly cert: string; readonly key: string },
): Promise<ConnectProxy> {
  const authorities: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Duplex>();
  const server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('connect', ({ url = '', headers }: IncomingMessage, socket: Duplex, head: Buffer) => {
    authorities.push(url);
    authorizations.push(headers['proxy-authorization']);
    socket.on('error', () => socket.destroy());
    const verdict = judge(url, headers['proxy-authorization']);
    if (verdict === 'silent') return;
    if ('status' in verdict) {
      socket.end(`HTTP/1.1 ${verdict.status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const upstream = connect(verdict.port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorities,
    authorizations,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
