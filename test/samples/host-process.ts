import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const STOP_LIMIT_MS = 10_000;

/** The sample host, installed as its README says: the packed tarball in an empty folder. Disposal removes it. */
export interface InstalledHost extends AsyncDisposable {
  readonly folder: string;
}

export async function installHost(): Promise<InstalledHost> {
  const folder = await mkdtemp(join(tmpdir(), 'roleshift-host-'));
  try {
    await cp(join(root, 'samples', 'host'), folder, { recursive: true });
    const { stdout } = await run('npm', ['pack', '--json', '--silent', '--pack-destination', folder], { cwd: root });
    // The build prints before npm's own JSON.
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as [{ filename: string }];
    const quiet = ['--no-audit', '--no-fund', '--no-progress', '--prefer-offline'];
    await run('npm', ['install', '--no-save', ...quiet, join(folder, packed.filename)], { cwd: folder });
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** The sample host's server, running. Disposal ends it. */
export interface RunningHost extends AsyncDisposable {
  readonly url: string;
  /** All that it printed so far. */
  output(): string;
}

export async function startHost(folder: string, environment: Readonly<Record<string, string>>): Promise<RunningHost> {
  const child = spawn(process.execPath, ['server.mjs'], {
    cwd: folder,
    env: { ...process.env, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const stop = async (): Promise<void> => stopChild(child);
  try {
    const signal = AbortSignal.timeout(60_000);
    const [url] = (await Promise.race([
      once(createInterface(child.stdout), 'line', { signal }),
      once(child, 'exit', { signal }).then(() => Promise.reject(new Error(`The sample host ended: ${output}`))),
    ])) as [string];
    return { url, output: () => output, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
  child.kill();
  await exited;
}
