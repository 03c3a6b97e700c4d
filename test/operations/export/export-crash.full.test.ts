import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ExportReport } from '../../../src/operations/export/export-report.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const PACKAGE = new URL('../../../dist/index.js', import.meta.url).href;

/** A host that reads into files; `KILL` names a phase and how many files it tells of when the process dies of SIGKILL. */
const HOST = `
  import { connector } from ${JSON.stringify(PACKAGE)};
  const { values, spec, destination, kill } = JSON.parse(process.env.EXPORT_CRASH);
  const warned = [];
  const onEvent = (event) => {
    if (event.type === 'warning') warned.push(event);
    if (kill && event.type === 'progress' && event.phase === kill.phase && event.files >= kill.files) {
      process.kill(process.pid, 'SIGKILL');
    }
  };
  const redshift = connector.open(values, { workDirectory: process.env.WORK, onEvent });
  console.log(JSON.stringify({ ...(await redshift.readToFiles(spec, destination)), warned }));
  await redshift[Symbol.asyncDispose]();
`;

const ROWS = 40_000;

/** With the warnings of the run. */
type HostReport = ExportReport & { readonly warned: readonly { readonly code: string; readonly message: string }[] };

describe('a read to files whose process is killed', () => {
  let world: ReadWorld;
  let folder: string;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld({}, (_, __, cluster) => Object.assign(cluster, { slices: 4 }));
  });
  after(() => world?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-files-'));
    await world.world.sql('DROP TABLE IF EXISTS flown');
    await world.table('flown', 'id INTEGER, day DATE', `SELECT n, '2024-02-29' FROM generate_series(1, ${ROWS}) AS n`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function host(spec: object, destination: object, kill?: object): Promise<HostReport | undefined> {
    const values = { ...world.world.connection('keys-etl-agent').values, useStaging: true };
    const child = spawn(process.execPath, ['--input-type=module', '--eval', HOST], {
      env: {
        ...process.env,
        EXPORT_CRASH: JSON.stringify({ values, spec, destination, kill }),
        WORK: world.connection.workDirectory,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(child, 'close');
    let printed = '';
    for await (const text of child.stdout.setEncoding('utf8')) printed += String(text);
    expect(await closed).to.deep.equal(kill === undefined ? [0, null] : [null, 'SIGKILL']);
    return kill === undefined ? (JSON.parse(printed) as HostReport) : undefined;
  }

  async function idsIn(files: readonly string[]): Promise<readonly number[]> {
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
    const lines = texts.flatMap((text) => text.trimEnd().split('\n'));
    return lines.map((line) => (JSON.parse(line) as { readonly id: number }).id).toSorted((a, b) => a - b);
  }

  const ALL = Array.from({ length: ROWS }, (_, index) => index + 1);

  async function unloadsOf(work: () => Promise<void>): Promise<number> {
    const count = async (): Promise<number> =>
      (await world.world.statements()).filter(({ text }) => text?.startsWith('UNLOAD')).length;
    const before = await count();
    await work();
    return (await count()) - before;
  }

  it('leaves a folder that the next read into the place removes', async () => {
    const destination = { to: join(folder, 'out.jsonl') };
    await host({ object: 'flown', mode: 'staged' }, destination, { phase: 'fetch', files: 1 });
    expect(await readdir(folder)).to.have.length(1);
    const report = await host({ object: 'flown', mode: 'staged' }, destination);
    expect(report?.rows).to.equal(ROWS);
    expect(await readdir(folder)).to.deep.equal(['out.jsonl']);
    expect(await idsIn([destination.to])).to.deep.equal(ALL);
  });

  it('is gone on with behind the files that were complete: one snapshot, one UNLOAD, every row once', async () => {
    const spec = { object: 'flown', mode: 'staged', resumable: true, runId: 'night-1' };
    const destination = { to: join(folder, 'out.jsonl'), splitRows: 4000, checksums: true, manifest: true };
    const unloads = await unloadsOf(async () => {
      await host(spec, destination, { phase: 'fetch', files: 3 });
      const [kept = ''] = await readdir(folder);
      const before = await readdir(join(folder, kept));
      await world.world.sql('UPDATE flown SET id = -id');
      const report = await host(spec, destination);
      expect(report?.rows).to.equal(ROWS);
      const files = report?.files ?? [];
      expect(Math.max(...files.map(({ rows }) => rows))).to.be.at.most(4000);
      expect(files.every(({ sha256 }) => sha256?.length === 64)).to.equal(true);
      expect(before.length).to.be.greaterThan(2);
      const [told] = report?.warned ?? [];
      expect(told?.code).to.equal('EXPORT_RESUMED');
      expect(told?.message).to.match(/: [1-9]\d* files? with [1-9]\d* rows are kept as they are$/);
      expect(await idsIn(files.map(({ file }) => file))).to.deep.equal(ALL);
      expect(await readdir(folder)).to.have.length(files.length + 1);
    });
    expect(unloads).to.equal(1);
    expect((await world.leftovers()).filter((name) => !name.includes('/run-'))).to.deep.equal([]);
  });

  it('writes a single file anew out of the same snapshot', async () => {
    const spec = { object: 'flown', mode: 'staged', resumable: true, runId: 'night-2' };
    const destination = { to: join(folder, 'out.jsonl') };
    const unloads = await unloadsOf(async () => {
      await host(spec, destination, { phase: 'fetch', files: 2 });
      await world.world.sql('UPDATE flown SET id = -id');
      expect((await host(spec, destination))?.rows).to.equal(ROWS);
    });
    expect(unloads).to.equal(1);
    expect(await idsIn([destination.to])).to.deep.equal(ALL);
    expect(await readdir(folder)).to.deep.equal(['out.jsonl']);
  });

  it('goes on in S3 under the names of before', async () => {
    const spec = { object: 'flown', mode: 'staged', resumable: true, runId: 'night-3' };
    const destination = { to: 's3://acme-staging/roleshift/exports/crash/', format: 'parquet', manifest: true };
    await host(spec, destination, { phase: 'fetch', files: 3 });
    const mine = async (): Promise<readonly string[]> =>
      (await world.leftovers()).filter((key) => key.startsWith('roleshift/exports/crash/'));
    const before = await mine();
    expect(before.length).to.be.greaterThan(1);
    const report = await host(spec, destination);
    expect(report?.rows).to.equal(ROWS);
    expect(report?.files.map(({ file }) => file)).to.include.members(before.map((key) => `s3://acme-staging/${key}`));
    expect(await mine()).to.have.length((report?.files.length ?? 0) + 1);
  });
});
