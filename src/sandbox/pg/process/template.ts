import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CATALOG_SQL } from '../catalog/catalog-sql.ts';
import { connectBackend } from '../wire/backend-client.ts';
import { type Binaries, exists } from './binaries.ts';
import { giveTo, type OsUser } from './os-user.ts';
import { SUPERUSER, startPostgres } from './postgres.ts';

const run = promisify(execFile);

// Bump when the way a template is made changes; the catalog's own text is part of the key anyway.
const LAYOUT = 1;
const DAY_MS = 86_400_000;

let inFlight: Promise<string> | undefined;

/**
 * Makes the data folder of a new cluster in a folder of its own: a copy of a template that has Redshift's catalog and
 * functions in every database. The template is made once per machine user (3 s) and copied in a few ms.
 */
export async function cloneTemplate(binaries: Binaries, user: OsUser): Promise<string> {
  inFlight ??= openTemplate(binaries, user).finally(() => {
    inFlight = undefined;
  });
  const template = await inFlight;
  const dir = await mkdtemp(join(tmpdir(), 'rs-pg-'));
  await run('cp', ['-R', '-p', template, join(dir, 'data')]);
  await giveTo(user, dir);
  await chmod(join(dir, 'data'), 0o700);
  return dir;
}

async function openTemplate(binaries: Binaries, user: OsUser): Promise<string> {
  const key = createHash('sha256')
    .update(`${LAYOUT}\n${user.uid}\n${CATALOG_SQL.join('\n')}`)
    .digest('hex')
    .slice(0, 16);
  const template = join(binaries.cacheDir, `template-${key}`);
  if (!(await exists(template))) {
    await removeOld(binaries.cacheDir);
    await buildTemplate(binaries, user, template);
  }
  return template;
}

// Templates of other versions that nobody has made a cluster of for a day.
async function removeOld(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const path = join(cacheDir, name);
    const old = /^(?:template|building)-/.test(name) && Date.now() - (await stat(path)).mtimeMs > DAY_MS;
    if (old) await rm(path, { recursive: true, force: true });
  }
}

async function buildTemplate(binaries: Binaries, user: OsUser, template: string): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'rs-pg-'));
  try {
    await giveTo(user, dir);
    const data = join(dir, 'data');
    await run(
      binaries.initdb,
      [
        '-D',
        data,
        '-U',
        SUPERUSER,
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C',
        '--locale-provider=builtin',
        '--builtin-locale=C.UTF-8',
        '--no-sync',
        '--no-instructions',
      ],
      { cwd: dir, env: { PATH: process.env['PATH'], LC_ALL: 'C' }, ...user },
    );
    await writeFile(join(data, 'pg_hba.conf'), 'local all all trust\n');
    {
      await using server = await startPostgres(binaries, user, dir, 'setup');
      const client = await connectBackend({ socketDir: server.socketDir, user: SUPERUSER, database: 'template1' });
      for (const statement of CATALOG_SQL) await client.query(statement);
      await client.query('CHECKPOINT');
      client.destroy();
    }
    await rm(join(data, 'postmaster.pid'), { force: true });
    const copy = `${template}.${process.pid}`;
    await cp(data, copy, { recursive: true, preserveTimestamps: true });
    await rename(copy, template).catch(async (error: unknown) => {
      await rm(copy, { recursive: true, force: true });
      if (!(await exists(template))) throw error; // another process was quicker
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
