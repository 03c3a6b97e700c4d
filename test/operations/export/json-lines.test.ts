import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readToFiles } from '../../../src/operations/export/read-to-files.ts';
import { openReadWorld, type ReadWorld } from '../read-world.ts';

describe('a read into JSON Lines', () => {
  let reading: ReadWorld;
  let folder: string;
  before(async () => {
    reading = await openReadWorld();
    folder = await mkdtemp(join(tmpdir(), 'roleshift-lines-'));
  });
  after(async () => {
    await reading[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  for (const mode of ['direct', 'staged'] as const) {
    it(`keeps lines as they are whatever marks are in them, in ${mode} mode`, async () => {
      const text = '# a#b "c" \\\' , | ; \u0001 \u0002 \u0003';
      const table = `marks_${mode}`;
      await reading.table(
        table,
        '"a#" VARCHAR(60)',
        `SELECT E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
      );
      const to = join(folder, `${mode}.jsonl`);
      await readToFiles(reading.connection, { object: table, mode }, { to }, reading.run());
      expect(await readFile(to, 'utf8')).to.equal(`${JSON.stringify({ 'a#': text })}\n`);
    });
  }
});
