import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ConnectorError } from '../core/errors.ts';
import { type ReadyConnection, readyConnections } from './connections.ts';
import { Disposables } from './disposables.ts';
import type { Fault } from './faults.ts';
import { listenOnLoopback } from './listen.ts';
import { forOwnHost } from './own-host.ts';
import {
  type ClusterEndpoint,
  type EarlyExpiry,
  type MetadataEndpoint,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from './sandbox.ts';
import { checkSwitches, setSwitches } from './switches.ts';

/** What `POST /worlds` answers. */
export interface WorldInfo {
  readonly id: string;
  readonly awsEndpoint: string;
  readonly metadataEndpoints: Readonly<Record<string, MetadataEndpoint>>;
  readonly clusters: Readonly<Record<string, ClusterEndpoint>>;
  readonly caFile?: string;
  readonly connections: readonly ReadyConnection[];
}

/** The HTTP API by which tests in another process open and steer worlds. */
export interface ControlServer extends AsyncDisposable {
  readonly url: string;
  /** To be sent as `Authorization: Bearer ..`. */
  readonly token: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

type Action = (sandbox: Sandbox, input: Readonly<Record<string, unknown>>) => unknown;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const ACTIONS = new Map<string, Action>([
  ['POST advance', (sandbox, { seconds }) => sandbox.advance(Number(seconds))],
  ['POST lifetimes', (sandbox, { scale }) => sandbox.lifetimes(Number(scale))],
  ['POST skew', (sandbox, { seconds }) => sandbox.clockSkew(Number(seconds))],
  ['POST propagation', (sandbox, { seconds }) => sandbox.iamPropagation(Number(seconds))],
  ['POST switches', (sandbox, input) => setSwitches(sandbox, checkSwitches(input))],
  ['POST expire', (sandbox, input) => sandbox.expireEarly(input as EarlyExpiry)],
  ['POST faults', (sandbox, { faults }) => sandbox.faults.add(...((Array.isArray(faults) ? faults : []) as Fault[]))],
  ['DELETE faults', (sandbox) => sandbox.faults.clear()],
  ['GET points', (sandbox) => sandbox.faults.points()],
  ['POST pause', (sandbox, { seconds, cluster }) => sandbox.pause(Number(seconds), textOf(cluster))],
  ['POST restart', (sandbox, { seconds, cluster }) => sandbox.restart(Number(seconds), textOf(cluster))],
  ['GET log', (sandbox) => sandbox.log()],
  [
    'POST sql',
    (sandbox, input) => {
      const cluster = textOf(input['cluster']);
      const database = textOf(input['database']);
      return sandbox.sql(textOf(input['sql']) ?? '', {
        ...(cluster !== undefined && { cluster }),
        ...(database !== undefined && { database }),
      });
    },
  ],
]);

async function readJson(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  const value: unknown = text === '' ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function infoOf(id: string, sandbox: Sandbox): WorldInfo {
  const { awsEndpoint, metadataEndpoints, clusters, caFile } = sandbox;
  return {
    id,
    awsEndpoint,
    metadataEndpoints,
    clusters,
    ...(caFile !== undefined && { caFile }),
    connections: readyConnections(sandbox),
  };
}

function describeError(error: unknown): unknown {
  if (error instanceof ConnectorError) return error.toJSON();
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  return { message: error instanceof Error ? error.message : String(error), ...(code !== undefined && { code }) };
}

class Worlds implements AsyncDisposable {
  readonly #open = new Map<string, Sandbox>();
  #number = 0;

  async answer(request: IncomingMessage): Promise<Answer> {
    const [, collection, id, action] = (request.url ?? '/').split('/');
    if (collection !== 'worlds') return { status: 404, body: { message: 'Not found' } };
    const input = await readJson(request);
    if (id === undefined && request.method === 'POST') {
      const started = await startSandbox(input as unknown as SandboxOptions);
      const name = String(++this.#number);
      this.#open.set(name, started);
      return { status: 201, body: infoOf(name, started) };
    }
    const sandbox = this.#open.get(id ?? '');
    if (!sandbox) return { status: 404, body: { message: `No world ${id ?? ''}` } };
    if (action === undefined && request.method === 'DELETE') {
      this.#open.delete(id ?? '');
      await sandbox[Symbol.asyncDispose]();
      return { status: 200, body: {} };
    }
    const run = ACTIONS.get(`${request.method ?? 'GET'} ${action ?? ''}`);
    if (!run) return { status: 404, body: { message: 'Not found' } };
    return { status: 200, body: (await run(sandbox, input)) ?? {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using held = new Disposables();
    for (const sandbox of this.#open.values()) held.own(sandbox);
    this.#open.clear();
  }
}

/** Serves the control API on loopback, to holders of the token only. Disposal ends every world. */
export async function startControlServer(): Promise<ControlServer> {
  const token = randomBytes(24).toString('base64url');
  const expected = Buffer.from(`Bearer ${token}`);
  const worlds = new Worlds();

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const given = Buffer.from(request.headers.authorization ?? '');
    let answer: Answer;
    try {
      const known = given.length === expected.length && timingSafeEqual(given, expected);
      answer = known ? await worlds.answer(request) : { status: 401, body: { message: 'Unauthorized' } };
    } catch (error) {
      answer = { status: 400, body: describeError(error) };
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  };

  const server = createServer(forOwnHost((request, response) => void handle(request, response)));
  const listening = await listenOnLoopback(server);
  return {
    url: listening.url,
    token,
    [Symbol.asyncDispose]: async () => {
      await using held = new Disposables();
      held.own(listening);
      held.own(worlds);
    },
  };
}
