import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { readStagedCsv } from '../../src/columnar/read-staged-csv.ts';
import type { Value } from '../../src/types/batch.ts';
import type { SupportedField } from '../../src/types/field.ts';
import { type Fixture, fieldsOf, openFixture } from './fixture.ts';

describe('staged CSV files', () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await openFixture();
  });
  after(() => fixture[Symbol.asyncDispose]());

  async function valuesOf(text: string, fields: readonly SupportedField[], batchRows = 100): Promise<Value[][]> {
    const path = join(fixture.engine.folder, 'staged.csv');
    await writeFile(path, text);
    const rows: Value[][] = [];
    const options = { batchRows, nullMarker: 'null-1' };
    for await (const { columns, rowCount } of readStagedCsv(fixture.engine, path, fields, options, fixture.run)) {
      expect(rowCount).to.be.at.most(batchRows);
      for (let row = 0; row < rowCount; row += 1) rows.push(columns.map((column) => column[row] ?? null));
    }
    return rows;
  }

  it('give the values of every type, NULL apart from the empty text', async () => {
    const fields = fieldsOf(
      ['a', 'varchar(9)'],
      ['b', 'bigint'],
      ['c', 'boolean'],
      ['d', 'double precision'],
      ['e', 'geometry'],
      ['f', 'interval year to month'],
      ['g', 'super'],
    );
    const text = [
      'null-1,null-1,null-1,null-1,null-1,null-1,null-1',
      ',9223372036854775807,t,-inf,01ab,1 year 2 mons,"{""a"":""x,\n""}"',
      '"""\r\n,",-1,f,1.5,00,-1-2,null',
      '',
    ].join('\n');
    expect(await valuesOf(text, fields)).to.deep.equal([
      [null, null, null, null, null, null, null],
      ['', 9223372036854775807n, true, -Infinity, '01AB', '1 year 2 mons', '{"a":"x,\n"}'],
      ['"\r\n,', -1n, false, 1.5, '00', '-1 years -2 mons', 'null'],
    ]);
  });

  it('keep a byte order mark that is the first value’s own', async () => {
    const text = '\uFEFFa,1\n\uFEFFb,2\n';
    expect(await valuesOf(text, fieldsOf(['a', 'varchar(9)'], ['b', 'integer']))).to.deep.equal([
      ['\uFEFFa', 1],
      ['\uFEFFb', 2],
    ]);
  });

  it('hold values of many megabytes, slice by slice', async () => {
    const wide = 'ab'.repeat(6_000_000);
    const rows = await valuesOf(
      `1,${wide}\n2,00\n3,${wide}\n`,
      fieldsOf(['a', 'integer'], ['b', 'varbyte(16777216)']),
      2,
    );
    expect(rows.map(([id, value]) => [id, String(value).length])).to.deep.equal([
      [1, 12_000_000],
      [2, 2],
      [3, 12_000_000],
    ]);
  });
});
