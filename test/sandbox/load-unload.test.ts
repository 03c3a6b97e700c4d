import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { type LoadWorld, openLoadWorld, ROLES } from './load-world.ts';

const TYPES = `i2 smallint, i4 integer, i8 bigint, d decimal(38,10), f4 real, f8 double precision, b boolean, c char(4),
  v varchar(200), day date, at timestamp, atz timestamptz`;
const ROWS = [
  `(1, -2147483648, 9223372036854775807, 1234567890123456789012345678.0123456789, 1.5, 0.1, true, 'ab', 'q"uote, 日本 😀', '2024-02-29', '2024-02-29 10:11:12.123456', '2024-01-01 10:00:00+02')`,
  `(2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
  `(3, 0, 0, 0, 0, -1e300, false, '', '', '0001-01-01', '9999-12-31 23:59:59', '2024-01-01 00:00:00+00')`,
  `(4, 1, 2, -0.0000000001, 3.25, 1e-300, false, 'wxyz', '\\\\N', '1970-01-01', '1970-01-01 00:00:00', '1970-01-01 00:00:00+00')`,
  `(5, 1, 2, 3, 4, 5, false, 'a', 'line\none', '1970-01-01', '1970-01-01 00:00:00', '1970-01-01 00:00:00+00')`,
];

/** Bytes of each row group, and how many rows have a smaller id than the one before. */
async function parquetFacts(file: Buffer): Promise<{ groupBytes: number[]; disorder: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'rs-parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const path = join(folder, 'file.parquet');
    await writeFile(path, file);
    const groups = await connection.runAndReadAll(
      `SELECT row_group_bytes::INT FROM parquet_metadata('${path}') WHERE column_id = 0 ORDER BY row_group_id`,
    );
    const order = await connection.runAndReadAll(
      `SELECT count(*)::INT FROM (SELECT id, lag(id) OVER (ORDER BY file_row_number) AS before FROM
       read_parquet('${path}', file_row_number = true)) WHERE before > id`,
    );
    return {
      groupBytes: groups.getRows().map(([bytes]) => Number(bytes)),
      disorder: Number(order.getRows()[0]?.[0]),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}

describe('UNLOAD to S3', () => {
  let load: LoadWorld;
  const unload = (query: string, to: string, options = '') =>
    `UNLOAD ('${query.replaceAll("'", "''")}') TO 's3://acme-staging/${to}' IAM_ROLE default ${options}`;
  const manifestOf = async (prefix: string) => JSON.parse((await load.get(`${prefix}manifest`)).toString());

  before(async function () {
    this.timeout(60_000);
    load = await openLoadWorld();
    await load.query(`CREATE TABLE every (${TYPES})`);
    await load.query(`INSERT INTO every VALUES ${ROWS.join(', ').replace("'\\\\\\\\N'", "'\\\\N'")}`);
  });
  after(async () => {
    await load?.[Symbol.asyncDispose]();
  });

  it('writes one file a slice, names them as Redshift does, and counts', async () => {
    await load.query(unload('select i2 from every', 'a/x_'));
    expect(Object.keys(await load.list('a/'))).to.deep.equal(['x_0000_part_00', 'x_0001_part_00']);
    expect(await load.query('SELECT pg_last_unload_count()')).to.deep.equal([['5']]);
    const [row] = await load.query(
      `SELECT trim(status), unloaded_rows, unloaded_files_count FROM sys_unload_history ORDER BY start_time DESC LIMIT 1`,
    );
    expect(row).to.deep.equal(['completed', '5', '2']);
  });

  it('keeps the order in one file with PARALLEL OFF', async () => {
    await load.query(
      unload('select i2, v from every where i2 < 4 order by i2 desc', 'b/', "CSV HEADER PARALLEL OFF NULL AS '@'"),
    );
    expect((await load.get('b/000')).toString()).to.equal('i2,v\n3,\n2,@\n1,"q""uote, 日本 😀"\n');
  });

  it('writes values of text as Redshift does', async () => {
    await load.query(unload('select b, c, f8, v from every where i2 = 4', 'c/', 'PARALLEL OFF'));
    expect((await load.get('c/000')).toString()).to.match(/^f\|wxyz\|1e-300\|\\+N\n$/);
    await load.query(unload('select c, v from every where i2 = 5', 'd/', 'PARALLEL OFF ESCAPE ADDQUOTES'));
    expect((await load.get('d/000')).toString()).to.equal('"a   "|"line\\\none"\n');
  });

  for (const { title, options, reading } of [
    { title: 'Parquet', options: 'PARQUET MANIFEST VERBOSE', reading: 'PARQUET MANIFEST' },
    { title: 'CSV with a marker', options: "CSV NULL AS '@NULL@' MANIFEST", reading: "CSV NULL AS '@NULL@' MANIFEST" },
    {
      title: 'CSV in zstd',
      options: "CSV ZSTD NULL AS '@NULL@' MANIFEST",
      reading: "CSV ZSTD NULL AS '@NULL@' MANIFEST",
    },
    {
      title: 'text in gzip',
      options: "GZIP ESCAPE NULL AS '@NULL@' MANIFEST",
      reading: "GZIP ESCAPE NULL AS '@NULL@' MANIFEST",
    },
  ]) {
    it(`gives back by COPY what it wrote: ${title}`, async function () {
      this.timeout(30_000);
      const prefix = `trip/${title.replaceAll(' ', '-')}/`;
      await load.query(unload('select * from every', prefix, options));
      await load.query(`CREATE TABLE back (LIKE every)`);
      try {
        await load.query(`COPY back FROM 's3://acme-staging/${prefix}manifest' IAM_ROLE default ${reading}`);
        expect(await load.query('SELECT * FROM back ORDER BY i2')).to.deep.equal(
          await load.query('SELECT * FROM every ORDER BY i2'),
        );
      } finally {
        await load.query('DROP TABLE back');
      }
    });
  }

  it('gives Parquet to COPY only where number and types of the columns fit', async () => {
    await load.query(unload('select i4, v from every', 'fit/', 'PARQUET'));
    const copy = (table: string) => `COPY ${table} FROM 's3://acme-staging/fit/' IAM_ROLE default PARQUET`;
    await load.query('CREATE TABLE fit_wide (a integer, b varchar(200), c integer)');
    await load.query('CREATE TABLE fit_text (a varchar(20), b varchar(200))');
    await load.query('CREATE TABLE fit_short (a integer, b varchar(3))');
    expect((await load.refusal(copy('fit_wide'))).message).to.contain('Unmatched number of columns');
    const wrongType = await load.refusal(copy('fit_text'));
    expect(wrongType.message).to.equal('Spectrum Scan Error');
    expect(wrongType.detail).to.contain("incompatible Parquet schema for column 'i4'");
    const tooLong = await load.refusal(copy('fit_short'));
    expect(tooLong.detail).to.contain("String length exceeds DDL length. Column 'b'");
    await load.put('fit/x', 'not parquet');
    expect((await load.refusal(copy('fit_short'))).message).to.equal('Spectrum Scan Error');
  });

  it('writes a verbose manifest with true counts and types', async () => {
    await load.query(unload('select i2, v, d from every', 'm/', 'PARQUET MANIFEST VERBOSE'));
    const manifest = await manifestOf('m/');
    const sizes = await load.list('m/');
    expect(manifest.meta.record_count).to.equal(5);
    for (const { url, meta } of manifest.entries)
      expect(meta.content_length).to.equal(sizes[url.slice('s3://acme-staging/m/'.length)]);
    expect(
      manifest.schema.elements.map((element: { name: string; type: { base: string } }) => element.type.base),
    ).to.deep.equal(['smallint', 'character varying', 'numeric']);
  });

  for (const { parallel, files } of [
    { parallel: 'OFF', files: ['000.parquet'] },
    { parallel: 'ON', files: ['0000_part_00.parquet', '0001_part_00.parquet'] },
  ]) {
    it(`writes Parquet in row groups of about 32 MB, in order: PARALLEL ${parallel}`, async function () {
      this.timeout(60_000);
      await load.query(`CREATE TABLE wide (id integer, text varchar(8000))`);
      await load.world.sql(`INSERT INTO wide SELECT n, repeat(md5(n::text), 200) FROM generate_series(1, 16000) n`);
      try {
        await load.query(unload('select * from wide order by id', `wide-${parallel}/`, `PARQUET PARALLEL ${parallel}`));
      } finally {
        await load.query('DROP TABLE wide');
      }
      expect(Object.keys(await load.list(`wide-${parallel}/`))).to.deep.equal(files);
      for (const file of files) {
        const { groupBytes, disorder } = await parquetFacts(await load.get(`wide-${parallel}/${file}`));
        expect(groupBytes.length).to.equal(Math.ceil(102.4 / files.length / 36));
        expect(Math.max(...groupBytes)).to.be.within(30 * 2 ** 20, 48 * 2 ** 20);
        expect(disorder).to.equal(0);
      }
    });
  }

  for (const { title, options, files } of [
    { title: 'CSV: one empty object', options: 'CSV MANIFEST', files: ['0000_part_00', 'manifest'] },
    { title: 'Parquet: nothing at all', options: 'PARQUET MANIFEST VERBOSE', files: [] },
    {
      title: 'Parquet, PARALLEL OFF: a manifest without entries',
      options: 'PARQUET PARALLEL OFF MANIFEST VERBOSE',
      files: ['manifest'],
    },
  ]) {
    it(`of no rows leaves, ${title}`, async () => {
      const prefix = `zero/${title.length}/`;
      await load.query(unload('select i2 from every where i2 > 100', prefix, options));
      expect(Object.keys(await load.list(prefix))).to.deep.equal(files);
      expect(await load.query('SELECT pg_last_unload_count()')).to.deep.equal([['0']]);
    });
  }

  it('refuses a target that is not empty, overwrites when told, cleans when told', async () => {
    await load.put('full/0000_part_00', 'old');
    await load.put('full/other', 'old');
    const sql = unload('select i2 from every', 'full/');
    expect((await load.refusal(sql)).message).to.contain('Specified unload destination on S3 is not empty');
    await load.query(`${sql} ALLOWOVERWRITE GZIP`);
    expect(Object.keys(await load.list('full/'))).to.include.members(['0000_part_00', 'other', '0000_part_00.gz']);
    expect(gunzipSync(await load.get('full/0000_part_00.gz')).toString()).to.match(/^\d\n/);
    await load.query(`${sql} CLEANPATH`);
    expect(Object.keys(await load.list('full/'))).to.deep.equal(['0000_part_00', '0001_part_00']);
  });

  for (const { title, sql, message } of [
    {
      title: 'a role that may only read',
      sql: `UNLOAD ('select 1') TO 's3://acme-staging/r/' IAM_ROLE '${ROLES.reader}'`,
      message: 'S3ServiceException:Access Denied,Status 403',
    },
    {
      title: 'a column that is not there',
      sql: `UNLOAD ('select nope from every') TO 's3://acme-staging/r/' IAM_ROLE default`,
      message: 'nope',
    },
    {
      title: 'TIME in Parquet',
      sql: `UNLOAD ('select cast(''10:00'' as time) as t') TO 's3://acme-staging/r/' IAM_ROLE default PARQUET`,
      message: 'is not documented',
    },
    {
      title: 'a query that fails half-way',
      sql: `UNLOAD ('select 1/(i2-5) from every') TO 's3://acme-staging/half/' IAM_ROLE default`,
      message: 'zero',
    },
  ]) {
    it(`refuses ${title}, and the session goes on`, async () => {
      expect((await load.refusal(sql)).message).to.contain(message);
      expect(await load.query('SELECT 1')).to.deep.equal([['1']]);
    });
  }

  it('reads under the snapshot of its transaction', async () => {
    const other = await load.connect();
    try {
      await load.query('BEGIN');
      await load.query('SELECT count(*) FROM every');
      await other.query(`INSERT INTO every (i2) VALUES (99)`);
      await load.query(unload('select i2 from every where i2 = 99', 'snap/', 'PARALLEL OFF'));
      await load.query('COMMIT');
      expect((await load.get('snap/000')).length).to.equal(0);
    } finally {
      await other.query('DELETE FROM every WHERE i2 = 99');
      await other.end();
    }
  });
});
