import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { ConnectorError } from '../core/errors.ts';
import { isCertificateCode } from './classify-connection.ts';

/** What a tunnel leads to. */
export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

/**
 * Asks an HTTP proxy for a connection to a host (CONNECT). What is sent through it is for the caller to encrypt. Throws
 * RS_CONN_UNREACHABLE, RS_CONN_TLS, or RS_CONFIG_INVALID for a proxy that refuses; no text holds its user or password.
 */
export function openTunnel(proxy: URL, { host, port }: TunnelTarget, limitMs: number): Promise<Socket> {
  const send = proxy.protocol === 'https:' ? requestHttps : requestHttp;
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const limit = AbortSignal.timeout(limitMs);
  return new Promise((resolve, reject) => {
    const request = send({
      method: 'CONNECT',
      host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : Number(proxy.port),
      path: authority,
      headers: { host: authority, ...authorization(proxy) },
      agent: false,
      signal: limit,
    });
    request.once('connect', ({ statusCode: status = 0 }, socket: Socket, head: Buffer) => {
      if (status >= 200 && status < 300) {
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(refusedBy(proxy, authority, status));
    });
    request.once('error', (cause) =>
      reject(limit.aborted ? silent(proxy, limitMs) : failedAt(proxy, authority, cause)),
    );
    request.end();
  });
}

function authorization({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

function refusedBy(proxy: URL, authority: string, status: number): ConnectorError {
  const details = { proxy: proxy.host, host: authority, httpStatus: status };
  if (status === 407) {
    const [what, action] =
      proxy.username === ''
        ? ['asks for a user and password', 'Write them into awsProxyUrl: http://user:password@proxy.example.com:3128.']
        : ['refuses the user and password of awsProxyUrl', 'Correct them; special characters are written as %40.'];
    return new ConnectorError('RS_CONFIG_INVALID', `The AWS proxy ${proxy.host} ${what} (HTTP 407)`, {
      action,
      details,
    });
  }
  if (status >= 500) {
    return new ConnectorError(
      'RS_CONN_UNREACHABLE',
      `The AWS proxy ${proxy.host} cannot reach ${authority} (HTTP ${status})`,
      { action: `Have the proxy checked, or list the host in awsNoProxy where there is a direct way to it.`, details },
    );
  }
  return new ConnectorError(
    'RS_CONFIG_INVALID',
    `The AWS proxy ${proxy.host} does not let calls through to ${authority} (HTTP ${status})`,
    { action: `Have the proxy allow CONNECT to ${authority}, or list the host in awsNoProxy.`, details },
  );
}

function silent(proxy: URL, limitMs: number): ConnectorError {
  return new ConnectorError(
    'RS_CONN_UNREACHABLE',
    `The AWS proxy ${proxy.host} did not connect within ${limitMs / 1000} s`,
    {
      action: 'Check awsProxyUrl and the network path to the proxy, or raise awsConnectTimeoutSeconds.',
      details: { proxy: proxy.host },
    },
  );
}

function failedAt(proxy: URL, authority: string, cause: Error): ConnectorError {
  const nodeCode = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  const details = { proxy: proxy.host, host: authority, nodeCode };
  if (isCertificateCode(nodeCode)) {
    return new ConnectorError(
      'RS_CONN_TLS',
      `The certificate of the AWS proxy ${proxy.host} is not trusted: ${nodeCode}`,
      {
        action: 'Name its certificate authority in NODE_EXTRA_CA_CERTS, or correct awsProxyUrl.',
        details,
      },
    );
  }
  if (/^(HPE_|EPROTO|ERR_SSL_)/.test(nodeCode)) {
    return new ConnectorError('RS_CONFIG_INVALID', `${proxy.host} does not answer as the AWS proxy: ${nodeCode}`, {
      action: 'Correct awsProxyUrl: its port, and whether it starts with http or https.',
      details,
    });
  }
  return new ConnectorError('RS_CONN_UNREACHABLE', `The AWS proxy ${proxy.host} cannot be reached: ${nodeCode}`, {
    action: 'Check awsProxyUrl and the network path to the proxy.',
    details,
  });
}
