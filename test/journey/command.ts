import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ReadyConnection } from '../../src/sandbox/connections.ts';

export interface Answer {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with the process's id as soon as it runs: to look at it, or to send it a signal. */
  readonly onStart?: (pid: number) => void;
  /** What is sent to standard input. Default: it is closed. */
  readonly input?: string;
  /** Closes standard output once something came, as `head` does. */
  readonly leaveAfterFirst?: boolean;
}

/** Runs the built command line in a process of its own, without this process's AWS variables. */
export async function roleshift(args: readonly string[], options: CommandOptions = {}): Promise<Answer> {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  const child = spawn(process.execPath, ['dist/cli/main.js', ...args], {
    env: { ...Object.fromEntries(own), NO_COLOR: '1', ...options.environment },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.on('error', () => undefined).end(options.input); // it may have left before it read all
  if (child.pid !== undefined) options.onStart?.(child.pid);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (options.leaveAfterFirst === true) child.stdout?.destroy();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/** A folder of a test's own, and connection files in it. */
export interface Desk extends AsyncDisposable {
  readonly folder: string;
  /** What commands started by `run` take for the system's temporary folder, and should leave empty. */
  readonly temporary: string;
  /** As `roleshift`, with the desk's own temporary folder. */
  run(args: readonly string[], options?: CommandOptions): Promise<Answer>;
  /** Writes the connection with `changes` (undefined takes an option away), and gives the path. */
  connection(ready: ReadyConnection, changes?: Readonly<Record<string, unknown>>): Promise<string>;
  file(name: string, content: string | Buffer): Promise<string>;
}

export async function openDesk(): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'roleshift-journey-'));
  const temporary = await mkdtemp(join(tmpdir(), 'roleshift-journey-temporary-'));
  let written = 0;
  const file: Desk['file'] = async (name, content) => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    folder,
    temporary,
    file,
    run: (args, options = {}) =>
      roleshift(args, { ...options, environment: { ...options.environment, TMPDIR: temporary } }),
    connection: ({ values }, changes = {}) => {
      written += 1;
      const merged = Object.entries({ ...values, ...changes }).filter(([, value]) => value !== undefined);
      return file(`connection-${written}.yaml`, stringify(Object.fromEntries(merged)));
    },
    [Symbol.asyncDispose]: async () => {
      for (const path of [folder, temporary]) await rm(path, { recursive: true, force: true });
    },
  };
}
