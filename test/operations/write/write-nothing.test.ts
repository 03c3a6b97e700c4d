import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'chai';
import type { WriteInput } from '../../../src/operations/write-spec.ts';
import { sharedWriteWorld, type WriteWorld } from './write-world.ts';

describe('write: inputs of no rows', () => {
  let on: WriteWorld;
  let folder: string;
  before(async () => {
    on = await sharedWriteWorld();
    folder = await mkdtemp(join(tmpdir(), 'write-nothing-'));
    await on.table('no_rows', 'id INTEGER NOT NULL, note VARCHAR(9)');
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const parquet = join(folder, 'none.parquet');
    await connection.run(`COPY (SELECT 1 AS id, 'a' AS note WHERE false) TO '${parquet}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
  });
  after(() => rm(folder, { recursive: true }));
  afterEach(async () => {
    expect(await on.staged(), 'staged objects').to.deep.equal([]);
    expect(await on.files(), 'local files').to.deep.equal([]);
  });

  async function file(name: string, content: string | Buffer): Promise<string> {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  }

  const inputs: Readonly<Record<string, () => Promise<WriteInput>>> = {
    'JSON Lines of no bytes': async () => ({ file: await file('none.jsonl', '') }),
    'JSON Lines of no bytes, compressed': async () => ({ file: await file('none.jsonl.gz', gzipSync('')) }),
    'JSON Lines of empty lines': async () => ({ file: await file('lines.jsonl', '\n\n') }),
    'a stream of JSON Lines': async () => ({ file: Readable.from([]), format: 'jsonl' }),
    'CSV with its header': async () => ({ file: await file('none.csv', 'id,note\n') }),
    'a Parquet file': async () => ({ file: join(folder, 'none.parquet') }),
    'rows of a program': async () => [],
  };
  for (const [title, open] of Object.entries(inputs)) {
    it(`adds nothing, and overwrites with nothing: ${title}`, async () => {
      await on.write({ object: 'sales.no_rows', before: 'overwrite' }, [{ id: 1, note: 'a' }]);
      for (const path of ['auto', 'staged'] as const) {
        const report = await on.write({ object: 'sales.no_rows', path }, await open());
        expect(report.rows).to.include({ read: 0, inserted: 0 });
        expect(report.outcome).to.equal('committed');
      }
      expect(await on.rows('SELECT id FROM sales.no_rows')).to.deep.equal([['1']]);
      const report = await on.write({ object: 'sales.no_rows', before: 'overwrite' }, await open());
      expect(report).to.include({ cleared: 1, outcome: 'committed' });
      expect(await on.rows('SELECT id FROM sales.no_rows')).to.deep.equal([]);
    });
  }

  it('takes the columns of the file that has rows', async () => {
    await on.table('no_rows_first', 'id INTEGER NOT NULL, note VARCHAR(9)');
    const files = [
      await file('n1.jsonl', ''),
      await file('n2.jsonl', '{"id":1,"note":"a"}\n'),
      await file('n3.jsonl', ''),
    ];
    for (const columns of [undefined, ['id']]) {
      const report = await on.write({ object: 'sales.no_rows_first', ...(columns && { columns }) }, { files });
      expect(report.rows).to.include({ read: 1, inserted: 1 });
    }
    expect(await on.rows('SELECT note FROM sales.no_rows_first ORDER BY note')).to.deep.equal([['a'], [null]]);
  });

  it('refuses a file of nothing in a format that has more to say, by its name', async () => {
    for (const name of ['zero.csv', 'zero.parquet']) {
      const failure = await on.refusal({ object: 'sales.no_rows' }, { file: await file(name, '') });
      expect(failure.code).to.equal('RS_INPUT_INVALID');
      expect(failure.message).to.include(`${name}" is empty`);
      expect(failure.action?.includes('header')).to.equal(name === 'zero.csv');
    }
  });
});
