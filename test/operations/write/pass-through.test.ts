import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import type { WriteSpec } from '../../../src/operations/write-spec.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

const COLUMNS =
  's SMALLINT, i INTEGER, b BIGINT, d DECIMAL(38,10), r REAL, f DOUBLE PRECISION, o BOOLEAN, v VARCHAR(20), a DATE, t TIMESTAMP, z TIMESTAMPTZ';
const ROW = `(-32768)::SMALLINT AS s, 2147483647::INTEGER AS i, 9223372036854775807::BIGINT AS b, 1234567890123456789012345678.0123456789::DECIMAL(38,10) AS d, 0.1::FLOAT AS r, 'NaN'::DOUBLE AS f, true AS o, chr(65279) || '"a",' || chr(13) || chr(10) || chr(92) AS v, DATE '1582-10-15' AS a, TIMESTAMP '9999-12-31 23:59:59.999999' AS t, TIMESTAMPTZ '2024-02-29 12:00:00.000001+02' AS z`;
const VALUES = [
  '-32768',
  '2147483647',
  '9223372036854775807',
  '1234567890123456789012345678.0123456789',
  '0.1',
  'NaN',
  't',
  '\uFEFF"a",\r\n\\',
  '1582-10-15',
  '9999-12-31 23:59:59.999999',
  '2024-02-29 10:00:00.000001+00',
];

describe('Parquet that goes as it is', () => {
  let on: WriteWorld;
  let instance: DuckDBInstance;
  let tables = 0;
  const made: string[] = [];
  before(async () => {
    on = await sharedWriteWorld();
    instance = await DuckDBInstance.create(':memory:');
  });
  after(() => instance.closeSync());
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    for (const file of made.splice(0)) await rm(file, { force: true });
  });

  async function parquet(select: string, options = ''): Promise<string> {
    const file = join(on.folder, `p${made.length}.parquet`);
    made.push(file);
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'`);
    await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet${options})`);
    connection.closeSync();
    return file;
  }

  async function freshTable(columns: string): Promise<string> {
    tables += 1;
    await on.table(`passed${tables}`, columns);
    return `sales.passed${tables}`;
  }

  /** What COPY was told the files are. */
  async function formatsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
    await on.statementsOf('COPY');
    await work();
    return (await on.statementsOf('COPY')).map((text) => (text.includes('FORMAT AS PARQUET') ? 'parquet' : 'csv'));
  }

  it('carries every value of the types that it may have', async () => {
    const object = await freshTable(COLUMNS);
    const nulls = COLUMNS.split(', ')
      .map((column) => `NULL AS ${column.slice(0, 1)}`)
      .join(', ');
    const file = await parquet(`SELECT ${ROW} UNION ALL SELECT ${nulls}`);
    const formats = await formatsOf(async () => {
      const report = await on.write({ object }, { file });
      expect([report.rows.inserted, report.files, report.path]).to.deep.equal([2, 1, 'staged']);
    });
    expect(formats).to.deep.equal(['parquet']);
    const list = COLUMNS.split(', ')
      .map((column) => column.slice(0, 1))
      .join(', ');
    expect(await on.rows(`SELECT ${list} FROM ${object} ORDER BY s`)).to.deep.equal([VALUES, VALUES.map(() => null)]);
  });

  it('is loaded by the names of its columns, whatever their order, from several files', async () => {
    const object = await freshTable('id INTEGER, note VARCHAR(20), amount BIGINT');
    const files = [await parquet(`SELECT 5::BIGINT AS amount, 1 AS id, 'one' AS note`)];
    files.push(await parquet(`SELECT 6::BIGINT AS amount, 2 AS id, 'two' AS note`));
    expect(await formatsOf(() => on.write({ object }, { files }))).to.deep.equal(['parquet']);
    expect(await on.rows(`SELECT id, note, amount FROM ${object} ORDER BY id`)).to.deep.equal([
      ['1', 'one', '5'],
      ['2', 'two', '6'],
    ]);
  });

  const SMALL = 'id INTEGER, note VARCHAR(5)';
  const GOOD = `SELECT 1 AS id, 'one' AS note`;
  const OTHERS: readonly [string, string, string, Partial<WriteSpec>?, string?][] = [
    ['rows that are numbered', SMALL, GOOD, { operation: 'upsert', keys: ['id'] }],
    ['rows that may be refused', SMALL, GOOD, { rejectLimit: 1 }],
    ['rows that are verified', SMALL, GOOD, { verify: true }],
    ['the wish for CSV', SMALL, GOOD, { stagedFormat: 'csv' }],
    ['a column that is left out', SMALL, GOOD, { columns: ['id'] }],
    ['another type of number', SMALL, `SELECT 1::BIGINT AS id, 'one' AS note`],
    ['a type that has another form', 'id INTEGER, c CHAR(3)', `SELECT 1 AS id, 'c' AS c`],
    ['a decimal of another scale', 'd DECIMAL(10,2)', 'SELECT 1.5::DECIMAL(10,1) AS d'],
    ['a day before the calendar', 'a DATE', `SELECT DATE '1500-01-01' AS a`],
    ['a time of nanoseconds', 't TIMESTAMP', `SELECT TIMESTAMP_NS '2024-01-01 00:00:00' AS t`],
    ['a codec that few know', SMALL, GOOD, {}, ', COMPRESSION zstd'],
  ];
  for (const [title, columns, select, spec = {}, options] of OTHERS) {
    it(`becomes CSV for ${title}`, async () => {
      const object = await freshTable(columns);
      const file = await parquet(select, options);
      const formats = await formatsOf(async () => {
        expect((await on.write({ object, ...spec }, { file })).rows.loaded).to.equal(1);
      });
      expect(formats).to.deep.equal(['csv']);
    });
  }

  it('tells the row and the column of a value that does not fit, as ever', async () => {
    const object = await freshTable('id INTEGER NOT NULL, note VARCHAR(3)');
    const file = await parquet(
      `SELECT range::INTEGER AS id, CASE WHEN range = 70 THEN 'long' ELSE 'ok' END AS note FROM range(100)`,
    );
    const error = await on.refusal({ object }, { file });
    expect([error.code, error.details['row'], error.details['column']]).to.deep.equal([
      'RS_VALUE_UNREPRESENTABLE',
      71,
      'note',
    ]);
    expect(await on.rows(`SELECT COUNT(*) FROM ${object}`)).to.deep.equal([['0']]);
  });

  it('goes by itself when there are more rows than INSERT takes', async () => {
    const object = await freshTable('id INTEGER');
    const file = await parquet('SELECT range::INTEGER AS id FROM range(40000)');
    const formats = await formatsOf(async () => {
      const report = await on.write({ object, path: 'auto' }, { file });
      expect([report.rows.inserted, report.path]).to.deep.equal([40_000, 'staged']);
    });
    expect(formats).to.deep.equal(['parquet']);
  });
});
