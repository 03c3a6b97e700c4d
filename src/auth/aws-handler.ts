import { type ClientRequestArgs, Agent as HttpAgent } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import { Duplex } from 'node:stream';
import type { AwsProxy, AwsTarget } from '../access/plan.ts';
import { ConnectorError } from '../core/errors.ts';
import { isLoopbackHost } from '../manifest/endpoint-address.ts';
import { isReachedDirectly } from './no-proxy.ts';
import { openTunnel } from './proxy-tunnel.ts';

/** How a client of AWS connects: what the SDK takes as its `requestHandler`, besides the limits of its own calls. */
export interface AwsHandler {
  /** In ms. */
  readonly connectionTimeout: number;
  readonly httpAgent: HttpAgent;
  /** There is none without a proxy: the SDK makes its own. A client that is destroyed destroys its agent. */
  readonly httpsAgent?: Agent;
}

/** Between two clients nothing is shared: call it for each. */
export function awsHandler({ proxy, connectTimeoutMs }: Pick<AwsTarget, 'proxy' | 'connectTimeoutMs'>): AwsHandler {
  const httpAgent = new LoopbackAgent();
  if (proxy === undefined) return { connectionTimeout: connectTimeoutMs, httpAgent };
  return {
    httpAgent,
    // The agent's own limit comes first, and names the proxy.
    connectionTimeout: connectTimeoutMs + 500,
    httpsAgent: new ProxyingAgent(proxy, connectTimeoutMs),
  };
}

/** The same for clients whose calls are small: each is bounded as a whole. */
export function callHandler(target: Pick<AwsTarget, 'proxy' | 'connectTimeoutMs' | 'timeoutMs'>) {
  return { ...awsHandler(target), requestTimeout: target.timeoutMs, throwOnRequestTimeout: true };
}

/** The SDK's own retry (that of S3) knows by this mark what is worth another try. */
function forSdk(error: ConnectorError): ConnectorError {
  return error.retryable ? Object.defineProperty(error, '$retryable', { value: {} }) : error;
}

type Connected = (error: Error | null, stream: Duplex) => void;
type TlsOptions = RequestOptions & { readonly socket: Duplex };

/** As the SDK's own. */
const MAX_SOCKETS = 50;

/**
 * Connects by plain http to this machine only. Endpoints of the options are checked before; those of the environment
 * (AWS_ENDPOINT_URL) and of AWS's own files come to the SDK past all checks.
 */
class LoopbackAgent extends HttpAgent {
  constructor() {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS });
  }

  override createConnection(options: ClientRequestArgs, callback?: Connected): Duplex | null | undefined {
    const host = options.host ?? 'localhost';
    if (isLoopbackHost(host)) return super.createConnection(options, callback);
    const refusal = new ConnectorError('RS_CONFIG_INVALID', `AWS would be asked unencrypted, at http://${host}`, {
      action:
        "Correct AWS_ENDPOINT_URL in the agent's environment, or endpoint_url in its AWS config file: http leads to this machine only.",
      details: { host },
    });
    callback?.(refusal, new Duplex().destroy());
    return undefined;
  }
}

/** Connects through the proxy, and directly to the hosts that need none. TLS is always with the host itself. */
class ProxyingAgent extends Agent {
  readonly #proxy: AwsProxy;
  readonly #limitMs: number;

  constructor(proxy: AwsProxy, limitMs: number) {
    super({ keepAlive: true, maxSockets: MAX_SOCKETS });
    this.#proxy = proxy;
    this.#limitMs = limitMs;
  }

  override createConnection(options: RequestOptions, callback?: Connected): Duplex | null | undefined {
    const host = options.host ?? 'localhost';
    if (isReachedDirectly(host, this.#proxy.noProxy)) return super.createConnection(options);
    if (callback === undefined) throw new ConnectorError('RS_INTERNAL', 'A socket through the proxy comes later only');
    const target = { host, port: Number(options.port ?? 443) };
    openTunnel(new URL(this.#proxy.url.reveal()), target, this.#limitMs).then(
      (socket) => {
        const overTunnel: TlsOptions = { ...options, socket };
        callback(null, super.createConnection(overTunnel) ?? socket);
      },
      // Where there is an error, Node looks at nothing else.
      (error: ConnectorError) => callback(forSdk(error), new Duplex().destroy()),
    );
    return undefined;
  }
}
