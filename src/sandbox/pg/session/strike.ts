import { setTimeout as wait } from 'node:timers/promises';
import type { Fault } from '../../faults.ts';
import { RedshiftError } from '../backend-session.ts';
import type { Relay } from './relay.ts';

/** The connection was cut on purpose, by a fault of the world. */
export class ConnectionCut extends Error {
  override readonly name = 'ConnectionCut';
}

/** Strikes with the world's fault for this point, if one is due. Answers one that strikes afterwards: see `strikeAfter`. */
export async function strike({ core, client }: Relay, on: string, subject: string): Promise<Fault | undefined> {
  const fault = core.init.faults.take(on, subject);
  if (!fault) return undefined;
  const { effect } = fault;
  if (effect.kind === 'delay') {
    await wait(effect.ms, undefined, { signal: client.signal }).catch(() => undefined); // the client left: no need to wait
  }
  if (effect.kind === 'silence') await untilGone(client.signal);
  if (effect.kind === 'error') throw new RedshiftError(refusalOf(on, effect));
  if (effect.kind === 'drop' && effect.when !== 'after') cut(client);
  return fault;
}

/** Resolves when the client has left. */
export async function untilGone(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

/** Strikes with what `strike` left for afterwards. */
export function strikeAfter({ client }: Relay, fault: Fault | undefined): void {
  if (fault?.effect.kind === 'drop') cut(client);
}

function cut(client: Relay['client']): never {
  client.cut();
  throw new ConnectionCut('The world cut this connection');
}

function refusalOf(on: string, effect: Extract<Fault['effect'], { kind: 'error' }>) {
  const { code = 'XX000', message } = effect;
  if (message !== undefined) return { code, message };
  if (on !== 'pg:commit') return { code, message: 'The world refuses this statement' };
  const detail = 'Serializable isolation violation on table - 100000, transactions forming the cycle are: 1, 2 (pid:1)';
  return { code, message: '1023', detail };
}
