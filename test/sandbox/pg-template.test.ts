import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { dropUnused, noteUser } from '../../src/sandbox/pg/process/template-users.ts';

describe('Templates of clusters', () => {
  let cacheDir: string;
  beforeEach(async () => {
    cacheDir = await mkdtemp(join(tmpdir(), 'rs-cache-'));
  });
  afterEach(() => rm(cacheDir, { recursive: true, force: true }));

  const make = async (name: string, ...users: readonly number[]): Promise<void> => {
    await mkdir(join(cacheDir, name));
    await mkdir(join(cacheDir, `${name}.users`));
    for (const pid of users) await writeFile(join(cacheDir, `${name}.users`, String(pid)), '');
  };

  it('go when no process that lives makes clusters of them', async () => {
    const dead = spawnSync(process.execPath, ['--version']).pid;
    await make('template-0a');
    await make('template-0b', dead);
    await make('template-0c', dead, process.ppid);
    await mkdir(join(cacheDir, 'template-0d'));
    await mkdir(join(cacheDir, 'native'));
    await noteUser(cacheDir, 'template-0e');
    await dropUnused(cacheDir, 'template-0e');
    const kept = ['native', 'template-0c', 'template-0c.users', 'template-0e.users'];
    expect((await readdir(cacheDir)).sort()).to.deep.equal(kept);
  });

  it('stay while this process uses them, and when two drop others at once', async () => {
    await make('template-0a');
    await noteUser(cacheDir, 'template-0a');
    await make('template-0b');
    await Promise.all([dropUnused(cacheDir, 'template-0c'), dropUnused(cacheDir, 'template-0d')]);
    expect((await readdir(cacheDir)).sort()).to.deep.equal(['template-0a', 'template-0a.users']);
  });

  it('that were left half made go after a day', async () => {
    for (const name of ['building-x', 'template-0a.12', 'dropping-template-0b.13']) await mkdir(join(cacheDir, name));
    await dropUnused(cacheDir, 'template-0c');
    expect(await readdir(cacheDir)).to.have.length(3);
    const past = new Date(Date.now() - 2 * 86_400_000);
    for (const name of await readdir(cacheDir)) await utimes(join(cacheDir, name), past, past);
    await dropUnused(cacheDir, 'template-0c');
    expect(await readdir(cacheDir)).to.deep.equal([]);
  });
});
