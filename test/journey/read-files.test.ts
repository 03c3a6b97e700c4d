import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Engine } from '../../src/columnar/engine.ts';
import { Sql } from '../../src/sql/sql.ts';
import { openWorld, standardWorld, type TestWorld } from '../harness.ts';
import { type Desk, openDesk, roleshift } from './command.ts';

describe('roleshift read into files', () => {
  let sandbox: TestWorld;
  let desk: Desk;
  let connection: string;

  before(async function () {
    this.timeout(60_000);
    sandbox = await openWorld(
      standardWorld((_, __, cluster) => {
        cluster.databases![0]!.setup = `create table public.few (id bigint, note varchar(20));
          insert into public.few values (1, 'a,b'), (2, null), (3, '');
          grant all on public.few to etl;`;
      }),
    );
    desk = await openDesk();
    connection = await desk.connection(sandbox.connection('keys-etl-agent'));
  });
  after(async () => {
    await desk?.[Symbol.asyncDispose]();
    await sandbox?.[Symbol.asyncDispose]();
  });

  /** Standard output as a file of this name. */
  async function intoFile(name: string, flags: readonly string[]): Promise<string> {
    const path = join(desk.folder, name);
    const child = spawn(process.execPath, ['dist/cli/main.js', 'read', 'public.few', '-c', connection, ...flags], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const closed = once(child, 'close');
    await pipeline(child.stdout, createWriteStream(path));
    expect(await closed).to.deep.equal([0, null]);
    return path;
  }

  for (const mode of ['direct', 'staged']) {
    it(`leads Parquet into a pipe, ${mode}`, async () => {
      const path = await intoFile(`${mode}.parquet`, ['--format', 'parquet', '--mode', mode]);
      await using engine = await Engine.open({ folder: desk.folder });
      const statement = Sql.trusted(`SELECT id::VARCHAR, note FROM read_parquet('${path}') ORDER BY id`);
      const rows = await engine.query(statement, { signal: new AbortController().signal });
      expect(rows).to.deep.equal([
        ['1', 'a,b'],
        ['2', null],
        ['3', ''],
      ]);
    });
  }

  it('leads compressed CSV of a dialect into a pipe', async () => {
    const flags = [
      '--format',
      'csv',
      '--compression',
      'gzip',
      '--delimiter',
      ';',
      '--null-marker',
      '-',
      '--without-header',
    ];
    const path = await intoFile('few.csv.gz', [...flags, '--mode', 'direct', '--order-by', 'id']);
    expect(gunzipSync(await readFile(path)).toString()).to.match(/^1;"?a,b"?\n2;-\n3;(?:"")?\n$/);
  });

  for (const flags of [
    ['--format', 'parquet'],
    ['--format', 'csv', '--compression', 'zstd'],
  ]) {
    it(`shows a terminal no ${flags.join(' ')}`, async () => {
      const command = [process.execPath, 'dist/cli/main.js', 'read', 'public.few', '-c', connection, ...flags];
      const line = command.map((word) => `'${word}'`).join(' ');
      const { stdout } = await promisify(execFile)('script', ['-qc', `${line}; echo status $?`, '/dev/null']);
      expect(stdout)
        .to.contain('A terminal cannot show what is not text')
        .and.to.match(/status 2/);
    });
  }

  it('refuses two columns of one name as lines of JSON, as a file and on standard output', async () => {
    for (const flags of [[], ['-o', join(desk.folder, 'twice.jsonl')]]) {
      const { status, stdout, stderr } = await roleshift(['read', '-q', 'select 1 a, 2 a', '-c', connection, ...flags]);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.match(/Two columns are called "a"/);
    }
  });

  it('tells files, checksums and what was compared', async () => {
    const to = join(desk.folder, 'told.csv');
    const flags = ['-o', to, '--checksums', '--split-rows', '2', '--manifest', '--verify', '--mode', 'direct'];
    const { status, stderr, stdout } = await roleshift(['read', 'public.few', '-c', connection, ...flags]);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '' });
    expect(stderr).to.match(/told-00001\.csv {2}2 rows, .* sha256 [0-9a-f]{64}/);
    expect(stderr).to.match(/told_manifest\.json/);
    expect(stderr).to.match(/verified: 3 rows, the values of 2 columns/);
    expect((await readdir(desk.folder)).filter((name) => name.startsWith('told'))).to.have.length(3);
    const again = await roleshift(['read', 'public.few', '-c', connection, '-o', to, '--split-rows', '2']);
    expect(again.stderr).to.contain('is there already');
    const replaced = await roleshift([
      'read',
      'public.few',
      '-c',
      connection,
      '-o',
      to,
      '--split-rows',
      '3',
      '--replace',
    ]);
    expect(replaced.status).to.equal(0);
    expect((await readdir(desk.folder)).filter((name) => name.startsWith('told-'))).to.deep.equal(['told-00001.csv']);
  });
});
