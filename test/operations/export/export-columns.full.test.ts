import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readToFiles } from '../../../src/operations/export/read-to-files.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';
import { fillingOf, IS_RIGHT, MANY_COLUMNS, queryFiles } from './many-columns.ts';

/** Two row groups a file of what UNLOAD writes in the sandbox. */
const ROWS = 250_000;

describe('columns of a read of many rows to files', () => {
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

  const query = (text: string) => queryFiles(folder, text);

  for (const { title, destination } of [
    { title: 'taken as they are, or written anew beside them', destination: {} },
    { title: 'written anew, all of them', destination: { compression: 'zstd' } },
    { title: 'of several files', destination: { splitBytes: '2MB' } },
  ] as const) {
    it(`are those of their row in each row group of Parquet: ${title}`, async () => {
      const name = `parquet-${title.length}`;
      const report = await readToFiles(
        reading.connection,
        { object: 'many', mode: 'staged' },
        { to: join(folder, `${name}.parquet`), ...destination },
        reading.run(),
      );
      expect(report.rows).to.equal(ROWS);
      const from = `read_parquet('${folder}/${name}*.parquet')`;
      const counted = await query(`SELECT count(*), count(DISTINCT id), count(*) FILTER (${IS_RIGHT}) FROM ${from}`);
      expect(counted).to.deep.equal([[String(ROWS), String(ROWS), String(ROWS)]]);
      const groups = await query(
        `SELECT count(DISTINCT row_group_id) > 1 FROM parquet_metadata('${folder}/${name}*.parquet')`,
      );
      if (!('splitBytes' in destination)) expect(groups).to.deep.equal([['true']]);
      // What a reader skips by statistics must be what is not there.
      const found = await query(`SELECT id FROM ${from} WHERE "at" = TIMESTAMP '2024-01-01' + INTERVAL 123456 SECOND`);
      expect(found).to.deep.equal([['123456']]);
    });
  }
});
