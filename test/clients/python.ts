import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CACHE, INSTALL_LIMIT_MS, needCommand } from './install.ts';

async function install(what: string, list: string): Promise<string> {
  const requirements = fileURLToPath(new URL(list, import.meta.url));
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(CACHE, `roleshift-${what}-${hash}`);
  const python = join(folder, 'bin', 'python');
  const complete = join(folder, 'complete');
  if (existsSync(complete)) return python;
  const started = Date.now();
  await mkdir(CACHE, { recursive: true });
  await needCommand(
    'python3',
    ['-m', 'venv', '--clear', folder],
    'The outside clients need Python 3.9 or newer with its venv module (Debian: python3-venv)',
    INSTALL_LIMIT_MS,
  );
  await needCommand(
    python,
    ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
    'The outside clients could not be installed: pip must reach a package index',
    INSTALL_LIMIT_MS,
  );
  await writeFile(complete, '');
  process.stdout.write(`  installed the Python ${what} in ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
  return python;
}

let installed: Promise<string> | undefined;

/** The Python that has AWS CLI, boto3 and redshift_connector; installed when it is first asked for. */
export function pythonWithClients(): Promise<string> {
  installed ??= install('clients', 'requirements.txt');
  return installed;
}

let pipelines: Promise<string> | undefined;

/** The Python that has awswrangler and dlt; installed when it is first asked for (1 minute, 700 MB). */
export function pythonWithPipelines(): Promise<string> {
  pipelines ??= install('pipelines', 'requirements-pipelines.txt');
  return pipelines;
}
