import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import type { WriteReport } from '../../../src/operations/write-report.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';
import { zstdOf } from './zstd.ts';

describe('write: files', () => {
  let on: WriteWorld;
  let inputs: string;
  before(async () => {
    on = await sharedWriteWorld();
    inputs = await mkdtemp(join(tmpdir(), 'write-inputs-'));
  });
  after(() => rm(inputs, { recursive: true }));
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  async function input(name: string, content: string | Buffer): Promise<{ readonly file: string }> {
    const file = join(inputs, name);
    await writeFile(file, content);
    return { file };
  }

  for (const { name, content } of [
    { name: 'rows.csv', content: 'note,id\n"a, b",1\n,2\n"",3\n"line\nbreak",4\n' },
    { name: 'rows.csv.zst', content: zstdOf('note,id\n"a, b",1\n,2\n"",3\n"line\nbreak",4\n') },
    { name: 'rows.csv.gz', content: gzipSync('note,id\n"a, b",1\n,2\n"",3\n"line\nbreak",4\n') },
    {
      name: 'rows.jsonl',
      content: '{"id":1,"note":"a, b"}\n{"id":2,"note":null}\n{"id":3,"note":""}\n{"note":"line\\nbreak","id":4}\n',
    },
  ]) {
    for (const operation of ['insert', 'upsert'] as const) {
      it(`loads ${name} by ${operation}, NULL and the empty string kept apart`, async () => {
        const table = `f_${name.replaceAll('.', '_')}_${operation}`;
        await on.table(table, 'id INTEGER PRIMARY KEY, note VARCHAR(20)');
        const report = await on.write({ object: ['sales', table], operation }, await input(name, content));
        expect(report.rows).to.include({ read: 4, staged: 4, loaded: 4, inserted: 4 });
        expect(await on.rows(`SELECT id, note FROM sales.${table} ORDER BY id`)).to.deep.equal([
          ['1', 'a, b'],
          ['2', null],
          ['3', ''],
          ['4', 'line\nbreak'],
        ]);
      });
    }
  }

  it('moves within a file while it goes up', async () => {
    await on.table('moving', 'note VARCHAR(2000)');
    const rows = 15_000; // some 11 MiB that cannot be compressed: one file in two parts
    const lines = Array.from({ length: rows }, () => randomBytes(750).toString('base64'));
    const before = on.events.length;
    await on.write({ object: 'sales.moving' }, await input('moving.csv', `note\n${lines.join('\n')}\n`));
    const seen = on.events
      .slice(before)
      .flatMap((event) => (event.type === 'progress' && event.phase === 'stage' ? [event] : []));
    const counts = seen.flatMap((event) => event.rows ?? []);
    expect(counts).to.deep.equal(counts.toSorted((one, other) => one - other));
    expect(counts.at(-1)).to.equal(rows);
    expect(
      seen.some(({ rows: count = 0, files }) => files === 0 && count > 0 && count < rows),
      JSON.stringify(seen),
    ).to.equal(true);
  });

  it('takes only the columns that are asked for', async () => {
    await on.table('part', 'id INTEGER');
    const report = await on.write(
      { object: 'sales.part', columns: ['id'] },
      await input('part.csv', 'id,colour\n1,red\n'),
    );
    expect(report.rows.loaded).to.equal(1);
  });

  it('loads a file with a header and no rows', async () => {
    await on.table('header', 'id INTEGER');
    const report = await on.write({ object: 'sales.header' }, await input('header.csv', 'id\n'));
    expect([report.outcome, report.rows.read]).to.deep.equal(['committed', 0]);
  });

  for (const { title, name, content, columns, code, says } of [
    {
      title: 'an empty file',
      name: 'empty.csv',
      content: '',
      columns: undefined,
      code: 'RS_INPUT_INVALID',
      says: /empty/,
    },
    {
      title: 'a file with a column too many',
      name: 'wide.csv',
      content: 'id,note,colour\n1,a,red\n',
      columns: undefined,
      code: 'RS_INPUT_INVALID',
      says: /no column "colour"/,
    },
    {
      title: 'a line with a field too many',
      name: 'ragged.csv',
      content: 'id,note\n1,a\n2,b,c\n',
      columns: undefined,
      code: 'RS_INPUT_INVALID',
      says: /[Ll]ine 3/,
    },
    {
      title: 'a value too long for its column',
      name: 'long.csv',
      content: 'id,note\n1,a\n2,canary-far-too-long-for-it\n',
      columns: undefined,
      code: 'RS_VALUE_UNREPRESENTABLE',
      says: /Row 2, column "note"/,
    },
    {
      title: 'a column that the file does not have',
      name: 'few.csv',
      content: 'id\n1\n',
      columns: ['id', 'note'],
      code: 'RS_INPUT_INVALID',
      says: /The file has no column "note"/,
    },
    {
      title: 'something that is not Parquet',
      name: 'broken.parquet',
      content: 'PAR1 it is not',
      columns: undefined,
      code: 'RS_INPUT_INVALID',
      says: /Parquet/,
    },
  ]) {
    it(`refuses ${title}, and leaves nothing behind`, async () => {
      await on.world.sql('DROP TABLE IF EXISTS sales.bad');
      await on.table('bad', 'id INTEGER, note VARCHAR(20)');
      const spec = { object: 'sales.bad', ...(columns === undefined ? {} : { columns }) };
      const error = await on.refusal(spec, await input(name, content));
      expect([error.code, error.message]).to.satisfy(
        ([found, message]: [string, string]) => found === code && says.test(message),
      );
      expect(JSON.stringify([error, error.message])).not.to.include('canary');
      expect(await on.rows('SELECT COUNT(*) FROM sales.bad')).to.deep.equal([['0']]);
    });
  }

  it('tells a file that is not there', async () => {
    await on.table('absent_file', 'id INTEGER');
    const error = await on.refusal({ object: 'sales.absent_file' }, { file: join(inputs, 'nope.csv') });
    expect(error.code).to.equal('RS_CONFIG_OBJECT_MISSING');
  });

  it('goes on without the rows that Redshift refuses, up to the limit, and says which and why', async () => {
    await on.table('rejects', 'id INTEGER NOT NULL, note VARCHAR(5)');
    const lines = 'id,note\n1,ok\n2,canary-too-long\nx,ok\n,ok\n5,ok\n';
    const report = await on.write({ object: 'sales.rejects', rejectLimit: 3 }, await input('rejects.csv', lines));
    expect(report.rows).to.include({ read: 5, staged: 5, loaded: 2, rejected: 3 });
    expect(report.rejectedRows).to.deep.equal([2, 3, 4]);
    expect(report.rejects.map(({ column, line, code }) => [line, column, code])).to.deep.equal([
      [2, 'note', '1204'],
      [3, 'id', '1207'],
      [4, 'id', '1213'],
    ]);
    expect(JSON.stringify([report, on.events])).not.to.include('canary');
    expect(await on.rows('SELECT id FROM sales.rejects ORDER BY id')).to.deep.equal([['1'], ['5']]);
  });

  it('fails as a whole at one reject more, with the reason of the first', async () => {
    await on.table('too_many', 'id INTEGER NOT NULL, note VARCHAR(5)');
    const lines = 'id,note\n1,ok\n2,canary-too-long\nx,ok\n,ok\n5,ok\n';
    const error = await on.refusal({ object: 'sales.too_many', rejectLimit: 2 }, await input('rejects.csv', lines));
    expect(error.code).to.equal('RS_LOAD_REJECTED');
    expect(error.message).to.match(/more than 2 rows .*: row 2 of rejects.csv, column "note": the value is too long/);
    expect((error.report as WriteReport).rejects).to.have.length(3);
    const one = await on.refusal({ object: 'sales.too_many', rejectLimit: 1 }, await input('rejects.csv', lines));
    expect(one.message).to.include('more than 1 row of the load');
    expect(JSON.stringify([error, error.message])).not.to.include('canary');
    expect(await on.rows('SELECT COUNT(*) FROM sales.too_many')).to.deep.equal([['0']]);
  });

  for (const operation of ['insert', 'upsert'] as const) {
    it(`tells why Redshift refused a row of an ${operation} that allows no rejects`, async () => {
      await on.table(`refused_${operation}`, 'id INTEGER NOT NULL PRIMARY KEY, note VARCHAR(5)');
      const object = `sales.refused_${operation}`;
      const error = await on.refusal({ object, operation }, await input('refused.csv', 'id,note\n1,ok\n,ok\n'));
      expect(error.code).to.equal('RS_LOAD_REJECTED');
      expect(error.details).to.include({ line: 2, column: 'id', code: '1213' });
      expect(await on.rows(`SELECT COUNT(*) FROM ${object}`)).to.deep.equal([['0']]);
    });
  }

  it('asks another view for the reasons when the first may not be seen, and does without when none may', async () => {
    const lines = 'id,note\nx,ok\n1,ok\n';
    const views = ['sys_load_error_detail', 'stl_load_errors'];
    try {
      for (const [index, view] of views.entries()) {
        await on.world.sql(`REVOKE SELECT ON pg_catalog.${view} FROM PUBLIC`);
        await on.table(`unseen_${index}`, 'id INTEGER, note VARCHAR(5)');
        const report = await on.write(
          { object: `sales.unseen_${index}`, rejectLimit: 1 },
          await input('unseen.csv', lines),
        );
        expect(report.rows).to.include({ loaded: 1, rejected: 1 });
        expect([report.rejectedRows, report.rejects.length]).to.deep.equal([[1], index === 0 ? 1 : 0]);
      }
    } finally {
      for (const view of views) await on.world.sql(`GRANT SELECT ON pg_catalog.${view} TO PUBLIC`);
    }
  });
});
