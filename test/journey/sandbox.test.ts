import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { parse, stringify } from 'yaml';
import type { WorldCluster } from '../../src/sandbox/world.ts';
import { standardWorld } from '../harness.ts';
import { type Answer, type Desk, openDesk, roleshift } from './command.ts';

/** The standard world with the tables that docs/sandbox.md shows. */
async function worldOfTheGuide(): Promise<string> {
  const guide = await readFile('docs/sandbox.md', 'utf8');
  const [, block = ''] = /^```yaml\n(databases:[\s\S]*?)^```/m.exec(guide) ?? [];
  const { databases } = parse(block) as Pick<WorldCluster, 'databases'>;
  return stringify(standardWorld((_, _account, cluster) => Object.assign(cluster, { databases })));
}

describe('roleshift sandbox, as a person uses it', () => {
  let desk: Desk;
  let child: ChildProcess;
  let screen = '';
  let errors = '';

  before(async function () {
    this.timeout(60_000);
    desk = await openDesk();
    const world = await desk.file('world.yaml', await worldOfTheGuide());
    child = spawn(
      process.execPath,
      [
        'dist/cli/main.js',
        'sandbox',
        '--world',
        world,
        '--data-dir',
        desk.folder,
        '--connections',
        join(desk.folder, 'c'),
        '--switches',
        join(desk.folder, 'c', 'switches.yaml'),
      ],
      { env: { ...process.env, NO_COLOR: '1' }, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.stdout?.setEncoding('utf8');
    for await (const text of child.stdout ?? []) {
      screen += String(text);
      if (screen.includes('Stop:')) break;
    }
  });
  after(async () => {
    child?.kill('SIGKILL');
    await desk?.[Symbol.asyncDispose]();
  });

  /** Runs a command as it stands on the screen, with the variables before it. */
  async function runPrinted(line: string): Promise<Answer> {
    const words = line.trim().split(' ');
    const at = words.indexOf('roleshift');
    const environment = Object.fromEntries(words.slice(0, at).map((word) => /^(\w+)=(.*)$/.exec(word)!.slice(1)));
    return roleshift(words.slice(at + 1), { environment });
  }

  it('prints one command for each identity, and each works', async function () {
    this.timeout(30_000);
    const commands = screen.split('\n').flatMap((line) => /(?:\w+=\S+ )*roleshift check -c \S+/.exec(line)?.[0] ?? []);
    expect(commands).to.have.length(4);
    for (const command of commands) {
      const { status, stdout } = await runPrinted(command);
      expect(status, command + stdout).to.equal(0);
    }
  });

  it('takes the tables of its guide, and the commands of the README', async () => {
    const connection = join(desk.folder, 'c', 'keys-etl-agent.yaml');
    const file = await desk.file('orders.csv', 'order_id,note,amount\n1,first,10.50\n2,,0.10\n');
    const upsert = ['--operation', 'upsert', '--keys', 'order_id'];
    const written = await roleshift(['write', '-c', connection, 'sales.orders', file, ...upsert]);
    expect(written.status, written.stderr).to.equal(0);
    const output = join(desk.folder, 'read.csv');
    const read = await roleshift(['read', '-c', connection, 'sales.orders', '--format', 'csv', '-o', output]);
    expect(read.status, read.stderr).to.equal(0);
    expect((await readFile(output, 'utf8')).split('\n').sort()).to.deep.equal(
      ['', '1,first,10.50', '2,,0.10', 'order_id,note,amount'].sort(),
    );
    const found = await roleshift(['discover', '-c', connection, 'sales.orders']);
    expect(found.stdout).to.match(/^order_id +bigint +not null +primary key/im);
  });

  it('says why a step was not tried in the words of the step', async () => {
    const { status, stdout } = await roleshift(['check', '-c', join(desk.folder, 'c', 'worker-worker-1.yaml')]);
    expect(status).to.equal(3);
    expect(stdout).to.match(/"Who we are in AWS: the worker node's role" failed/);
    expect(stdout).not.to.match(/(?:role:redshift|identity) failed/);
  });

  it('follows its switches while it runs', async function () {
    this.timeout(20_000);
    const path = join(desk.folder, 'c', 'switches.yaml');
    const told = async (line: string): Promise<void> => {
      for (let tries = 0; !errors.endsWith(`${line}\n`) && tries < 100; tries++) await wait(50);
      expect(errors).to.satisfy((text: string) => text.endsWith(`${line}\n`));
    };
    const check = () => roleshift(['check', '-c', join(desk.folder, 'c', 'keys-etl-agent.yaml')]);
    await told('switches: none');
    await writeFile(
      path,
      'faults:\n  - on: redshift:*\n    times: always\n    effect: { kind: error, status: 403, code: AccessDenied }\n',
    );
    await told('switches: redshift:* error always');
    expect((await check()).stdout).to.include('RS_AUTH_LOGIN_DENIED');
    await rm(path);
    await told('switches: none');
    expect((await check()).status).to.equal(0);
  });

  it('prints no key and no password of its world', () => {
    const { accounts } = standardWorld();
    const secrets = accounts.flatMap(({ users = [], clusters = [] }) => [
      ...users.flatMap(({ accessKeys = [] }) => accessKeys.flatMap(({ id, secret }) => [id, secret])),
      ...clusters.flatMap((cluster) => (cluster.users ?? []).flatMap(({ password }) => password ?? [])),
    ]);
    expect(secrets).to.have.length(3);
    for (const secret of secrets) expect(screen.includes(secret), 'a secret is on the screen').to.equal(false);
  });

  it('stops by Ctrl-C and keeps the connection files only', async () => {
    child.kill('SIGINT');
    const [status] = (await once(child, 'exit')) as [number | null];
    expect(status).to.equal(0);
    expect(errors.replace(/^switches: .*\n/gm, '')).to.equal('');
    expect((await readdir(desk.folder)).sort()).to.deep.equal(['c', 'orders.csv', 'read.csv', 'world.yaml']);
  });
});
