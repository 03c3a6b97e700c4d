import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import type { RejectedRow } from '../../../src/operations/write/reject-file.ts';
import { matchReasons, placeReasons } from '../../../src/operations/write/reject-reasons.ts';
import type { WriteInput } from '../../../src/operations/write-spec.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: the reject file', () => {
  let on: WriteWorld;
  let folder: string;
  before(async () => {
    on = await sharedWriteWorld();
    folder = await mkdtemp(join(tmpdir(), 'rejects-test-'));
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    await on.world.clearFaults();
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
    expect((await readdir(folder)).filter((name) => name.endsWith('.partial'))).to.deep.equal([]);
  });

  const at = (name: string): string => join(folder, name);

  async function rejected(path: string): Promise<RejectedRow[]> {
    const text = await readFile(path, 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RejectedRow);
  }

  async function input(name: string, text: string): Promise<string> {
    await writeFile(at(name), text);
    return at(name);
  }

  it('holds what Redshift refused: place, column, limit, bytes seen, reason and the values', async () => {
    await on.table('file_rejects', 'id INTEGER NOT NULL, note VARCHAR(5), born DATE');
    const file = await input(
      'people.csv',
      'id,note,born\n1,"two\nlines",2026-01-01\n2,"ok",2026-01-02\n3,"zu läng, ""so""",2026-01-03\n4,,someday\n5,"",\n',
    );
    const rejectFile = at('people.jsonl');
    const report = await on.write({ object: 'sales.file_rejects', rejectLimit: 5, rejectFile }, { file });
    expect(report.rows).to.deep.include({ read: 5, inserted: 2, rejected: 3 });
    const rows = await rejected(rejectFile);
    expect(
      rows.map(({ stagedFile, stagedLine, ...row }) => ({
        ...row,
        stagedLine: `${typeof stagedFile} ${typeof stagedLine}`,
      })),
    ).to.deep.equal([
      {
        row: 1,
        source: 'people.csv',
        line: 2,
        column: 'note',
        type: 'VARCHAR(5)',
        limitBytes: 5,
        bytes: 9,
        code: '1204',
        reason: 'the value is too long for the column or out of its range (varchar(5))',
        values: { id: '1', note: 'two\nlines', born: '2026-01-01' },
        stagedLine: 'string number',
      },
      {
        row: 3,
        source: 'people.csv',
        line: 5,
        column: 'note',
        type: 'VARCHAR(5)',
        limitBytes: 5,
        bytes: 14,
        code: '1204',
        reason: 'the value is too long for the column or out of its range (varchar(5))',
        values: { id: '3', note: 'zu läng, "so"', born: '2026-01-03' },
        stagedLine: 'string number',
      },
      {
        row: 4,
        source: 'people.csv',
        line: 6,
        column: 'born',
        type: 'DATE',
        bytes: 7,
        code: '1205',
        reason: 'not a date (date)',
        values: { id: '4', note: null, born: 'someday' },
        stagedLine: 'string number',
      },
    ]);
    expect((await stat(rejectFile)).mode & 0o777).to.equal(0o600);
    const seen = JSON.stringify([report, on.events]);
    for (const value of ['someday', 'zu l', 'two']) expect(seen).not.to.include(value);
  });

  it('tells the line of each row in its own file, and in a stream', async () => {
    await on.table('row_lines', 'id INTEGER NOT NULL, note VARCHAR(5)');
    const rejectFile = at('row-lines.jsonl');
    const first = await input('first.csv', 'id,note\r\n1,"a\r\nb"\r\n2,too long\r\n');
    const second = await input('second.jsonl', '\n{"id":3,"note":"c"}\n\n{"id":4,"note":"too long"}\n');
    const report = await on.write(
      { object: 'sales.row_lines', rejectLimit: 5, rejectFile },
      { files: [first, second] },
    );
    expect(report.rows).to.deep.include({ read: 4, rejected: 2 });
    expect((await rejected(rejectFile)).map(({ source, row, line }) => [source, row, line])).to.deep.equal([
      ['first.csv', 2, 4],
      ['second.jsonl', 4, 4],
    ]);
    const stream = Readable.from([Buffer.from('id,note\n1,"a\n'), Buffer.from('b"\n2,too long\n')]);
    await on.write({ object: 'sales.row_lines', rejectLimit: 1, rejectFile }, { file: stream, format: 'csv' });
    expect((await rejected(rejectFile)).map(({ row, line }) => [row, line])).to.deep.equal([[2, 4]]);
  });

  it('tells no line of a file that has changed since it was read', async () => {
    await on.table('changed_since', 'id INTEGER, note VARCHAR(5)');
    const rejectFile = at('changed-since.jsonl');
    const file = await input('changed-since.csv', 'id,note\n1,too long\n');
    await on.world.faults({ on: 'pg:loadErrors', effect: { kind: 'delay', ms: 1500 } });
    on.events.length = 0;
    const writing = on.write({ object: 'sales.changed_since', rejectLimit: 1, rejectFile }, { file });
    while (!on.events.some((event) => event.type === 'progress' && event.phase === 'load')) await setTimeout(10);
    await writeFile(file, 'id,note\n\n\n1,too long\n');
    await writing;
    expect((await rejected(rejectFile)).map(({ row, code, line }) => [row, code, line])).to.deep.equal([
      [1, '1204', undefined],
    ]);
    expect(on.events.filter(({ type }) => type === 'suppressed')).to.have.length(1);
  });

  it('is loaded again once it is mended', async () => {
    await on.table('replayed', 'id INTEGER NOT NULL, note VARCHAR(5), big DECIMAL(38,0), flag BOOLEAN');
    const rejectFile = at('replayed.jsonl');
    const big = '12345678901234567890123456789012345678';
    const rows = [
      { id: 1, note: 'fine', big, flag: true },
      { id: 2, note: 'too long', big, flag: false },
      { id: null, note: 'none', big: null, flag: true },
    ];
    const first = await on.write({ object: 'sales.replayed', rejectLimit: 2, rejectFile }, rows);
    expect(first.rows).to.deep.include({ read: 3, inserted: 1, rejected: 2 });
    const found = await rejected(rejectFile);
    expect(found.map(({ row, column, code, values }) => ({ row, column, code, values }))).to.deep.equal([
      {
        row: 2,
        column: 'note',
        code: 'RS_VALUE_UNREPRESENTABLE',
        values: { id: '2', note: 'too long', big, flag: 'false' },
      },
      {
        row: 3,
        column: 'id',
        code: 'RS_VALUE_UNREPRESENTABLE',
        values: { id: null, note: 'none', big: null, flag: 'true' },
      },
    ]);
    const again = await on.refusal({ object: 'sales.replayed' }, { rejects: rejectFile });
    expect(again.code).to.equal('RS_VALUE_UNREPRESENTABLE');
    const mended = (await readFile(rejectFile, 'utf8')).replace('too long', 'short').replace('"id":null', '"id":"3"');
    const report = await on.write({ object: 'sales.replayed' }, { rejects: await input('mended.jsonl', mended) });
    expect(report.rows).to.deep.include({ read: 2, inserted: 2, rejected: 0 });
    expect(await on.rows('SELECT id, note, big, flag FROM sales.replayed ORDER BY id')).to.deep.equal([
      ['1', 'fine', big, 't'],
      ['2', 'short', big, 'f'],
      ['3', 'none', null, 't'],
    ]);
  });

  describe('of values that COPY would change without a word', () => {
    const SPEC = { object: 'sales.silent_rejects' };
    const COLUMNS = 'id INTEGER NOT NULL, price DECIMAL(9,2), born DATE, raw VARBYTE(8)';
    const CSV =
      'id,price,born,raw\n1,1.50,2026-01-01,ff\n2,1.505,2026-01-02,ff\n3,2.5,2026-01-03 10:00:00,ff\n4,3,2026-01-04,""\n';
    const JSONL = [
      '{"id":1,"price":1.50,"born":"2026-01-01","raw":"ff"}',
      '{"id":2,"price":1.505,"born":"2026-01-02","raw":"ff"}',
      '{"id":3,"price":2.5,"born":"2026-01-03 10:00:00","raw":"ff"}',
      '{"id":4,"price":3,"born":"2026-01-04","raw":""}\n',
    ].join('\n');
    const rows = JSONL.trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string | number>);

    before(async () => {
      await on.table('silent_rejects', COLUMNS);
      await duck(`COPY (SELECT 1 AS id, 1.5::DECIMAL(9,3) AS price, TIMESTAMP '2026-01-01' AS born, '\\xff'::BLOB AS raw
        UNION ALL SELECT 2, 1.505, '2026-01-02', '\\xff' UNION ALL SELECT 3, 2.5, '2026-01-03 10:00:00', '\\xff'
        UNION ALL SELECT 4, 3, '2026-01-04', '' ORDER BY 1) TO '${at('silent.parquet')}' (FORMAT parquet)`);
    });

    const inputs: Readonly<Record<string, () => Promise<WriteInput>>> = {
      rows: async () => rows,
      csv: async () => ({ file: await input('silent.csv', CSV) }),
      jsonl: async () => ({ file: await input('silent.jsonl', JSONL) }),
      parquet: async () => ({ file: at('silent.parquet') }),
    };
    for (const [kind, open] of Object.entries(inputs)) {
      for (const path of ['staged', 'insert'] as const) {
        it(`rejects the rows within the limit: ${kind}, ${path}`, async () => {
          const rejectFile = at(`silent-${kind}-${path}-rejects.jsonl`);
          const spec = { ...SPEC, before: 'deleteAll', path, rejectLimit: 3, rejectFile } as const;
          const report = await on.write(spec, await open());
          expect(report.rows).to.deep.include({ read: 4, inserted: 1, rejected: 3 });
          expect(report.rejectedRows).to.deep.equal([2, 3, 4]);
          expect(report.rejects.map(({ row, column }) => [row, column])).to.deep.equal([
            [2, 'price'],
            [3, 'born'],
            [4, 'raw'],
          ]);
          const found = await rejected(rejectFile);
          const isText = kind === 'csv' || kind === 'jsonl';
          const first = kind === 'csv' ? 1 : 0;
          expect(found.map(({ row, line, column, code }) => ({ row, line, column, code }))).to.deep.equal(
            [[2, 'price'] as const, [3, 'born'] as const, [4, 'raw'] as const].map(([row, column]) => ({
              row,
              line: isText ? row + first : undefined,
              column,
              code: 'RS_VALUE_UNREPRESENTABLE',
            })),
          );
          expect(found[0]).to.deep.include({
            type: 'DECIMAL(9,2)',
            values: { ...found[0]?.values, id: '2', price: '1.505' },
          });
          expect(found[1]?.values['born']).to.match(/^2026-01-03[ T]10:00:00$/);
          expect(found[2]?.values['raw']).to.equal('');
          expect(await on.rows('SELECT id, price FROM sales.silent_rejects')).to.deep.equal([['1', '1.50']]);
        });
      }

      it(`fails the load without a limit, past it, and keeps the values where the loss is accepted: ${kind}`, async () => {
        const none = await on.refusal({ ...SPEC, path: 'staged' }, await open());
        expect(none.code).to.equal('RS_VALUE_UNREPRESENTABLE');
        const past = await on.refusal({ ...SPEC, path: 'staged', rejectLimit: 1 }, await open());
        expect([past.code, past.details['row'], past.details['column']]).to.deep.equal(['RS_LOAD_REJECTED', 3, 'born']);
        expect(past.message).to.match(/^More than 1 row cannot be loaded; the last: Row 3, column "born"/);
        const acceptLoss = ['price', 'born', 'raw'];
        const kept = await on.write(
          { ...SPEC, before: 'deleteAll', path: 'staged', rejectLimit: 1, acceptLoss },
          await open(),
        );
        expect(kept.rows).to.deep.include({ read: 4, inserted: 4, rejected: 0 });
      });
    }
  });

  it('holds the rows of a data driven write that reject themselves', async () => {
    await on.table('driven_rejects', 'id INTEGER NOT NULL, note VARCHAR(5)');
    const rejectFile = at('driven.jsonl');
    const rows = [
      { op: 'I', id: 1, note: 'a' },
      { op: 'R', id: 2, note: 'b' },
      { op: 'X', id: 3, note: 'c' },
    ];
    const spec = { operation: 'dataDriven', keys: ['id'], changeColumn: 'op', rejectLimit: 1 } as const;
    await on.write({ object: 'sales.driven_rejects', ...spec, rejectFile }, rows);
    expect((await rejected(rejectFile)).map(({ row, code, values }) => ({ row, code, values }))).to.deep.equal([
      { row: 2, code: 'rejected', values: { op: 'R', id: '2', note: 'b' } },
      { row: 3, code: 'change', values: { op: 'X', id: '3', note: 'c' } },
    ]);
  });

  it('waits for views that learn of the errors later', async () => {
    await on.table('late_views', 'id INTEGER, born DATE');
    await on.world.faults({ on: 'pg:loadErrors', effect: { kind: 'delay', ms: 1500 } });
    const file = await input('late.csv', 'id,born\n1,soon\n2,2026-01-01\n');
    const rejectFile = at('late.jsonl');
    const report = await on.write({ object: 'sales.late_views', rejectLimit: 1, rejectFile }, { file });
    expect(report.rejects.map(({ code }) => code)).to.deep.equal(['1205']);
    expect(await rejected(rejectFile))
      .to.have.length(1)
      .with.nested.property('[0].code', '1205');
  });

  it('is empty where nothing was refused, and is not there where the write failed', async () => {
    await on.table('none_refused', 'id INTEGER, born DATE');
    const rejectFile = at('none.jsonl');
    await on.write({ object: 'sales.none_refused', rejectLimit: 1, rejectFile }, [{ id: 1 }]);
    expect(await readFile(rejectFile, 'utf8')).to.equal('');
    const file = await input('none.csv', 'id,born\n1,soon\n2,later\n');
    const failure = await on.refusal(
      { object: 'sales.none_refused', rejectLimit: 1, rejectFile: at('failed.jsonl') },
      { file },
    );
    expect(failure.code).to.equal('RS_LOAD_REJECTED');
    expect(await readdir(folder)).not.to.include('failed.jsonl');
  });

  it('is written once where the load is repeated', async () => {
    await on.table('repeated', 'id INTEGER, born DATE');
    const rejectFile = at('repeated.jsonl');
    const file = await input('repeated.csv', 'id,born\n1,soon\n2,2026-01-01\n3,later\n');
    await on.world.faults({ on: 'pg:commit', effect: { kind: 'drop', when: 'before' } });
    const report = await on.write({ object: 'sales.repeated', rejectLimit: 2, rejectFile }, { file });
    expect(report.warnings.map(({ code }) => code)).to.include('LOAD_REPEATED');
    expect((await rejected(rejectFile)).map(({ row }) => row)).to.deep.equal([1, 3]);
  });

  it('refuses a place that it cannot be made in, before anything is loaded', async () => {
    await on.table('no_place', 'id INTEGER');
    const failure = await on.refusal(
      { object: 'sales.no_place', rejectLimit: 1, rejectFile: at('nowhere/rejects.jsonl') },
      [{ id: 1 }],
    );
    expect(failure.code).to.equal('RS_CONFIG_INVALID');
    const same = await on.refusal(
      { object: 'sales.no_place', rejectFile: at('none.jsonl') },
      { rejects: at('none.jsonl') },
    );
    expect(same.message).to.include('is the file that is loaded');
  });

  it('refuses a file to replay that is not there, by its name', async () => {
    await on.table('no_replay', 'id INTEGER');
    const failure = await on.refusal({ object: 'sales.no_replay' }, { rejects: at('nothing.jsonl') });
    expect(failure.code).to.equal('RS_CONFIG_OBJECT_MISSING');
    expect(failure.message).to.include(`There is no reject file "${at('nothing.jsonl')}"`);
  });

  for (const [title, text, message] of [
    ['no JSON', '{"values":{"id":"1"}}\nid,1\n', 'Line 2 of the reject file is no JSON'],
    ['no values', '{"id":"1"}\n', 'Line 1 of the reject file has no values'],
    ['a number', '{"values":{"id":12345678901234567890}}\n', 'neither text nor null'],
  ] as const) {
    it(`refuses a file to replay with ${title}`, async () => {
      await on.table(`bad_replay_${title.replace(' ', '_')}`, 'id INTEGER');
      const rejects = await input('bad.jsonl', text);
      const failure = await on.refusal({ object: `sales.bad_replay_${title.replace(' ', '_')}` }, { rejects });
      expect(failure.code).to.equal('RS_INPUT_INVALID');
      expect(failure.message).to.include(message);
    });
  }
});

