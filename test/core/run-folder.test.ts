import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { openRun } from '../../src/core/run.ts';
import { makeRunFolder } from '../../src/core/run-folder.ts';

interface Owner {
  readonly pid: number;
  readonly started: string;
  readonly boot: string;
  readonly namespace: string;
}

describe('makeRunFolder', () => {
  let directory: string;
  let self: Owner;
  let dead: Owner;

  before(async function () {
    if (process.platform !== 'linux') this.skip(); // nothing is swept where nothing can be proved
    const first = await mkdtemp(join(tmpdir(), 'roleshift-sweep-'));
    self = JSON.parse(
      await readFile(join(await makeRunFolder(first, 'read', openRun()), 'owner.json'), 'utf8'),
    ) as Owner;
    await rm(first, { recursive: true });
    const child = spawn('true');
    await once(child, 'exit');
    dead = { ...self, pid: child.pid! };
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'roleshift-sweep-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function folderOf(owner: unknown, name = 'roleshift-write-AbC123'): Promise<void> {
    await mkdir(join(directory, name), { mode: 0o700 });
    await writeFile(join(directory, name, 'staged.csv'), '1');
    if (owner !== undefined) await writeFile(join(directory, name, 'owner.json'), JSON.stringify(owner));
  }

  const CASES: Readonly<Record<string, { owner: () => unknown; name?: string; goes: boolean }>> = {
    'of a dead process': { owner: () => dead, goes: true },
    'of a dead reader': { owner: () => dead, name: 'roleshift-read-x_y9Z0', goes: true },
    'of a dead command with a login': { owner: () => dead, name: 'roleshift-exec-AbC123', goes: true },
    'of a process whose id another one has now': { owner: () => ({ ...self, started: '1' }), goes: true },
    'of a living process': { owner: () => self, goes: false },
    'of another container': { owner: () => ({ ...dead, namespace: 'pid:[1]' }), goes: false },
    'of another boot or machine': { owner: () => ({ ...dead, boot: 'another' }), goes: false },
    'that nobody signed': { owner: () => undefined, goes: false },
    'with an owner file that is none of ours': { owner: () => [dead], goes: false },
    'with an id that would ask a whole group': { owner: () => ({ ...dead, pid: -1 }), goes: false },
    'of another name': { owner: () => dead, name: 'roleshift-write-AbC123-mine', goes: false },
  };
  for (const [title, { owner, name, goes }] of Object.entries(CASES)) {
    it(`${goes ? 'removes' : 'keeps'} a folder ${title}`, async () => {
      await folderOf(owner(), name);
      const folder = await makeRunFolder(directory, 'write', openRun());
      const others = (await readdir(directory)).filter((each) => each !== basename(folder));
      expect(others).to.have.length(goes ? 0 : 1);
    });
  }

  it('follows no link, neither of the folder nor of its owner file', async () => {
    await folderOf(dead, 'elsewhere');
    await symlink(join(directory, 'elsewhere'), join(directory, 'roleshift-write-linked'));
    await folderOf(undefined, 'roleshift-write-AbC123');
    await rename(join(directory, 'elsewhere', 'owner.json'), join(directory, 'owner.json'));
    await symlink(join(directory, 'owner.json'), join(directory, 'roleshift-write-AbC123', 'owner.json'));
    await makeRunFolder(directory, 'write', openRun());
    for (const kept of ['elsewhere/staged.csv', 'roleshift-write-linked', 'roleshift-write-AbC123/staged.csv']) {
      await access(join(directory, kept));
    }
  });

  it('tells a directory that is not there as before', async () => {
    const refused: unknown = await makeRunFolder(join(directory, 'none'), 'read', openRun()).catch((e: unknown) => e);
    expect(refused).to.include({ code: 'RS_CONFIG_INVALID' });
  });
});
