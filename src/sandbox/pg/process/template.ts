import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, cp, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CATALOG_SQL } from '../catalog/catalog-sql.ts';
import { connectBackend } from '../wire/backend-client.ts';
import { type Binaries, exists } from './binaries.ts';
import { giveTo, type OsUser } from './os-user.ts';
import { SUPERUSER, startPostgres } from './postgres.ts';
import { dropUnused, noteUser } from './template-users.ts';

const run = promisify(execFile);

// Bump when the way a template is made changes; the catalog's own text is part of the key anyway.
const LAYOUT = 1;

let inFlight: Promise<string> | undefined;
// Once in the life of a process, at its first cluster.
let sweeping: Promise<void> | undefined;

/**
 * Makes the data folder of a new cluster in a folder of its own: a copy of a template that has Redshift's catalog and
 * functions in every database. The template is made once per machine user (3 s) and copied in a few ms.
 */
export async function cloneTemplate(binaries: Binaries, user: OsUser): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'rs-pg-'));
  const data = join(dir, 'data');
  try {
    await copyTemplate(binaries, user, data);
    await giveTo(user, dir);
    await chmod(data, 0o700);
    return dir;
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
}

async function copyTemplate(binaries: Binaries, user: OsUser, data: string): Promise<void> {
  for (let triesLeft = 2; ; triesLeft--) {
    inFlight ??= openTemplate(binaries, user).finally(() => {
      inFlight = undefined;
    });
    const template = await inFlight;
    try {
      await run('cp', ['-R', '-p', template, data]);
      return;
    } catch (error) {
      // Another version of the sandbox dropped the template under our hands.
      if (triesLeft === 0 || (await exists(template))) throw error;
      await rm(data, { recursive: true, force: true });
    }
  }
}

async function openTemplate(binaries: Binaries, user: OsUser): Promise<string> {
  const key = createHash('sha256')
    .update(`${LAYOUT}\n${user.uid}\n${CATALOG_SQL.join('\n')}`)
    .digest('hex')
    .slice(0, 16);
  const name = `template-${key}`;
  const template = join(binaries.cacheDir, name);
  await noteUser(binaries.cacheDir, name);
  sweeping ??= dropUnused(binaries.cacheDir, name);
  await sweeping;
  if (!(await exists(template))) await buildTemplate(binaries, user, template);
  return template;
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