async function duck(statement: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(statement);
  connection.closeSync();
  instance.closeSync();
}

describe('reasons of rejected rows', () => {
  it('are told of the rows that are missing, across staged files, where their numbers agree', () => {
    const errors = [3, 14].map((line) => ({
      file: `part-${line === 3 ? 2 : 1}`,
      line,
      column: 'a',
      code: '1',
      reason: '',
    }));
    expect(placeReasons([9, 2], errors).map(({ file, row }) => [file, row])).to.deep.equal([
      ['part-2', 9],
      ['part-1', 2],
    ]);
    expect(placeReasons([9], errors)).to.deep.equal(errors);
  });

  const error = (line: number, column = 'a') => ({ file: 'f', line, column, code: '1204', reason: 'long' });

  it('belong to the rows in their order', () => {
    const found = matchReasons([9, 2], [error(14, 'b'), error(3, 'a'), error(3, 'c')]);
    expect([...found].map(([row, { line, column }]) => [row, line, column])).to.deep.equal([
      [2, 3, 'a'],
      [9, 14, 'b'],
    ]);
  });

  it('are left out where their number is another', () => {
    expect(matchReasons([2, 9], [error(3)]).size).to.equal(0);
    expect(matchReasons([2], [error(3), error(4)]).size).to.equal(0);
  });
});
