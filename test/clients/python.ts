import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from './run-command.ts';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
const INSTALL_LIMIT_MS = 300_000;

async function need(command: string, args: readonly string[], hint: string): Promise<void> {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { status, stdout, stderr } = await runCommand(command, args, { environment, limitMs: INSTALL_LIMIT_MS }).catch(
    (error: unknown) => ({ status: null, stdout: '', stderr: String(error) }),
  );
  if (status !== 0) throw new Error(`${hint}\n${command} ${args.join(' ')}\n${`${stdout}${stderr}`.slice(-2000)}`);
}

async function install(): Promise<string> {
  const hash = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const folder = join(CACHE, `roleshift-clients-${hash}`);
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return python;
  const started = Date.now();
  await mkdir(CACHE, { recursive: true });
  await need(
    'python3',
    ['-m', 'venv', '--clear', folder],
    'The outside clients need Python 3.9 or newer with its venv module (Debian: python3-venv)',
  );
  await need(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS],
    'The outside clients could not be installed: pip must reach a package index',
  );
  await writeFile(complete, '');
  process.stdout.write(`  installed the Python clients in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
  return python;
}

let installed: Promise<string> | undefined;

/** The Python that has AWS CLI, boto3 and redshift_connector; installed when it is first asked for. */
export function pythonWithClients(): Promise<string> {
  installed ??= install();
  return installed;
}
