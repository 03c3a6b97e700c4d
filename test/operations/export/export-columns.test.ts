import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Decompress } from 'fzstd';
import { ConnectorError } from '../../../src/core/errors.ts';
import { csvHeader } from '../../../src/operations/export/csv-header.ts';
import type { FileDestination } from '../../../src/operations/export/file-destination.ts';
import { readToFiles } from '../../../src/operations/export/read-to-files.ts';
import type { ReadSpec } from '../../../src/operations/read/read-spec.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';
import { fillingOf, IS_RIGHT, MANY_COLUMNS, queryFiles } from './many-columns.ts';

const ROWS = 10_000;

describe('columns of a read to files', () => {
  let reading: ReadWorld;
  let folder: string;

  before(async function () {
    this.timeout(90_000);
    reading = await openReadWorld();
    await reading.table('many', MANY_COLUMNS, fillingOf(ROWS));
    folder = await mkdtemp(join(tmpdir(), 'roleshift-files-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
    await reading?.[Symbol.asyncDispose]();
  });

  const save = (spec: ReadSpec, destination: FileDestination) =>
    readToFiles(reading.connection, spec, destination, reading.run());

  const query = (text: string) => queryFiles(folder, text);

  it('are right where they are taken as they are, and beside them', async () => {
    const to = join(folder, 'packed.parquet');
    await save({ object: 'many', mode: 'staged' }, { to });
    const counted = await query(
      `SELECT count(*), count(DISTINCT id), count(*) FILTER (${IS_RIGHT}) FROM read_parquet('${to}')`,
    );
    expect(counted).to.deep.equal([[String(ROWS), String(ROWS), String(ROWS)]]);
  });

  it('have the packing of UNLOAD, or the one that is asked for', async () => {
    await save({ object: 'many', mode: 'staged' }, { to: join(folder, 'snappy.parquet') });
    const codecs = await query(`SELECT DISTINCT compression FROM parquet_metadata('${folder}/snappy.parquet')`);
    expect(codecs).to.deep.equal([['SNAPPY']]);
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const to = join(folder, `packed-${compression}.parquet`);
      await save({ object: 'many', mode: 'staged', columns: ['id', 'day'] }, { to, compression });
      const [[codec] = []] = await query(`SELECT DISTINCT compression FROM parquet_metadata('${to}')`);
      expect(codec).to.equal(compression === 'none' ? 'UNCOMPRESSED' : compression.toUpperCase());
    }
  });

  for (const name of ['checked.parquet', 'checked.csv.gz', 'checked.jsonl.zst']) {
    for (const mode of ['direct', 'staged'] as const) {
      it(`are held against the server's sums as they were written: ${name}, ${mode}`, async () => {
        const spec: ReadSpec = {
          object: 'many',
          filter: { column: 'id', operator: '<=', value: 1000 },
          mode,
          verify: true,
        };
        const report = await save(spec, { to: join(folder, `${mode}-${name}`) });
        expect(report.verified).to.deep.equal({
          rows: 1000,
          columns: ['id', 'day', 'at', 'zoned', 'clock', 'code', 'amount', 'note', 'small', 'ratio', 'yes'],
          presenceOnly: [],
        });
      });
    }
  }

  it('that differ from what the server holds fail the read, and no file appears', async () => {
    const to = join(folder, 'differs.parquet');
    const query = 'select random() as x, id from many where id < 100';
    const outcome = await save({ query, mode: 'staged', verify: true }, { to }).catch((error: unknown) => error);
    expect(outcome).to.be.instanceOf(ConnectorError).and.to.have.property('code', 'RS_COUNT_MISMATCH');
    expect(outcome).to.have.property('message').that.contains('"x"');
    expect(await readFile(to).catch(() => undefined)).to.equal(undefined);
  });

  it('are named in a line of zstd that every decoder takes, however long', async () => {
    const names = Array.from({ length: 1600 }, (_, index) => `${'c'.repeat(120)}${index}`);
    const form = { format: 'csv', compression: 'zstd', delimiter: ',', nullMarker: '' } as const;
    const bytes = csvHeader(names, form);
    const chunks: Uint8Array[] = [];
    new Decompress((chunk) => chunks.push(chunk)).push(bytes, true);
    expect(Buffer.concat(chunks).toString()).to.equal(`${names.join(',')}\n`);
    await writeFile(join(folder, 'names.csv.zst'), bytes);
    const [[length] = []] = await query(
      `SELECT length(line) FROM read_csv('${folder}/names.csv.zst', auto_detect = false, header = false, columns = {line: 'VARCHAR'}, delim = '\u0001', compression = 'zstd')`,
    );
    expect(length).to.equal(String(names.join(',').length));
  });

  it('are there where no row is, in every format and place', async () => {
    const spec: ReadSpec = { object: 'many', where: 'id < 0', mode: 'staged' };
    for (const to of [join(folder, 'none.parquet'), join(folder, 'none.csv.zst'), join(folder, 'none.jsonl')]) {
      expect((await save(spec, { to })).files).to.have.length(1);
    }
    const types = await query(
      `SELECT column_name FROM (DESCRIBE SELECT * FROM read_parquet('${folder}/none.parquet')) WHERE column_type IN ('DATE', 'DECIMAL(38,37)')`,
    );
    expect(types.flat()).to.deep.equal(['day', 'amount']);
    expect(await readFile(join(folder, 'none.jsonl'), 'utf8')).to.equal('');
    const inS3 = await save(spec, { to: 's3://acme-staging/roleshift/none/', format: 'parquet' });
    expect(inS3.files).to.have.length(1);
  });
});
