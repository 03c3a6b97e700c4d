import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { Engine } from '../../../src/columnar/engine.ts';
import { ConnectorError } from '../../../src/core/errors.ts';
import type { ExportReport } from '../../../src/operations/export/export-report.ts';
import type { FileDestination } from '../../../src/operations/export/file-destination.ts';
import { readToFiles } from '../../../src/operations/export/read-to-files.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { Sql } from '../../../src/sql/sql.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

const MIXED = `"id" bigint, "naïve ""name""" varchar(100), "amount" decimal(38,10), "at" timestamp, "zoned" timestamptz,
  "day" date, "clock" time, "ratio" double precision, "small" real, "yes" boolean, "code" char(4), "bits" varbyte(8), "doc" super`;
const FILLING = `VALUES
  (9007199254740993, 'a,"b"' || chr(10) || 'c', 1.5, '2024-02-29 23:59:59.999999', '2024-02-29 23:59:59+00', '2024-02-29', '23:59:59', 0.1, 0.1, true, 'ab', 'ab'::varbyte, json_parse('{"n":[1,"x"]}')),
  (-1, '', 0, '0044-03-15 10:00:00 BC', '0044-03-15 10:00:00+00 BC', '0044-03-15 BC', '00:00:00', 'NaN', '-Infinity', false, '', 'ff'::varbyte, json_parse('"s"')),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`;

