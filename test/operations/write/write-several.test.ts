import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';
import { zstdOf } from './zstd.ts';

describe('write: several files', () => {
  let on: WriteWorld;
  let folder: string;
  before(async () => {
    on = await sharedWriteWorld();
    folder = await mkdtemp(join(tmpdir(), 'write-several-'));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  async function inputs(contents: Readonly<Record<string, string | Buffer>>): Promise<{ readonly files: string[] }> {
    const files: string[] = [];
    for (const [name, content] of Object.entries(contents)) {
      files.push(join(folder, name));
      await writeFile(join(folder, name), content);
    }
    return { files };
  }

  it('are one input: formats may differ, columns stand in any order, rows are numbered on', async () => {
    await on.table('mixed', 'id INTEGER PRIMARY KEY, note VARCHAR(9)');
    const given = await inputs({
      'm1.csv': 'id,note\n1,a\n2,b\n',
      'm2.csv.gz': gzipSync('note,id\nc,3\n'),
      'm3.jsonl': '{"id":4}\n{"id":2,"note":"last"}\n',
    });
    const report = await on.write({ object: 'sales.mixed', operation: 'upsert', duplicateKeys: 'keepLast' }, given);
    expect(report.rows).to.include({ read: 5, staged: 5, loaded: 4, deduplicated: 1 });
    expect(report.files).to.equal(3);
    expect(await on.rows('SELECT id, note FROM sales.mixed ORDER BY id')).to.deep.equal([
      ['1', 'a'],
      ['2', 'last'],
      ['3', 'c'],
      ['4', null],
    ]);
  });

  it('name the file of a row that is refused, and its number there', async () => {
    await on.table('refusing', 'id INTEGER');
    const given = await inputs({ 'r1.csv': 'id\n1\n2\n', 'r2.csv': 'id\n3\nx\n' });
    const error = await on.refusal({ object: 'sales.refusing' }, given);
    expect(error.message).to.match(/^Row 4 \(row 2 of r2\.csv\), column "id"/);
    expect(error.details).to.include({ row: 4, source: 'r2.csv', sourceRow: 2 });
    const rejectFile = join(folder, 'rejects.jsonl');
    const report = await on.write({ object: 'sales.refusing', rejectLimit: 1, rejectFile }, given);
    expect(report.rows).to.include({ read: 4, loaded: 3, rejected: 1 });
    const reject = JSON.parse(await readFile(rejectFile, 'utf8')) as Readonly<Record<string, unknown>>;
    expect(reject).to.include({ row: 4, source: 'r2.csv', sourceRow: 2 });
  });

  for (const { title, contents, message } of [
    {
      title: 'a column less',
      contents: { 'c1.csv': 'id,note\n1,a\n', 'c2.csv': 'id\n2\n' },
      message: 'The file c2.csv lacks a column of the first file: "note"',
    },
    {
      title: 'a column more',
      contents: { 'c1.csv': 'id\n1\n', 'c2.csv': 'id,note\n2,a\n' },
      message: 'The file c2.csv has a column that the first file has not: "note"',
    },
    {
      title: 'another name in JSON Lines',
      contents: { 'c1.jsonl': '{"id":1,"note":"a"}\n', 'c2.jsonl': '{"id":2,"nota":"a"}\n' },
      message: 'The file c2.jsonl has a column that the first file has not: "nota"',
    },
    {
      title: 'a cut end, compressed by gzip',
      contents: { 'c1.csv': 'id\n1\n', 'c2.csv.gz': gzipSync('id\n2\n'.repeat(99)).subarray(0, -9) },
      message: 'c2.csv.gz: The file is cut short, or damaged',
    },
    {
      title: 'a cut end, compressed by zstd',
      contents: { 'c1.csv': 'id\n1\n', 'c2.csv': zstdOf('id\n2\n').subarray(0, -1) },
      message: 'c2.csv: The file is cut short, or damaged',
    },
    {
      title: 'too large a window',
      contents: { 'c1.csv.zst': Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa0, 0, 0]), 'c2.csv': 'id\n1\n' },
      message: 'c1.csv.zst: The file is compressed by zstd with a window',
    },
    {
      title: 'nothing in it',
      contents: { 'c1.csv': 'id\n1\n', 'c2.csv': '' },
      message: '/c2.csv" is empty',
    },
  ]) {
    it(`refuse one with ${title}`, async () => {
      const table = `differs_${title.replaceAll(/\W/g, '_')}`;
      await on.table(table, 'id INTEGER, note VARCHAR(9)');
      const error = await on.refusal({ object: ['sales', table] }, await inputs(contents));
      expect(error.code).to.equal('RS_INPUT_INVALID');
      expect(error.message).to.include(message);
      expect(await on.rows(`SELECT COUNT(*) FROM sales.${table}`)).to.deep.equal([['0']]);
    });
  }

  it('make a table whose columns hold the values of all', async () => {
    const given = await inputs({
      't1.csv': 'id,amount,note\n1,1.5,a\n',
      't2.csv': 'id,amount,note\n2,12345678901234567.25,2024-01-01\n',
    });
    await on.write({ object: 'sales.made_of_two', createTarget: true }, given);
    expect(await on.rows('SELECT id, amount, note FROM sales.made_of_two ORDER BY id')).to.deep.equal([
      ['1', '1.50', 'a'],
      ['2', '12345678901234567.25', '2024-01-01'],
    ]);
  });

  it('are skipped each by itself, and counted', async () => {
    await on.table('each', 'id INTEGER');
    const spec = { object: 'sales.each', skipLoadedFiles: true } as const;
    const { files } = await inputs({ 's1.csv': 'id\n1\n2\n', 's2.csv': 'id\n3\n', 's3.csv': 'id\n4\n5\n6\n' });
    const [one = '', two = '', three = ''] = files;
    expect((await on.write(spec, { files: [two] })).rows).to.include({ read: 1, loaded: 1 });
    const report = await on.write(spec, { files: [one, two, three] }, { runId: 'mixed' });
    expect(report.rows).to.include({ read: 6, staged: 5, loaded: 5, skipped: 1 });
    expect(report.warnings.map(({ code }) => code)).to.deep.equal(['FILE_SKIPPED']);
    const again = await on.write(spec, { files }, { runId: 'mixed' });
    expect([again.alreadyApplied, again.rows.read, again.rows.skipped]).to.deep.equal([true, 6, 1]);
    expect((await on.write(spec, { files })).rows).to.include({ read: 6, loaded: 0, skipped: 6 });
    expect(await on.rows('SELECT COUNT(*) FROM sales.each')).to.deep.equal([['6']]);
    expect((await on.refusal(spec, { files: [one, one] })).message).to.include('named twice');
  });

  it('are loaded once by runs that start together with some of them', async () => {
    await on.table('overlap', 'id INTEGER');
    const spec = { object: 'sales.overlap', skipLoadedFiles: true } as const;
    const { files } = await inputs({ 'o1.csv': 'id\n1\n2\n', 'o2.csv': 'id\n3\n', 'o3.csv': 'id\n4\n' });
    const reports = await Promise.all(
      [files.slice(0, 2), files.slice(1), files].map((some) => on.write(spec, { files: some })),
    );
    expect(reports.reduce((sum, { rows }) => sum + rows.loaded, 0)).to.equal(4);
    for (const { rows } of reports) expect(rows.loaded + rows.skipped).to.equal(rows.read);
    expect(await on.rows('SELECT COUNT(*), COUNT(DISTINCT id) FROM sales.overlap')).to.deep.equal([['4', '4']]);
  });
});
