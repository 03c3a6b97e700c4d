import { type ClientRequest, request as requestHttp } from 'node:http';
import { type Agent, request as requestHttps } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { AwsTarget } from '../../access/plan.ts';
import { awsHandler } from '../../auth/aws-handler.ts';
import { isReachedDirectly } from '../../auth/no-proxy.ts';
import { defined } from '../../core/defined.ts';
import { ConnectorError } from '../../core/errors.ts';
import { plainLine } from '../../core/plain-text.ts';
import type { Run } from '../../core/run.ts';
import { addressOf, faultOf, networkError } from './network-fault.ts';

/** What an endpoint's answer to a question without credentials shows; which answer does not matter. */
export interface Probed {
  readonly host: string;
  readonly isProxied: boolean;
  /** Of the peer, where there is no proxy. */
  readonly address?: string;
  /** Who issued the certificate. */
  readonly issuer?: string;
  /** This machine's clock, by which signatures are made, minus the other's, from the `Date` header; positive while this one is ahead. */
  readonly aheadMs?: number;
  readonly durationMs: number;
}

const MAX_NAME = 120;

/**
 * One HEAD request without credentials: DNS, TCP, TLS, by the way that AWS calls go. Throws RS_CONN_UNREACHABLE and
 * RS_CONN_TLS.
 */
export async function probe(
  url: URL,
  target: Pick<AwsTarget, 'connectTimeoutMs' | 'proxy'>,
  run: Run,
): Promise<Probed> {
  const { connectionTimeout, httpsAgent } = awsHandler(target);
  const limit = AbortSignal.timeout(connectionTimeout);
  const isProxied = httpsAgent !== undefined && !isReachedDirectly(url.hostname, target.proxy?.noProxy ?? []);
  const startedMs = performance.now();
  const sentAtMs = Date.now();
  try {
    const { socket, date } = await ask(url, httpsAgent, AbortSignal.any([run.signal, limit]));
    const receivedAtMs = Date.now();
    const toldMs = date === undefined ? Number.NaN : Date.parse(date) + HALF_SECOND_MS;
    const issuer = socket instanceof TLSSocket ? issuerOf(socket) : undefined;
    const address = isProxied ? undefined : socket.remoteAddress;
    return {
      host: url.host,
      isProxied,
      ...defined({ address, issuer }),
      ...(Number.isNaN(toldMs) ? {} : { aheadMs: (sentAtMs + receivedAtMs) / 2 - toldMs }),
      durationMs: Math.round(performance.now() - startedMs),
    };
  } catch (cause) {
    run.signal.throwIfAborted();
    throw await classify(cause, url, limit.aborted, connectionTimeout);
  } finally {
    httpsAgent?.destroy();
  }
}

/** A header names the second in which it was written. */
const HALF_SECOND_MS = 500;

interface Answer {
  readonly socket: NonNullable<ClientRequest['socket']>;
  readonly date: string | undefined;
}

function ask(url: URL, agent: Agent | undefined, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const isPlain = url.protocol === 'http:';
    const send = isPlain ? requestHttp : requestHttps;
    const own = isPlain ? false : (agent ?? false);
    const request = send(url, { method: 'HEAD', agent: own, signal }, (response) => {
      const { socket, headers } = response;
      resolve({ socket, date: headers.date });
      response.resume();
    });
    request.on('error', reject);
    request.end();
  });
}

function issuerOf(socket: TLSSocket): string | undefined {
  const { issuer } = socket.getPeerCertificate();
  const name = issuer?.O ?? issuer?.CN;
  return name === undefined ? undefined : plainLine([name].flat().join(' '), MAX_NAME);
}

const CERTIFICATE = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|HOSTNAME_MISMATCH|EPROTO)/;

async function classify(cause: unknown, url: URL, isLate: boolean, limitMs: number): Promise<ConnectorError> {
  if (cause instanceof ConnectorError) return cause;
  const { code = '' } = cause instanceof Error ? (cause as NodeJS.ErrnoException) : {};
  const host = url.hostname;
  const port = Number(url.port) || (url.protocol === 'http:' ? 80 : 443);
  if (CERTIFICATE.test(code)) return tlsError(code, host, cause);
  const fault = isLate ? 'noAnswer' : (faultOf(code) ?? 'cut');
  const address = fault === 'noName' || fault === 'noNameServer' ? undefined : await addressOf(host);
  return networkError(
    fault,
    { host, port, kind: 'aws' },
    { ...(address === undefined ? {} : { address }), limitMs, cause },
  );
}

function tlsError(code: string, host: string, cause: unknown): ConnectorError {
  const details = { host, tlsCode: code };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new ConnectorError('RS_CONN_TLS', `What answers at ${host} shows the certificate of another name`, {
      action: 'Check the endpoint override; the name of a VPC endpoint must be one that its certificate covers.',
      details,
      cause,
    });
  }
  if (/^(?:EPROTO|ERR_SSL_)/.test(code)) {
    return new ConnectorError('RS_CONN_TLS', `What answers at ${host} does not speak TLS as AWS does (${code})`, {
      action: 'Look for a proxy in between that wants to be named: awsProxyUrl.',
      details,
      cause,
    });
  }
  const isExpired = code === 'CERT_HAS_EXPIRED';
  return new ConnectorError('RS_CONN_TLS', `The certificate that ${host} shows is not trusted (${code})`, {
    action: isExpired
      ? "Check this machine's clock; AWS renews its certificates in time."
      : 'AWS needs no authority of its own: a proxy on the way ends TLS. Name its authority in NODE_EXTRA_CA_CERTS, or let AWS hosts pass it.',
    details,
    cause,
  });
}
