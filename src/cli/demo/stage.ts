import { styleText } from 'node:util';
import { connector } from '../../connector.ts';
import type { HopEvent } from '../../core/events.ts';
import { loadConnectionFile } from '../../manifest/connection-file.ts';
import type { ConnectionInput } from '../../manifest/options.gen.ts';
import type { OpenConnector } from '../../operations/calls/open-connector.ts';
import type { Output } from '../output.ts';
import type { CommandContext } from '../program.ts';
import type { SandboxProcess } from './sandbox-process.ts';

/** What every scene of the demo works with. */
export interface Stage {
  readonly sandbox: SandboxProcess;
  readonly folder: string;
  readonly output: Output;
  readonly context: CommandContext;
  /** What must hold for the demo to succeed, and whether it did. */
  readonly claims: Claim[];
  /** A line for the person who watches; nothing with `--json`. */
  readonly say: (text: string) => void;
}

export interface Claim {
  readonly claim: string;
  readonly holds: boolean;
}

/** The user that the login itself creates, through *Auto create DBUser*, and that owns the flights. */
export const DEMO_USER = { username: 'flight_loader', autoCreateDbUser: true } as const;

export function claim({ claims }: Stage, text: string, holds: boolean): void {
  claims.push({ claim: text, holds });
}

export function heading(title: string, remark: string): string {
  return `\n${styleText('bold', title)}  ${styleText('dim', remark)}`;
}

/** Opens a connection of the sandbox with the variables of its identity, and gives the process its own back. */
export async function withConnection<T>(
  { sandbox, context, output }: Stage,
  name: string,
  changes: ConnectionInput,
  body: (redshift: OpenConnector) => Promise<T>,
  onHop: (hop: HopEvent) => void = () => undefined,
): Promise<T> {
  const { path, environment } = sandbox.connection(name);
  const before = Object.keys(environment).map((key) => [key, process.env[key]] as const);
  Object.assign(process.env, environment);
  try {
    const values = { ...(await loadConnectionFile(path)), ...changes };
    const onEvent: Output['onEvent'] = (event) => (event.type === 'hop' ? onHop(event) : output.onEvent(event));
    await using redshift = connector.open(
      values,
      { onEvent },
      { mode: name.startsWith('worker') ? 'advanced' : 'standard' },
    );
    context.signal.throwIfAborted();
    return await body(redshift);
  } finally {
    for (const [key, value] of before) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
}
