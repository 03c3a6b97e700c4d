import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ConnectorError } from '../../core/errors.ts';

/** A connection file that the sandbox wrote, and the variables its identity lives with. */
export interface DemoConnection {
  readonly name: string;
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
}

export interface SandboxProcess extends AsyncDisposable {
  readonly awsEndpoint: string;
  readonly clusters: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  connection(name: string): DemoConnection;
}

const STOP_LIMIT_MS = 15_000;

/**
 * Starts `roleshift sandbox` as a process of its own, as a user would, and waits until it is ready. Disposal stops it as
 * Ctrl-C does and waits for its clean-up.
 */
export async function startSandboxProcess(folder: string, signal: AbortSignal): Promise<SandboxProcess> {
  const main = fileURLToPath(new URL('../main.js', import.meta.url));
  // Its own process group: Ctrl-C reaches the demo alone, which then stops the sandbox in order.
  const child = spawn(process.execPath, [main, 'sandbox', '--json', '--connections', folder, '--data-dir', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  try {
    const ready = await readyDocument(child, signal);
    const { awsEndpoint, clusters, connections } = ready as Pick<SandboxProcess, 'awsEndpoint' | 'clusters'> & {
      readonly connections: readonly DemoConnection[];
    };
    return {
      awsEndpoint,
      clusters,
      connection: (name) => {
        const found = connections.find((each) => each.name === name);
        if (!found) throw new ConnectorError('RS_INTERNAL', `The sandbox wrote no connection ${name}`);
        return found;
      },
      [Symbol.asyncDispose]: () => stop(child),
    };
  } catch (error) {
    await stop(child);
    throw error;
  }
}

async function readyDocument(child: ChildProcess, signal: AbortSignal): Promise<unknown> {
  let printed = '';
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new ConnectorError('RS_INTERNAL', `The sandbox ended before it was ready: ${printed}${complaints}`.trim());
  });
  const ready = new Promise<unknown>((resolve) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.endsWith('}\n')) resolve(JSON.parse(printed));
    });
  });
  return Promise.race([ready, ended]);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await exited;
  clearTimeout(timer);
}
