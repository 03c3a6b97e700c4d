import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorldClock } from '../clock.ts';
import type { Fault, FaultBook } from '../faults.ts';
import type { Authorize } from '../iam/authorizer.ts';
import type { IdentityRegistry } from '../iam/registry.ts';
import type { CallEntry, WorldLog } from '../world-log.ts';
import type { WireRequest } from './sigv4.ts';

/** What the parts of the AWS endpoint share: one world's identities, policies, time, misfortunes and memory. */
export interface AwsContext {
  /** The world's own. */
  readonly region: string;
  readonly registry: IdentityRegistry;
  readonly authorize: Authorize;
  readonly clock: WorldClock;
  readonly faults: FaultBook;
  readonly log: WorldLog;
}

/** One request on its way through the endpoint. */
export interface Exchange {
  readonly request: WireRequest;
  readonly incoming: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
}

/** Raised to end an exchange without an answer. */
export class ConnectionDropped extends Error {
  override readonly name = 'ConnectionDropped';
}

function wireRequestOf(incoming: IncomingMessage): WireRequest {
  const target = incoming.url ?? '/';
  const at = target.indexOf('?');
  const raw = incoming.rawHeaders;
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    headers.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  }
  return {
    method: incoming.method ?? 'GET',
    path: at < 0 ? target : target.slice(0, at),
    query: at < 0 ? '' : target.slice(at + 1),
    headers,
  };
}

export const openExchange = (incoming: IncomingMessage, response: ServerResponse): Exchange => ({
  request: wireRequestOf(incoming),
  incoming,
  response,
  requestId: randomUUID(),
});

/** Says nothing until the client goes away. */
export async function keepSilent(socket: Socket): Promise<void> {
  if (!socket.destroyed) await new Promise<void>((resolve) => socket.once('close', () => resolve()));
}

/** The same, and ends the exchange. */
export async function stayAway(socket: Socket, on: string): Promise<never> {
  await keepSilent(socket);
  throw new ConnectionDropped(on);
}

/** Whether the fault strikes when the work is done. */
export const isAfter = ({ effect }: Fault): boolean => 'when' in effect && effect.when === 'after';

/** Takes the fault that strikes now and lets a delay, silence or a cut happen; an error or a throttle is left to the caller. */
export async function suffer(
  faults: FaultBook,
  on: string,
  subject: string,
  { socket }: IncomingMessage,
): Promise<Fault | undefined> {
  const fault = faults.take(on, subject);
  if (fault?.effect.kind === 'silence' && fault.effect.when !== 'after') await stayAway(socket, on);
  if (fault?.effect.kind === 'delay') await delay(fault.effect.ms, undefined, { ref: false });
  if (fault?.effect.kind === 'drop' && (fault.effect.when ?? 'before') === 'before') throw new ConnectionDropped(on);
  return fault;
}

/** Writes one call into the world's log. */
export function record(log: WorldLog, entry: Omit<CallEntry, 'time' | 'kind'>): void {
  log.add({ kind: 'aws', ...entry });
}

/** Reads a body that must be small; undefined when it is not. */
export async function readSmallBody(incoming: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > maxBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
