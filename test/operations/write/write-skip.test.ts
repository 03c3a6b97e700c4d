import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: files that were loaded before', () => {
  let on: WriteWorld;
  let folder: string;
  before(async () => {
    on = await sharedWriteWorld();
    folder = await mkdtemp(join(tmpdir(), 'write-skip-'));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  async function input(name: string, content = 'id\n1\n2\n'): Promise<{ readonly file: string }> {
    const file = join(folder, name);
    await writeFile(file, content);
    return { file };
  }

  const count = async (table: string) => Number((await on.rows(`SELECT COUNT(*) FROM sales.${table}`))[0]?.[0]);

  it('are skipped, counted and told, before anything is staged', async () => {
    await on.table('skips', 'id INTEGER');
    const spec = { object: 'sales.skips', skipLoadedFiles: true } as const;
    const first = await on.write(spec, await input('a.csv'), { runId: 'first' });
    expect([first.rows.inserted, first.warnings]).to.deep.equal([2, []]);
    const before = (await on.world.calls('s3:PutObject')).length;
    const second = await on.write(spec, { file: join(folder, 'a.csv') }, { runId: 'second' });
    expect([second.outcome, second.alreadyApplied, second.warnings.map(({ code }) => code)]).to.deep.equal([
      'committed',
      false,
      ['FILE_SKIPPED'],
    ]);
    expect(second.rows).to.include({ read: 2, loaded: 0, skipped: 2 });
    expect((await on.world.calls('s3:PutObject')).length).to.equal(before);
    expect((await on.write(spec, { file: join(folder, 'a.csv') }, { runId: 'first' })).alreadyApplied).to.equal(true);
    expect(await count('skips')).to.equal(2);
  });

  it('are others when their content has changed, or their place', async () => {
    await on.table('changes', 'id INTEGER');
    const spec = { object: 'sales.changes', skipLoadedFiles: true } as const;
    for (const [name, content, loaded] of [
      ['b.csv', 'id\n1\n', 1],
      ['b.csv', 'id\n1\n2\n', 2],
      ['c.csv', 'id\n1\n2\n', 2],
    ] as const) {
      expect((await on.write(spec, await input(name, content))).rows.loaded, name).to.equal(loaded);
    }
  });

  it('are loaded once by runs that start together', async () => {
    await on.table('together', 'id INTEGER');
    const file = await input('d.csv');
    const spec = { object: 'sales.together', skipLoadedFiles: true } as const;
    const reports = await Promise.all([1, 2, 3].map(() => on.write(spec, file)));
    expect(reports.map(({ rows }) => rows.loaded)).to.have.members([0, 0, 2]);
    for (const { rows } of reports) expect(rows.loaded + rows.skipped).to.equal(rows.read);
    expect(await count('together')).to.equal(2);
  });

  it('are loaded again unless that is asked for', async () => {
    await on.table('repeats', 'id INTEGER');
    const file = await input('e.csv');
    await on.write({ object: 'sales.repeats', skipLoadedFiles: true }, file);
    await on.write({ object: 'sales.repeats' }, file);
    expect(await count('repeats')).to.equal(4);
  });

  it('are not remembered for a load that failed', async () => {
    await on.table('failed_file', 'id INTEGER NOT NULL');
    const spec = { object: 'sales.failed_file', skipLoadedFiles: true } as const;
    const file = await input('f.csv', 'id\nx\n1\n');
    await on.refusal(spec, file);
    expect((await on.write({ ...spec, rejectLimit: 1 }, file)).rows).to.include({ read: 2, loaded: 1, rejected: 1 });
  });

  it('cannot be known without a ledger, for rows of a program, or when the table is emptied first', async () => {
    await on.table('unknowable', 'id INTEGER');
    const spec = { object: 'sales.unknowable', skipLoadedFiles: true } as const;
    const file = await input('g.csv');
    for (const [more, given] of [
      [{ ledger: 'off' }, file],
      [{ before: 'overwrite' }, file],
      [{}, [{ id: 1 }]],
    ] as const) {
      const error = await on.refusal({ ...spec, ...more }, given);
      expect([error.code, error.issues[0]?.path]).to.deep.equal(['RS_CONFIG_INVALID', 'skipLoadedFiles']);
    }
    const taken = await on.refusal({ object: spec.object }, file, { runId: `file:${'0'.repeat(64)}` });
    expect(taken.code).to.equal('RS_CONFIG_INVALID');
  });
});
