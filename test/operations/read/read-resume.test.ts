import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openRun, type Run } from '../../../src/core/run.ts';
import { read } from '../../../src/operations/read/read.ts';
import { openRead } from '../../../src/operations/read/read-open.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const SPEC: ReadSpec = { object: 'flown', mode: 'staged', resumable: true, batchRows: 100 };

describe('a read that goes on', () => {
  let world: ReadWorld;
  let attempts = 0;

  before(async function () {
    this.timeout(60_000);
    world = await openReadWorld();
    // A folder of several files: one a slice.
    await world.table('flown', 'id INTEGER', 'SELECT n FROM generate_series(1, 2000) AS n');
    await world.table('notes', 'n INTEGER');
  });
  afterEach(async () => {
    await world.world.clearFaults();
  });
  after(async () => {
    await world?.[Symbol.asyncDispose]();
  });

  const newId = (): string => {
    attempts += 1;
    return `resume-${attempts}`;
  };
  const run = (runId: string): Run =>
    openRun({ runId, clock: world.world.clock, onEvent: (event) => void world.events.push(event) });
  const stateFiles = async (): Promise<string[]> =>
    (await readdir(world.connection.workDirectory)).filter((name) => name.startsWith('roleshift-resume-'));
  const unloads = async (): Promise<number> =>
    (await world.world.statements()).filter(({ text }) => text?.startsWith('UNLOAD')).length;

  /** What came, and the last checkpoint; `leaves`: behind the first one. */
  async function attempt(
    runId: string,
    { spec = {}, leaves = false }: { spec?: ReadSpec; leaves?: boolean } = {},
  ): Promise<{ ids: number[]; kept: number[]; checkpoint: string | undefined }> {
    const ids: number[] = [];
    let kept: number[] = [];
    let checkpoint: string | undefined;
    for await (const batch of read(world.connection, { ...SPEC, ...spec }, run(runId))) {
      ids.push(...((batch.columns[0] ?? []) as number[]));
      if (batch.checkpoint !== undefined) {
        checkpoint = batch.checkpoint;
        kept = [...ids];
        if (leaves) break;
      }
    }
    return { ids, kept, checkpoint };
  }

  const whole = Array.from({ length: 2000 }, (_, index) => index + 1);
  const inOrder = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b);

  it('continues behind the last checkpoint, with no second UNLOAD, and leaves nothing in the end', async () => {
    const id = newId();
    const before = await unloads();
    const first = await attempt(id, { leaves: true });
    expect(first.kept.length).to.be.within(1, 1999);
    expect(await world.leftovers()).not.to.deep.equal([]);
    const second = await attempt(id, { spec: { resumeFrom: first.checkpoint } });
    expect(inOrder([...first.kept, ...second.ids])).to.deep.equal(whole);
    expect(await unloads()).to.equal(before + 1);
    expect(await world.leftovers()).to.deep.equal([]);
  });

  it('gives the same snapshot, whatever became of the table meanwhile', async () => {
    await world.table('moving', 'id INTEGER', 'SELECT n FROM generate_series(1, 500) AS n');
    const id = newId();
    const spec = { object: 'moving' };
    const first = await attempt(id, { spec, leaves: true });
    await world.world.sql('UPDATE moving SET id = id + 10000');
    const second = await attempt(id, { spec: { ...spec, resumeFrom: first.checkpoint } });
    expect(inOrder([...first.kept, ...second.ids])).to.deep.equal(whole.slice(0, 500));
  });

  it('starts at the beginning where nothing was kept, of the same files', async () => {
    const id = newId();
    const before = await unloads();
    await attempt(id, { leaves: true });
    expect(inOrder((await attempt(id)).ids)).to.deep.equal(whole);
    expect(await unloads()).to.equal(before + 1);
  });

  it('survives a failure: S3 that answers no more', async () => {
    const id = newId();
    await world.world.faults({
      on: 's3:GetObject',
      matching: 'part_00.parquet',
      after: 1,
      times: 1000,
      effect: { kind: 'error', status: 404, code: 'NoSuchKey' },
    });
    const failed: unknown = await attempt(id).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    expect(world.events.some((event) => event.type === 'warning' && event.code === 'STAGED_FILES_KEPT')).to.equal(true);
    await world.world.clearFaults();
    expect(inOrder((await attempt(id)).ids)).to.deep.equal(whole);
    expect(await world.leftovers()).to.deep.equal([]);
  });

  it('skips the files that were marked done, for who reads files', async () => {
    const id = newId();
    const rows: number[] = [];
    {
      await using opened = await openRead(world.connection, SPEC, run(id));
      for await (const file of opened.staged?.files() ?? []) {
        rows.push(file.rows);
        await file.done(file.rows, [{ rows: file.rows, bytes: 1 }]);
        break;
      }
    }
    await using opened = await openRead(world.connection, SPEC, run(id), { startAt: 'recorded' });
    expect(opened.staged?.skippedFiles).to.equal(1);
    expect(opened.staged?.output).to.deep.equal([{ rows: rows[0], bytes: 1 }]);
    for await (const file of opened.staged?.files() ?? []) {
      rows.push(file.rows);
      await file.done(0);
    }
    await opened.finish();
    expect(rows.reduce((sum, count) => sum + count, 0)).to.equal(2000);
    expect(await stateFiles()).to.deep.equal([]);
  });

  it('skips none that were marked done with nothing made of them', async () => {
    const id = newId();
    {
      await using opened = await openRead(world.connection, SPEC, run(id));
      for await (const file of opened.staged?.files() ?? []) {
        await file.done(file.rows);
        break;
      }
    }
    {
      await using opened = await openRead(world.connection, SPEC, run(id), { startAt: 'recorded' });
      expect(opened.staged?.skippedFiles).to.equal(0);
      await opened.finish();
    }
  });

  it('remembers in a file for its owner alone, with no row and no secret', async () => {
    const id = newId();
    await attempt(id, { leaves: true });
    const [name = ''] = await stateFiles();
    const path = join(world.connection.workDirectory, name);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    const state = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>;
    expect(Object.keys(state).sort()).to.deep.equal([
      'bucket',
      'fields',
      'files',
      'filesDone',
      'folderName',
      'format',
      'kind',
      'phase',
      'rows',
      'runId',
      'version',
    ]);
    await attempt(id);
  });

  it('refuses to go on once the staged files are gone', async () => {
    const id = newId();
    const first = await attempt(id, { leaves: true });
    const [name = ''] = await stateFiles();
    const path = join(world.connection.workDirectory, name);
    const state = JSON.parse(await readFile(path, 'utf8')) as { folderName: string };
    await writeFile(path, JSON.stringify({ ...state, folderName: state.folderName.replace(/.{24}$/, '0'.repeat(24)) }));
    const failure: unknown = await attempt(id, { spec: { resumeFrom: first.checkpoint } }).catch(
      (error: unknown) => error,
    );
    expect(failure).to.have.property('code', 'RS_CONFIG_INVALID');
    expect(failure)
      .to.have.property('message')
      .that.matches(/are gone/);
    expect(inOrder((await attempt(id)).ids), 'nothing was kept: anew').to.deep.equal(whole);
  });

  for (const [title, change] of [
    ['another folder of the bucket', { folderName: '..' }],
    ['no folder at all', { folderName: '' }],
    ['a file elsewhere', { files: [{ name: 'unload/../../x', bytes: 1, rows: 1 }] }],
    ['another run', { runId: 'x' }],
    ['something else', { kind: 'x' }],
  ] as const) {
    it(`does not follow a state that leads to ${title}`, async () => {
      const id = newId();
      await attempt(id, { leaves: true });
      const [name = ''] = (await stateFiles()).slice(-1);
      const path = join(world.connection.workDirectory, name);
      const before = await world.leftovers();
      const text = await readFile(path, 'utf8');
      await writeFile(path, JSON.stringify({ ...(JSON.parse(text) as object), ...change }));
      const { runId } = JSON.parse(text) as { runId: string };
      const failure: unknown = await attempt(runId).catch((error: unknown) => error);
      expect(failure)
        .to.have.property('message')
        .that.matches(/cannot be used/);
      expect(await world.leftovers(), 'nothing was deleted').to.deep.equal(before);
      await writeFile(path, text);
      await attempt(runId);
    });
  }

  it('refuses a checkpoint of another run or source', async () => {
    const first = await attempt(newId(), { leaves: true });
    for (const spec of [{ resumeFrom: first.checkpoint }, { resumeFrom: 'x' }]) {
      const failure: unknown = await attempt(newId(), { spec }).catch((error: unknown) => error);
      expect(failure).to.have.nested.property('issues[0].path', 'resumeFrom');
    }
  });

  it('runs the statements before it once for a run id, and never again when it broke off in them', async () => {
    const spec = { preSql: 'INSERT INTO notes VALUES (1)', postSql: 'INSERT INTO notes VALUES (2)' };
    const id = newId();
    const first = await attempt(id, { spec, leaves: true });
    await attempt(id, { spec: { ...spec, resumeFrom: first.checkpoint } });
    expect((await world.world.sql('SELECT n FROM notes ORDER BY n')).rows).to.deep.equal([['1'], ['2']]);

    const other = newId();
    const broken = { preSql: 'INSERT INTO notes VALUES (3); SELECT 1/0' };
    await attempt(other, { spec: broken }).catch(() => undefined);
    const failure: unknown = await attempt(other, { spec: broken }).catch((error: unknown) => error);
    expect(failure)
      .to.have.property('message')
      .that.matches(/preSql has begun/);
  });

  it('forgets what nobody came back for within a week', async () => {
    const stale = join(world.connection.workDirectory, `roleshift-resume-${'0'.repeat(32)}.json`);
    await writeFile(stale, '{}');
    const past = new Date(Date.now() - 8 * 24 * 60 * 60_000);
    await utimes(stale, past, past);
    await attempt(newId());
    expect(await stateFiles()).not.to.include(`roleshift-resume-${'0'.repeat(32)}.json`);
  });

  it('goes on once at a time: a second one is refused while the first is there, and one that is gone gives way', async () => {
    const runId = newId();
    for await (const batch of read(world.connection, SPEC, run(runId))) {
      expect(batch.rowCount).to.be.greaterThan(0);
      const error: unknown = await attempt(runId).catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(Error).and.include({ code: 'RS_CONFIG_INVALID' });
      expect(String(error)).to.include(runId);
      break;
    }
    const claims = async (): Promise<string[]> =>
      (await readdir(world.connection.workDirectory)).filter((name) => name.startsWith('roleshift-claim-'));
    expect(await claims()).to.deep.equal([]);
    const { checkpoint = '' } = await attempt(runId, { leaves: true });
    const claim = join(world.connection.workDirectory, `roleshift-claim-${checkpoint.split(':')[0]}.json`);
    // Of another machine, which nothing is known of: for a minute it counts.
    await writeFile(claim, '{"pid":1,"started":"1","boot":"other","namespace":"other"}');
    expect(await attempt(runId).catch((caught: unknown) => caught)).to.include({ code: 'RS_CONFIG_INVALID' });
    const longAgo = new Date(Date.now() - 61_000);
    await utimes(claim, longAgo, longAgo);
    expect(inOrder((await attempt(runId)).ids)).to.deep.equal(whole);
    expect(await claims()).to.deep.equal([]);
  });

  it('is for staged reads only', async () => {
    expect((await world.refusal({ ...SPEC, mode: 'direct' })).issues?.[0]?.path).to.equal('resumable');
  });
});
