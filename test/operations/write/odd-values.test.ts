import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

async function writeParquet(file: string, select: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}

describe('write: odd values in files', () => {
  let on: WriteWorld;
  before(async () => {
    on = await sharedWriteWorld();
  });
  // The specs after this one look for files that a write has left.
  after(async () => {
    for (const name of await on.files()) await rm(join(on.folder, name));
  });

  for (const { type, fine, bad } of [
    { type: 'DECIMAL(5,2)', fine: '1.50', bad: '1000' },
    { type: 'DECIMAL(5,2)', fine: '1.50', bad: 'x' },
    { type: 'SMALLINT', fine: '7', bad: 'x' },
    { type: 'BIGINT', fine: '7', bad: '9223372036854775808' },
    { type: 'REAL', fine: '0.5', bad: 'x' },
    { type: 'DOUBLE PRECISION', fine: '0.5', bad: 'x' },
  ]) {
    for (const verify of [false, true]) {
      it(`${bad} for a ${type} is one row refused${verify ? ', with checksums' : ''}`, async () => {
        const name = `refused_${type.slice(0, 4).toLowerCase()}_${bad.length}_${verify}`;
        await on.table(name, `n INTEGER, v ${type}`);
        const file = join(on.folder, `${name}.csv`);
        await writeFile(file, `n,v\n1,${fine}\n2,${bad}\n`);
        const { rows } = await on.write({ object: `sales.${name}`, rejectLimit: 1, verify }, { file });
        expect([rows.inserted, rows.rejected]).to.deep.equal([1, 1]);
        expect(await on.rows(`SELECT n FROM sales.${name}`)).to.deep.equal([['1']]);
      });
    }
  }

  it('a column of JSON Lines that is not used may hold any JSON', async () => {
    await on.table('unused_json', 'n INTEGER, s SUPER');
    const file = join(on.folder, 'unused.jsonl');
    await writeFile(file, '{"n":1,"s":[0.1234567890123456789]}\n');
    const { rows } = await on.write({ object: 'sales.unused_json', operation: 'delete', keys: ['n'] }, { file });
    expect(rows.skipped).to.equal(1);
  });

  it('a DECIMAL with all digits behind the point has the same checksum on both sides', async () => {
    await on.table('verified_fraction', 'v DECIMAL(1,1)');
    const file = join(on.folder, 'fraction.csv');
    await writeFile(file, 'v\n0.5\n-.5\n0\n');
    const { verified } = await on.write({ object: 'sales.verified_fraction', verify: true }, { file });
    expect(verified?.rows).to.equal(3);
  });

  for (const [format, text] of [
    ['jsonl', '{"\uFEFFid":1,"note":"\uFEFFa"}\n'],
    ['csv', '"\uFEFFid",note\n1,\uFEFFa\n'],
    ['parquet', undefined],
  ] as const) {
    it(`a column may have a name that begins with a byte order mark, in ${format}`, async () => {
      const name = `marked_${format}`;
      await on.table(name, '"\uFEFFid" INTEGER, note VARCHAR(9)');
      const file = join(on.folder, `${name}.${format}`);
      for (const path of ['staged', 'insert'] as const) {
        if (text === undefined) await writeParquet(file, `SELECT 1::INTEGER AS "\uFEFFid", '\uFEFFa' AS note`);
        else await writeFile(file, text);
        await on.write({ object: `sales.${name}`, path }, { file });
      }
      expect(await on.rows(`SELECT * FROM sales.${name}`)).to.deep.equal([
        ['1', '\uFEFFa'],
        ['1', '\uFEFFa'],
      ]);
    });
  }

  it('a file of JSON Lines that begins with a byte order mark is told as such', async () => {
    await on.table('marked_file', 'id INTEGER');
    const file = join(on.folder, 'marked-file.jsonl');
    await writeFile(file, gzipSync('\uFEFF{"id":1}\n'));
    const error = await on.refusal({ object: 'sales.marked_file' }, { file });
    expect([error.code, error.message]).to.deep.equal([
      'RS_INPUT_INVALID',
      'The file begins with a byte order mark, which JSON does not have',
    ]);
  });

  it('a table and a column may have a backslash in their names', async () => {
    await on.table('back\\slash', '"n\\" INTEGER');
    const { rows } = await on.write({ object: ['sales', 'back\\slash'] }, [{ 'n\\': 1 }]);
    expect(rows.inserted).to.equal(1);
  });

  it('a DECIMAL in JSON Lines may be smaller than a double has an exact power for', async () => {
    await on.table('small_decimal', 'v DECIMAL(26,23)');
    const file = join(on.folder, 'small.jsonl');
    await writeFile(file, '{"v":0.00000000000000000000002}\n');
    await on.write({ object: 'sales.small_decimal' }, { file });
    expect(await on.rows('SELECT v FROM sales.small_decimal')).to.deep.equal([['0.00000000000000000000002']]);
  });
});