describe('a read to files', () => {
  let reading: ReadWorld;
  let folder: string;

  before(async function () {
    this.timeout(90_000);
    reading = await openReadWorld();
    await reading.table('mixed', MIXED, FILLING);
    await reading.table(
      'many',
      'id bigint, note varchar(60)',
      'SELECT n, md5(n::text) FROM generate_series(1, 30000) AS n',
    );
    await reading.table('nothing', 'id bigint, note varchar(60)');
  });
  after(() => reading?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-files-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const save = (spec: ReadSpec, destination: FileDestination, signal?: AbortSignal): Promise<ExportReport> =>
    readToFiles(reading.connection, spec, destination, reading.run(signal));

  async function refusal(spec: ReadSpec, destination: FileDestination): Promise<ConnectorError> {
    const outcome: unknown = await save(spec, destination).catch((error: unknown) => error);
    if (outcome instanceof ConnectorError) return outcome;
    throw new Error('expected a ConnectorError', { cause: outcome });
  }

  async function query(text: string): Promise<readonly (readonly (string | null)[])[]> {
    await using engine = await Engine.open({ folder });
    return engine.query(Sql.trusted(text), { signal: new AbortController().signal });
  }

  for (const mode of ['direct', 'staged'] as const) {
    describe(`in ${mode} mode`, () => {
      it('keeps lines of JSON as they are, whatever marks are in them', async () => {
        const text = '# a#b "c" \\\' , | ; \u0001 \u0002 \u0003';
        const table = `marks_${mode}`;
        const literal = text.replaceAll('\\', '\\\\').replaceAll("'", "''");
        await reading.table(table, '"a#" VARCHAR(60)', `SELECT E'${literal}'`);
        await save({ object: table, mode }, { to: join(folder, 'marks.jsonl') });
        expect(await readFile(join(folder, 'marks.jsonl'), 'utf8')).to.equal(`${JSON.stringify({ 'a#': text })}\n`);
      });

      it('writes Parquet with exact names, types and values', async () => {
        const report = await save({ object: 'mixed', mode }, { to: join(folder, 'out.parquet'), checksums: true });
        expect(report).to.include({ rows: 3, format: 'parquet', mode });
        expect(report.files[0]?.sha256).to.match(/^[0-9a-f]{64}$/);
        const from = `read_parquet('${folder}/out.parquet')`;
        const types = await query(`SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM ${from})`);
        expect(Object.fromEntries(types)).to.deep.equal({
          id: 'BIGINT',
          'naïve "name"': 'VARCHAR',
          amount: 'DECIMAL(38,10)',
          at: 'TIMESTAMP',
          zoned: 'TIMESTAMP WITH TIME ZONE',
          day: 'DATE',
          clock: 'TIME',
          ratio: 'DOUBLE',
          small: 'FLOAT',
          yes: 'BOOLEAN',
          code: 'VARCHAR',
          bits: 'BLOB',
          doc: 'VARCHAR',
        });
        const rows = await query(`SELECT COLUMNS(*)::VARCHAR FROM ${from} ORDER BY id DESC NULLS LAST`);
        expect(rows[0]?.slice(0, 6)).to.deep.equal([
          '9007199254740993',
          'a,"b"\nc',
          '1.5000000000',
          '2024-02-29 23:59:59.999999',
          '2024-02-29 23:59:59+00',
          '2024-02-29',
        ]);
        expect(rows[1]?.slice(1, 8)).to.deep.equal([
          '',
          '0.0000000000',
          '0044-03-15 (BC) 10:00:00',
          '0044-03-15 (BC) 10:00:00+00',
          '0044-03-15 (BC)',
          '00:00:00',
          'nan',
        ]);
        expect(rows[2]).to.deep.equal(rows[2]?.map(() => null));
      });

      it('writes JSON Lines with the values of the API', async () => {
        await save({ object: 'mixed', mode }, { to: join(folder, 'out.jsonl') });
        const lines = (await readFile(join(folder, 'out.jsonl'), 'utf8')).trimEnd().split('\n').toSorted();
        const texts = lines.map((line) => line.replace('9007199254740993', '"9007199254740993"'));
        const found = texts.map((line) => Object.values(JSON.parse(line) as object) as unknown[]);
        const rows = (await reading.rows({ object: 'mixed', mode: 'direct' })).map((row) =>
          row.map((value, column) => {
            if (typeof value === 'bigint') return value > 2n ** 53n ? String(value) : Number(value);
            if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
            return column === 12 && value !== null ? (JSON.parse(String(value)) as unknown) : value;
          }),
        );
        expect(found).to.have.deep.members(rows);
      });

      it('writes CSV that tells NULL from the empty text, in a dialect of choice, compressed', async () => {
        const spec: ReadSpec = { object: 'mixed', columns: ['id', 'naïve "name"', 'yes', 'small'], mode };
        await save(spec, { to: join(folder, 'out.csv.gz'), delimiter: ';', nullMarker: 'NULL' });
        const text = gunzipSync(await readFile(join(folder, 'out.csv.gz'))).toString();
        expect(text.startsWith('id;"naïve ""name""";yes;small\n')).to.equal(true);
        expect(text).to.contain('9007199254740993;"a,""b""\nc";true;0.10000000149011612\n');
        expect(text).to.match(/^-1;(?:"")?;false;-Infinity$/m);
        expect(text).to.contain('NULL;NULL;NULL;NULL\n');
        await save({ query: "select '' as e, null::varchar(3) as n", mode }, { to: join(folder, 'two.csv') });
        expect(await readFile(join(folder, 'two.csv'), 'utf8')).to.equal('e,n\n"",\n');
      });

      it('splits by rows and by size, numbered, nothing lost', async () => {
        const byRows = await save(
          { object: 'many', mode },
          { to: join(folder, 'rows.parquet'), splitRows: 12_000, manifest: true },
        );
        expect(byRows.files.map(({ rows }) => rows)).to.deep.equal([12_000, 12_000, 6_000]);
        expect(byRows.files[0]?.file).to.equal(join(folder, 'rows-00001.parquet'));
        const [[count, distinct] = []] = await query(
          `SELECT count(*), count(DISTINCT id) FROM read_parquet('${folder}/rows-*.parquet') WHERE note = md5(id::VARCHAR)`,
        );
        expect([count, distinct]).to.deep.equal(['30000', '30000']);
        const bySize = await save({ object: 'many', mode }, { to: join(folder, 'size.csv'), splitBytes: '400KB' });
        expect(bySize.files.length).to.be.within(3, 6);
        expect(Math.max(...bySize.files.map(({ bytes }) => bytes))).to.be.below(450_000);
        const [[lines] = []] = await query(
          `SELECT count(DISTINCT id) FROM read_csv('${folder}/size-*.csv', header = true)`,
        );
        expect(lines).to.equal('30000');
      });

      it('gives a file with its columns for no rows', async () => {
        await save({ object: 'nothing', mode }, { to: join(folder, 'out.parquet') });
        await save({ object: 'nothing', mode }, { to: join(folder, 'out.csv') });
        const [first] = await query(`SELECT count(id), count(*) FROM read_parquet('${folder}/out.parquet')`);
        expect(first).to.deep.equal(['0', '0']);
        expect(await readFile(join(folder, 'out.csv'), 'utf8')).to.equal('id,note\n');
      });

      it('writes objects to S3, refuses to mix them with others, and replaces its own', async () => {
        const to = `s3://acme-staging/roleshift/exports/${mode}/`;
        const destination: FileDestination = { to, format: 'parquet', splitRows: 20_000, manifest: true };
        const first = await save({ object: 'many', mode }, destination);
        expect(first.files.map(({ rows }) => rows)).to.deep.equal([20_000, 10_000]);
        expect((await refusal({ object: 'many', mode }, destination)).message).to.contain('already');
        const second = await save({ object: 'many', mode }, { ...destination, replace: true });
        const names = (await reading.leftovers())
          .map((key) => `s3://acme-staging/${key}`)
          .filter((address) => address.startsWith(to));
        expect(names).to.have.members([second.manifest, ...second.files.map(({ file }) => file)]);
        const last = await save({ object: 'nothing', mode }, { ...destination, replace: true, manifest: false });
        expect(last.files).to.have.length(1);
        const left = (await reading.leftovers()).map((key) => `s3://acme-staging/${key}`);
        expect(left.filter((address) => address.startsWith(to))).to.deep.equal([last.files[0]?.file]);
      });
    });
  }

  it('leaves what is there alone unless it may be replaced, and whenever it fails', async () => {
    const path = join(folder, 'out.csv');
    await writeFile(path, 'old');
    expect((await refusal({ object: 'many' }, { to: path })).message).to.contain('is there already');
    const stop = new AbortController();
    const reason = new Error('enough');
    const broken = save(
      { object: 'many', mode: 'staged' },
      { to: path, replace: true, splitRows: 100 },
      stop.signal,
    ).catch((error: unknown) => error);
    stop.abort(reason);
    expect(await broken).to.equal(reason);
    const failed = await refusal(
      { query: 'select 1/(id-25000) as x from many', mode: 'direct' },
      { to: path, replace: true },
    );
    expect(failed.code).to.equal('RS_SQL_USER_FAILED');
    expect(await readFile(path, 'utf8')).to.equal('old');
    expect(await readdir(folder)).to.deep.equal(['out.csv']);
    await save({ object: 'nothing' }, { to: path, replace: true });
    expect(await readFile(path, 'utf8')).to.equal('id,note\n');
  });

  it('refuses two columns of one name where the format has room for one', async () => {
    const spec: ReadSpec = { query: 'select 1 as a, 2 as a' };
    expect((await refusal(spec, { to: join(folder, 'out.parquet') })).message).to.contain('"a"');
    await save(spec, { to: join(folder, 'out.csv') });
    expect(await readFile(join(folder, 'out.csv'), 'utf8')).to.equal('a,a\n1,2\n');
  });

  it('compresses as it is told, and leaves the header out', async () => {
    const spec: ReadSpec = { query: 'SELECT 1 AS a, 2 AS b' };
    await save(spec, { to: join(folder, 'packed.csv'), compression: 'gzip', withoutHeader: true });
    expect(gunzipSync(await readFile(join(folder, 'packed.csv'))).toString()).to.equal('1,2\n');
    await save(spec, { to: join(folder, 'named.csv.gz'), compression: 'none' });
    expect(await readFile(join(folder, 'named.csv.gz'), 'utf8')).to.equal('a,b\n1,2\n');
    const ofParquet = await refusal(spec, { to: join(folder, 'out.parquet.gz') });
    expect(ofParquet.action).to.contain('Leave .gz out');
  });

  it('keeps the order that was asked for', async () => {
    const spec: ReadSpec = { object: 'many', orderBy: [{ column: 'id', descending: true }], mode: 'direct' };
    await save(spec, { to: join(folder, 'out.parquet') });
    const [first] = await query(
      `SELECT bool_and(id = 30000 - file_row_number) FROM read_parquet('${folder}/out.parquet', file_row_number = true)`,
    );
    expect(first).to.deep.equal(['true']);
  });
});
