import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text as readText } from 'node:stream/consumers';

/** What instance metadata answered. */
export interface MetadataAnswer {
  readonly status: number;
  readonly body: string;
}

/** How far a request came that got no answer. */
export interface NoAnswer {
  /** TCP was connected before the wait was over. */
  readonly isConnected: boolean;
  /** Node's code of the failure; undefined when the time was over. */
  readonly nodeCode?: string;
}

/** Nothing on the link takes longer, and off EC2 nothing answers at all. */
export const ANSWER_LIMIT_MS = 1500;

/** One request to instance metadata. Aborting throws the signal's reason; every other failure is told as `NoAnswer`. */
export async function askMetadata(
  url: URL,
  signal: AbortSignal,
  method: 'GET' | 'PUT',
  headers: Readonly<Record<string, string>> = {},
): Promise<MetadataAnswer | NoAnswer> {
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  // Without an agent: the global one may go by a proxy of the environment, which would answer with its own machine's role.
  const request = send(url, { method, headers, agent: false, signal: AbortSignal.any([signal, limit]) });
  request.on('error', () => undefined); // one that comes after the answer began is met while that is read
  const connected = watchConnection(request);
  request.end();
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await readText(response) };
  } catch (cause) {
    signal.throwIfAborted();
    return { isConnected: connected(), ...(limit.aborted ? {} : { nodeCode: codeOf(cause) }) };
  }
}

function watchConnection(request: ClientRequest): () => boolean {
  let isConnected = false;
  request.once('socket', (socket) => {
    socket.once('connect', () => {
      isConnected = true;
    });
  });
  return () => isConnected;
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'cannot be reached';
}
